// Who may read what through the edge, and what everybody else is told.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { gzipSync } from "node:zlib";

import { edgeLogEntry, secretsInLogs, system } from "./dev.mjs";
import { deleteObject, edgePath, putObject } from "./objects.mjs";
import { presign, signHeaders } from "./sigv4.mjs";
import { forged, token } from "./tokens.mjs";
import { isClear, send } from "./wire.mjs";

const folder = `deny ${Date.now().toString(36)}`;
const names = {
  public: `public/${folder}/open.txt`,
  members: `members/${folder}/club.txt`,
  alice: `users/alice/${folder}/diary.txt`,
  bob: `users/bob/${folder}/letter.txt`,
  outside: `elsewhere/${folder}/file.txt`,
  packed: `public/${folder}/packed.json`,
};
const content = "0123456789abcdefghijklmnopqrstuvwxyz";
const packed = gzipSync(JSON.stringify({ text: content.repeat(20) }));
const minute = 60 * 1000;

let running;
before(async () => {
  running = await system();
  for (const key of Object.values(names)) {
    await putObject(running, key, content, { "content-type": "text/plain" });
  }
  const headers = { "content-type": "application/json", "content-encoding": "gzip" };
  await deleteObject(running, names.packed);
  await putObject(running, names.packed, packed, headers);
});
after(async () => {
  if (running) for (const key of Object.values(names)) await deleteObject(running, key);
  await running?.stop();
});

describe("denied", () => {
  const cases = {
    "no ticket": { reason: "no_credential", target: () => edgePath(names.alice) },
    "no ticket on an object for members": {
      reason: "no_credential",
      target: () => edgePath(names.members),
    },
    expired: {
      reason: "expired",
      target: () => ticket({ time: ago(10 * minute), expiresIn: 300 }),
    },
    "signature changed by one character": {
      reason: "signature_mismatch",
      target: () => ticket().replace(/.$/, (last) => (last === "0" ? "1" : "0")),
    },
    "path changed": {
      reason: "signature_mismatch",
      target: () => ticket({ key: running.keys.edge }).replace("diary.txt", "diary2.txt"),
    },
    "path changed to another object that exists": {
      reason: "signature_mismatch",
      target: () => edgePath(names.bob) + ticket().slice(edgePath(names.alice).length),
    },
    "method changed": { reason: "method_mismatch", method: "HEAD", target: () => ticket() },
    "parameter added": { reason: "signature_mismatch", target: () => `${ticket()}&versionId=1` },
    "expiry changed": {
      reason: "signature_mismatch",
      target: () => ticket({ expiresIn: 300 }).replace("X-Amz-Expires=300", "X-Amz-Expires=3000"),
    },
    "other user's private object, by JWT": {
      reason: "principal_may_not",
      target: () => edgePath(names.alice),
      headers: () => bearer(running.users.bob),
    },
    "other user's private object, presigned": {
      reason: "principal_may_not",
      target: () => ticket({ key: running.keys.bob }),
    },
    "an object that no rule covers, by JWT": {
      reason: "principal_may_not",
      target: () => edgePath(names.outside),
      headers: () => bearer(running.users.alice),
    },
    "unknown key id": {
      reason: "unknown_key",
      target: () => ticket({ key: { ...running.keys.edge, access_key_id: "CLOAKROOMNOBODY" } }),
    },
    "the store's own key": {
      reason: "unknown_key",
      target: () => ticket({ key: running.keys.store }),
    },
    "ticket in both header and query": {
      reason: "several_credentials",
      target: () => ticket(),
      headers: () => bearer(running.users.alice),
    },
    "signed in both header and query": {
      reason: "several_credentials",
      target: () => ticket(),
      headers: () => signedHeaders(),
    },
    "duplicate parameter": {
      reason: "duplicate_parameter",
      target: () => `${ticket({ expiresIn: 300 })}&X-Amz-Expires=300`,
    },
    "duplicate parameter, once escaped": {
      reason: "duplicate_parameter",
      target: () => `${ticket({ expiresIn: 300 })}&X%2DAmz-Expires=300`,
    },
    "parameters in small letters": {
      reason: "malformed_credential",
      target: () => ticket().replaceAll("X-Amz-", "x-amz-"),
    },
    "one parameter missing": {
      reason: "malformed_credential",
      target: () => ticket().replace(/&X-Amz-Date=[^&]*/, ""),
    },
    "signed for another host": {
      reason: "signature_mismatch",
      target: () => ticket({ origin: "https://elsewhere.example" }),
    },
    "sent to another host": {
      reason: "signature_mismatch",
      target: () => ticket(),
      headers: () => ({ host: "elsewhere.example" }),
    },
    "a signed header that was not sent": {
      reason: "signed_header_missing",
      target: () => ticket({ headers: { range: "bytes=0-9" } }),
    },
    "a signed header with another value": {
      reason: "signature_mismatch",
      target: () => ticket({ headers: { range: "bytes=0-9" } }),
      headers: () => ({ range: "bytes=0-10" }),
    },
    "a session token for a key that has none": {
      reason: "session_token",
      target: () => ticket({ sessionToken: "surplus" }),
    },
    "expiry over seven days": {
      reason: "expiry_out_of_range",
      target: () => ticket({ expiresIn: 604801 }),
    },
    "presigned 20 minutes in the future": {
      reason: "not_yet_valid",
      target: () => ticket({ time: ago(-20 * minute) }),
    },
    "header signed 20 minutes ago": {
      reason: "clock_skew",
      target: () => edgePath(names.alice),
      headers: () => signedHeaders({ time: ago(20 * minute) }),
    },
    "header signed 20 minutes ahead": {
      reason: "clock_skew",
      target: () => edgePath(names.alice),
      headers: () => signedHeaders({ time: ago(-20 * minute) }),
    },
    "an extra x-amz header that is not signed": {
      reason: "header_not_signed",
      target: () => ticket(),
      headers: () => ({ "x-amz-acl": "public-read" }),
    },
    "a public object with a bad ticket": {
      reason: "signature_mismatch",
      target: () => presigned(names.public).replace(/.$/, (last) => (last === "0" ? "1" : "0")),
    },
    "token of somebody else with her name": {
      reason: "token_signature_mismatch",
      target: () => edgePath(names.alice),
      headers: () => bearer(forged(running, "bob", { sub: "alice" })),
    },
    "token expired": {
      reason: "token_expired",
      target: () => edgePath(names.alice),
      headers: async () => bearer(await token(running, "alice", { exp: now() - 1 })),
    },
    "token not valid yet": {
      reason: "token_not_yet_valid",
      target: () => edgePath(names.alice),
      headers: async () => bearer(await token(running, "alice", { nbf: now() + 1200 })),
    },
    "token for another audience": {
      reason: "token_claim_wrong",
      target: () => edgePath(names.alice),
      headers: async () => bearer(await token(running, "alice", { aud: "elsewhere" })),
    },
    "token of another issuer": {
      reason: "token_claim_wrong",
      target: () => edgePath(names.alice),
      headers: async () => bearer(await token(running, "alice", { iss: "https://elsewhere" })),
    },
    "token without an end": {
      reason: "token_claim_missing",
      target: () => edgePath(names.alice),
      headers: async () => bearer(await token(running, "alice", { exp: undefined })),
    },
    "token of an unknown key": {
      reason: "token_unknown_key",
      target: () => edgePath(names.alice),
      headers: async () => bearer(await token(running, "alice", {}, { kid: "others" })),
    },
    "token that says `none`": {
      reason: "token_algorithm",
      target: () => edgePath(names.alice),
      headers: async () => bearer(await token(running, "alice", {}, { alg: "none" })),
    },
    "no token at all behind `Bearer`": {
      reason: "malformed_token",
      target: () => edgePath(names.alice),
      headers: () => bearer("x"),
    },
    "token without signature": {
      reason: "token_signature_mismatch",
      target: () => edgePath(names.alice),
      headers: () => bearer(running.users.alice.replace(/[^.]+$/, "")),
    },
    "another kind of authorization": {
      reason: "unsupported_authorization",
      target: () => edgePath(names.alice),
      headers: () => ({ authorization: "Basic YWxpY2U6c2VjcmV0" }),
    },
    "a path outside every route": { reason: "no_route", target: () => "/nowhere/file.txt" },
    "the bucket itself": { reason: "malformed_key", target: () => "/media/" },
  };

  for (const [name, { reason, target, method = "GET", headers = () => ({}) }] of Object.entries(cases)) {
    test(name, async () => {
      const answer = await send(running.edge, target(), { method, headers: await headers() });
      assert.ok(answer.status >= 400 && answer.status < 500, `status ${answer.status}`);
      keepsSecrets(answer);
      if (method !== "HEAD") {
        assert.deepEqual(Object.keys(answer.json()).sort(), ["code", "message"]);
        assert.ok(isClear(answer.json().message), answer.text);
        assert.match(answer.json().code, /^[A-Za-z_]+$/);
      }
      assert.match(answer.headers["content-type"], /^application\/json/);
      assert.match(answer.headers["cache-control"] ?? "", /no-store/);
      const entry = await edgeLogEntry(running, answer.headers["x-request-id"]);
      assert.equal(entry.decision, "deny");
      assert.equal(entry.reason, reason, JSON.stringify(entry));
      assert.doesNotMatch(JSON.stringify(entry), /X-Amz-Signature=|[0-9a-f]{64}|eyJ/);
    });
  }
});

describe("allowed", () => {
  const cases = {
    "public-read for everybody": [() => edgePath(names.public)],
    "authenticated-read for alice": [() => edgePath(names.members), () => bearer(running.users.alice)],
    "authenticated-read for bob": [() => edgePath(names.members), () => bearer(running.users.bob)],
    "authenticated-read with alice's own key": [
      () => presigned(names.members, { key: running.keys.alice }),
    ],
    "authenticated-read with bob's own key": [
      () => presigned(names.members, { key: running.keys.bob }),
    ],
    "authenticated-read signed in the header": [
      () => edgePath(names.members),
      () => signedHeaders({ path: edgePath(names.members), key: running.keys.bob }),
    ],
    "private for its owner, by JWT": [() => edgePath(names.alice), () => bearer(running.users.alice)],
    "private for its owner, presigned": [() => ticket({ key: running.keys.alice })],
    "private with the app's key": [() => ticket()],
    "private with the app's key in the header": [() => edgePath(names.alice), () => signedHeaders()],
    "header signed 14 minutes ago": [
      () => edgePath(names.alice),
      () => signedHeaders({ time: ago(14 * minute) }),
    ],
    "a ticket of seven days": [() => ticket({ expiresIn: 604800 })],
  };

  for (const [name, [target, headers = () => ({})]] of Object.entries(cases)) {
    test(name, async () => {
      const answer = await send(running.edge, target(), { headers: headers() });
      assert.equal(answer.status, 200, answer.text);
      assert.equal(answer.text, content);
      assert.equal(answer.headers["content-type"], "text/plain");
      assert.equal(answer.headers["content-length"], String(content.length));
      keepsSecrets({ ...answer, text: "" });
      const entry = await edgeLogEntry(running, answer.headers["x-request-id"]);
      assert.equal(entry.decision, "allow");
    });
  }

  test("the viewer's cache keeps a private answer no longer than the ticket lives", async () => {
    const answer = await get(ticket({ expiresIn: 120 }));
    const maxAge = /(?:^|[ ,])max-age=(\d+)/.exec(answer.headers["cache-control"] ?? "")?.[1];
    assert.match(answer.headers["cache-control"], /private/);
    assert.ok(Number(maxAge) <= 120, answer.headers["cache-control"]);
  });

  test("a header that is signed and sent", async () => {
    const range = { range: "bytes=0-9" };
    assert.equal((await get(ticket({ headers: range }), range)).text, content.slice(0, 10));
  });

  test("an absent object", async () => {
    const absent = await get(presigned(`users/alice/${folder}/absent.txt`));
    assert.equal(absent.status, 404);
    assert.ok(isClear(absent.json().message), absent.text);
    keepsSecrets(absent);
  });
});

describe("representations", () => {
  const partial = {
    "bytes=0-9": [206, content.slice(0, 10), "bytes 0-9/36"],
    "bytes=10-10": [206, "a", "bytes 10-10/36"],
    "bytes=-5": [206, content.slice(-5), "bytes 31-35/36"],
    "bytes=30-": [206, content.slice(30), "bytes 30-35/36"],
    "bytes=30-99": [206, content.slice(30), "bytes 30-35/36"],
  };
  for (const [range, [status, text, contentRange]] of Object.entries(partial)) {
    test(`Range: ${range}`, async () => {
      const answer = await get(ticket(), { range });
      assert.equal(answer.status, status, answer.text);
      assert.equal(answer.text, text);
      assert.equal(answer.headers["content-range"], contentRange);
      assert.equal(answer.headers["content-length"], String(text.length));
    });
  }

  test("a range behind the end is 416", async () => {
    const answer = await get(ticket(), { range: "bytes=36-" });
    assert.equal(answer.status, 416);
    assert.equal(answer.headers["content-range"], "bytes */36");
    keepsSecrets(answer);
  });

  test("HEAD answers the head of GET and no body", async () => {
    const target = presigned(names.alice, { method: "HEAD" });
    const answer = await send(running.edge, target, { method: "HEAD" });
    const whole = await get(ticket());
    assert.equal(answer.status, 200);
    assert.equal(answer.body.length, 0);
    for (const name of ["content-length", "content-type", "etag", "last-modified", "accept-ranges"]) {
      assert.equal(answer.headers[name], whole.headers[name], name);
      assert.ok(answer.headers[name], `${name} is missing`);
    }
  });

  test("conditional requests", async () => {
    const { etag, "last-modified": modified } = (await get(ticket())).headers;
    assert.match(etag, /^"[^"]+"$/);
    const later = new Date(Date.parse(modified) + minute).toUTCString();
    const earlier = new Date(Date.parse(modified) - minute).toUTCString();
    const expected = [
      [{ "if-none-match": etag }, 304],
      [{ "if-none-match": `"other", ${etag}` }, 304],
      [{ "if-none-match": `W/${etag}` }, 304],
      [{ "if-none-match": "*" }, 304],
      [{ "if-none-match": '"other"' }, 200],
      [{ "if-modified-since": modified }, 304],
      [{ "if-modified-since": later }, 304],
      [{ "if-modified-since": earlier }, 200],
      [{ "if-match": '"other"' }, 412],
      [{ "if-match": etag }, 200],
      [{ "if-unmodified-since": earlier }, 412],
      [{ "if-unmodified-since": modified }, 200],
      [{ "if-none-match": '"other"', "if-modified-since": later }, 200],
      [{ range: "bytes=0-9", "if-range": etag }, 206],
      [{ range: "bytes=0-9", "if-range": '"other"' }, 200],
      [{ range: "bytes=0-9", "if-none-match": etag }, 304],
    ];
    for (const [headers, status] of expected) {
      const answer = await get(ticket(), headers);
      assert.equal(answer.status, status, JSON.stringify(headers));
      if (status === 304) assert.equal(answer.body.length, 0);
      if (status === 304) assert.equal(answer.headers.etag, etag);
      keepsSecrets({ ...answer, text: status === 412 ? answer.text : "" });
    }
  });

  for (const accept of [undefined, "gzip", "identity", "br, gzip;q=0.5"]) {
    test(`a stored content-encoding passes untouched (accept-encoding: ${accept})`, async () => {
      const headers = accept ? { "accept-encoding": accept } : {};
      const answer = await get(edgePath(names.packed), headers);
      assert.equal(answer.status, 200);
      assert.equal(answer.headers["content-encoding"], "gzip");
      assert.deepEqual(answer.body, packed);
    });
  }

  test("a range of a packed object is a range of its stored bytes", async () => {
    const answer = await get(edgePath(names.packed), { range: "bytes=2-11" });
    assert.equal(answer.status, 206);
    assert.deepEqual(answer.body, packed.subarray(2, 12));
  });

  for (const method of ["POST", "PUT", "DELETE"]) {
    test(`${method} is not allowed`, async () => {
      for (const target of [edgePath(names.public), presigned(names.alice, { method })]) {
        const body = method === "DELETE" ? undefined : "x";
        const answer = await send(running.edge, target, { method, body });
        assert.equal(answer.status, 405);
        assert.match(answer.headers.allow, /GET, HEAD/);
        assert.ok(isClear(answer.json().message), answer.text);
        keepsSecrets(answer);
      }
      assert.equal((await get(ticket())).text, content);
    });
  }

  test("a method that nobody knows is not implemented", async () => {
    const answer = await send(running.edge, edgePath(names.public), { method: "PATCH", body: "x" });
    assert.equal(answer.status, 501);
    assert.ok(isClear(answer.json().message), answer.text);
  });
});

describe("cross-origin", () => {
  test("the app's pages may read answers, allowed and denied", async () => {
    for (const target of [ticket(), edgePath(names.public), edgePath(names.alice)]) {
      const answer = await get(target, { origin: running.app });
      assert.equal(answer.headers["access-control-allow-origin"], running.app);
      assert.match(answer.headers.vary ?? "", /origin/i);
    }
  });

  test("the app's pages may see sizes and ranges", async () => {
    const answer = await get(ticket(), { origin: running.app, range: "bytes=0-9" });
    const exposed = (answer.headers["access-control-expose-headers"] ?? "").toLowerCase();
    for (const name of ["content-range", "content-length", "etag", "x-request-id"]) {
      assert.ok(exposed.split(/, */).includes(name), `${name} is not exposed: ${exposed}`);
    }
  });

  test("preflight lets the app's pages send a token", async () => {
    const answer = await send(running.edge, edgePath(names.alice), {
      method: "OPTIONS",
      headers: {
        origin: running.app,
        "access-control-request-method": "GET",
        "access-control-request-headers": "authorization,range",
      },
    });
    assert.ok([200, 204].includes(answer.status), `status ${answer.status}`);
    assert.equal(answer.headers["access-control-allow-origin"], running.app);
    assert.match(answer.headers["access-control-allow-headers"], /authorization/i);
    assert.match(answer.headers["access-control-allow-headers"], /range/i);
    assert.match(answer.headers["access-control-allow-methods"], /GET/);
  });

  test("other pages may not", async () => {
    for (const origin of ["https://elsewhere.example", "null", `${running.app}.evil.example`]) {
      const answer = await get(edgePath(names.public), { origin });
      assert.equal(answer.headers["access-control-allow-origin"], undefined, origin);
    }
  });
});

test("no log holds a secret, a token or a signed URL", async () => {
  assert.deepEqual(await secretsInLogs(running), []);
});

function get(target, headers) {
  return send(running.edge, target, { headers });
}

/** A ticket for alice's private object, from the app unless `key` says otherwise. */
function ticket(options) {
  return presigned(names.alice, options);
}

function presigned(name, options = {}) {
  const { edge: origin, region } = running;
  return presign({ origin, region, path: edgePath(name), key: running.keys.edge, ...options });
}

function signedHeaders(options = {}) {
  const { edge: origin, region } = running;
  const path = edgePath(names.alice);
  return signHeaders({ origin, region, path, key: running.keys.edge, ...options });
}

function bearer(token) {
  return { authorization: `Bearer ${token}` };
}

function now() {
  return Math.floor(Date.now() / 1000);
}

function ago(milliseconds) {
  return new Date(Date.now() - milliseconds);
}

/** Nothing in the answer tells of the store or of anybody's credentials. */
function keepsSecrets(answer) {
  const storeHost = new URL(running.store).host;
  for (const name of Object.keys(answer.headers)) {
    assert.doesNotMatch(name, /^x-amz/);
    assert.ok(!["server", "x-powered-by", "authorization", "set-cookie"].includes(name), name);
  }
  const everything = JSON.stringify(answer.headers) + answer.text;
  for (const { secret_access_key: secret } of Object.values(running.keys)) {
    assert.ok(!everything.includes(secret));
  }
  assert.ok(!everything.includes(storeHost), everything);
  assert.ok(!everything.includes(running.keys.store.access_key_id));
  assert.doesNotMatch(everything, /x-amz|[0-9a-f]{64}|eyJ/i);
}
