// What the edge answers when it lets a viewer in: parts, conditions, encodings and CORS.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { gzipSync } from "node:zlib";

import { system } from "./dev.mjs";
import { deleteObject, edgePath, putObject } from "./objects.mjs";
import { keepsSecrets, presigned } from "./reading.mjs";
import { isClear, send } from "./wire.mjs";

const folder = `read ${Date.now().toString(36)}`;
const names = {
  public: `public/${folder}/open.txt`,
  private: `users/alice/${folder}/diary.txt`,
  packed: `public/${folder}/packed.json`,
};
const content = "0123456789abcdefghijklmnopqrstuvwxyz";
const packed = gzipSync(JSON.stringify({ text: content.repeat(20) }));
const minute = 60 * 1000;

let running;
before(async () => {
  running = await system();
  await putObject(running, names.public, content, { "content-type": "text/plain" });
  await putObject(running, names.private, content, { "content-type": "text/plain" });
  const headers = { "content-type": "application/json", "content-encoding": "gzip" };
  await putObject(running, names.packed, packed, headers);
});
after(async () => {
  if (running) for (const key of Object.values(names)) await deleteObject(running, key);
  await running?.stop();
});

describe("representations", () => {
  const partial = {
    "bytes=0-9": [206, content.slice(0, 10), "bytes 0-9/36"],
    "bytes=10-10": [206, "a", "bytes 10-10/36"],
    "bytes=-5": [206, content.slice(-5), "bytes 31-35/36"],
    "bytes=30-": [206, content.slice(30), "bytes 30-35/36"],
    "bytes=30-99": [206, content.slice(30), "bytes 30-35/36"],
  };
  for (const [range, [status, text, contentRange]] of Object.entries(partial)) {
    test(`Range: ${range}`, async () => {
      const answer = await get(ticket(), { range });
      assert.equal(answer.status, status, answer.text);
      assert.equal(answer.text, text);
      assert.equal(answer.headers["content-range"], contentRange);
      assert.equal(answer.headers["content-length"], String(text.length));
    });
  }

  test("a range behind the end is 416", async () => {
    const answer = await get(ticket(), { range: "bytes=36-" });
    assert.equal(answer.status, 416);
    assert.equal(answer.headers["content-range"], "bytes */36");
    keepsSecrets(running, answer);
  });

  test("HEAD answers the head of GET and no body", async () => {
    const target = ticket({ method: "HEAD" });
    const answer = await send(running.edge, target, { method: "HEAD" });
    const whole = await get(ticket());
    assert.equal(answer.status, 200);
    assert.equal(answer.body.length, 0);
    for (const name of [
      "content-length",
      "content-type",
      "etag",
      "last-modified",
      "accept-ranges",
    ]) {
      assert.equal(answer.headers[name], whole.headers[name], name);
      assert.ok(answer.headers[name], `${name} is missing`);
    }
  });

  test("conditional requests", async () => {
    const { etag, "last-modified": modified } = (await get(ticket())).headers;
    assert.match(etag, /^"[^"]+"$/);
    const later = new Date(Date.parse(modified) + minute).toUTCString();
    const earlier = new Date(Date.parse(modified) - minute).toUTCString();
    const expected = [
      [{ "if-none-match": etag }, 304],
      [{ "if-none-match": `"other", ${etag}` }, 304],
      [{ "if-none-match": `W/${etag}` }, 304],
      [{ "if-none-match": "*" }, 304],
      [{ "if-none-match": '"other"' }, 200],
      [{ "if-modified-since": modified }, 304],
      [{ "if-modified-since": later }, 304],
      [{ "if-modified-since": earlier }, 200],
      [{ "if-match": '"other"' }, 412],
      [{ "if-match": etag }, 200],
      [{ "if-unmodified-since": earlier }, 412],
      [{ "if-unmodified-since": modified }, 200],
      [{ "if-none-match": '"other"', "if-modified-since": later }, 200],
      [{ range: "bytes=0-9", "if-range": etag }, 206],
      [{ range: "bytes=0-9", "if-range": '"other"' }, 200],
      [{ range: "bytes=0-9", "if-none-match": etag }, 304],
    ];
    for (const [headers, status] of expected) {
      const answer = await get(ticket(), headers);
      assert.equal(answer.status, status, JSON.stringify(headers));
      if (status === 304) assert.equal(answer.body.length, 0);
      if (status === 304) assert.equal(answer.headers.etag, etag);
      keepsSecrets(running, { ...answer, text: status === 412 ? answer.text : "" });
    }
  });

  for (const accept of [undefined, "gzip", "identity", "br, gzip;q=0.5"]) {
    test(`a stored content-encoding passes untouched (accept-encoding: ${accept})`, async () => {
      const headers = accept ? { "accept-encoding": accept } : {};
      const answer = await get(edgePath(names.packed), headers);
      assert.equal(answer.status, 200);
      assert.equal(answer.headers["content-encoding"], "gzip");
      assert.deepEqual(answer.body, packed);
    });
  }

  test("a range of a packed object is a range of its stored bytes", async () => {
    const answer = await get(edgePath(names.packed), { range: "bytes=2-11" });
    assert.equal(answer.status, 206);
    assert.deepEqual(answer.body, packed.subarray(2, 12));
  });

  for (const method of ["POST", "PUT", "DELETE"]) {
    test(`${method} is not allowed`, async () => {
      for (const target of [edgePath(names.public), ticket({ method })]) {
        const body = method === "DELETE" ? undefined : "x";
        const answer = await send(running.edge, target, { method, body });
        assert.equal(answer.status, 405);
        assert.match(answer.headers.allow, /GET, HEAD/);
        assert.ok(isClear(answer.error().message), answer.text);
        keepsSecrets(running, answer);
      }
      assert.equal((await get(ticket())).text, content);
    });
  }

  test("a method that nobody knows is not implemented", async () => {
    const answer = await send(running.edge, edgePath(names.public), { method: "PATCH", body: "x" });
    assert.equal(answer.status, 501);
    assert.ok(isClear(answer.error().message), answer.text);
  });
});

describe("cross-origin", () => {
  test("the app's pages may read answers, allowed and denied", async () => {
    for (const target of [ticket(), edgePath(names.public), edgePath(names.private)]) {
      const answer = await get(target, { origin: running.app });
      assert.equal(answer.headers["access-control-allow-origin"], running.app);
      assert.match(answer.headers.vary ?? "", /origin/i);
    }
  });

  test("the app's pages may see sizes and ranges", async () => {
    const answer = await get(ticket(), { origin: running.app, range: "bytes=0-9" });
    const exposed = (answer.headers["access-control-expose-headers"] ?? "").toLowerCase();
    for (const name of ["content-range", "content-length", "etag", "x-request-id"]) {
      assert.ok(exposed.split(/, */).includes(name), `${name} is not exposed: ${exposed}`);
    }
  });

  test("preflight lets the app's pages send a token", async () => {
    const answer = await send(running.edge, edgePath(names.private), {
      method: "OPTIONS",
      headers: {
        origin: running.app,
        "access-control-request-method": "GET",
        "access-control-request-headers": "authorization,range",
      },
    });
    assert.ok([200, 204].includes(answer.status), `status ${answer.status}`);
    assert.equal(answer.headers["access-control-allow-origin"], running.app);
    assert.match(answer.headers["access-control-allow-headers"], /authorization/i);
    assert.match(answer.headers["access-control-allow-headers"], /range/i);
    assert.match(answer.headers["access-control-allow-methods"], /GET/);
  });

  test("other pages may not", async () => {
    for (const origin of ["https://elsewhere.example", "null", `${running.app}.evil.example`]) {
      const answer = await get(edgePath(names.public), { origin });
      assert.equal(answer.headers["access-control-allow-origin"], undefined, origin);
    }
  });
});

function get(target, headers) {
  return send(running.edge, target, { headers });
}

/** A ticket for the private object. */
function ticket(options) {
  return presigned(running, names.private, options);
}
