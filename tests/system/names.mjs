// Names that break systems: those of `tests/names.json`, which every suite reads.

import { readFileSync } from "node:fs";

const groups = JSON.parse(readFileSync(new URL("../names.json", import.meta.url), "utf8"));

// A long name stands as what it repeats.
export const names = Object.values(groups)
  .flatMap((group) => Object.values(group))
  .map((name) => (typeof name === "string" ? name : name.of.repeat(name.times)));

/** The path of a name below a `prefix`. */
export function pathOf(prefix, name) {
  return prefix + encodeURIComponent(name).replaceAll("%2F", "/");
}
