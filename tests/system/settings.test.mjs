// Policy and control document in a KV namespace: what is revoked, purged and rotated while the edge
// runs, and what happens when they are not in order.
//
// These tests start an edge and a store of their own, also when CLOAKROOM_DEV names a running
// system.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { ownEdge, route, s3Store } from "./own-edge.mjs";
import { startRangeStore } from "./range-store.mjs";
import { presign } from "./sigv4.mjs";
import { send } from "./wire.mjs";

const keys = {
  OLDKEY: "the old secret of the app, long enough to sign with",
  NEWKEY: "the new secret of the app, long enough to sign with",
  CARDKEY: "the secret of another part, long enough to sign with",
};
const key = (secret) => ({ dialect: "sigv4", secret, principal: "every-owner" });

// The edge reads its documents again after a second; the clock of HTTP has whole seconds.
const DEADLINE = 5_000;

let edge, store;
before(async () => {
  store = await startRangeStore();
  for (const name of ["rotated", "p/a", "q/a", "q", "kept", "timed"]) put(`${name}.jpg`, "the first");
  for (const name of ["film/a.m3u8", "film/1.ts", "film/2.ts"]) put(name, "a piece");
  edge = await ownEdge({
    keys: { OLDKEY: key("OLD_SECRET"), CARDKEY: key("CARD_SECRET") },
    secrets: { OLD_SECRET: keys.OLDKEY, NEW_SECRET: keys.NEWKEY, CARD_SECRET: keys.CARDKEY },
    stores: { main: s3Store(store.origin) },
    routes: {
      media: route("/media/", "main", {
        cache: { ttl: 3600 },
        cookie: { secret: "CARD_SECRET", scope: "folder" },
      }),
    },
    health: "/healthz",
    bindings: { SETTINGS_MAX_AGE: "1" },
    namespace: { entries: {} },
  });
});
after(async () => {
  await edge?.stop();
  await store?.stop();
});

describe("while it runs", () => {
  test("a second key is added, and the first one revoked", async () => {
    const [old, next] = ["OLDKEY", "NEWKEY"].map((id) => ticket(id, "/media/rotated.jpg"));
    assert.equal((await get(old)).status, 200);
    assert.equal(await reason(next), "unknown_key");
    const policy = { ...edge.policy, keys: { ...edge.policy.keys, NEWKEY: key("NEW_SECRET") } };
    await edge.write("policy", JSON.stringify(policy));
    await until(next, "allowed");
    assert.equal((await get(old)).status, 200);
    await control({ revoked_keys: ["OLDKEY"] });
    const denied = await until(old, "key_revoked");
    assert.equal(denied.status, 403);
    assert.equal((await get(next)).status, 200);
    await control({});
    await until(old, "allowed");
  });

  test("a single ticket is revoked, and the cookie that it was exchanged for", async () => {
    const target = ticket("CARDKEY", "/media/film/a.m3u8", { query: [["ticket", "cookie"]] });
    const first = await get(target);
    const cookie = { cookie: first.headers["set-cookie"][0].split(";")[0] };
    const { ticket: name } = await edge.logEntry(first.headers["x-request-id"]);
    assert.match(name, /^[0-9a-f]{32}$/);
    assert.ok(!target.includes(name));
    const segment = "/media/film/1.ts";
    assert.equal((await get(segment, cookie)).status, 200);
    await control({ revoked_tickets: { [name]: "2099-01-01T00:00:00Z" } });
    await until(target, "ticket_revoked");
    assert.equal(await reason(segment, cookie), "ticket_revoked");
    assert.equal(await reason(ticket("CARDKEY", "/media/film/2.ts")), "allowed");
  });

  test("copies are purged by key and by prefix", async () => {
    const [purged, below, other] = ["/media/p/a.jpg", "/media/q/a.jpg", "/media/q.jpg"].map((path) =>
      ticket("CARDKEY", path),
    );
    for (const target of [purged, below, other]) await get(target);
    for (const key of ["p/a.jpg", "q/a.jpg", "q.jpg"]) put(key, "the second", '"2"');
    for (const target of [purged, below, other]) {
      assert.equal(await cache(target), "hit");
      assert.equal((await get(target)).text, "the first");
    }
    const at = new Date().toISOString().replace(/\.\d+/, "");
    const purges = [{ key: "p/a.jpg" }, { prefix: "q/" }].map((which) => ({ route: "media", at, ...which }));
    await control({ purges });
    assert.equal((await until(purged, "allowed", ({ cache }) => cache === "miss")).text, "the second");
    assert.equal((await get(other)).text, "the first");
    // What was fetched since counts, once the second of the purge is over.
    assert.equal((await until(below, "allowed", ({ cache }) => cache === "hit")).text, "the second");
  });
});

describe("what is not in order", () => {
  test("leaves the former documents in force, and the log says so", async () => {
    await control({});
    const target = ticket("CARDKEY", "/media/kept.jpg");
    await until(target, "allowed");
    await edge.write("control", '{"version": 1, "revoked_keys": "all"}');
    const problem = "control: at `revoked_keys`: must be an array, not a string";
    const answer = await until(target, "allowed", ({ settings }) => settings === problem);
    assert.equal(answer.status, 200);
    await edge.write("control", null);
    await until(target, "allowed", ({ settings }) => settings === undefined);
  });

  test("lets nobody in where there is nothing else", async () => {
    const bare = await ownEdge({
      keys: { OLDKEY: key("OLD_SECRET") },
      secrets: { OLD_SECRET: keys.OLDKEY },
      namespace: { entries: { control: "{" } },
    });
    try {
      const answer = await send(bare.origin, "/media/a.jpg");
      assert.equal(answer.status, 500);
      assert.equal(JSON.parse(answer.text).code, "NotConfigured");
      const entry = await bare.logEntry(answer.headers["x-request-id"]);
      assert.match(entry.detail, /^control: is not JSON: /);
    } finally {
      await bare.stop();
    }
  });
});

describe("what is told of an answer", () => {
  test("how long it took, and how many bytes it has", async () => {
    const target = ticket("CARDKEY", "/media/timed.jpg");
    const answers = [await get(target), await get(target), await get(`${target}x`)];
    const entries = [];
    for (const answer of answers) entries.push(await edge.logEntry(answer.headers["x-request-id"]));
    assert.match(answers[0].headers["server-timing"], /^cache;desc=miss;dur=\d+, store;dur=\d+$/);
    assert.match(answers[1].headers["server-timing"], /^cache;desc=hit;dur=\d+$/);
    assert.equal(answers[2].headers["server-timing"], undefined);
    for (const [index, answer] of answers.entries()) {
      assert.equal(entries[index].bytes, answer.body.length);
      assert.ok(Number.isSafeInteger(entries[index].ms), JSON.stringify(entries[index]));
    }
    assert.ok(entries[0].store_ms <= entries[0].ms && entries[1].store_ms === undefined);
    const method = "HEAD";
    const head = await send(edge.origin, ticket("CARDKEY", "/media/timed.jpg", { method }), { method });
    assert.equal((await edge.logEntry(head.headers["x-request-id"])).bytes, 0);
  });

  test("how the edge is, to whoever asks", async () => {
    const answer = await get("/healthz");
    assert.deepEqual([answer.status, answer.text], [200, '{"status":"ok"}']);
    assert.equal(answer.headers["cache-control"], "no-store");
    const head = await send(edge.origin, "/healthz", { method: "HEAD" });
    assert.deepEqual([head.status, head.text], [200, ""]);
    assert.equal((await edge.logEntry(head.headers["x-request-id"])).reason, "health");
    assert.equal((await get("/healthz/")).status, 404);
  });
});

function put(key, content, etag) {
  store.put(key, Buffer.from(content), "image/jpeg", etag);
}

/** Writes the control document. */
function control(fields) {
  return edge.write("control", JSON.stringify({ version: 1, ...fields }));
}

function ticket(id, path, options = {}) {
  const key = { access_key_id: id, secret_access_key: keys[id] };
  return presign({ origin: edge.origin, path, key, ...options });
}

const get = (target, headers = {}) => send(edge.origin, target, { headers });

async function logged(target, headers) {
  const answer = await get(target, headers);
  return { answer, entry: await edge.logEntry(answer.headers["x-request-id"]) };
}

const reason = async (target, headers) => (await logged(target, headers)).entry.reason;
const cache = async (target) => (await logged(target)).entry.cache;

/** Asks until the reason is the one that is waited for, and whatever else holds. */
async function until(target, expected, holds = () => true) {
  const deadline = Date.now() + DEADLINE;
  for (;;) {
    const { answer, entry } = await logged(target);
    if (entry.reason === expected && holds(entry)) return answer;
    assert.ok(Date.now() < deadline, `still ${JSON.stringify(entry)}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
