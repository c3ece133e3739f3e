// Copies in the cache of workerd: shared by viewers with different tickets, never without one;
// fresh, asked about, renewed and forgotten; parts and conditions of them.
//
// These tests start an edge and a store of their own, also when CLOAKROOM_DEV names a running
// system.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import http from "node:http";
import { after, before, describe, test } from "node:test";
import { gzipSync } from "node:zlib";

import { names, pathOf } from "./names.mjs";
import { ownEdge, route, s3Store } from "./own-edge.mjs";
import { bearer } from "./reading.mjs";
import { listening } from "./server.mjs";
import { presign } from "./sigv4.mjs";
import { jwt } from "./tokens.mjs";
import { send } from "./wire.mjs";

const app = { access_key_id: "APPKEY", secret_access_key: "a secret of the app, long enough to sign with" };
const usersSecret = "a secret of the users, long enough to sign tokens";

let edge;
let store;
before(async () => {
  store = await startStore();
  const access = [
    { keys: "public/*", acl: "public-read" },
    { keys: "users/{owner}/*", acl: "private" },
  ];
  const cached = (path, cache) => route(path, "main", { access, cache });
  edge = await ownEdge({
    keys: {
      APPKEY: { dialect: "sigv4", secret: "APP_SECRET", principal: "every-owner" },
      users: { dialect: "jwt", algorithm: "HS256", secret: "USERS_SECRET", principal: { claim: "sub" } },
    },
    secrets: { APP_SECRET: app.secret_access_key, USERS_SECRET: usersSecret },
    stores: { main: s3Store(store.origin, { timeout: 2 }) },
    routes: {
      long: cached("/long/", { ttl: 300 }),
      short: cached("/short/", { ttl: 1, stale_if_error: 60, generation: 1 }),
      asking: cached("/asking/", { ttl: 0, generation: 2 }),
      small: cached("/small/", { ttl: 300, max_size: 1000, generation: 3 }),
      none: route("/none/", "main", { access }),
    },
  });
});
after(async () => {
  await edge?.stop();
  await store?.stop();
});

describe("who gets a copy", () => {
  test("two tickets for one object are one question to the store", async () => {
    store.put("users/alice/two.jpg", "content of two");
    const path = "/long/users/alice/two.jpg";
    const [first, second] = [300, 200].map((expiresIn) => ticket(path, { expiresIn }));
    const token = bearer(jwt({ kid: "users", secret: usersSecret, claims: { sub: "alice" } }));
    assert.notEqual(first, second);
    const answers = [await get(first), await get(second), await get(path, token)];
    for (const [answer, cache, control] of [
      [answers[0], "miss", /^private, max-age=(299|300)$/],
      [answers[1], "hit", /^private, max-age=(199|200)$/],
      [answers[2], "hit", /^private, no-cache$/],
    ]) {
      assert.equal(answer.status, 200);
      assert.equal(answer.text, "content of two");
      assert.equal(answer.headers.etag, '"v1"');
      assert.equal(answer.headers["content-type"], "image/jpeg");
      assert.match(answer.headers["cache-control"], control);
      assert.equal((await edge.logEntry(answer.headers["x-request-id"])).cache, cache);
      assert.deepEqual(Object.keys(answer.headers).filter((name) => /cloakroom|^cf-|^age$/.test(name)), []);
    }
    assert.equal(store.asked("users/alice/two.jpg").length, 1);
  });

  test("without a ticket, with another's or with one that has ended, nobody gets it", async () => {
    store.put("users/alice/own.jpg", "content of alice");
    const path = "/long/users/alice/own.jpg";
    const brief = ticket(path, { expiresIn: 1 });
    assert.equal((await get(brief)).status, 200);
    assert.equal((await get(path)).status, 403);
    const bob = bearer(jwt({ kid: "users", secret: usersSecret, claims: { sub: "bob" } }));
    assert.equal((await get(path, bob)).status, 403);
    await new Promise((resolve) => setTimeout(resolve, 2100));
    const ended = await get(brief);
    assert.equal(ended.status, 403);
    assert.equal((await edge.logEntry(ended.headers["x-request-id"])).reason, "expired");
    assert.equal((await get(ticket(path))).status, 200);
    assert.equal(store.asked("users/alice/own.jpg").length, 1);
    // The name of the copy is no path.
    const name = "/.cloakroom/0/r-long/s-main/media/users/alice/own.jpg";
    assert.equal((await get(name)).status, 404);
  });

  test("a denial, an absence and a failure are not kept", async () => {
    const path = "/long/public/later.jpg";
    assert.equal((await get(path)).status, 404);
    store.put("public/later.jpg", "here now");
    assert.equal((await get(path)).text, "here now");
    store.fail("public/broken.jpg", 500);
    assert.equal((await get("/long/public/broken.jpg")).status, 502);
    store.put("public/broken.jpg", "mended");
    assert.equal((await get("/long/public/broken.jpg")).text, "mended");
  });
});

describe("how long a copy lives", () => {
  test("a stale copy is asked about by its ETag", async () => {
    store.put("public/stale.jpg", "first", { etag: '"v1"' });
    const path = "/short/public/stale.jpg";
    assert.equal((await get(path)).text, "first");
    await stale();
    assert.deepEqual(await seen(path), [200, "first", "revalidated"]);
    assert.deepEqual(await seen(path), [200, "first", "hit"]);
    store.put("public/stale.jpg", "second", { etag: '"v2"' });
    await stale();
    assert.deepEqual(await seen(path), [200, "second", "expired"]);
    assert.deepEqual(await seen(path), [200, "second", "hit"]);
    const asked = store.asked("public/stale.jpg");
    assert.deepEqual(asked.map((each) => each["if-none-match"]), [undefined, '"v1"', '"v1"']);
  });

  test("where it is asked about each time, a changed object is new at once", async () => {
    store.put("public/now.jpg", "first", { etag: '"v1"' });
    const path = "/asking/public/now.jpg";
    assert.deepEqual(await seen(path), [200, "first", "miss"]);
    assert.deepEqual(await seen(path), [200, "first", "revalidated"]);
    store.put("public/now.jpg", "second", { etag: '"v2"' });
    assert.deepEqual(await seen(path), [200, "second", "expired"]);
  });

  test("the object's own Cache-Control comes first", async () => {
    for (const [control, caches] of [
      ["max-age=0", ["miss", "revalidated"]],
      ["no-store", ["miss", "miss"]],
      ["private", ["miss", "miss"]],
    ]) {
      const key = `public/${control.replace("=", "-")}.jpg`;
      store.put(key, "content", { "cache-control": control });
      for (const cache of caches) {
        assert.deepEqual(await seen(`/long/${key}`), [200, "content", cache], control);
      }
    }
  });

  test("while the store fails, a copy serves on", async () => {
    store.put("public/on.jpg", "first");
    const path = "/short/public/on.jpg";
    assert.equal((await get(path)).text, "first");
    await stale();
    store.fail("public/on.jpg", 503);
    assert.deepEqual(await seen(path), [200, "first", "stale"]);
    // What is gone is gone, also as a copy.
    store.remove("public/on.jpg");
    assert.equal((await get(path)).status, 404);
    store.fail("public/on.jpg", 503);
    assert.equal((await get(path)).status, 502);
  });

  test("what is larger than the route says is not kept, and neither is anything without a route's word", async () => {
    store.put("public/large.jpg", "x".repeat(1001));
    store.put("public/fits.jpg", "x".repeat(1000));
    for (const [path, expected] of [
      ["/small/public/large.jpg", ["miss", "miss"]],
      ["/small/public/fits.jpg", ["miss", "hit"]],
      ["/none/public/fits.jpg", ["bypass", "bypass"]],
    ]) {
      for (const cache of expected) assert.equal((await seen(path))[2], cache, path);
    }
  });
});

describe("parts and conditions", () => {
  test("a player's first question keeps the whole, and its next ones are answered from it", async () => {
    store.put("public/film.mp4", "0123456789");
    const path = "/long/public/film.mp4";
    const first = await get(path, { range: "bytes=0-" });
    assert.deepEqual(
      [first.status, first.headers["content-range"], first.headers["content-length"], first.text],
      [206, "bytes 0-9/10", "10", "0123456789"],
    );
    for (const [range, part, text] of [
      ["bytes=4-", "bytes 4-9/10", "456789"],
      ["bytes=2-5", "bytes 2-5/10", "2345"],
      ["bytes=-3", "bytes 7-9/10", "789"],
      ["bytes=-10", "bytes 0-9/10", "0123456789"],
      ["bytes=-99", "bytes 0-9/10", "0123456789"],
    ]) {
      const answer = await get(path, { range });
      const { "content-range": found, "content-length": length } = answer.headers;
      assert.deepEqual([answer.status, found, length, answer.text], [206, part, String(text.length), text]);
      assert.equal((await edge.logEntry(answer.headers["x-request-id"])).cache, "hit");
    }
    assert.deepEqual(store.asked("public/film.mp4").map((each) => each.range), [undefined]);
    assert.equal((await get(path, { range: "bytes=4-", "if-range": '"v1"' })).status, 206);
    const other = await get(path, { range: "bytes=4-", "if-range": '"v0"' });
    assert.deepEqual([other.status, other.text], [200, "0123456789"]);
    assert.equal((await get(path, { range: "bytes=10-" })).status, 416);
  });

  test("conditions are held against the copy", async () => {
    store.put("public/if.jpg", "content");
    const path = "/long/public/if.jpg";
    await get(path);
    for (const [name, value, status] of [
      ["if-none-match", '"v1"', 304],
      ["if-none-match", '"v0"', 200],
      ["if-match", '"v0"', 412],
      ["if-match", '"v1"', 200],
      ["if-modified-since", modified, 304],
      ["if-unmodified-since", modified, 200],
    ]) {
      const answer = await get(path, { [name]: value });
      assert.equal(answer.status, status, `${name}: ${value}`);
      assert.equal(answer.text, status === 200 ? "content" : "");
    }
    const head = await send(edge.origin, path, { method: "HEAD" });
    assert.deepEqual([head.status, head.headers["content-length"], head.text], [200, "7", ""]);
    assert.equal(store.asked("public/if.jpg").length, 1);
  });

  test("a stored encoding stays as it is, since no copy is kept", async () => {
    const packed = gzipSync("x".repeat(2000));
    store.put("public/packed.json", packed, { "content-encoding": "gzip" });
    for (const cache of ["miss", "miss"]) {
      const answer = await get("/long/public/packed.json", { "accept-encoding": "gzip" });
      assert.equal(answer.headers["content-encoding"], "gzip");
      assert.equal(digest(answer.body), digest(packed));
      assert.equal((await edge.logEntry(answer.headers["x-request-id"])).cache, cache);
    }
  });

  test("odd names have copies of their own", async () => {
    // The longest leave no room for the folder.
    const keys = names.map((name) => `public/odd/${name}`).filter((key) => Buffer.byteLength(key) <= 1024);
    for (const key of keys) store.put(key, `content of ${key}`);
    for (const cache of ["miss", "hit"]) {
      for (const key of keys) {
        assert.deepEqual(await seen(pathOf("/long/", key)), [200, `content of ${key}`, cache], key);
      }
    }
  });
});

describe("many at once", () => {
  test("sixteen viewers who want one object are one question to the store", async () => {
    store.put("public/rush.jpg", "y".repeat(100_000), {}, { delay: 300 });
    const answers = await Promise.all(Array.from({ length: 16 }, () => get("/long/public/rush.jpg")));
    for (const answer of answers) assert.equal(digest(answer.body), digest("y".repeat(100_000)));
    assert.equal(store.asked("public/rush.jpg").length, 1);
  });

  test("nobody waits for a copy that nobody keeps", async () => {
    store.put("public/nobody.jpg", "z".repeat(2000), {}, { delay: 100 });
    const begun = performance.now();
    const answers = await Promise.all(Array.from({ length: 8 }, () => get("/small/public/nobody.jpg")));
    assert.ok(answers.every((answer) => answer.status === 200 && answer.text.length === 2000));
    assert.equal(store.asked("public/nobody.jpg").length, 8);
    assert.ok(performance.now() - begun < 3000, "somebody waited to the end of patience");
  });
});

const modified = "Thu, 26 Nov 2026 11:00:00 GMT";

function ticket(path, options = {}) {
  return presign({ origin: edge.origin, path, key: app, ...options });
}

function get(target, headers = {}) {
  return send(edge.origin, target, { headers });
}

/** Status, body, and what the cache had to do with it. */
async function seen(target, headers) {
  const answer = await get(target, headers);
  const { cache } = await edge.logEntry(answer.headers["x-request-id"]);
  return [answer.status, answer.text, cache];
}

/** Until copies of the route `short` are stale. */
function stale() {
  return new Promise((resolve) => setTimeout(resolve, 2100));
}

function digest(bytes) {
  return createHash("sha256").update(bytes).digest("hex");
}

/** A store that has what the test puts there, and remembers what it was asked. */
async function startStore() {
  const objects = new Map();
  const asked = new Map();
  const server = http.createServer(async (request, response) => {
    const key = decodeURIComponent(request.url.split("?")[0]).replace(/^\/media\//, "");
    asked.set(key, [...(asked.get(key) ?? []), request.headers]);
    const object = objects.get(key);
    if (!object || object.status) {
      response.writeHead(object?.status ?? 404, { "content-length": 5 }).end("no no");
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, object.delay));
    const { etag } = object.headers;
    if (request.headers["if-none-match"] === etag) {
      response.writeHead(304, { etag }).end();
      return;
    }
    const { length } = object.body;
    const range = /^bytes=(\d+)-$/.exec(request.headers.range ?? "");
    if (range && Number(range[1]) >= length) {
      response.writeHead(416, { "content-range": `bytes */${length}` }).end();
      return;
    }
    const body = range ? object.body.subarray(Number(range[1])) : object.body;
    const part = range && { "content-range": `bytes ${range[1]}-${length - 1}/${length}` };
    response.writeHead(range ? 206 : 200, { ...object.headers, ...part, "content-length": body.length });
    response.end(request.method === "HEAD" ? undefined : body);
  });
  return {
    ...(await listening(server)),
    put(key, body, headers = {}, { delay = 0 } = {}) {
      const always = { etag: '"v1"', "last-modified": modified, "content-type": "image/jpeg" };
      objects.set(key, { body: Buffer.from(body), headers: { ...always, ...headers }, delay });
    },
    fail(key, status) {
      objects.set(key, { status });
    },
    remove(key) {
      objects.delete(key);
    },
    asked: (key) => asked.get(key) ?? [],
  };
}
