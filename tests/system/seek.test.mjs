// A file of more than 2 GiB, read in parts as players of videos read it: what arrives is what
// stands there, and the memory of workerd stays flat.
//
// These tests start an edge and a store of their own, also when CLOAKROOM_DEV names a running
// system.

import assert from "node:assert/strict";
import { randomInt } from "node:crypto";
import { after, before, describe, test } from "node:test";

import { browser } from "./browser.mjs";
import { countingProxy } from "./counting-proxy.mjs";
import { largeFilm, playedToTheEnd, typeOf, watch } from "./film.mjs";
import { inWords, isFlat, mebibyte, watched } from "./memory.mjs";
import { ownEdge, route, s3Store } from "./own-edge.mjs";
import { startRangeStore } from "./range-store.mjs";
import { presign } from "./sigv4.mjs";
import { startSite } from "./site.mjs";
import { open, send } from "./wire.mjs";

const app = {
  access_key_id: "APPKEY",
  secret_access_key: "a secret of the app, long enough to sign with",
};

/** What 32 bits with a sign cannot count, and an odd number of bytes. */
const beyond = 2 ** 31;
const size = beyond + 64 * mebibyte + 13;

let edge, site, store;
before(async () => {
  store = await startRangeStore();
  site = await startSite();
  store.put("film.mkv", { size, bytes }, "video/x-matroska");
  const cors = { allow_origins: [site.origin], allow_credentials: true };
  edge = await ownEdge({
    keys: { APPKEY: { dialect: "sigv4", secret: "APP_SECRET", principal: "every-owner" } },
    secrets: { APP_SECRET: app.secret_access_key },
    stores: { main: s3Store(store.origin) },
    routes: {
      plain: route("/plain/", "main", { cors }),
      cached: route("/cached/", "main", { cors, cache: { ttl: 300 } }),
    },
  });
});
after(async () => {
  await edge?.stop();
  await site?.stop();
  await store?.stop();
});

for (const name of ["plain", "cached"]) {
  describe(`on the route \`${name}\``, () => {
    const path = `/${name}/film.mkv`;

    test("parts at the edges", async () => {
      for (const [range, start, end] of [
        ["bytes=0-0", 0, 1],
        [`bytes=${beyond - 5}-${beyond + 4}`, beyond - 5, beyond + 5],
        [`bytes=${beyond + 1}-${beyond + 70_000}`, beyond + 1, beyond + 70_001],
        [`bytes=${size - 9}-`, size - 9, size],
        [`bytes=${size - 9}-${2 ** 40}`, size - 9, size],
        ["bytes=-70001", size - 70_001, size],
        [`bytes=${size - 1}-${size - 1}`, size - 1, size],
      ]) {
        assert.equal(await read(path, range, { start, end }), end - start, range);
      }
      const headers = { range: `bytes=${size}-` };
      const after = await send(edge.origin, ticket(path), { headers });
      assert.deepEqual([after.status, after.headers["content-range"]], [416, `bytes */${size}`]);
      const head = await send(edge.origin, ticket(path, "HEAD"), { method: "HEAD" });
      assert.equal(head.headers["content-length"], String(size));
    });

    test("six viewers at once, each seeks fifty times", { timeout: 300_000 }, async (t) => {
      await seeks(path, 20);
      const sent = store.sent();
      const { result, seconds, memory } = await watched(edge.workerd(), () =>
        Promise.all(Array.from({ length: 6 }, () => seeks(path, 50))),
      );
      const received = result.reduce((sum, each) => sum + each);
      const taken = store.sent() - sent;
      t.diagnostic(
        `300 parts in ${seconds.toFixed(1)} s: ${inMebibytes(received)} read and compared, ` +
          `${inMebibytes(taken)} sent by the store; ${inWords(memory)}`,
      );
      isFlat(memory);
      // Half of them are left before the end; what is on its way then fits into the sockets.
      assert.ok(taken - received < 150 * 16 * mebibyte, `the store sent ${inMebibytes(taken)}`);
    });

    test("all of it", { timeout: 300_000 }, async (t) => {
      const { seconds, memory } = await watched(edge.workerd(), () =>
        read(path, "bytes=0-", { start: 0, end: size }),
      );
      t.diagnostic(
        `${inMebibytes(size)} in ${seconds.toFixed(1)} s ` +
          `(${inMebibytes(size / seconds)}/s); ${inWords(memory)}`,
      );
      isFlat(memory);
    });
  });
}

describe("in Chromium", () => {
  for (const name of ["plain", "cached"]) {
    test(`a video on the route \`${name}\` plays beyond 2 GiB`, { timeout: 60_000 }, async (t) => {
      const proxy = await countingProxy();
      const { page, problems, close } = await browser({ proxyPort: proxy.port });
      try {
        await page.goto(site.origin);
        const film = await largeFilm(page, beyond);
        store.put(`${name}.mp4`, film, typeOf(`${name}.mp4`));
        const [sent, asked] = [store.sent(), store.asked().length];
        const source = edge.origin + ticket(`/${name}/${name}.mp4`);
        const { result, memory } = await watched(edge.workerd(), () =>
          watch(page, source, { player: "browser" }),
        );
        playedToTheEnd(result);
        const taken = store.sent() - sent;
        const ranges = store.asked().slice(asked).map(({ range }) => range ?? "all");
        t.diagnostic(
          `${inMebibytes(film.size)}, of which the store sent ${inMebibytes(taken)} for ` +
            `${ranges.join(", ")}; ${inWords(memory)}`,
        );
        isFlat(memory);
        const starts = ranges.map((range) => Number(/^bytes=(\d+)/.exec(range)?.[1]));
        assert.ok(starts.some((start) => start > beyond), "nothing beyond was asked for");
        assert.ok(taken < film.size / 2, "the player skips what lies between");
        assert.deepEqual(problems, []);
      } finally {
        await close();
        await proxy.close();
      }
    });
  }
});

/** Some parts one after the other, as players ask for them. Answers how many bytes were read. */
async function seeks(path, count) {
  let received = 0;
  for (let round = 0; round < count; round += 1) {
    const start = randomInt(size);
    const length = randomInt(1, 2 * mebibyte);
    const end = Math.min(start + length, size);
    received += await [
      // The index of an MP4 file, which stands last.
      () => read(path, `bytes=-${length}`, { start: size - length, end: size }),
      // From where somebody sought to, until they seek elsewhere.
      () => read(path, `bytes=${start}-`, { start, end: size }, length),
      () => read(path, "bytes=0-", { start: 0, end: size }, length),
      // What is left to fill a buffer.
      () => read(path, `bytes=${start}-${end - 1}`, { start, end }),
    ][round % 4]();
  }
  return received;
}

/** Reads a part, or the beginning of it and then leaves, and compares each byte. */
async function read(path, range, { start, end }, atMost = end - start) {
  const response = await open(edge.origin, ticket(path), { headers: { range } });
  assert.equal(response.statusCode, 206, range);
  assert.equal(response.headers["content-range"], `bytes ${start}-${end - 1}/${size}`);
  assert.equal(response.headers["content-length"], String(end - start), range);
  let received = 0;
  for await (const chunk of response) {
    const at = start + received;
    const expected = bytes(at, at + chunk.length);
    assert.ok(chunk.equals(expected), `${range}: other bytes from ${at} to ${at + chunk.length}`);
    received += chunk.length;
    if (received >= atMost) break;
  }
  assert.ok(received >= Math.min(atMost, end - start), `${range} ended after ${received} bytes`);
  return received;
}

function ticket(path, method = "GET") {
  return presign({ origin: edge.origin, path, method, key: app });
}

function inMebibytes(count) {
  return `${Math.round(count / mebibyte)} MiB`;
}

/**
 * What the file has from `start` up to `end`. Each word of 32 bits is its number times an odd one,
 * so no two of them are the same.
 */
function bytes(start, end) {
  const first = Math.floor(start / 4);
  const words = new Uint32Array(Math.ceil(end / 4) - first);
  for (let index = 0; index < words.length; index += 1) {
    words[index] = Math.imul(first + index, 0x9e3779b1);
  }
  return Buffer.from(words.buffer, start - first * 4, end - start);
}
