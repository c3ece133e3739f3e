// `cargo xtask dev` ends as cleanly as it starts: no process and no port stays behind.
//
// These tests start their own system, also when CLOAKROOM_DEV names a running one.

import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { start } from "./dev.mjs";
import { descendants, isAlive } from "./procfs.mjs";
import { putObject, getObject } from "./objects.mjs";

const patience = 10_000;

let data;
before(async () => (data = await mkdtemp(join(tmpdir(), "cloakroom-lifecycle-"))));
after(() => rm(data, { recursive: true, force: true }));

for (const [signal, code] of [
  ["SIGINT", 0],
  ["SIGTERM", 0],
]) {
  test(`${signal} stops everything`, { timeout: 900_000 }, async (t) => {
    const started = await start({ data });
    t.diagnostic(`ready in ${started.seconds.toFixed(1)} s`);
    const children = descendants(started.child.pid);
    assert.ok(children.length >= 2, "the system has processes of its own");
    const begun = performance.now();
    started.child.kill(signal);
    const ended = await started.exited;
    t.diagnostic(`stopped in ${((performance.now() - begun) / 1000).toFixed(1)} s`);
    assert.deepEqual(ended, { code, signal: null });
    await nothingLeft(children, started.ports);
  });
}

test(
  "what was stored is still there, and the next start is quick",
  { timeout: 120_000 },
  async (t) => {
    const first = await start({ data });
    await putObject(first.ready, "public/kept.txt", "kept");
    first.child.kill("SIGTERM");
    await first.exited;
    const second = await start({ data });
    t.diagnostic(`second start ready in ${second.seconds.toFixed(1)} s`);
    assert.equal((await getObject(second.ready, "public/kept.txt")).text, "kept");
    second.child.kill("SIGTERM");
    await second.exited;
    assert.ok(second.seconds < 30, `the second start took ${second.seconds.toFixed(1)} s`);
  },
);

test("a kill -9 leaves no orphan", { timeout: 120_000 }, async () => {
  const started = await start({ data });
  const children = descendants(started.child.pid);
  started.child.kill("SIGKILL");
  await started.exited;
  try {
    await nothingLeft(children, started.ports);
  } finally {
    for (const child of children.filter(isAlive)) process.kill(child.pid, "SIGKILL");
  }
});

for (const signal of ["SIGINT", "SIGTERM"]) {
  test(`${signal} to the guards alone ends what they guard, and then the system`, {
    timeout: 120_000,
  }, async () => {
    const started = await start({ data });
    const children = descendants(started.child.pid);
    const guards = children.filter((child) => child.parent === started.child.pid);
    assert.ok(guards.length >= 2 && guards.length < children.length, "guards and what they guard");
    for (const guard of guards) {
      try {
        process.kill(guard.pid, signal);
      } catch (error) {
        // The system may have stopped it already, because of the one before.
        if (error.code !== "ESRCH") throw error;
      }
    }
    try {
      const ended = await started.exited;
      assert.notEqual(ended.code, 0, "a part that ended by itself is a failure");
      await nothingLeft(children, started.ports);
    } finally {
      for (const child of children.filter(isAlive)) process.kill(child.pid, "SIGKILL");
    }
  });
}

test("a port that is taken is named", { timeout: 120_000 }, async () => {
  const taken = net.createServer();
  await new Promise((resolve) => taken.listen(0, "127.0.0.1", resolve));
  const { port } = taken.address();
  try {
    await assert.rejects(start({ data, ports: { edge: port } }), new RegExp(String(port)));
  } finally {
    taken.close();
  }
});

async function nothingLeft(children, ports) {
  const deadline = performance.now() + patience;
  let alive = children;
  while (performance.now() < deadline && alive.length > 0) {
    alive = alive.filter(isAlive);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.deepEqual(alive, [], "processes that stayed behind");
  for (const port of ports) assert.ok(await isFree(port), `port ${port} is still taken`);
}

function isFree(port) {
  const server = net.createServer();
  return new Promise((resolve) => {
    server.once("error", () => resolve(false));
    server.listen(Number(port), "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
