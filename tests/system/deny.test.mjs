// Who may read what through the edge, and what everybody else is told.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { logEntry, secretsInLogs, system } from "./dev.mjs";
import { deleteObject, edgePath, putObject } from "./objects.mjs";
import { bearer, keepsSecrets, presigned, signedHeaders } from "./reading.mjs";
import { forged, token } from "./tokens.mjs";
import { isClear, send } from "./wire.mjs";

const folder = `deny ${Date.now().toString(36)}`;
const names = {
  public: `public/${folder}/open.txt`,
  members: `members/${folder}/club.txt`,
  alice: `users/alice/${folder}/diary.txt`,
  bob: `users/bob/${folder}/letter.txt`,
  outside: `elsewhere/${folder}/file.txt`,
};
const content = "0123456789abcdefghijklmnopqrstuvwxyz";
const minute = 60 * 1000;

let running;
before(async () => {
  running = await system();
  for (const key of Object.values(names)) {
    await putObject(running, key, content, { "content-type": "text/plain" });
  }
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
      headers: () => signedHeaders(running, names.alice),
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
      headers: () => signedHeaders(running, names.alice, { time: ago(20 * minute) }),
    },
    "header signed 20 minutes ahead": {
      reason: "clock_skew",
      target: () => edgePath(names.alice),
      headers: () => signedHeaders(running, names.alice, { time: ago(-20 * minute) }),
    },
    "an extra x-amz header that is not signed": {
      reason: "header_not_signed",
      target: () => ticket(),
      headers: () => ({ "x-amz-acl": "public-read" }),
    },
    "a public object with a bad ticket": {
      reason: "signature_mismatch",
      target: () =>
        presigned(running, names.public).replace(/.$/, (last) => (last === "0" ? "1" : "0")),
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
    "the bucket itself": { reason: "listing_no_credential", target: () => "/media/" },
  };

  for (const [name, { reason, target, method = "GET", headers = () => ({}) }] of Object.entries(
    cases,
  )) {
    test(name, async () => {
      const answer = await send(running.edge, target(), { method, headers: await headers() });
      assert.ok(answer.status >= 400 && answer.status < 500, `status ${answer.status}`);
      keepsSecrets(running, answer);
      if (method !== "HEAD") {
        assert.deepEqual(Object.keys(answer.error()).sort(), ["code", "message"]);
        assert.ok(isClear(answer.error().message), answer.text);
        assert.match(answer.error().code, /^[A-Za-z0-9_]+$/);
      }
      assert.match(answer.headers["content-type"], /^application\/(json|xml)$/);
      assert.match(answer.headers["cache-control"] ?? "", /no-store/);
      const entry = await logEntry(running, "edge", answer.headers["x-request-id"]);
      assert.equal(entry.decision, "deny");
      assert.equal(entry.reason, reason, JSON.stringify(entry));
      assert.doesNotMatch(JSON.stringify(entry), /X-Amz-Signature=|[0-9a-f]{64}|eyJ/);
    });
  }
});

describe("allowed", () => {
  const cases = {
    "public-read for everybody": [() => edgePath(names.public)],
    "authenticated-read for alice": [
      () => edgePath(names.members),
      () => bearer(running.users.alice),
    ],
    "authenticated-read for bob": [() => edgePath(names.members), () => bearer(running.users.bob)],
    "authenticated-read with alice's own key": [
      () => presigned(running, names.members, { key: running.keys.alice }),
    ],
    "authenticated-read with bob's own key": [
      () => presigned(running, names.members, { key: running.keys.bob }),
    ],
    "authenticated-read signed in the header": [
      () => edgePath(names.members),
      () => signedHeaders(running, names.members, { key: running.keys.bob }),
    ],
    "private for its owner, by JWT": [
      () => edgePath(names.alice),
      () => bearer(running.users.alice),
    ],
    "private for its owner, presigned": [() => ticket({ key: running.keys.alice })],
    "private with the app's key": [() => ticket()],
    "private with the app's key in the header": [
      () => edgePath(names.alice),
      () => signedHeaders(running, names.alice),
    ],
    "header signed 14 minutes ago": [
      () => edgePath(names.alice),
      () => signedHeaders(running, names.alice, { time: ago(14 * minute) }),
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
      keepsSecrets(running, { ...answer, text: "" });
      const entry = await logEntry(running, "edge", answer.headers["x-request-id"]);
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
    const absent = await get(presigned(running, `users/alice/${folder}/absent.txt`));
    assert.equal(absent.status, 404);
    assert.ok(isClear(absent.error().message), absent.text);
    keepsSecrets(running, absent);
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
  return presigned(running, names.alice, options);
}

function now() {
  return Math.floor(Date.now() / 1000);
}

function ago(milliseconds) {
  return new Date(Date.now() - milliseconds);
}
