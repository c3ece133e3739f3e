// Objects of an R2 bucket that the Worker is bound to, under workerd: whole, in part, under
// conditions, under odd names, as copies, and as the fallback of another store.
//
// The bucket is miniflare's, which stands in for Cloudflare's own: it keeps what R2 keeps and
// answers the binding as R2 does.

import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { Miniflare } from "miniflare";

import { names, pathOf } from "./names.mjs";
import { ownEdge, route, s3Store } from "./own-edge.mjs";
import { send } from "./wire.mjs";

const buckets = { MEDIA: "media", NAMES: "names" };

let edge;
let folder;
let stored;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "cloakroom-r2-"));
  stored = await fill(folder);
  const access = [{ keys: "public/*", acl: "public-read" }];
  const everyone = [{ keys: "*", acl: "public-read" }];
  edge = await ownEdge({
    keys: {},
    stores: { r2: { kind: "r2" }, gone: s3Store("http://127.0.0.1:9", { timeout: 1 }) },
    routes: {
      plain: route("/plain/", "r2", { bucket: "MEDIA", access }),
      cached: route("/cached/", "r2", { bucket: "MEDIA", access, cache: { ttl: 300 } }),
      names: route("/names/", "r2", { bucket: "NAMES", access: everyone }),
      copies: route("/copies/", "r2", { bucket: "NAMES", access: everyone, cache: { ttl: 300 } }),
      unbound: route("/unbound/", "r2", { bucket: "OTHER", access }),
      moving: route("/moving/", "gone", { access, fallback: { store: "r2", bucket: "MEDIA" } }),
    },
    r2: { buckets, folder },
  });
});
after(async () => {
  await edge?.stop();
  await rm(folder, { recursive: true, force: true });
});

describe("an object", () => {
  test("comes with what was stored with it", async () => {
    for (const prefix of ["/plain/", "/cached/"]) {
      const answer = await get(`${prefix}public/a.txt`);
      assert.deepEqual([answer.status, answer.text], [200, "0123456789"]);
      const { "last-modified": modified, "server-timing": timing, ...others } = answer.headers;
      const { "x-request-id": _id, date: _date, ...headers } = others;
      assert.match(timing, /^cache;desc=(bypass|miss)/);
      assert.match(modified, /^\w{3}, \d\d \w{3} 20\d\d \d\d:\d\d:\d\d GMT$/);
      assert.deepEqual(
        Object.fromEntries(Object.entries(headers).filter(([name]) => name !== "connection" && name !== "keep-alive")),
        {
          "accept-ranges": "bytes",
          "cache-control": "max-age=60",
          "content-disposition": 'attachment; filename="a.txt"',
          "content-language": "de",
          "content-length": "10",
          "content-type": "text/plain; charset=utf-8",
          etag: stored.httpEtag,
          "x-content-type-options": "nosniff",
        },
      );
      const head = await send(edge.origin, `${prefix}public/a.txt`, { method: "HEAD" });
      assert.deepEqual([head.status, head.text, head.headers["content-length"]], [200, "", "10"]);
    }
  });

  test("comes in parts", async () => {
    for (const prefix of ["/plain/", "/cached/"]) {
      for (const [range, status, part, text] of [
        ["bytes=2-4", 206, "bytes 2-4/10", "234"],
        ["bytes=7-", 206, "bytes 7-9/10", "789"],
        ["bytes=7-99", 206, "bytes 7-9/10", "789"],
        ["bytes=-3", 206, "bytes 7-9/10", "789"],
        ["bytes=-99", 206, "bytes 0-9/10", "0123456789"],
        ["bytes=0-", 206, "bytes 0-9/10", "0123456789"],
        ["bytes=10-", 416, "bytes */10", ""],
        ["bytes=-0", 416, "bytes */10", ""],
        ["lines=2-4", 200, undefined, "0123456789"],
      ]) {
        // A cache may ignore a range, and sends the whole for this one.
        if (prefix === "/cached/" && range === "bytes=-0") continue;
        const answer = await get(`${prefix}public/a.txt`, { range });
        const { "content-range": found } = answer.headers;
        assert.deepEqual([answer.status, found, answer.text], [status, part, text], `${prefix} ${range}`);
      }
      for (const [validator, status] of [[stored.httpEtag, 206], ['"other"', 200]]) {
        const headers = { range: "bytes=2-4", "if-range": validator };
        assert.equal((await get(`${prefix}public/a.txt`, headers)).status, status);
      }
    }
  });

  test("comes under conditions", async () => {
    const { "last-modified": modified } = (await get("/plain/public/a.txt")).headers;
    for (const prefix of ["/plain/", "/cached/"]) {
      for (const [name, value, status] of [
        ["if-none-match", stored.httpEtag, 304],
        ["if-none-match", '"other"', 200],
        ["if-match", stored.httpEtag, 200],
        ["if-match", '"other"', 412],
        ["if-modified-since", modified, 304],
        ["if-modified-since", "Thu, 01 Jan 1970 00:00:01 GMT", 200],
        ["if-unmodified-since", modified, 200],
        ["if-unmodified-since", "Thu, 01 Jan 1970 00:00:01 GMT", 412],
      ]) {
        const answer = await get(`${prefix}public/a.txt`, { [name]: value });
        assert.equal(answer.status, status, `${prefix} ${name}: ${value}`);
        assert.equal(answer.text, status === 200 ? "0123456789" : "");
      }
    }
  });

  test("has the name that it has", async () => {
    for (const [prefix, cache] of [["/names/", "bypass"], ["/copies/", "miss"], ["/copies/", "hit"]]) {
      for (const name of names) {
        const path = pathOf(prefix, name);
        const content = `content of ${name}`;
        const answer = await get(path);
        assert.deepEqual([answer.status, answer.text], [200, content], path);
        assert.equal((await edge.logEntry(answer.headers["x-request-id"])).cache, cache, path);
        const head = await send(edge.origin, path, { method: "HEAD" });
        const length = String(Buffer.byteLength(content));
        assert.deepEqual([head.status, head.text, head.headers["content-length"]], [200, "", length]);
      }
    }
  });
});

test("what is not there is absent, and what is private stays so", async () => {
  assert.equal((await get("/plain/public/none.txt")).status, 404);
  assert.equal((await get("/plain/private/a.txt")).status, 403);
});

test("a bucket that is not bound is a store that fails", async () => {
  const answer = await get("/unbound/public/a.txt");
  assert.equal(answer.status, 502);
  const entry = await edge.logEntry(answer.headers["x-request-id"]);
  assert.equal(entry.reason, "store_unreachable");
});

test("where the other store does not answer, the bucket does", async () => {
  const answer = await get("/moving/public/a.txt");
  assert.deepEqual([answer.status, answer.text], [200, "0123456789"]);
  const entry = await edge.logEntry(answer.headers["x-request-id"]);
  assert.deepEqual(entry.attempts.slice(-1), ["r2 200"]);
});

function get(target, headers = {}) {
  return send(edge.origin, target, { headers });
}

/** Puts objects into the bucket, as an upload to R2 would; answers what R2 says of one. */
async function fill(r2Persist) {
  const miniflare = new Miniflare({
    modules: true,
    script: "export default {}",
    cf: false,
    r2Persist,
    r2Buckets: buckets,
  });
  try {
    const bucket = await miniflare.getR2Bucket("MEDIA");
    const named = await miniflare.getR2Bucket("NAMES");
    for (const name of names) await named.put(name, `content of ${name}`);
    await bucket.put("private/a.txt", "private");
    const httpMetadata = {
      cacheControl: "max-age=60",
      contentDisposition: 'attachment; filename="a.txt"',
      contentLanguage: "de",
      contentType: "text/plain; charset=utf-8",
    };
    const { httpEtag } = await bucket.put("public/a.txt", "0123456789", { httpMetadata });
    return { httpEtag };
  } finally {
    await miniflare.dispose();
  }
}
