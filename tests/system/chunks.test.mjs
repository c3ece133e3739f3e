// Parts of an object that is too large to be kept whole, from chunks in the cache of workerd: shared
// by viewers, never without a ticket, and never of two versions.
//
// These tests start an edge and a store of their own, also when CLOAKROOM_DEV names a running
// system.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, test } from "node:test";

import { mebibyte } from "./memory.mjs";
import { ownEdge, route, s3Store } from "./own-edge.mjs";
import { startRangeStore } from "./range-store.mjs";
import { presign } from "./sigv4.mjs";
import { open, send, sendPatiently } from "./wire.mjs";

const app = {
  access_key_id: "APPKEY",
  secret_access_key: "a secret of the app, long enough to sign with",
};

const cache = { ttl: 300, max_size: mebibyte, chunk_size: mebibyte };

let edge, store;
before(async () => {
  store = await startRangeStore();
  edge = await ownEdge({
    keys: { APPKEY: { dialect: "sigv4", secret: "APP_SECRET", principal: "every-owner" } },
    secrets: { APP_SECRET: app.secret_access_key },
    stores: { main: s3Store(store.origin) },
    routes: { media: route("/media/", "main", { cache }) },
  });
});
after(async () => {
  await edge?.stop();
  await store?.stop();
});

test("what one viewer was sent is there for the next", async () => {
  const film = put("shared.mp4", 5 * mebibyte + 3);
  const part = (first, last) => read("shared.mp4", film, first, last);
  assert.equal(await part(100, 200), "miss");
  await until(async () => (await part(100, 200)) === "hit");
  // Chunks that follow are kept on their way.
  assert.equal(await part(7, 3 * mebibyte + 6), "hit");
  await until(async () => {
    const before = asked("shared.mp4");
    assert.equal(await part(50, 3 * mebibyte - 1), "hit");
    return asked("shared.mp4") === before;
  });
  // The rest of a chunk that was asked for in part comes from the store, and so does the last one.
  assert.equal(await part(3 * mebibyte - 5, film.length - 1), "hit");
  const { text, headers } = await send(edge.origin, ticket("shared.mp4"), {
    headers: { range: `bytes=${film.length}-` },
  });
  assert.equal(headers["content-range"], `bytes */${film.length}`, text);
});

test("nobody is sent a chunk without a ticket", async () => {
  const film = put("private.mp4", 2 * mebibyte);
  await read("private.mp4", film, 0, 9);
  await until(async () => (await read("private.mp4", film, 0, 9)) === "hit");
  const before = asked("private.mp4");
  const headers = { range: "bytes=0-9" };
  assert.equal((await send(edge.origin, "/media/private.mp4", { headers })).status, 403);
  const forged = ticket("private.mp4").replace(/.$/, (last) => (last === "0" ? "1" : "0"));
  assert.equal((await send(edge.origin, forged, { headers })).status, 403);
  assert.equal(asked("private.mp4"), before);
});

test("of two versions there is never one answer", async () => {
  const old = put("changed.mp4", 3 * mebibyte);
  await read("changed.mp4", old, 0, 9);
  await until(async () => (await read("changed.mp4", old, 0, 9)) === "hit");
  const film = put("changed.mp4", 3 * mebibyte, '"2"');
  const options = { headers: { range: "bytes=0-" } };
  const broken = await sendPatiently(edge.origin, ticket("changed.mp4"), options);
  assert.deepEqual([broken.status, broken.whole], [206, false]);
  assert.ok(broken.body.equals(old.subarray(0, broken.body.length)), "only of the old version");
  // A chunk that is not there makes the new version known.
  assert.equal(await read("changed.mp4", film, mebibyte, mebibyte + 9), "miss");
  await until(async () => (await read("changed.mp4", film, 0, 9)) === "hit");
  assert.equal(await read("changed.mp4", film, 0, film.length - 1), "hit");
});

test("sixteen viewers who miss a chunk fetch it once", async () => {
  const film = put("wanted.mp4", 2 * mebibyte);
  await read("wanted.mp4", film, 0, 9);
  await Promise.all(Array.from({ length: 16 }, () => read("wanted.mp4", film, 5, 14)));
  await until(async () => (await read("wanted.mp4", film, 5, 14)) === "hit");
  const fills = store.asked().filter(({ key, range }) => {
    return key === "wanted.mp4" && range === `bytes=0-${mebibyte - 1}`;
  });
  assert.equal(fills.length, 1);
});

test("a viewer who leaves does not make the store send the rest", async () => {
  const size = 64 * mebibyte;
  const film = put("left.mp4", size);
  await read("left.mp4", film, 0, 9);
  await until(async () => (await read("left.mp4", film, 0, 9)) === "hit");
  const before = store.sent();
  const response = await open(edge.origin, ticket("left.mp4"), { headers: { range: "bytes=0-" } });
  for await (const chunk of response) {
    assert.ok(chunk.length > 0);
    break;
  }
  // The next question is answered after what was under way.
  await read("left.mp4", film, 0, 9);
  assert.ok(store.sent() - before < size / 2, `${store.sent() - before} bytes`);
});

/** Stores an object, and gives what is in it. */
function put(key, size, etag) {
  const content = randomBytes(size);
  store.put(key, content, "video/mp4", etag);
  return content;
}

/** How often the store was asked for it. */
function asked(key) {
  return store.asked().filter((each) => each.key === key).length;
}

/** Reads a part and compares it; says what the cache did. */
async function read(key, content, first, last) {
  const headers = { range: `bytes=${first}-${last}` };
  const answer = await send(edge.origin, ticket(key), { headers });
  assert.equal(answer.status, 206);
  assert.equal(answer.headers["content-range"], `bytes ${first}-${last}/${content.length}`);
  assert.ok(answer.body.equals(content.subarray(first, last + 1)), "other bytes");
  return (await edge.logEntry(answer.headers["x-request-id"])).cache;
}

function ticket(key) {
  return presign({ origin: edge.origin, path: `/media/${key}`, key: app });
}

/** What is kept is kept after the answer. */
async function until(holds) {
  const deadline = Date.now() + 5_000;
  while (!(await holds())) {
    assert.ok(Date.now() < deadline, "it does not come to hold");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
