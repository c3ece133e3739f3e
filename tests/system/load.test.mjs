// A load on the edge: 64 connections ask for objects of 12 KB with tickets of all dialects mixed,
// one in ten of them bad. No decision is wrong, no answer is another's, nothing fails, and the
// memory of workerd stays what it is.
//
// The test starts an edge and a store of its own, also when CLOAKROOM_DEV names a running system.
// CLOAKROOM_LOAD_SECONDS says for how long it runs, CLOAKROOM_LOAD_SEED repeats a mix.

import assert from "node:assert/strict";
import { randomInt } from "node:crypto";
import http from "node:http";
import { after, before, test } from "node:test";

import { inspect } from "./inspector.mjs";
import { limits, startStore } from "./load-objects.mjs";
import { policy, tickets } from "./load-tickets.mjs";
import { ownEdge, s3Store } from "./own-edge.mjs";
import { listeners, residentBytes } from "./procfs.mjs";
import { seeded } from "./random.mjs";
import { isClear, readError } from "./wire.mjs";

const connections = 64;
const badShare = 0.1;
const seconds = Number(process.env.CLOAKROOM_LOAD_SECONDS ?? 60);
const seed = Number(process.env.CLOAKROOM_LOAD_SEED ?? randomInt(2 ** 32));

const mebibyte = 1024 * 1024;
/** What may be added after the first third: pages of workerd, and of them what the Worker holds. */
const allowedGrowth = { resident: 64 * mebibyte, heap: mebibyte / 2, wasm: mebibyte / 2 };

/** So many wrongs are enough to know. */
const enough = 10;

let edge;
let store;
let judge;
before(async () => {
  judge = newJudge();
  store = await startStore();
  const stores = { main: s3Store(store.origin) };
  edge = await ownEdge({ ...policy(), stores, onEntry: judge.entry, isInspected: true });
});
after(async () => {
  await edge?.stop();
  await store?.stop();
});

test("a load of all dialects", { timeout: (seconds + 120) * 1000 }, async (t) => {
  t.diagnostic(`CLOAKROOM_LOAD_SEED=${seed}`);
  const pool = await tickets(edge.origin, seeded(seed), { perKind: 60, perFault: 5 });
  const memory = await watchMemory();
  const begun = performance.now();
  const isOver = () => performance.now() - begun > seconds * 1000 || judge.wrongs.length >= enough;
  const viewers = Array.from({ length: connections }, (_, number) =>
    viewer(drawing(pool, seeded(seed + number + 1)), isOver),
  );
  const opened = (await Promise.all(viewers)).reduce((sum, each) => sum + each, 0);
  const took = (performance.now() - begun) / 1000;
  const used = await memory.stop();
  await judge.logIsRead();

  const { counts } = judge;
  t.diagnostic(`${counts.requests} requests in ${took.toFixed(1)} s, ${Math.round(counts.requests / took)}/s`);
  t.diagnostic(`the store was asked ${store.reads()} times`);
  for (const what of ["dialect", "reason", "fault", "status", "cache"]) {
    t.diagnostic(`${what}: ${inWords(counts[what])}`);
  }
  for (const [name, figures] of Object.entries(used)) t.diagnostic(describe(name, figures));

  assert.deepEqual(judge.wrongs, []);
  assert.equal(edge.logText(), "", "the edge says nothing else");
  assert.equal(opened, connections, "no connection was lost");
  for (const [dialect, drawn] of pool.good) {
    assert.ok(counts.dialect[dialect] > 0, `${dialect} of ${drawn.length} tickets was never shown`);
  }
  for (const cache of ["hit", "miss", "revalidated", "bypass"]) assert.ok(counts.cache[cache] > 0, cache);
  for (const [name, growth] of Object.entries(allowedGrowth)) {
    const figures = used[name];
    const end = name === "resident" ? figures.peak : figures.end;
    assert.ok(end - figures.begin < growth, describe(name, figures));
  }
});

/** One connection, which asks one thing after the other. Answers how many it took in the end. */
async function viewer(draw, isOver) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  const sockets = new Set();
  while (!isOver()) {
    const asked = draw();
    await ask(agent, asked).then(
      ({ answer, socket }) => {
        sockets.add(socket);
        judge.answer(asked, answer);
      },
      (error) => judge.wrong(asked, `no answer: ${error.message}`),
    );
  }
  agent.destroy();
  return sockets.size;
}

function ask(agent, { method, target, headers }) {
  const { hostname, port } = new URL(edge.origin);
  return new Promise((resolve, reject) => {
    const request = http.request({ agent, hostname, port, method, path: target, headers }, (response) => {
      const chunks = [];
      const { socket } = response;
      response.on("data", (chunk) => chunks.push(chunk));
      response.once("error", reject);
      response.once("end", () => {
        const { statusCode: status, headers } = response;
        resolve({ answer: { status, headers, body: Buffer.concat(chunks) }, socket });
      });
    });
    request.once("error", reject);
    request.end();
  });
}

/** A function that draws what to ask: a ticket of any dialect, and what of the object is wanted. */
function drawing({ good, bad }, random) {
  const dialects = { good: [...good.keys()], bad: [...bad.keys()] };
  return () => {
    if (random.chance(badShare)) return random.pick(bad.get(random.pick(dialects.bad)));
    const ticket = random.pick(good.get(random.pick(dialects.good)));
    const { body, etag } = ticket.object;
    const wish = wishFor(random, body.length, etag);
    const wants = ticket.method === "GET" ? wish : {};
    return { ...ticket, headers: { ...ticket.headers, ...wants.headers }, wants };
  };
}

/** The whole, a part, or nothing if it is the same still. */
function wishFor(random, length, etag) {
  const chosen = random.below(100);
  if (chosen < 5) return etag ? { headers: { "if-none-match": etag }, isKnown: true } : {};
  if (chosen >= 30) return {};
  const from = random.below(length);
  const ranges = [
    `bytes=${from}-${from + random.below(length - from)}`,
    `bytes=${from}-`,
    `bytes=-${from + 1}`,
    `bytes=-${length}`,
    "bytes=0-",
  ];
  const range = random.pick(ranges);
  return { headers: { range }, range };
}

/**
 * Holds every answer, and every entry of the log, against what it has to be. Either may come
 * first; of both nothing is kept but counts.
 */
function newJudge() {
  const answered = new Map();
  const logged = new Map();
  const wrongs = [];
  const counts = { requests: 0, dialect: {}, reason: {}, fault: {}, status: {}, cache: {} };
  const count = (what, value) => (counts[what][value] = (counts[what][value] ?? 0) + 1);
  const wrong = (asked, problem) => {
    const { dialect, fault = "good", method, object, wants } = asked;
    if (wrongs.length < enough) {
      wrongs.push(`${dialect}, ${fault}: ${method} ${object.path} ${JSON.stringify(wants)}: ${problem}`);
    }
  };
  const compare = (asked, answer, entry) => {
    const { expected, object } = asked;
    const problem = difference(entry, {
      decision: expected.decision,
      reason: expected.reason,
      status: answer.status,
      dialect: "dialect" in expected ? expected.dialect : asked.dialect,
      method: asked.method,
      path: object.path,
      ...(expected.keyId && { key_id: expected.keyId }),
    });
    if (problem) wrong(asked, `the log has ${problem}`);
    if (expected.decision === "allow" && !object.cache.includes(entry.cache)) {
      wrong(asked, `the cache did \`${entry.cache}\``);
    }
    count("reason", entry.reason);
    count("cache", entry.cache ?? "not asked");
  };
  return {
    wrongs,
    counts,
    wrong,
    answer(asked, answer) {
      counts.requests += 1;
      count("dialect", asked.dialect);
      count("fault", asked.fault ?? "none");
      count("status", answer.status);
      const problem = asked.expected.decision === "allow" ? ofObject(asked, answer) : ofNo(asked, answer);
      if (problem) wrong(asked, problem);
      const id = answer.headers["x-request-id"];
      const entry = logged.get(id);
      if (entry) {
        logged.delete(id);
        compare(asked, answer, entry);
      } else answered.set(id, { asked, answer: { status: answer.status } });
    },
    entry(entry) {
      const id = entry.request_id;
      const found = answered.get(id);
      if (found) {
        answered.delete(id);
        compare(found.asked, found.answer, entry);
      } else logged.set(id, entry);
    },
    /** Until every answer has its entry. */
    async logIsRead() {
      const deadline = performance.now() + 30_000;
      while (answered.size > 0 && performance.now() < deadline) {
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      for (const { asked } of answered.values()) wrong(asked, "the log says nothing of it");
    },
  };
}

/** What is wrong with an answer that has to be the object, if anything. */
function ofObject({ method, object, wants = {} }, { status, headers, body }) {
  const { length } = object.body;
  const [from, to] = wants.range ? limits(wants.range, length) : [0, length - 1];
  const part = wants.range && `bytes ${from}-${to}/${length}`;
  const expected = wants.isKnown ? 304 : part ? 206 : 200;
  const bytes = wants.isKnown || method === "HEAD" ? Buffer.alloc(0) : object.body.subarray(from, to + 1);
  if (!body.equals(bytes)) return `status ${status}, a wrong body of ${body.length} bytes`;
  return difference(
    { status, ...headers },
    {
      status: expected,
      etag: object.etag,
      "content-range": part,
      ...(expected !== 304 && { "content-length": String(to - from + 1) }),
    },
  );
}

/** What is wrong with an answer that has to be a no, if anything. */
function ofNo({ expected }, { status, body }) {
  if (status !== expected.status) return `status ${status} for \`${expected.reason}\``;
  const text = body.toString("utf8");
  return isClear(readError(text).message) ? undefined : `it says ${text.slice(0, 100)}`;
}

function difference(found, expected) {
  const wrong = Object.keys(expected).filter((name) => found[name] !== expected[name]);
  return wrong.map((name) => `${name} ${found[name]} for ${expected[name]}`).join(", ");
}

/**
 * Samples the memory of workerd, and of that what the Worker holds. V8 lets garbage lie while there
 * is memory, here hundreds of MiB; so it is collected each second, and what stays is what is held.
 * The first third of the time is for all of it to grow to its size.
 */
async function watchMemory() {
  const pids = listeners(new URL(edge.origin).port).map(({ pid }) => pid);
  assert.ok(pids.length > 0, "no process serves the edge");
  const isolates = await inspect(edge.inspector);
  const samples = { resident: [], heap: [], wasm: [] };
  const timer = setInterval(() => {
    samples.resident.push(pids.reduce((sum, pid) => sum + residentBytes(pid), 0));
  }, 100);
  let isOver = false;
  const collecting = (async () => {
    while (!isOver) {
      const { heap, wasm } = await isolates.collectGarbage();
      samples.heap.push(heap);
      samples.wasm.push(wasm);
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  })();
  return {
    async stop() {
      isOver = true;
      await collecting;
      clearInterval(timer);
      isolates.close();
      return Object.fromEntries(Object.entries(samples).map(([name, all]) => [name, figures(all)]));
    },
  };
}

/** After the first third, at most, and at the end: each a median, but for the most. */
function figures(samples) {
  const warm = samples.slice(Math.min(Math.ceil(samples.length / 3), samples.length - 1));
  const few = Math.ceil(warm.length / 5);
  const [begin, end] = [warm.slice(0, few), warm.slice(-few)].map(median);
  return { begin, peak: Math.max(...warm), end, count: samples.length };
}

function median(numbers) {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];
}

function describe(name, { begin, peak, end, count }) {
  const [from, most, to] = [begin, peak, end].map((bytes) => (bytes / mebibyte).toFixed(2));
  return `${name}: ${from} MiB after a third of the time, ${most} at most, ${to} at the end (${count} samples)`;
}

function inWords(counts) {
  const sorted = Object.entries(counts).sort(([, a], [, b]) => b - a);
  return sorted.map(([name, number]) => `${name} ${number}`).join(", ");
}
