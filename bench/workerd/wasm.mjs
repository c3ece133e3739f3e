// Signing in a Worker: the core as WASM beside signers in JavaScript, all in one isolate.
//
// The clock of a Worker stands still while it computes, so it is looked at from outside: a request
// has the Worker sign many times over, another one three times as often, and a signature is their
// difference by that many. What a request costs by itself is in neither.

import { join } from "node:path";

import { testCase } from "./case.mjs";
import { median, tell } from "./tell.mjs";
import { aws4fetch, bundle, here, prepare, single, start } from "./workerd.mjs";

const TURNS = 5;
const SLICE_MS = 20;

const contestants = [
  { who: "cloakroom", row: "sign", name: "cloakroom", note: "WASM, a call for each URL" },
  { who: "inside", row: "sign, called once for all", name: "cloakroom", note: "WASM, a loop in it" },
  { who: "webcrypto", row: "sign", name: "by hand", note: "WebCrypto, an imported key, this one kind of URL" },
  { who: "aws4fetch", row: "sign", name: "aws4fetch", note: "WebCrypto" },
];

export async function run() {
  const { CLOAKROOM_BENCH_SIGNER: signer, CLOAKROOM_BENCH_WORK: work } = process.env;
  const modules = [single(here("sign.mjs")), ...bundle(signer), single(aws4fetch)];
  const bindings = { CASE: JSON.stringify(testCase) };
  const worker = await start(prepare(join(work, "sign"), { modules, bindings }));
  try {
    const ask = async (who, times) => {
      const begun = performance.now();
      const answer = await fetch(`http://127.0.0.1:${worker.port}/${who}?times=${times}`);
      const made = await answer.text();
      if (!answer.ok) throw new Error(`${who} cannot sign: ${made}`);
      return { made, ms: performance.now() - begun };
    };
    const measured = [];
    for (const contestant of contestants) {
      measured.push({ ...contestant, ...(await warmUp(ask, contestant.who)), all: [] });
    }
    for (let turn = 0; turn < TURNS; turn += 1) {
      for (const { who, times, all } of measured) {
        const few = (await ask(who, times)).ms;
        const many = (await ask(who, times * 3)).ms;
        all.push(((many - few) * 1e6) / (times * 2));
      }
    }
    for (const { row, name, note, made, all } of measured) {
      tell("wasm", row, name, median(all), { note, output: made });
    }
  } finally {
    await worker.stop();
  }
}

/** Until the code is compiled, and it is known how often it runs in a slice. */
async function warmUp(ask, who) {
  for (let times = 8; ; times *= 2) {
    const { made, ms } = await ask(who, times);
    if (ms >= SLICE_MS * 4) return { made, times: Math.ceil((times * SLICE_MS) / ms) };
  }
}
