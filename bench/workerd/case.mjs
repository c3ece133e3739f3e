// What is signed: ../case.json, as for the contestants without workerd.

import { readFileSync } from "node:fs";

export const testCase = JSON.parse(readFileSync(new URL("../case.json", import.meta.url), "utf8"));
