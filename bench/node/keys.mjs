// Makes the private keys that all contestants of a run share: `node keys.mjs FOLDER`.
import { generateKeyPairSync } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

const [folder] = process.argv.slice(2);

for (const [name, type, options] of [
  ["rsa", "rsa", { modulusLength: 2048 }],
  ["p256", "ec", { namedCurve: "P-256" }],
  ["ed25519", "ed25519", {}],
]) {
  const { privateKey } = generateKeyPairSync(type, options);
  const pem = privateKey.export({ type: "pkcs8", format: "pem" });
  writeFileSync(join(folder, `${name}.pem`), pem, { mode: 0o600 });
}
