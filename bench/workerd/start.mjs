// What it takes from nothing to the first answer: workerd is started anew each time, with the edge
// or with a Worker that does nothing. What the edge adds is the difference: to compile and
// instantiate it, to read its policy, to decide.

import { join } from "node:path";
import { mkdirSync, readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

import { presign } from "../../tests/system/sigv4.mjs";
import { app, bindings } from "./policy.mjs";
import { median, tell } from "./tell.mjs";
import { bundle, here, prepare, single, start } from "./workerd.mjs";

const TIMES = 15;

/** What is deployed, compressed file by file. */
const size = (modules) => modules.reduce((sum, [, file]) => sum + gzipSync(readFileSync(file), { level: 9 }).length, 0);

export async function run() {
  const { CLOAKROOM_BENCH_EDGE: edge, CLOAKROOM_BENCH_WORK: work } = process.env;
  const folder = join(work, "start");
  mkdirSync(folder, { recursive: true });
  const contestants = [
    { name: "cloakroom", modules: bundle(edge, "shim.mjs"), bindings: bindings("http://127.0.0.1:9", { deliver: "redirect" }) },
    { name: "a bare Worker", modules: [single(here("bare.mjs"))] },
  ].map(({ name, ...rest }) => {
    tell("start", "all of it, compressed", name, undefined, { bytes: size(rest.modules) });
    return { name, prepared: prepare(join(folder, name), rest), whole: [], first: [], second: [] };
  });
  for (let time = 0; time < TIMES; time += 1) {
    for (const { name, prepared, whole, first, second } of contestants) {
      const begun = performance.now();
      const worker = await start(prepared);
      try {
        const listening = performance.now();
        await ask(worker.port, name === "cloakroom");
        const answered = performance.now();
        await ask(worker.port, name === "cloakroom");
        whole.push(answered - begun);
        first.push(answered - listening);
        second.push(performance.now() - answered);
      } finally {
        await worker.stop();
      }
    }
  }
  for (const { name, whole, first, second } of contestants) {
    tell("start", "until the first answer", name, median(whole) * 1e6, { note: "workerd's own start is in it" });
    tell("start", "the first request", name, median(first) * 1e6);
    tell("start", "the second request", name, median(second) * 1e6);
  }
}

/** A redirect to the store: the ticket is proven and the link is signed, and no store is asked. */
async function ask(port, isEdge) {
  const origin = `http://127.0.0.1:${port}`;
  const target = presign({ origin, path: "/media/users/alice/photo.jpg", key: app, expiresIn: 3600 });
  const answer = await fetch(`${origin}${target}`, { redirect: "manual" });
  await answer.arrayBuffer();
  const expected = isEdge ? 302 : 200;
  if (answer.status !== expected) throw new Error(`the first request was answered by ${answer.status}`);
}
