// What is signed: ../case.json, as for the contestants in Rust and Python.
import { readFileSync } from "node:fs";
import { join } from "node:path";

export const testCase = JSON.parse(readFileSync(new URL("../case.json", import.meta.url), "utf8"));

/** A private key in PEM: `rsa`, `p256` or `ed25519`. */
export function privateKey(name) {
  return readFileSync(join(process.env.CLOAKROOM_BENCH_KEYS, `${name}.pem`), "utf8");
}

/** When presigned URLs are signed. */
export const signedAt = new Date(testCase.time * 1000);

/** The same as `X-Amz-Date` has it. */
export const amzDate = signedAt.toISOString().replace(/[:-]|\.\d{3}/g, "");
