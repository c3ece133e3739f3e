// Figures, told one JSON object a line; ../src/measure.rs has the same in Rust.

import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

/** Tells a figure: nanoseconds, and what else there is to know. */
export function tell(bench, row, name, ns, facts = {}) {
  console.log(JSON.stringify({ bench, row, name, version: version(name), ns, ...facts }));
}

/** Tells that somebody could not take part. */
export function leaveOut(bench, name, why) {
  console.log(JSON.stringify({ bench, name, left_out: why }));
}

export function median(numbers) {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];
}

function version(name) {
  if (name !== "aws4fetch") return undefined;
  const main = createRequire(import.meta.url).resolve(name);
  return JSON.parse(readFileSync(main.replace(/dist\/.*/, "package.json"), "utf8")).version;
}
