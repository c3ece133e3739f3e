// Stores that fail, in every way that a test can think of: what the viewer gets, what is asked
// again, where the fallback helps, and that nothing of the store shows.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import {
  closedOrigin,
  content,
  etag,
  failure,
  faultyStore,
  good,
  marker,
  objectHeaders,
  tellingHeaders,
} from "./faulty-store.mjs";
import { ownEdge, route, s3Store, storeKey } from "./own-edge.mjs";
import { presign } from "./sigv4.mjs";
import { isClear, readError, sendPatiently } from "./wire.mjs";

const viewerKey = {
  access_key_id: "VIEWERKEY",
  secret_access_key: "the viewers' own secret of the tests",
};
const tempUrlKeys = { TEMPURL_KEY: "the first TempURL key", OTHER_TEMPURL_KEY: "the second one" };
const account = "AUTH_of_the_tests";

/** What the fallback keeps; no longer than `content`, so that a range of it differs, too. */
const spare = "what the fallback keeps instead";

/** Where redirects point. */
const elsewhere = faultyStore({ elsewhere: good });
let elsewhereOrigin;

const first = (count, bad, then = good) => (call) => (call.earlier < count ? bad : then)(call);
const raw = (...chunks) => ({ socket }) => chunks.forEach((chunk) => socket.write(chunk));
const rawThenEnd = (text) => ({ socket }) => socket.end(text);
const head = (headers) => `HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n${headers}\r\n\r\n`;
const half = content.slice(0, content.length / 2);
const unavailable = { status: 502, reason: "store_unreachable", asked: 3, helped: true };
const failed = { status: 502, reason: "store_failed", asked: 1, helped: true };
const served = { status: 200, reason: "allowed", asked: 1, text: content };
const helped = { ...served, text: spare };

/**
 * What the store does, and what comes of it: the answer's `status`, the log's `reason`, how often
 * the store is `asked`, the `text` of the answer, whether it is `cut`, whether a fallback is asked
 * and has `helped`. `sent` are the viewer's headers, `timeout` the store's in seconds.
 */
const faults = {
  "answers": { does: good, ...served },

  "refuses connections": { endpoint: () => closedOrigin, ...unavailable, asked: 0 },
  "hangs up": { does: ({ socket }) => socket.end(), ...unavailable },
  "resets the connection": { does: ({ socket }) => socket.resetAndDestroy(), ...unavailable },
  "resets the connection twice": {
    does: first(2, ({ socket }) => socket.resetAndDestroy()),
    ...served,
    asked: 3,
  },
  "hangs up within the head": {
    does: rawThenEnd("HTTP/1.1 200 OK\r\ncontent-le"),
    ...unavailable,
  },
  "speaks something else": { does: rawThenEnd("220 ftp.example ready\r\n"), ...unavailable },
  "speaks bytes": { does: rawThenEnd(Buffer.alloc(4000, 0xfe)), ...unavailable },
  "sends a head without end": {
    does: ({ socket }) => {
      socket.write("HTTP/1.1 200 OK\r\n");
      for (let i = 0; i < 64; i += 1) socket.write(`x-${i}: ${marker.repeat(800)}\r\n`);
      socket.end("\r\n");
    },
    ...unavailable,
  },
  "sends many headers": {
    does: ({ answer }) => {
      const many = Array.from({ length: 300 }, (_, i) => [`x-amz-meta-${i}`, marker]);
      answer(200, { ...objectHeaders, ...Object.fromEntries(many) }, content);
    },
    ...served,
  },
  "tells all it knows": {
    does: ({ answer, request }) =>
      answer(200, { ...objectHeaders, ...tellingHeaders(request) }, content),
    ...served,
  },

  "never answers": {
    does: () => {},
    timeout: 1,
    status: 504,
    reason: "store_timed_out",
    asked: 1,
    helped: true,
  },
  "begins a head and no more": {
    does: raw("HTTP/1.1 200 OK\r\n"),
    timeout: 1,
    status: 504,
    reason: "store_timed_out",
    asked: 1,
    helped: true,
  },
  "answers late": {
    does: async (call) => {
      await sleep(3000);
      good(call);
    },
    timeout: 1,
    status: 504,
    reason: "store_timed_out",
    asked: 1,
    helped: true,
  },
  "answers just in time": {
    does: async (call) => {
      await sleep(1000);
      good(call);
    },
    timeout: 4,
    ...served,
  },
  "trickles for longer than it may take to begin": {
    does: async ({ answer, socket, request }) => {
      answer(200, { ...objectHeaders, "content-length": content.length });
      if (request.method === "HEAD") return;
      for (const piece of content) {
        socket.write(piece);
        await sleep(3000 / content.length);
      }
    },
    timeout: 1,
    ...served,
  },

  "hangs up within the body": {
    does: ({ socket }) => socket.end(head(`content-length: ${content.length}`) + half),
    ...served,
    text: half,
    cut: true,
  },
  "resets the connection within the body": {
    does: async ({ socket, request }) => {
      socket.write(head(`content-length: ${content.length}`));
      if (request.method === "HEAD") return;
      socket.write(half);
      await sleep(300);
      socket.resetAndDestroy();
    },
    ...served,
    text: undefined,
    cut: true,
  },
  "hangs up within a chunked body": {
    does: ({ socket, request }) => {
      const chunk = `${half.length.toString(16)}\r\n${half}\r\n`;
      socket.end(head("transfer-encoding: chunked") + (request.method === "HEAD" ? "" : chunk));
    },
    ...served,
    text: half,
    // workerd ends a body of unknown length in good order, whatever becomes of its source. No
    // store that is known sends an object without its length.
    cut: false,
  },
  "hangs up before the body": {
    does: rawThenEnd(head(`content-length: ${content.length}`)),
    ...served,
    text: "",
    cut: true,
  },
  "announces too much": {
    does: ({ answer, socket }) => {
      answer(200, { ...objectHeaders, "content-length": content.length + 10 }, content);
      socket.end();
    },
    ...served,
    cut: true,
  },
  "announces too little": {
    does: ({ answer }) => answer(200, { ...objectHeaders, "content-length": half.length }, content),
    ...served,
    text: half,
  },
  "announces two lengths": {
    does: rawThenEnd(head("content-length: 5\r\ncontent-length: 6") + "123456"),
    ...unavailable,
    head: served,
  },
  "announces no number": {
    does: rawThenEnd(head("content-length: many") + content),
    ...unavailable,
    head: served,
  },
  "sends hints before the answer": {
    does: async (call) => {
      call.socket.write("HTTP/1.1 103 Early Hints\r\nlink: </x>; rel=preload\r\n\r\n");
      await sleep(50);
      good(call);
    },
    // workerd takes them for the answer.
    ...failed,
  },

  "fails twice with 500": { does: first(2, failure(500)), ...served, asked: 3 },
  "fails once with 503": {
    does: first(1, failure(503, { "retry-after": "1" })),
    ...served,
    asked: 2,
  },
  "fails with 429 and 504": {
    does: (call) => [failure(429), failure(504), good][call.earlier](call),
    ...served,
    asked: 3,
  },
  ...Object.fromEntries(
    [429, 500, 502, 503, 504].map((status) => [
      `always says ${status}`,
      { does: failure(status), ...failed, asked: 3 },
    ]),
  ),
  ...Object.fromEntries(
    // 304, 412 and 416 answer what nobody asked; 206 is a part of what was wanted whole.
    [201, 204, 206, 300, 302, 304, 308, 400, 402, 405, 410, 412, 416, 451, 501, 505, 599].map(
      (status) => [`says ${status}`, { does: failure(status), ...failed }],
    ),
  ),
  "says 401": { does: failure(401), ...failed, askedOfSwift: 2, reason: "store_key_refused" },
  "says 403": {
    does: failure(403),
    status: 404,
    reason: "store_denied",
    asked: 1,
    helped: true,
  },
  "says 404": {
    does: failure(404),
    status: 404,
    reason: "object_not_found",
    asked: 1,
    helped: true,
  },
  "is in another region": {
    does: failure(301, { "x-amz-bucket-region": "eu-west-1" }),
    ...failed,
    reason: "store_other_region",
    detail: /`eu-west-1`/,
  },
  "points to another host": {
    does: (call) => failure(307, { location: `${elsewhereOrigin}/elsewhere/x` })(call),
    ...failed,
  },
  "points to itself": {
    does: (call) => failure(302, { location: call.request.target })(call),
    ...failed,
  },

  "ignores the range": {
    does: ({ answer }) => answer(200, objectHeaders, content),
    sent: { range: "bytes=0-3" },
    ...served,
  },
  "has another version, and sends a part of it": {
    does: good,
    sent: { range: "bytes=0-3", "if-range": '"another"' },
    ...served,
    asked: 2,
  },
  "has another version, and fails at sending it": {
    does: first(1, good, failure(500)),
    sent: { range: "bytes=0-3", "if-range": '"another"' },
    ...failed,
    asked: 4,
    head: served,
  },
  "has the same version": {
    does: good,
    sent: { range: "bytes=0-3", "if-range": etag },
    ...served,
    status: 206,
    text: content.slice(0, 4),
  },
  "says that nothing has changed": {
    does: ({ answer, request }) => answer(304, { ...objectHeaders, ...tellingHeaders(request) }),
    sent: { "if-none-match": etag },
    ...served,
    status: 304,
    text: "",
  },
  "says that the condition does not hold": {
    does: failure(412),
    sent: { "if-match": '"another"' },
    ...served,
    status: 412,
    text: "",
  },
  "says that there is no such part": {
    does: failure(416, { "content-range": `bytes */${content.length}` }),
    sent: { range: "bytes=900-" },
    ...served,
    status: 416,
    text: "",
    head: failed,
  },
};

const kinds = ["s3", "swift"];
const names = Object.keys(faults);
const bucket = (name) => name.replaceAll(/[^a-z0-9]+/g, "-");

const store = faultyStore({
  ...Object.fromEntries(names.map((name) => [bucket(name), faults[name].does ?? good])),
  spare: ({ answer }) => answer(200, { ...objectHeaders, etag: '"5"' }, spare),
  dead: (call) => (isWell.dead ? good(call) : call.socket.resetAndDestroy()),
  silent: (call) => isWell.silent && good(call),
  keyed: first(1, failure(401)),
});
/** By kind of store. */
const edges = {};
before(async () => {
  elsewhereOrigin = await elsewhere.listen();
  for (const kind of kinds) edges[kind] = await startEdge(kind);
});
after(async () => {
  for (const edge of Object.values(edges)) await edge.stop();
  await Promise.all([store.stop(), elsewhere.stop()]);
});

/** An edge with a store for each fault and use, so that the failures of one are not another's. */
async function startEdge(kind) {
  const stores = { spare: s3Store(await store.listen()) };
  const routes = {};
  const add = async (name, { endpoint = store.listen, timeout = 10 }, use, routeOptions) => {
    const id = `${name}-${use}`;
    stores[id] = storeOf(kind, await endpoint(), { timeout });
    routes[id] = route(`/${id}/`, id, { bucket: name, ...routeOptions });
  };
  const fallback = { store: "spare", bucket: "spare" };
  for (const [name, fault] of [...Object.entries(faults), ["dead", {}]]) {
    for (const use of ["alone", "head"]) await add(bucket(name), fault, use);
    await add(bucket(name), fault, "two", { fallback });
  }
  await add("silent", { timeout: 1 }, "alone");
  await add("keyed", {}, "alone");
  const dialect = { dialect: "sigv4", secret: "VIEWER_SECRET", principal: "every-owner" };
  return ownEdge({
    stores,
    routes,
    keys: { [viewerKey.access_key_id]: dialect },
    secrets: { VIEWER_SECRET: viewerKey.secret_access_key, ...tempUrlKeys },
  });
}

for (const kind of kinds) {
  describe(`a store of kind ${kind}`, { concurrency: 8 }, () => {
    for (const [name, fault] of Object.entries(faults)) {
      const get = (use, options) => getFrom(kind, `/${bucket(name)}-${use}/${use}`, options);
      const asked = (use) => store.asked(bucket(name), use).filter(isOf(kind));

      test(`that ${name}`, async () => {
        await isAsExpected(kind, await get("alone", { headers: fault.sent }), fault);
        const expected = (kind === "swift" && fault.askedOfSwift) || fault.asked;
        assert.equal(asked("alone").length, expected, "how often the store was asked");
      });

      test(`that ${name}, with another to fall back on`, async () => {
        const answer = await get("two", { headers: fault.sent });
        await isAsExpected(kind, answer, fault.helped ? helped : fault);
      });

      test(`that ${name}, when asked for the head`, async () => {
        const answer = await get("head", { method: "HEAD", headers: fault.sent });
        // A head cannot be cut, and is of the whole.
        const { status } = fault.head ?? fault;
        assert.equal(answer.status, status === 206 ? 200 : status);
        assert.equal(answer.body.length, 0);
        keepsQuiet(answer);
        assert.ok(asked("head").every(({ method }) => method === "HEAD"));
      });
    }
  });
}

test("the host that a redirect points to hears nothing", () => {
  assert.deepEqual(elsewhere.requests, []);
});

describe("a store that refuses its first key", () => {
  test("is shown the second one of TempURLs", async () => {
    await isAsExpected("swift", await getFrom("swift", "/keyed-alone/swift"), served);
    const signatures = store.asked("keyed", "swift").map(({ target }) => target);
    assert.equal(new Set(signatures).size, 2);
  });

  test("has seen the only one of S3", async () => {
    const answer = await getFrom("s3", "/keyed-alone/s3");
    await isAsExpected("s3", answer, { ...failed, reason: "store_key_refused" });
    assert.equal(store.asked("keyed", "s3").length, 1);
  });
});

test("what is left in a connection is nobody's answer", async () => {
  for (let round = 0; round < 10; round += 1) {
    const [odd, fine] = await Promise.all([
      getFrom("s3", `/${bucket("announces too little")}-alone/${round}`),
      getFrom("s3", `/${bucket("answers")}-alone/${round}`),
    ]);
    assert.equal(odd.text, half);
    assert.equal(fine.text, content);
  }
});

/** Which stores are well again. */
const isWell = { dead: false, silent: false };

describe("a store that has failed five times in a row", { concurrency: true }, () => {
  test("is left alone, and asked again after a while", { timeout: 60_000 }, async () => {
    const get = (use, object) => getFrom("s3", `/dead-${use}/${use}-${object}`);
    const asked = (use, object) => store.asked("dead", `${use}-${object}`).length;
    for (const [use, down, rests] of [
      ["alone", unavailable, resting],
      ["two", helped, helped],
    ]) {
      // Three tries, then two: the fifth failure is one too many.
      for (const object of [1, 2]) await isAsExpected("s3", await get(use, object), down);
      const answer = await get(use, 3);
      await isAsExpected("s3", answer, rests);
      if (rests === resting) assert.match(answer.headers["retry-after"], /^([1-9]|10)$/);
      assert.deepEqual([1, 2, 3].map((object) => asked(use, object)), [3, 2, 0]);
    }
    isWell.dead = true;
    await sleep(rest);
    for (const use of ["alone", "two"]) await isAsExpected("s3", await get(use, 4), served);
  });

  test("is asked by one viewer alone when its rest is over", { timeout: 60_000 }, async () => {
    const burst = (object) =>
      Promise.all(Array.from({ length: 10 }, () => getFrom("s3", `/silent-alone/${object}`)));
    for (const answer of await burst("first")) assert.equal(answer.status, 504);
    for (const answer of await burst("second")) await isAsExpected("s3", answer, resting);
    assert.equal(store.asked("silent", "second").length, 0);
    await sleep(rest);
    const statuses = (await burst("third")).map(({ status }) => status);
    assert.equal(store.asked("silent", "third").length, 1);
    assert.deepEqual(statuses.sort(), [...Array(9).fill(503), 504]);
    isWell.silent = true;
    await sleep(rest);
    await isAsExpected("s3", await getFrom("s3", "/silent-alone/fourth"), served);
    for (const answer of await burst("fifth")) await isAsExpected("s3", answer, served);
  });
});

/** Ten seconds, on a clock that has seconds only. */
const rest = 11_000;
const resting = { status: 503, reason: "store_resting" };

test("nothing of the stores is in the log", () => {
  for (const edge of Object.values(edges)) {
    const log = edge.logText();
    assert.ok(log.includes("store_unreachable"), "the log is there");
    tellsNothing(log.replace(`ready ${edge.origin}\n`, ""));
  }
});

/** The answer is as the table says, and the log knows why. */
async function isAsExpected(kind, answer, { status, reason, text, cut = false, detail }) {
  keepsQuiet(answer);
  assert.equal(answer.status, status, answer.text);
  const entry = await edges[kind].logEntry(answer.headers["x-request-id"]);
  assert.equal(entry.reason, reason, JSON.stringify(entry));
  if (reason !== "allowed") {
    assert.equal(entry.decision, "deny");
    assert.ok(answer.whole);
    assert.equal(answer.headers["cache-control"], "no-store");
    assert.ok(isClear(readError(answer.text).message), answer.text);
    if (detail) assert.match(entry.detail, detail);
    return;
  }
  if (text !== undefined) assert.equal(answer.text, text);
  assert.equal(answer.whole, !cut, cut ? "a part passes for the whole" : "the answer is cut");
  const length = answer.headers["content-length"];
  if (length !== undefined && !cut) assert.equal(Number(length), answer.body.length);
}

/** Not a word of the answer is the store's own, but for the object. */
function keepsQuiet(answer) {
  tellsNothing(answer.everything);
  const telling =
    /^(x-amz-(?!request-id)|x-trans|x-object|server$|location|set-cookie|www-authenticate|link|retry-after)/;
  const foreign = Object.keys(answer.headers).filter((name) => telling.test(name));
  const expected = answer.status === 503 ? ["retry-after"] : [];
  assert.deepEqual(foreign, expected);
}

function tellsNothing(text) {
  const secrets = [
    viewerKey.secret_access_key,
    ...Object.values(storeKey),
    ...Object.values(tempUrlKeys),
    account,
    marker,
    "temp_url_sig",
  ];
  for (const secret of secrets) assert.ok(!text.includes(secret), `\`${secret}\` is in ${text}`);
  // Signatures, and addresses of stores.
  assert.doesNotMatch(text, /[0-9a-f]{64}|127\.0\.0\.1:/i);
}

function getFrom(kind, path, { method = "GET", headers = {} } = {}) {
  const { origin } = edges[kind];
  const target = presign({ origin, path, method, key: viewerKey });
  return sendPatiently(origin, target, { method, headers });
}

function storeOf(kind, endpoint, options = {}) {
  if (kind === "s3") return s3Store(endpoint, options);
  return { kind, endpoint, account, keys: Object.keys(tempUrlKeys), ...options };
}

function isOf(kind) {
  return ({ path }) => path.startsWith("/v1/") === (kind === "swift");
}
