// Signatures with public keys, checked by the WebCrypto of workerd: tokens and CloudFront URLs
// that node:crypto signs.
//
// These tests start an edge of their own, also when CLOAKROOM_DEV names a running system.

import assert from "node:assert/strict";
import { createHmac, createPublicKey, generateKeyPairSync, sign } from "node:crypto";
import { after, before, describe, test } from "node:test";

import { content, ownEdge } from "./own-edge.mjs";
import { bearer } from "./reading.mjs";
import { isClear, send } from "./wire.mjs";

const path = "/media/photos/a%20b.jpg";

/** Each algorithm of tokens, with the keys that it is used with. */
const tokenKeys = {
  rs2048: { alg: "RS256", pair: generateKeyPairSync("rsa", { modulusLength: 2048 }) },
  rs4096: {
    alg: "RS256",
    pair: generateKeyPairSync("rsa", { modulusLength: 4096, publicExponent: 3 }),
  },
  es: { alg: "ES256", pair: generateKeyPairSync("ec", { namedCurve: "P-256" }) },
  ed: { alg: "EdDSA", pair: generateKeyPairSync("ed25519") },
};

const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
const p256 = generateKeyPairSync("ec", { namedCurve: "P-256" });

/** Each algorithm of CloudFront's signers. */
const cloudFrontKeys = {
  KRSASHA1: { algorithm: "RSA-SHA1", hash: "SHA1", pair: rsa },
  KRSASHA256: { algorithm: "RSA-SHA256", hash: "SHA256", pair: rsa },
  KECDSASHA1: { algorithm: "ECDSA-SHA1", hash: "SHA1", pair: p256 },
  KECDSASHA256: { algorithm: "ECDSA-SHA256", hash: "SHA256", pair: p256 },
};

let edge;
before(async () => {
  const keys = {};
  for (const [kid, { alg, pair }] of Object.entries(tokenKeys)) {
    keys[kid] = tokenKey(kid, alg, pem(pair));
  }
  // A point that is not on the curve: the platform refuses to import it.
  keys.broken = tokenKey("broken", "ES256", offCurve(pem(tokenKeys.es.pair)));
  for (const [id, { algorithm, pair }] of Object.entries(cloudFrontKeys)) {
    const principal = "every-owner";
    keys[id] = { dialect: "cloudfront", algorithm, public_key: pem(pair), principal };
  }
  edge = await ownEdge({ keys });
});
after(() => edge?.stop());

describe("tokens", () => {
  for (const [kid, { alg }] of Object.entries(tokenKeys)) {
    test(`${alg}, key ${kid}`, async () => {
      await allowed(bearer(token(kid)), { dialect: "jwt_bearer", key_id: kid });
      await allowed(cookie(kid, token(kid)), { dialect: "jwt_cookie", key_id: kid });
    });

    const [otherKid, other] = Object.entries(tokenKeys).find(([, each]) => each.alg !== alg);
    const refused = {
      "one bit of the signature": ["token_signature_mismatch", () => changed(kid, flipLastBit)],
      "another user": [
        "token_signature_mismatch",
        () => withParts(kid, ({ claims }) => ({ claims: { ...claims, sub: "bob" } })),
      ],
      "another header": [
        "token_signature_mismatch",
        () => withParts(kid, ({ header }) => ({ header: { ...header, typ: "at+jwt" } })),
      ],
      "no signature": ["token_signature_mismatch", () => changed(kid, () => Buffer.alloc(0))],
      "half a signature": ["token_signature_mismatch", () => changed(kid, (it) => it.subarray(1))],
      zeros: ["token_signature_mismatch", () => changed(kid, (it) => Buffer.alloc(it.length))],
      "somebody else's key": ["token_signature_mismatch", () => token(kid, { pair: twin(kid) })],
      "the id of another key": ["token_algorithm", () => token(kid, { kid: otherKid })],
      "another algorithm": ["token_algorithm", () => token(kid, { header: { alg: other.alg } })],
      "`none`": ["token_algorithm", () => token(kid, { header: { alg: "none" } })],
      "the public key as the secret of an HMAC": ["token_algorithm", () => confused(kid)],
      expired: ["token_expired", () => token(kid, { claims: { exp: now() - 1 } })],
    };
    for (const [name, [reason, make]] of Object.entries(refused)) {
      test(`${alg}, key ${kid}: ${name}`, async () => {
        await denied(reason, bearer(make()));
        await denied(reason, cookieOfKey(make()));
      });
    }

    test(`${alg}, key ${kid}: in the cookie of another key`, async () => {
      await denied("token_wrong_cookie", cookie(otherKid, token(kid)));
    });
  }

  test("ES256 with a signature in DER", async () => {
    const der = token("es", { dsaEncoding: "der" });
    await denied("token_signature_mismatch", bearer(der));
  });

  test("a key that the platform does not take", async () => {
    await denied("token_signature_mismatch", bearer(token("es", { kid: "broken" })));
  });
});

describe("CloudFront URLs", () => {
  for (const [id, { algorithm }] of Object.entries(cloudFrontKeys)) {
    test(algorithm, async () => {
      await allowed({}, { dialect: "cloudfront_url", key_id: id }, signedUrl(id));
    });

    const [otherId] = Object.entries(cloudFrontKeys).find(
      ([, other]) => other.hash === cloudFrontKeys[id].hash && other.algorithm !== algorithm,
    );
    const refused = {
      "another object": (url) => url.replace("/photos/", "/albums/"),
      "a later end": (url) => url.replace(/Expires=\d+/, `Expires=${now() + 9000}`),
      "the id of another key": (url) => url.replace(id, otherId),
      "another signature": (url) => url.replace(signatureOf(url), signatureOf(signedUrl(id, 999))),
    };
    for (const [name, change] of Object.entries(refused)) {
      test(`${algorithm}: ${name}`, async () => {
        await denied("signature_mismatch", {}, change(signedUrl(id)));
      });
    }
  }
});

test("many at once", async () => {
  const headers = [...Array(60).keys()].map((index) => {
    const kid = Object.keys(tokenKeys)[index % 4];
    return index % 3 ? bearer(token(kid)) : bearer(changed(kid, flipLastBit));
  });
  const answers = await Promise.all(
    headers.map((each) => send(edge.origin, path, { headers: each })),
  );
  const expected = headers.map((_, index) => (index % 3 ? 200 : 401));
  assert.deepEqual(
    answers.map(({ status }) => status),
    expected,
  );
});

test("the log holds no token, no signature and no key", () => {
  assert.doesNotMatch(edge.logText(), /eyJ|Signature=|BEGIN|[\w-]{80}/);
});

async function allowed(headers, expected, target = path) {
  const answer = await send(edge.origin, target, { headers });
  assert.equal(answer.status, 200, answer.text);
  assert.equal(answer.text, content);
  const entry = await edge.logEntry(answer.headers["x-request-id"]);
  assert.deepEqual(
    { decision: entry.decision, dialect: entry.dialect, key_id: entry.key_id },
    { decision: "allow", ...expected },
  );
}

async function denied(reason, headers, target = path) {
  const reads = edge.reads();
  const answer = await send(edge.origin, target, { headers });
  assert.ok([401, 403].includes(answer.status), `status ${answer.status}`);
  assert.ok(isClear(answer.error().message), answer.text);
  const entry = await edge.logEntry(answer.headers["x-request-id"]);
  assert.deepEqual([entry.decision, entry.reason], ["deny", reason], JSON.stringify(entry));
  assert.equal(edge.reads(), reads, "the store was asked");
}

function tokenKey(kid, algorithm, public_key) {
  const principal = { claim: "sub" };
  return { dialect: "jwt", algorithm, public_key, cookie: `session_${kid}`, principal };
}

function cookie(kid, value) {
  return { cookie: `theme=dark; session_${kid}=${value}` };
}

/** A token in the cookie of the key that it names. */
function cookieOfKey(value) {
  return cookie(decode(value.split(".")[0]).kid, value);
}

/** A token of alice that holds, but for what is said otherwise. */
function token(signer, { kid = signer, header, claims, pair, dsaEncoding = "ieee-p1363" } = {}) {
  const { alg, pair: own } = tokenKeys[signer];
  const all = { sub: "alice", exp: now() + 300, ...claims };
  const input = `${encode({ alg, kid, typ: "JWT", ...header })}.${encode(all)}`;
  const key = (pair ?? own).privateKey;
  const hash = alg === "EdDSA" ? null : "SHA256";
  const signature = sign(hash, Buffer.from(input), { key, dsaEncoding });
  return `${input}.${signature.toString("base64url")}`;
}

/** A token with another signature than its own. */
function changed(kid, change) {
  const [header, claims, signature] = token(kid).split(".");
  const other = change(Buffer.from(signature, "base64url"));
  return [header, claims, other.toString("base64url")].join(".");
}

/** A token with other parts than those that were signed. */
function withParts(kid, change) {
  const [header, claims, signature] = token(kid).split(".");
  const parts = { header: decode(header), claims: decode(claims) };
  const other = { ...parts, ...change(parts) };
  return [encode(other.header), encode(other.claims), signature].join(".");
}

/** HS256 with what everybody knows. */
function confused(kid) {
  const [, claims] = token(kid).split(".");
  const input = `${encode({ alg: "HS256", kid, typ: "JWT" })}.${claims}`;
  const mac = createHmac("sha256", pem(tokenKeys[kid].pair)).update(input);
  return `${input}.${mac.digest("base64url")}`;
}

function flipLastBit(signature) {
  const other = Buffer.from(signature);
  other[other.length - 1] ^= 1;
  return other;
}

const twins = {};

/** Another pair of keys of the same type. */
function twin(kid) {
  const { asymmetricKeyType: type } = tokenKeys[kid].pair.publicKey;
  twins[type] ??= generateKeyPairSync(type, { modulusLength: 2048, namedCurve: "P-256" });
  return twins[type];
}

/** Path and query of a URL with a canned policy. */
function signedUrl(id, seconds = 300) {
  const { hash, pair } = cloudFrontKeys[id];
  const expires = now() + seconds;
  const condition = { DateLessThan: { "AWS:EpochTime": expires } };
  const statement = { Resource: edge.origin + path, Condition: condition };
  const policy = JSON.stringify({ Statement: [statement] });
  const signature = sign(hash, Buffer.from(policy), pair.privateKey)
    .toString("base64")
    .replace(/[+=/]/g, (character) => ({ "+": "-", "=": "_", "/": "~" })[character]);
  const algorithm = hash === "SHA1" ? "" : `&Hash-Algorithm=${hash}`;
  return `${path}?Expires=${expires}&Signature=${signature}&Key-Pair-Id=${id}${algorithm}`;
}

function signatureOf(url) {
  return /Signature=[^&]*/.exec(url)[0];
}

function pem({ publicKey }) {
  return publicKey.export({ type: "spki", format: "pem" });
}

/** The key with one bit of its point changed. */
function offCurve(text) {
  const der = createPublicKey(text).export({ type: "spki", format: "der" });
  der[der.length - 1] ^= 1;
  return `-----BEGIN PUBLIC KEY-----\n${der.toString("base64")}\n-----END PUBLIC KEY-----\n`;
}

function encode(value) {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

function decode(part) {
  return JSON.parse(Buffer.from(part, "base64url").toString());
}

function now() {
  return Math.floor(Date.now() / 1000);
}
