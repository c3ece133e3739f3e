// Object keys that break systems: each is stored and read back by the same name, or refused with
// a clear error. Nowhere does one name reach another object.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { system } from "./dev.mjs";
import { deleteObject, edgePath, getObject, putObject } from "./objects.mjs";
import { bearer, presigned } from "./reading.mjs";
import { ask, confirm, deleteStored, put, read } from "./uploads.mjs";
import { isClear, send } from "./wire.mjs";

const folder = `keys-${Date.now().toString(36)}`;

/** Names that have to work. */
const ordinary = {
  spaces: "two  spaces .txt",
  "leading space": " leading.txt",
  "trailing space": "trailing.txt ",
  plus: "a+b.txt",
  percent: "100%.txt",
  question: "what?.txt",
  hash: "#1.txt",
  ampersand: "a&b=c;d,e.txt",
  "reserved characters": "a:b@c$d!e*f'g(h)i.txt",
  "unsafe characters": "a<b>c[d]e{f}g|h^i`j.txt",
  quotes: `it's "quoted".txt`,
  composed: "caf\u00e9.txt",
  decomposed: "cafe\u0301.txt",
  "other scripts": "日本 Ελλάδα я.txt",
  emoji: "🧥👨‍👩‍👧.txt",
  "leading dot": ".hidden",
  "leading hyphen": "-rf",
  "many dots": "a..b...c.",
  "three dots": "...",
  "an escaped slash, literally": "a%2Fb.txt",
  "escaped dots, literally": "%2e%2e",
  "escaped dots and slash, literally": "%2e%2e%2fescape.txt",
  "an escaped NUL, literally": "a%00b.txt",
  "a broken escape": "50%zz.txt",
  "a doubled escape": "%2520.txt",
  "a query": "a?X-Amz-Signature=0&b=c",
  tilde: "~user",
  "capital letters": "CASE.txt",
  "small letters": "case.txt",
  "a store's file": "object.json",
  "a temporary file": ".tmp",
};

/** Names that may be refused. */
const awkward = {
  "dot segment": "..",
  "single dot": ".",
  backslash: "a\\b.txt",
  "backslash dots": "..\\escape.txt",
  "text that turns around": "fox\u202egpj.txt",
  "an invisible joiner": "fo\u200dx.txt",
  "a byte order mark": "\ufefffox.txt",
};

let running;
before(async () => (running = await system()));
after(async () => {
  await deleteStored(running);
  await running?.stop();
});

describe("file names of uploads", () => {
  for (const [name, filename] of Object.entries(ordinary)) {
    test(name, async () => assert.equal(await roundTrip(filename), "kept"));
  }
  for (const [name, filename] of Object.entries(awkward)) {
    test(name, async () => roundTrip(filename));
  }
  for (const filename of ["a/b.txt", "/etc/passwd", "../x", "a//b", "a/../b", "a\u0000b", "a\nb"]) {
    test(`${JSON.stringify(filename)} is refused`, async () => {
      assert.equal(await roundTrip(filename), "refused");
    });
  }

  test("composed and decomposed stay apart", async () => {
    const tickets = await Promise.all([ordinary.composed, ordinary.decomposed].map(ticketFor));
    const names = tickets.map(({ key }) => key.split("/").at(-1));
    assert.deepEqual(names, [ordinary.composed, ordinary.decomposed]);
  });

  test("a key of 1,024 bytes, and not one more", async () => {
    const { key } = await ticketFor("x");
    const room = 1024 - Buffer.byteLength(key) + 1;
    for (const fill of ["n", "é"]) {
      const filename = fill.repeat(Math.floor(room / Buffer.byteLength(fill))).padEnd(room, "n");
      const fits = filename.slice(0, filename.length - (Buffer.byteLength(filename) - room));
      assert.equal(Buffer.byteLength(fits), room);
      assert.equal(await roundTrip(fits), "kept");
      assert.equal(await roundTrip(`${fits}n`), "refused");
    }
  });

  /** Uploads under this name, reads it back, and answers whether it was kept or refused. */
  async function roundTrip(filename) {
    const content = `content of ${JSON.stringify(filename)}`;
    const size = Buffer.byteLength(content);
    const asked = await ask(running, "alice", { filename, content_type: "text/plain", size });
    if (asked.status === 400) {
      assert.ok(isClear(asked.error().message), asked.text);
      return "refused";
    }
    const ticket = succeeded(asked).json();
    assert.match(ticket.key, /^users\/alice\//);
    assert.equal(ticket.key.split("/").slice(3).join("/"), filename);
    succeeded(await put(ticket, content));
    const confirmed = succeeded(await confirm(running, "alice", ticket.id)).json();
    assert.equal(confirmed.key, ticket.key);
    assert.equal((await getObject(running, ticket.key)).text, content);
    assert.equal(succeeded(await read(ticket.read)).text, content);
    assert.equal(succeeded(await read(confirmed.read)).text, content);
    const byToken = await get(edgePath(ticket.key), bearer(running.users.alice));
    assert.equal(succeeded(byToken).text, content);
    return "kept";
  }

  async function ticketFor(filename) {
    const fields = { filename, content_type: "text/plain", size: 1 };
    return succeeded(await ask(running, "alice", fields)).json();
  }
});

describe("objects that are in the store already", () => {
  const keys = {
    ...inFolder(ordinary),
    "a folder's name": `public/${folder}/clash`,
    "an object below that name": `public/${folder}/clash/inner.txt`,
    "a trailing slash": `public/${folder}/clash/`,
    "1,024 bytes in one segment": `public/${folder}/`.padEnd(1024, "k"),
    "1,024 bytes in many segments": `public/${folder}/`.padEnd(1024, "k/"),
  };
  const { "dot segment": up, "single dot": here, ...others } = inFolder(awkward);
  const mayBeRefused = {
    ...others,
    "two slashes": `public/${folder}//double.txt`,
    "three slashes": `public/${folder}///triple.txt`,
  };
  /** Keys that no URL can carry, and what their paths mean to a URL parser. */
  const dotted = {
    "dot segment": [up, "public/"],
    "single dot": [here, `public/${folder}/`],
    "dots on the way": [`public/${folder}/a/../up.txt`, `public/${folder}/up.txt`],
    "dots over the public folder": [
      `public/../users/alice/${folder}/over.txt`,
      `users/alice/${folder}/over.txt`,
    ],
    "a dot on the way": [`public/${folder}/./same.txt`, `public/${folder}/same.txt`],
    "dots at the end": [`public/${folder}/a/..`, `public/${folder}/`],
  };
  /** What a confused reader would find instead of the awkward ones. */
  const decoys = [
    `public/${folder}/double.txt`,
    `public/${folder}/triple.txt`,
    `public/${folder}/up.txt`,
    `public/${folder}/same.txt`,
    `public/${folder}/a/b.txt`,
    `public/${folder}/a b.txt`,
    `public/${folder}/escape.txt`,
    `public/escape.txt`,
    `users/alice/${folder}/over.txt`,
  ];

  before(async () => {
    for (const key of [...Object.values(keys), ...decoys]) await putObject(running, key, key);
  });
  after(async () => {
    for (const key of [...Object.values(keys), ...decoys]) await deleteObject(running, key);
  });

  for (const [name, key] of Object.entries(keys)) {
    test(`${name}: anonymous, presigned and at the store`, async () => {
      assert.equal((await getObject(running, key)).text, key);
      assert.equal(succeeded(await get(edgePath(key))).text, key);
      assert.equal(succeeded(await get(ticket(key))).text, key);
    });
  }

  for (const [name, key] of Object.entries(mayBeRefused)) {
    test(`${name}: itself or refused`, async () => {
      const stored = await putObject(running, key, key).then(
        () => true,
        () => false,
      );
      for (const target of [edgePath(key), ticket(key)]) {
        const answer = await get(target);
        assert.ok(answer.status < 500, `status ${answer.status}: ${answer.text}`);
        if (answer.status === 200) assert.equal(answer.text, key);
        else assert.ok(isClear(answer.error().message), answer.text);
        if (!stored) assert.notEqual(answer.status, 200);
      }
      await sameAsBefore(stored ? [key, ...decoys] : decoys);
      if (stored) await deleteObject(running, key);
    });
  }

  // Browsers resolve dot segments before they send, and workerd before the Worker sees the
  // request (RFC 3986, section 5.2.4): without a signature, such a path is another way to write
  // the resolved one, and means the object there with that object's own rule.
  for (const [name, [key, resolved]] of Object.entries(dotted)) {
    test(`${name}: a ticket is refused, a plain path means the resolved one`, async () => {
      await putObject(running, key, key);
      const signed = await get(ticket(key));
      assert.ok(signed.status >= 400 && signed.status < 500, `status ${signed.status}`);
      assert.ok(isClear(signed.error().message), signed.text);
      const [plain, expected] = [await get(edgePath(key)), await get(edgePath(resolved))];
      assert.ok(plain.status < 500, `status ${plain.status}`);
      if (plain.status === 200) assert.equal(plain.text, expected.text);
      assert.ok(plain.status >= expected.status, "no more is open than at the resolved path");
      await sameAsBefore([key, ...decoys]);
      await deleteObject(running, key);
    });
  }

  async function sameAsBefore(all) {
    for (const each of all) assert.equal((await getObject(running, each)).text, each);
  }

  test("1,025 bytes are refused by the store and by the edge", async () => {
    const key = `public/${folder}/`.padEnd(1025, "k");
    await assert.rejects(putObject(running, key, key), /KeyTooLong/);
    const answer = await get(edgePath(key));
    assert.ok(answer.status >= 400 && answer.status < 500, `status ${answer.status}`);
    assert.ok(isClear(answer.error().message), answer.text);
  });
});

describe("paths that are written in another way", () => {
  const secret = `users/alice/${folder}/secret.txt`;
  const open = `public/${folder}/open.txt`;
  before(async () => {
    await putObject(running, secret, "the secret");
    await putObject(running, open, "open to all");
  });
  after(async () => {
    await deleteObject(running, secret);
    await deleteObject(running, open);
  });

  const toTheSecret = [
    `/media/public/../users/alice/${folder}/secret.txt`,
    `/media/public/%2e%2e/users/alice/${folder}/secret.txt`,
    `/media/public/%2E%2e/users/alice/${folder}/secret.txt`,
    `/media/public/..%2fusers/alice/${folder}/secret.txt`,
    `/media/public/..%2Fusers%2Falice%2F${folder}%2Fsecret.txt`,
    `/media/public/..\\users\\alice\\${folder}\\secret.txt`,
    `/media/public/..%5cusers%5calice%5c${folder}%5csecret.txt`,
    `/media/public/.%2e/users/alice/${folder}/secret.txt`,
    `/media/public/x/../../users/alice/${folder}/secret.txt`,
    `/media/./users/alice/${folder}/secret.txt`,
    `/media//users/alice/${folder}/secret.txt`,
    `//media/users/alice/${folder}/secret.txt`,
    `/media/public%2f..%2f..%2fmedia/users/alice/${folder}/secret.txt`,
    `/media/public/%252e%252e/users/alice/${folder}/secret.txt`,
    `/media/public/..;/users/alice/${folder}/secret.txt`,
    `/media/users/bob/../alice/${folder}/secret.txt`,
    `/media/users%2Falice/${folder}/secret.txt`,
  ];
  for (const path of toTheSecret) {
    test(`nobody reads a private object by ${path.replaceAll(folder, "…")}`, async () => {
      for (const answer of [await get(path), await get(path, bearer(running.users.bob))]) {
        assert.ok(answer.status >= 400 && answer.status < 500, `status ${answer.status}`);
        assert.ok(!answer.text.includes("the secret"));
      }
    });
  }

  const toTheOpenOne = [
    `/media/public/${folder}/%6fpen.txt`,
    `/media/public/${folder}/open%2Etxt`,
    `/media/public/${folder}/open%2etxt`,
    `/media/public%2F${folder}%2Fopen.txt`,
  ];
  for (const path of toTheOpenOne) {
    test(`the same object or none by ${path.replaceAll(folder, "…")}`, async () => {
      const answer = await get(path);
      if (answer.status === 200) assert.equal(answer.text, "open to all");
      else assert.ok(isClear(answer.error().message), answer.text);
      assert.ok(answer.status < 500, `status ${answer.status}`);
    });
  }

  for (const name of ["%", "%zz", "a%2", "%00", "%ff"]) {
    test(`${name} is refused`, async () => {
      const answer = await get(`/media/public/${name}`);
      assert.ok(answer.status >= 400 && answer.status < 500, `status ${answer.status}`);
      assert.ok(isClear(answer.error().message), answer.text);
    });
  }
});

function get(target, headers) {
  return send(running.edge, target, { headers });
}

function ticket(key) {
  return presigned(running, key);
}

function inFolder(names) {
  return Object.fromEntries(
    Object.entries(names).map(([name, key]) => [name, `public/${folder}/${key}`]),
  );
}

function succeeded(answer) {
  assert.equal(answer.status, 200, `${answer.status}: ${answer.text}`);
  return answer;
}
