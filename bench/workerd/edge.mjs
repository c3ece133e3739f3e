// An authorized read at the edge, beside what somebody would write or set up instead.
//
// All of them lead to the same store and, under workerd, to the same cache, both outside of the
// processes that are measured and as cheap as can be. The figure is the processor time of the
// process by the number of requests; how many there were in a second is told along.

import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

import { presign } from "../../tests/system/sigv4.mjs";
import { link, startNginx } from "./nginx.mjs";
import { app, bindings, region, secrets } from "./policy.mjs";
import { leaveOut, tell } from "./tell.mjs";
import { aws4fetch, bundle, here, prepare, single, start } from "./workerd.mjs";

const CONNECTIONS = 8;
const TICKS_PER_SECOND = 100;

const KB12 = 12 * 1024;
const MB1 = 1024 * 1024;

/**
 * A miss is of an object that nobody asked for before, so there are as many as requests. V8 compiles
 * what is called often again while it runs, WASM later than JavaScript: after 12,000 hits it is still
 * at it, after 24,000 it is not.
 */
const cases = [
  { row: "12 KB, hit", length: KB12, isHit: true, warmUp: 24_000, count: 6000 },
  { row: "12 KB, miss", length: KB12, isHit: false, warmUp: 3000, count: 3000 },
  { row: "1 MB, hit", length: MB1, isHit: true, warmUp: 50, count: 250 },
  { row: "1 MB, miss", length: MB1, isHit: false, warmUp: 50, count: 250 },
];

const work = join(process.env.CLOAKROOM_BENCH_WORK ?? ".", "edge");
const load = process.env.CLOAKROOM_BENCH_LOAD;

export async function run() {
  rmSync(work, { recursive: true, force: true });
  mkdirSync(work, { recursive: true });
  const behind = await startBehind();
  const contestants = [];
  try {
    for (const begin of beginners(behind)) contestants.push(await begin());
    for (const contestant of contestants) await prove(contestant);
    const calls = await countCalls(behind);
    for (const each of cases) {
      for (const contestant of contestants) await measure(contestant, each, calls);
    }
  } finally {
    for (const { stop } of contestants) await stop();
    await behind.stop();
  }
}

/** The store and the cache. */
async function startBehind() {
  const child = spawn(load, ["serve"], { stdio: ["pipe", "pipe", "inherit"] });
  const [told] = await once(child.stdout, "data");
  const ended = once(child, "exit");
  const stop = async () => {
    child.stdin.end();
    await ended;
  };
  return { ...JSON.parse(told.toString()), stop };
}

/** The edge's bundle. */
const own = () => bundle(process.env.CLOAKROOM_BENCH_EDGE, "shim.mjs");

/** Its variables and secrets. */
const ownBindings = ({ store }) => bindings(`http://127.0.0.1:${store}`, { cache: { ttl: 3600 } });

const ticket = (port, path) => presign({ origin: `http://127.0.0.1:${port}`, path, key: app, expiresIn: 3600 });

/** Whoever takes part: each starts when it is called. */
function beginners(behind) {
  const { store, cache } = behind;
  const origin = `http://127.0.0.1:${store}`;
  const worker = (name, facts, modules, bindings) => async () => {
    const flags = process.env.CLOAKROOM_BENCH_WORKERD_FLAGS?.split(" ") ?? [];
    const { port, pid, stop } = await start(prepare(join(work, name), { modules, bindings, cache, flags }));
    return { name, ...facts, port, pids: () => [pid], stop, sign: (path) => ticket(port, path) };
  };
  const { CLOAKROOM_BENCH_NGINX: nginx, CLOAKROOM_BENCH_NO_NGINX: why } = process.env;
  const server = (name, facts, signs) => async () => {
    const options = { store, secret: app.secret_access_key.replaceAll(" ", "-"), signs };
    const started = await startNginx(nginx, join(work, name.replaceAll(" ", "-")), options);
    return { name, ...facts, ...started, sign: (path) => link(path, options.secret) };
  };
  const all = [
    worker("cloakroom", { isOwn: true }, own(), ownBindings(behind)),
    worker("pass-through", { note: "checks, signs and logs nothing", isOpen: true }, [single(here("pass-through.mjs"))], {
      STORE: origin,
    }),
    worker("aws4fetch", { note: "the same work in JavaScript" }, [single(here("by-aws4fetch.mjs")), single(aws4fetch)], {
      ...secrets,
      APP_ID: app.access_key_id,
      REGION: region,
      STORE: origin,
    }),
  ];
  if (nginx) {
    all.push(server("nginx", { note: "`secure_link`, asks an open store" }, false));
    all.push(server("nginx and njs", { note: "`secure_link`, signs requests to the store" }, true));
  } else {
    leaveOut("edge", "nginx", why ?? "it was not looked for");
  }
  return all;
}

const path = (length, name) => `/media/users/alice/${length}/${name}`;

/** It serves what was signed, byte for byte, twice; and nothing that was changed, unless it is open. */
async function prove({ name, port, sign, isOpen }) {
  const ask = (target) => fetch(`http://127.0.0.1:${port}${target}`);
  for (const length of [KB12, MB1]) {
    const expected = Buffer.from(Array.from({ length }, (_, at) => Math.floor(at / 7) % 251));
    for (const time of ["first", "second"]) {
      const answer = await ask(sign(path(length, "proof")));
      const got = Buffer.from(await answer.arrayBuffer());
      const isRight = answer.status === 200 && got.equals(expected);
      if (!isRight) throw new Error(`${name} does not serve ${length} bytes at the ${time} time: ${answer.status}`);
      // The copy is kept while the answer is on its way.
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
  if (isOpen) return;
  const other = sign(path(KB12, "proof")).replace("/proof?", "/other?");
  const answer = await ask(other);
  await answer.arrayBuffer();
  if (answer.status !== 403) throw new Error(`${name} answers a link for something else by ${answer.status}`);
}

/** How often JavaScript and WASM call each other for a hit and for a miss, by name. */
async function countCalls(behind) {
  const modules = [single(here("count.mjs")), single(here("count-calls.mjs")), ...own()];
  const prepared = prepare(join(work, "count"), { modules, bindings: ownBindings(behind), cache: behind.cache });
  const { port, stop } = await start(prepared);
  const ask = (target) => fetch(`http://127.0.0.1:${port}${target}`);
  const counted = async () => Object.values(await (await ask("/calls")).json()).reduce((sum, each) => sum + each, 0);
  const callsFor = async (name) => {
    const before = await counted();
    await (await ask(ticket(port, path(KB12, name)))).arrayBuffer();
    // What goes on after the answer counts, too.
    await new Promise((resolve) => setTimeout(resolve, 200));
    return (await counted()) - before;
  };
  try {
    await callsFor("count0");
    return { miss: await callsFor("count1"), hit: await callsFor("count1") };
  } finally {
    await stop();
  }
}

async function measure({ name, note, isOwn, port, pids, sign }, each, calls) {
  const { row, length, isHit, warmUp, count } = each;
  const told = isOwn ? `${isHit ? calls.hit : calls.miss} calls between JavaScript and WASM` : note;
  const names = (what, many) => Array.from({ length: isHit ? 1 : many }, (_, at) => `${isHit ? "one" : what}${at}`);
  await ask(port, warmUp, names("early", warmUp).map((object) => sign(path(length, object))), length);
  const targets = names("late", count).map((object) => sign(path(length, object)));
  const before = processorTime(pids());
  const seconds = await ask(port, count, targets, length);
  const ns = ((processorTime(pids()) - before) * 1e9) / count;
  tell("edge", row, name, ns, { note: told, per_second: count / seconds });
}

/** Seconds that `count` answers took, each of `length` bytes. */
async function ask(port, count, targets, length) {
  const file = join(work, "targets");
  writeFileSync(file, targets.join("\n"));
  const { stdout } = await promisify(execFile)(load, ["ask", port, CONNECTIONS, count, file].map(String));
  const { seconds, bytes } = JSON.parse(stdout);
  if (bytes !== count * length) throw new Error(`${count} answers of ${length} bytes had ${bytes} in all`);
  return seconds;
}

/** Seconds of processor time, by programs and kernel, that processes have taken so far. */
function processorTime(pids) {
  const ticks = pids.map((pid) => {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return Number(fields[11]) + Number(fields[12]);
  });
  return ticks.reduce((sum, each) => sum + each) / TICKS_PER_SECOND;
}
