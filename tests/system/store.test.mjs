// A signed PUT lets through exactly the upload that it was asked for, and the upload function
// signs nothing else.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import net from "node:net";
import { after, before, describe, test } from "node:test";

import { logEntry, secretsInLogs, system } from "./dev.mjs";
import { getObject, headObject } from "./objects.mjs";
import { objectPath, presign, signHeaders } from "./sigv4.mjs";
import { forged, token } from "./tokens.mjs";
import { ask, confirm, deleteStored, put, read, upload } from "./uploads.mjs";
import { isClear, origin, send, target } from "./wire.mjs";

const body = "the quick brown fox jumps over the lazy dog\n".repeat(50);
const fields = { filename: "fox.txt", content_type: "text/plain", size: body.length };

let running;
before(async () => (running = await system()));
after(async () => {
  await deleteStored(running);
  await running?.stop();
});

describe("the way it is meant", () => {
  test("ask, put, confirm, read", async () => {
    const { asked, ticket, stored, confirmed } = await upload(running, "alice", "fox.txt", body);
    assert.equal(ticket.method, "PUT");
    assert.equal(origin(ticket.url), running.store);
    assert.match(ticket.key, /^users\/alice\/[^/]+\/fox\.txt$/);
    assert.ok(!Object.keys(ticket.headers).some((name) => /^(host|content-length)$/i.test(name)));
    const lifetime = seconds(ticket.expires_at) - Date.now() / 1000;
    assert.ok(lifetime > 200 && lifetime <= 300, `the ticket lives ${lifetime} s`);
    assert.equal(asked.headers["cache-control"], "no-store");
    assert.equal(stored.status, 200, stored.text);
    assert.equal(confirmed.status, 200, confirmed.text);
    assert.equal(confirmed.json().key, ticket.key);
    assert.equal(confirmed.json().size, body.length);
    assert.equal(confirmed.json().etag, stored.headers.etag);
    for (const url of [ticket.read, confirmed.json().read]) {
      assert.equal(origin(url), running.edge);
      assert.equal((await read(url)).text, body);
    }
  });

  test("two uploads of one name are two objects", async () => {
    const first = await upload(running, "alice", "same.txt", "first");
    const second = await upload(running, "alice", "same.txt", "second");
    assert.notEqual(first.ticket.key, second.ticket.key);
    assert.equal((await read(first.ticket.read)).text, "first");
    assert.equal((await read(second.ticket.read)).text, "second");
  });

  test("an empty file", async () => {
    const { ticket, confirmed } = await upload(running, "alice", "empty.txt", "");
    assert.equal(confirmed.json().size, 0);
    assert.equal((await read(ticket.read)).body.length, 0);
  });

  test("twenty at once, each its own", async () => {
    const all = Array.from({ length: 20 }, (_, index) => `content ${index}`);
    const uploads = await Promise.all(
      all.map((content, index) => upload(running, index % 2 ? "alice" : "bob", "one.txt", content)),
    );
    assert.equal(new Set(uploads.map(({ ticket }) => ticket.key)).size, 20);
    const texts = await Promise.all(
      uploads.map(async ({ ticket }) => (await read(ticket.read)).text),
    );
    assert.deepEqual(texts, all);
  });

  test("a checksum that fits", async () => {
    const ticket = await ticketFor({ ...fields, checksum_sha256: checksum(body) });
    assert.equal((await put(ticket, body)).status, 200);
    assert.equal((await confirm(running, "alice", ticket.id)).status, 200);
  });

  test("no type is the unknown type", async () => {
    for (const content_type of [undefined, "", null]) {
      const ticket = await ticketFor({ ...fields, content_type });
      assert.equal(ticket.headers["content-type"], "application/octet-stream");
      assert.equal((await put(ticket, body)).status, 200);
      const answer = await read(ticket.read);
      assert.equal(answer.headers["content-type"], "application/octet-stream");
    }
  });

  test("confirming twice is confirming once", async () => {
    const { ticket } = await upload(running, "alice", "twice.txt", body);
    const again = await confirm(running, "alice", ticket.id);
    assert.equal(again.status, 200);
    assert.equal(again.json().key, ticket.key);
  });
});

describe("a PUT that is not the one signed is refused and stores nothing", () => {
  const cases = {
    "too small": { sent: body.slice(1) },
    "too large": { sent: `${body}!` },
    empty: { sent: "" },
    "another type": { headers: { "content-type": "text/html" } },
    "type with a parameter": { headers: { "content-type": "text/plain; charset=utf-8" } },
    "x-amz-acl": { headers: { "x-amz-acl": "public-read" } },
    "x-amz-copy-source": { headers: { "x-amz-copy-source": "/media/users/bob/x" }, sent: "" },
    "x-amz-copy-source beside the body": { headers: { "x-amz-copy-source": "/media/users/bob/x" } },
    "x-amz-tagging": { headers: { "x-amz-tagging": "a=b" } },
    "x-amz-meta": { headers: { "x-amz-meta-owner": "bob" } },
    "x-amz-storage-class": { headers: { "x-amz-storage-class": "GLACIER" } },
    "x-amz-website-redirect-location": { headers: { "x-amz-website-redirect-location": "/evil" } },
    "without create-only": { without: ["if-none-match"] },
    "another if-none-match": { headers: { "if-none-match": '"x"' } },
    "to another key": { url: (ticket) => ticket.url.replace("/fox.txt?", "/wolf.txt?") },
    "to another user's folder": {
      url: (ticket) => ticket.url.replace("/users/alice/", "/users/bob/"),
    },
    "a longer life": {
      url: (ticket) => ticket.url.replace(/X-Amz-Expires=\d+/, "X-Amz-Expires=301"),
    },
    "a part of a multipart upload": { url: (ticket) => `${ticket.url}&partNumber=1&uploadId=x` },
    "its ACL": { url: (ticket) => `${ticket.url}&acl` },
    "no signature": { url: (ticket) => ticket.url.split("?")[0] },
    "a changed signature": {
      url: (ticket) =>
        ticket.url.replace(
          /(X-Amz-Signature=)(.)/,
          (_, name, first) => name + (first === "0" ? 1 : 0),
        ),
    },
  };
  for (const [name, { sent = body, url, headers, without }] of Object.entries(cases)) {
    test(name, async () => {
      const ticket = await ticketFor(fields);
      const wrong = url?.(ticket) ?? ticket.url;
      assert.ok(!url || wrong !== ticket.url, "the URL was not changed");
      const answer = await put(ticket, sent, { url: wrong, headers, without });
      assert.ok(answer.status >= 400 && answer.status < 500, `status ${answer.status}`);
      await nothingAt(ticket.key);
      await nothingAt(decodeURIComponent(target(wrong).split("?")[0]).slice("/media/".length));
    });
  }

  test("after its expiry", async () => {
    const ticket = await ticketFor(fields);
    const expired = presign({
      origin: running.store,
      region: running.region,
      path: objectPath(running.bucket, ticket.key),
      method: "PUT",
      headers: { ...ticket.headers, "content-length": String(body.length) },
      key: running.keys.store,
      time: new Date(Date.now() - 10 * 60 * 1000),
      expiresIn: 300,
    });
    const answer = await put(ticket, body, { url: running.store + expired });
    assert.equal(answer.status, 403, answer.text);
    assert.match(answer.text, /expired/i);
    await nothingAt(ticket.key);
  });

  test("a body that does not fit its checksum", async () => {
    const ticket = await ticketFor({ ...fields, checksum_sha256: checksum(body) });
    const other = body.replace("quick", "slick");
    assert.equal((await put(ticket, other)).status, 400);
    await nothingAt(ticket.key);
    const header = { "x-amz-checksum-sha256": checksum(other) };
    assert.equal((await put(ticket, other, { headers: header })).status, 403);
    await nothingAt(ticket.key);
  });

  test("a body that ends early", async () => {
    const ticket = await ticketFor(fields);
    const { hostname, port, host } = new URL(ticket.url);
    const head = { host, ...ticket.headers, "content-length": String(body.length) };
    const lines = Object.entries(head).map(([name, value]) => `${name}: ${value}\r\n`);
    await new Promise((resolve, reject) => {
      const socket = net.connect({ host: hostname, port: Number(port) }, () => {
        socket.write(`PUT ${target(ticket.url)} HTTP/1.1\r\n${lines.join("")}\r\n`);
        socket.write(body.slice(0, 100), () => socket.destroy());
      });
      socket.once("close", resolve);
      socket.once("error", reject);
    });
    await new Promise((resolve) => setTimeout(resolve, 300));
    await nothingAt(ticket.key);
  });

  test("the same PUT again", async () => {
    const { ticket } = await upload(running, "alice", "once.txt", body);
    assert.equal((await put(ticket, body)).status, 412);
    assert.equal((await put(ticket, body.toUpperCase())).status, 412);
    assert.equal((await getObject(running, ticket.key)).text, body);
  });
});

describe("asking", () => {
  const refused = {
    "without a token": [401, fields, { user: undefined }],
    "with nonsense for a token": [401, fields, { user: "nonsense" }],
    "with bob's token and alice's name in it": [
      401,
      fields,
      { user: () => forged(running, "bob", { sub: "alice" }) },
    ],
    "with an expired token": [
      401,
      fields,
      { user: () => token(running, "alice", { exp: Math.floor(Date.now() / 1000) - 1 }) },
    ],
    "with another kind of authorization": [
      400,
      fields,
      { headers: { authorization: "Basic YTpi" } },
    ],
    "with malformed JSON": [400, '{"filename": "fox.txt",'],
    "with a JSON array": [400, "[]"],
    "with nothing": [400, ""],
    "without a file name": [400, { ...fields, filename: undefined }],
    "without a size": [400, { ...fields, size: undefined }],
    "with an unknown field": [400, { ...fields, acl: "public-read" }],
    "with a duplicate field": [
      400,
      '{"filename":"a","filename":"b","content_type":"a/b","size":1}',
    ],
    "with a negative size": [400, { ...fields, size: -1 }],
    "with a fractional size": [400, { ...fields, size: 1.5 }],
    "with a size as text": [400, { ...fields, size: "12" }],
    "with a size over the rule's": [403, { ...fields, size: 5368709121 }],
    "with a size beyond any number": [
      400,
      `{"filename":"a","content_type":"a/b","size":${"9".repeat(40)}}`,
    ],
    "with a type that is none": [400, { ...fields, content_type: "text" }],
    "with a type over two lines": [
      400,
      { ...fields, content_type: "text/plain\r\nx-amz-acl: public-read" },
    ],
    "with a file name of 100 KB": [400, { ...fields, filename: "n".repeat(100_000) }],
    "with an empty file name": [400, { ...fields, filename: "" }],
    "with a path for a file name": [400, { ...fields, filename: "../bob/fox.txt" }],
    "with a slash in the file name": [400, { ...fields, filename: "a/fox.txt" }],
    "with `..` for a file name": [400, { ...fields, filename: ".." }],
    "with `.` for a file name": [400, { ...fields, filename: "." }],
    "with NUL in the file name": [400, { ...fields, filename: "fox\u0000.txt" }],
    "with a line end in the file name": [400, { ...fields, filename: "fox\n.txt" }],
    "with a C1 control in the file name": [400, { ...fields, filename: "fox\u0085.txt" }],
    "with half a surrogate pair": [400, '{"filename":"\\ud800.txt","content_type":"a/b","size":1}'],
    "with a checksum that is none": [400, { ...fields, checksum_sha256: "abc" }],
    "with an MD5 for a SHA-256": [400, { ...fields, checksum_sha256: "XrY7u+Ae7tCTyyK7j1rNww==" }],
  };
  for (const [name, [status, asked, options]] of Object.entries(refused)) {
    test(`${name} is refused`, async () => {
      const { user, headers } = { user: "alice", ...options };
      const answer = await ask(
        running,
        typeof user === "function" ? await user() : user,
        asked,
        headers,
      );
      assert.equal(answer.status, status, answer.text);
      assert.deepEqual(Object.keys(answer.json()).sort(), ["code", "message"]);
      assert.ok(isClear(answer.error().message), answer.text);
      assert.doesNotMatch(answer.text, /X-Amz|panicked|serde|\.rs:/);
    });
  }

  test("a signature instead of a token is refused", async () => {
    // It covers the hash of a body at best, and whose upload it is would be the key's.
    const { uploads, region, keys } = running;
    const sent = JSON.stringify(fields);
    for (const key of [keys.alice, keys.edge]) {
      const signed = signHeaders({
        origin: uploads,
        region,
        path: "/uploads",
        method: "POST",
        key,
      });
      const answer = await send(uploads, "/uploads", {
        method: "POST",
        headers: signed,
        body: sent,
      });
      assert.equal(answer.status, 403, answer.text);
      assert.ok(isClear(answer.error().message), answer.text);
    }
  });

  test("only POST /uploads is answered", async () => {
    for (const [method, path] of [
      ["GET", "/uploads"],
      ["DELETE", "/uploads"],
      ["POST", "/other"],
    ]) {
      const headers = { authorization: `Bearer ${running.users.alice}` };
      const answer = await send(running.uploads, path, { method, headers });
      assert.ok([404, 405].includes(answer.status), `${method} ${path}: ${answer.status}`);
      assert.ok(isClear(answer.error().message), answer.text);
    }
  });

  test("the app's pages may ask, and others may not", async () => {
    for (const [from, allowed] of [
      [running.app, running.app],
      ["https://elsewhere.example", undefined],
    ]) {
      const preflight = await send(running.uploads, "/uploads", {
        method: "OPTIONS",
        headers: {
          origin: from,
          "access-control-request-method": "POST",
          "access-control-request-headers": "authorization,content-type",
        },
      });
      assert.equal(preflight.headers["access-control-allow-origin"], allowed);
      const asked = await ask(running, "alice", fields, { origin: from });
      assert.equal(asked.headers["access-control-allow-origin"], allowed);
      const denied = await ask(running, undefined, fields, { origin: from });
      assert.equal(denied.headers["access-control-allow-origin"], allowed);
    }
  });
});

describe("confirming", () => {
  test("before the upload says that nothing is there", async () => {
    const ticket = await ticketFor(fields);
    const answer = await confirm(running, "alice", ticket.id);
    assert.ok([404, 409].includes(answer.status), answer.text);
    assert.ok(isClear(answer.error().message), answer.text);
  });

  test("another user's upload is refused", async () => {
    const { ticket } = await upload(running, "alice", "hers.txt", body);
    for (const user of ["bob", undefined]) {
      const answer = await confirm(running, user, ticket.id);
      assert.ok([401, 403, 404].includes(answer.status), answer.text);
      assert.ok(!answer.text.includes("read"), answer.text);
    }
  });

  test("an altered id is refused", async () => {
    const { ticket } = await upload(running, "alice", "altered.txt", body);
    const { id } = ticket;
    const places = [0, 1, Math.floor(id.length / 2), id.length - 2, id.length - 1];
    const altered = places.map(
      (at) => id.slice(0, at) + (id[at] === "A" ? "B" : "A") + id.slice(at + 1),
    );
    for (const wrong of [
      ...altered,
      id.slice(1),
      id.slice(0, -1),
      `${id}A`,
      "x",
      "%00",
      "..",
      id + id,
    ]) {
      const answer = await confirm(running, "alice", wrong);
      assert.ok(
        [400, 403, 404].includes(answer.status),
        `${wrong}: ${answer.status} ${answer.text}`,
      );
      assert.ok(!answer.text.includes('"read"'), answer.text);
    }
    assert.equal((await confirm(running, "alice", id)).status, 200);
  });
});

test("an answer of the upload function is found in its log by its request id", async () => {
  const issued = await ask(running, "alice", fields);
  const refused = await ask(running, "alice", { ...fields, filename: "a/b" });
  const [allow, deny] = await Promise.all(
    [issued, refused].map((answer) => logEntry(running, "uploads", answer.headers["x-request-id"])),
  );
  assert.deepEqual([allow.decision, allow.reason, allow.principal], ["allow", "issued", "user alice"]);
  assert.equal(allow.key, issued.json().key);
  assert.deepEqual([deny.decision, deny.reason], ["deny", "malformed_order"]);
});

test("no log holds a secret, a token or a signed URL", async () => {
  assert.deepEqual(await secretsInLogs(running), []);
});

async function ticketFor(asked) {
  const answer = await ask(running, "alice", asked);
  assert.equal(answer.status, 200, answer.text);
  return answer.json();
}

async function nothingAt(key) {
  const answer = await headObject(running, key);
  assert.equal(answer.status, 404, `something is stored at ${key}`);
}

function checksum(data) {
  return createHash("sha256").update(data).digest("base64");
}

/** `expires_at` as Unix time, from a number or an RFC 3339 text. */
function seconds(time) {
  return typeof time === "number" ? time : Date.parse(time) / 1000;
}
