// Tickets of every dialect for the load, good ones and bad ones, each with what has to become of it.

import { generateKeyPairSync, randomBytes } from "node:crypto";

import { cloudFrontParameters, edgeauthToken, tempurlQuery } from "./capabilities.mjs";
import { account, buckets, folders, objects } from "./load-objects.mjs";
import { route } from "./own-edge.mjs";
import { presign, signHeaders } from "./sigv4.mjs";
import { jwt, jwtByPair } from "./tokens.mjs";
import { send } from "./wire.mjs";

const here = "127.0.0.1";
const elsewhere = "192.0.2.7";
const tokenName = "hdnts";

/** By whom tickets are signed: keys of the policy, and one that claims to be the app's and is not. */
const secrets = Object.fromEntries(
  ["app", "alice", "forger"].map((name) => [name, randomBytes(32).toString("hex")]),
);
const pairs = {
  rsa: twoPairs("rsa", { modulusLength: 2048 }),
  p256: twoPairs("ec", { namedCurve: "P-256" }),
  ed25519: twoPairs("ed25519"),
};

function twoPairs(...type) {
  return { app: generateKeyPairSync(...type), forger: generateKeyPairSync(...type) };
}

const publicKeySigners = {
  rs: { alg: "RS256", pair: pairs.rsa },
  es: { alg: "ES256", pair: pairs.p256 },
  ed: { alg: "EdDSA", pair: pairs.ed25519 },
};
const cloudFrontSigners = {
  KRSA1: { algorithm: "RSA-SHA1", hash: "SHA1", pair: pairs.rsa },
  KRSA256: { algorithm: "RSA-SHA256", hash: "SHA256", pair: pairs.rsa },
  KEC1: { algorithm: "ECDSA-SHA1", hash: "SHA1", pair: pairs.p256 },
  KEC256: { algorithm: "ECDSA-SHA256", hash: "SHA256", pair: pairs.p256 },
};

/** Keys, secrets and routes of the policy. */
export function policy() {
  const keys = {};
  for (const [name, principal] of [["app", "every-owner"], ["alice", { user: "alice" }]]) {
    const secret = `${name.toUpperCase()}_SECRET`;
    keys[`SIGV4${name.toUpperCase()}`] = { dialect: "sigv4", secret, principal };
    const digests = ["sha1", "sha256", "sha512"];
    keys[`tempurl-${name}`] = { dialect: "tempurl", secret, principal, path: account, digests };
    keys[`edgeauth-${name}`] = { dialect: "edgeauth", secret, principal, token_name: tokenName };
    for (const [id, { algorithm, pair }] of Object.entries(cloudFrontSigners)) {
      const public_key = pem(pair.app);
      keys[`${id}${name.toUpperCase()}`] = { dialect: "cloudfront", algorithm, public_key, principal };
    }
  }
  const token = { dialect: "jwt", principal: { claim: "sub" } };
  keys.hs = { ...token, algorithm: "HS256", secret: "APP_SECRET", cookie: "session_hs" };
  for (const [kid, { alg, pair }] of Object.entries(publicKeySigners)) {
    keys[kid] = { ...token, algorithm: alg, public_key: pem(pair.app), cookie: `session_${kid}` };
  }
  const access = [
    { keys: "public/*", acl: "public-read" },
    { keys: "users/{owner}/*", acl: "private" },
  ];
  const [cached, plain] = buckets.map((bucket) => {
    const cookie = { secret: "COOKIE_SECRET" };
    return route(`${account}${bucket}/`, "main", { bucket, access, cookie });
  });
  return {
    keys,
    routes: { cached: { ...cached, cache: { ttl: 3600 } }, plain },
    secrets: {
      APP_SECRET: secrets.app,
      ALICE_SECRET: secrets.alice,
      COOKIE_SECRET: randomBytes(32).toString("hex"),
    },
  };
}

function pem({ publicKey }) {
  return publicKey.export({ type: "spki", format: "pem" });
}

/** What is wrong with a bad ticket: how it is signed, or what is done to it afterwards. */
const faults = {
  "signature changed": { change: changeSignature },
  "parameter twice": { change: repeatParameter },
  expired: { how: { life: -60 } },
  "not yet valid": { how: { starts: 3600 } },
  "another object": { isForAnother: true },
  "another method": { how: { method: "PUT" } },
  "another key": { how: { by: "forger" } },
  "unknown key": { how: { by: "nobody" } },
  "another address": { how: { address: elsewhere } },
  "no right": { how: { by: "alice" }, folder: "users/bob" },
  "no ticket": { folder: "users/alice" },
};

/**
 * The ways to present a ticket. `make` signs for a path and answers the query, headers, or both;
 * `signature` finds the first character of the signature; `refusals` are the reasons that the log
 * must have, by what is wrong.
 */
function kinds(origin, cookies) {
  const suffixes = { app: "APP", alice: "ALICE", forger: "APP", nobody: "NOBODY" };
  const secretOf = (by) => secrets[by] ?? secrets.forger;
  const sigv4 = (by) => ({
    access_key_id: `SIGV4${suffixes[by]}`,
    secret_access_key: secretOf(by),
  });
  const refusals = {
    "signature changed": "signature_mismatch",
    expired: "expired",
    "another object": "signature_mismatch",
    "another key": "signature_mismatch",
    "no right": "principal_may_not",
  };
  const wide = { "another object": "wrong_resource" };

  const sigv4Query = {
    dialect: "sigv4_query",
    keyId: (by) => `SIGV4${suffixes[by]}`,
    make({ path, method, by, life, starts }) {
      const time = at(starts ?? Math.min(2 * life, 0));
      const url = presign({ origin, path, method, key: sigv4(by), time, expiresIn: Math.abs(life) });
      return { query: url.slice(path.length + 1) };
    },
    signature: /X-Amz-Signature=./,
    repeated: "X-Amz-Expires=3600",
    refusals: {
      ...refusals,
      "parameter twice": "duplicate_parameter",
      "not yet valid": "not_yet_valid",
      "another method": "method_mismatch",
      "unknown key": "unknown_key",
    },
  };
  const sigv4Header = {
    dialect: "sigv4_header",
    keyId: (by) => `SIGV4${suffixes[by]}`,
    make({ path, method, by, life, starts }) {
      const time = at(starts ?? (life < 0 ? -3600 : 0));
      return { headers: signHeaders({ origin, path, method, key: sigv4(by), time }) };
    },
    signature: /Signature=./,
    refusals: {
      ...refusals,
      expired: "clock_skew",
      "not yet valid": "clock_skew",
      "another method": "method_mismatch",
      "unknown key": "unknown_key",
    },
  };

  const tempurl = (digest, { isWide = false, range } = {}) => ({
    dialect: "tempurl",
    keyId: (by) => `tempurl-${by}`,
    make({ path, method, by, life, address }) {
      const prefix = isWide ? folderOf(path).split("/").slice(4).join("/") : undefined;
      const rest = { method, expires: seconds(life), prefix, range: address ?? range };
      return { query: tempurlQuery({ path, secret: secretOf(by), digest, ...rest }) };
    },
    signature: /temp_url_sig=./,
    repeated: "temp_url_expires=9999999999",
    refusals: {
      ...refusals,
      "parameter twice": "duplicate_parameter",
      "another method": "method_mismatch",
      "another address": "wrong_address",
      ...(isWide && wide),
    },
  });

  const cloudFront = (id, place, { isCustom = false, isWide = false, range } = {}) => ({
    dialect: `cloudfront_${place}`,
    keyId: (by) => id + suffixes[by],
    make({ path, by, life, starts, address }) {
      const { hash, pair } = cloudFrontSigners[id];
      const parameters = cloudFrontParameters({
        resource: origin + (isWide ? `${folderOf(path)}*` : path),
        keyPairId: id + suffixes[by],
        privateKey: (by === "forger" ? pair.forger : pair.app).privateKey,
        hash,
        expires: seconds(life),
        ...(isCustom && { starts: seconds(starts ?? -60), range: address ?? range, isCustom }),
      });
      const all = Object.entries(parameters);
      if (place === "url") return { query: all.map((pair) => pair.join("=")).join("&") };
      return { headers: cookie(all.map(([name, value]) => `CloudFront-${name}=${value}`)) };
    },
    signature: /Signature=./,
    repeated: place === "url" ? "Key-Pair-Id=KAGAIN" : undefined,
    refusals: {
      ...refusals,
      "unknown key": "unknown_key",
      ...(place === "url" && { "parameter twice": "duplicate_parameter" }),
      ...(isCustom && {
        "not yet valid": "not_yet_valid",
        "another address": "wrong_address",
        "another object": "wrong_resource",
      }),
    },
  });

  const edgeauth = (place, { isWide = false, isBound = false } = {}) => ({
    dialect: `edgeauth_${place}`,
    keyId: (by) => `edgeauth-${by}`,
    make({ path, by, life, starts, address }) {
      const token = edgeauthToken({
        path,
        acl: isWide ? `${folderOf(path)}*` : undefined,
        secret: secretOf(by),
        expires: seconds(life),
        starts: starts === undefined ? undefined : seconds(starts),
        address: address ?? (isBound ? here : undefined),
      });
      if (place === "query") return { query: `${tokenName}=${token}` };
      if (place === "cookie") return { headers: cookie([`${tokenName}=${token}`]) };
      return { headers: { [tokenName]: token } };
    },
    signature: /hmac=./,
    repeated: `${tokenName}=exp=1~hmac=0`,
    refusals: {
      ...refusals,
      ...(place === "query" && { "parameter twice": "several_credentials" }),
      "not yet valid": "not_yet_valid",
      "another address": "wrong_address",
      ...(isWide && wide),
    },
  });

  const token = (kid, place) => ({
    dialect: `jwt_${place}`,
    keyId: () => kid,
    make({ path, by, life, starts }) {
      const owner = /\/users\/(\w+)\//.exec(path)?.[1] ?? "carol";
      const claims = {
        sub: by === "alice" ? "alice" : owner,
        exp: seconds(life),
        ...(starts === undefined ? {} : { nbf: seconds(starts) }),
      };
      const named = by === "nobody" ? "nobody" : kid;
      const { alg, pair } = publicKeySigners[kid] ?? {};
      const signer = by === "forger" ? "forger" : "app";
      const signed = pair
        ? jwtByPair({ kid: named, alg, privateKey: pair[signer].privateKey, claims })
        : jwt({ kid: named, secret: secrets[signer], claims });
      if (place === "cookie") return { headers: cookie([`session_${kid}=${signed}`]) };
      return { headers: { authorization: `Bearer ${signed}` } };
    },
    signature: /\.[\w-]+\.[\w-]/,
    refusals: {
      "signature changed": "token_signature_mismatch",
      expired: "token_expired",
      "not yet valid": "token_not_yet_valid",
      "another key": "token_signature_mismatch",
      "unknown key": "token_unknown_key",
      "no right": "principal_may_not",
    },
  });

  return [
    {
      dialect: "anonymous",
      keyId: () => undefined,
      make: () => ({}),
      refusals: { "no ticket": "no_credential" },
    },
    sigv4Query,
    sigv4Header,
    tempurl("sha1"),
    tempurl("sha256"),
    tempurl("sha512", { range: "127.0.0.0/8" }),
    tempurl("sha256", { isWide: true }),
    cloudFront("KRSA1", "url"),
    cloudFront("KEC256", "url"),
    cloudFront("KRSA256", "url", { isCustom: true, range: "127.0.0.0/8" }),
    cloudFront("KEC1", "url", { isCustom: true, isWide: true }),
    cloudFront("KRSA1", "cookie"),
    cloudFront("KEC256", "cookie", { isCustom: true, isWide: true }),
    edgeauth("query"),
    edgeauth("query", { isWide: true }),
    edgeauth("cookie", { isWide: true, isBound: true }),
    edgeauth("header"),
    ...["hs", "rs", "es", "ed"].flatMap((kid) => [token(kid, "bearer"), token(kid, "cookie")]),
    {
      dialect: "ticket_cookie",
      keyId: () => "tempurl-app",
      make: ({ path, life }) => ({
        headers: cookie([cookies[life < 0 ? "ended" : "live"].get(folderOf(path))]),
      }),
      signature: /\.[\w-]+\.[\w-]/,
      refusals: {
        "signature changed": "signature_mismatch",
        expired: "expired",
        "another object": "wrong_resource",
      },
    },
  ];
}

/**
 * The tickets, `perKind` good ones and `perFault` bad ones of each kind: what to send, for which
 * object, and what the log has to say. Lists by dialect.
 */
export async function tickets(origin, random, { perKind, perFault }) {
  const cookies = await exchange(origin);
  const good = new Map();
  const bad = new Map();
  const put = (map, ticket) => map.set(ticket.dialect, [...(map.get(ticket.dialect) ?? []), ticket]);
  for (const kind of kinds(origin, cookies)) {
    for (let count = 0; count < perKind; count += 1) put(good, goodTicket(kind, random));
    for (const [fault, reason] of Object.entries(kind.refusals)) {
      for (let count = 0; count < perFault; count += 1) put(bad, badTicket(kind, fault, reason, random));
    }
  }
  return { good, bad };
}

function goodTicket(kind, random) {
  const isAnonymous = kind.dialect === "anonymous";
  const object = random.pick(objects.filter(({ folder }) => !isAnonymous || folder === "public"));
  const mayBeAlice = object.folder === "users/alice" && kind.dialect !== "ticket_cookie";
  const by = mayBeAlice && random.chance(0.5) ? "alice" : "app";
  const method = random.chance(0.1) ? "HEAD" : "GET";
  const made = kind.make({ path: object.path, method, by, life: 3600 });
  const expected = { decision: "allow", reason: "allowed", keyId: kind.keyId(by) };
  return { ...ticket(kind, object, method, made), expected };
}

function badTicket(kind, fault, reason, random) {
  const { how, folder, isForAnother, change } = faults[fault];
  const object = random.pick(objects.filter((each) => !folder || each.folder === folder));
  const isOther = (each) => each.folder !== object.folder;
  const signed = isForAnother ? random.pick(objects.filter(isOther)) : object;
  const made = kind.make({ path: signed.path, method: "GET", by: "app", life: 3600, ...how });
  const sent = change ? change(made, kind) : made;
  // What cannot be read is of no dialect.
  const dialect = fault === "parameter twice" ? undefined : kind.dialect;
  const expected = { decision: "deny", reason, status: statusOf(reason) };
  return { ...ticket(kind, object, "GET", sent), expected: { ...expected, dialect }, fault };
}

function ticket({ dialect }, object, method, { query, headers = {} }) {
  const target = query ? `${object.path}?${query}` : object.path;
  return { dialect, object, method, target, headers: { ...headers, "cf-connecting-ip": here } };
}

function statusOf(reason) {
  if (reason.startsWith("token_")) return 401;
  return ["duplicate_parameter", "several_credentials"].includes(reason) ? 400 : 403;
}

function changeSignature({ query, headers = {} }, { signature }) {
  const change = (text) =>
    text?.replace(signature, (found) => found.slice(0, -1) + (found.endsWith("0") ? "1" : "0"));
  const changed = Object.entries(headers).map(([name, value]) => [name, change(value)]);
  return { query: change(query), headers: Object.fromEntries(changed) };
}

function repeatParameter({ query }, { repeated }) {
  return { query: `${query}&${repeated}` };
}

/** Cookies for all folders, from TempURLs by prefix: some that live, and some that have ended. */
async function exchange(origin) {
  const cookies = { live: new Map(), ended: new Map() };
  const lives = { live: 3600, ended: 5 };
  for (const [name, life] of Object.entries(lives)) {
    for (const [bucket, folder] of buckets.flatMap((each) => folders.map((folder) => [each, folder]))) {
      const path = `${account}${bucket}/${folder}/0.bin`;
      const rest = { digest: "sha256", expires: seconds(life), prefix: `${folder}/` };
      const query = tempurlQuery({ path, secret: secrets.app, ...rest });
      const answer = await send(origin, `${path}?${query}&ticket=cookie`);
      cookies[name].set(folderOf(path), answer.headers["set-cookie"][0].split(";")[0]);
    }
  }
  await new Promise((resolve) => setTimeout(resolve, (lives.ended + 1) * 1000));
  return cookies;
}

function folderOf(path) {
  return path.slice(0, path.lastIndexOf("/") + 1);
}

function cookie(pairs) {
  return { cookie: ["theme=dark", ...pairs].join("; ") };
}

function seconds(life) {
  return Math.floor(Date.now() / 1000) + life;
}

function at(life) {
  return new Date(Date.now() + life * 1000);
}
