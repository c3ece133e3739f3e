// Tokens that the app would never issue, signed with its own secret from the data folder.

import { createHmac, sign } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";

/** A correctly signed token of `user` with other claims or another header; nothing drops a claim. */
export async function token(running, user, claims = {}, header = {}) {
  const secrets = JSON.parse(await readFile(join(running.data, "secrets.json"), "utf8"));
  const [oldHeader, oldClaims] = running.users[user].split(".").slice(0, 2).map(decode);
  const input = `${encode({ ...oldHeader, ...header })}.${encode({ ...oldClaims, ...claims })}`;
  const mac = createHmac("sha256", secrets.USERS_JWT_SECRET).update(input).digest("base64url");
  return `${input}.${mac}`;
}

/** A token by HS256 with a secret of the test's own; it lives for five minutes. */
export function jwt({ kid, secret, claims }) {
  const exp = Math.floor(Date.now() / 1000) + 300;
  const input = `${encode({ alg: "HS256", typ: "JWT", kid })}.${encode({ exp, ...claims })}`;
  return `${input}.${createHmac("sha256", secret).update(input).digest("base64url")}`;
}

/** A token by the private key of a pair: RS256, ES256 or EdDSA. */
export function jwtByPair({ kid, alg, privateKey, claims }) {
  const input = `${encode({ alg, typ: "JWT", kid })}.${encode(claims)}`;
  const key = { key: privateKey, dsaEncoding: "ieee-p1363" };
  const signature = sign(alg === "EdDSA" ? null : "SHA256", Buffer.from(input), key);
  return `${input}.${signature.toString("base64url")}`;
}

/** The token of `user` with other claims and its old signature. */
export function forged(running, user, claims) {
  const [header, payload, signature] = running.users[user].split(".");
  return [header, encode({ ...decode(payload), ...claims }), signature].join(".");
}

function encode(value) {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

function decode(part) {
  return JSON.parse(Buffer.from(part, "base64url").toString());
}
