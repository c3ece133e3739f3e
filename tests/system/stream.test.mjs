// Large objects pass through the edge as a stream: the memory of workerd does not grow with them.

import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import { after, before, test } from "node:test";

import { system } from "./dev.mjs";
import { inWords, isFlat, mebibyte, watched } from "./memory.mjs";
import { deleteObject, edgePath, putObject, putStream } from "./objects.mjs";
import { workerdBehind } from "./procfs.mjs";
import { bearer, presigned } from "./reading.mjs";
import { drain, open, send } from "./wire.mjs";

const label = `stream-${Date.now().toString(36)}`;
const key = `users/alice/${label}`;

let running;
before(async () => (running = await system()));
after(async () => {
  for (const name of ["large", "medium"]) {
    if (running) await deleteObject(running, `${key}/${name}.bin`);
  }
  await running?.stop();
});

test("one object of 1 GiB", { timeout: 600_000 }, async (t) => {
  const stored = await store(`${key}/large.bin`, 1024 * mebibyte);
  await warmUp(`${key}/large.bin`);
  const { result, seconds, memory } = await watched(workerd(), () => download(`${key}/large.bin`));
  assert.deepEqual(result, stored);
  t.diagnostic(
    `1 GiB in ${seconds.toFixed(1)} s (${Math.round(1024 / seconds)} MiB/s); ${inWords(memory)}`,
  );
  isFlat(memory);
});

test("eight objects of 100 MiB at once", { timeout: 600_000 }, async (t) => {
  const stored = await store(`${key}/medium.bin`, 100 * mebibyte);
  await warmUp(`${key}/medium.bin`);
  const { result, seconds, memory } = await watched(workerd(), () =>
    Promise.all(Array.from({ length: 8 }, () => download(`${key}/medium.bin`))),
  );
  assert.deepEqual(result, Array(8).fill(stored));
  t.diagnostic(
    `8 × 100 MiB in ${seconds.toFixed(1)} s (${Math.round(800 / seconds)} MiB/s); ${inWords(memory)}`,
  );
  isFlat(memory);
});

test("a viewer that leaves stops the stream", { timeout: 60_000 }, async () => {
  const response = await open(running.edge, ticket(`${key}/medium.bin`));
  assert.equal(response.statusCode, 200);
  response.destroy();
  const { result } = await watched(workerd(), () => download(`${key}/medium.bin`));
  assert.equal(result.size, 100 * mebibyte);
});

test("hundreds of small reads at once, each gets its own", async () => {
  const owners = ["alice", "bob"];
  const names = Array.from(
    { length: 40 },
    (_, index) => `users/${owners[index % 2]}/${label}/${index}`,
  );
  for (const name of names) await putObject(running, name, `this is ${name}`);
  const reads = Array.from({ length: 400 }, async (_, index) => {
    const name = names[index % names.length];
    const reader = owners[Math.floor(index / names.length) % 2];
    const headers = bearer(running.users[reader]);
    const answer = await send(running.edge, edgePath(name), { headers });
    const allowed = name.startsWith(`users/${reader}/`);
    assert.equal(answer.status, allowed ? 200 : 403);
    if (allowed) assert.equal(answer.text, `this is ${name}`);
    else assert.ok(!answer.text.includes("this is"));
  });
  await Promise.all(reads);
  for (const name of names) await deleteObject(running, name);
});

/** Fills an object with bytes that repeat nowhere, and answers its size and hash. */
async function store(name, size) {
  const block = randomBytes(mebibyte);
  const hash = createHash("sha256");
  function* blocks() {
    for (let index = 0; index < size / mebibyte; index += 1) {
      block.writeUInt32BE(index);
      const copy = Buffer.from(block);
      hash.update(copy);
      yield copy;
    }
  }
  await putStream(running, name, Readable.from(blocks(), { objectMode: false }), size);
  return { size, sha256: hash.digest("hex") };
}

async function download(name) {
  const response = await open(running.edge, ticket(name));
  assert.equal(response.statusCode, 200);
  assert.ok(response.headers["content-length"], "the length is known in advance");
  return drain(response);
}

/** Lets workerd grow to its working size before it is measured. */
async function warmUp(name) {
  for (let round = 0; round < 20; round += 1) {
    const response = await open(running.edge, ticket(name), {
      headers: { range: `bytes=${round * mebibyte}-${(round + 1) * mebibyte - 1}` },
    });
    assert.equal(response.statusCode, 206);
    assert.equal((await drain(response)).size, mebibyte);
  }
}

function workerd() {
  return workerdBehind(new URL(running.edge).port);
}

function ticket(name) {
  return presigned(running, name);
}
