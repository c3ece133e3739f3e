// Reading through the edge: credentials to show, and what may stand in an answer.

import assert from "node:assert/strict";

import { edgePath } from "./objects.mjs";
import { presign, signHeaders } from "./sigv4.mjs";

/** Path and query of a ticket for an object: the app's for five minutes, unless `options` differ. */
export function presigned(running, name, options = {}) {
  const { edge: origin, region } = running;
  return presign({ origin, region, path: edgePath(name), key: running.keys.edge, ...options });
}

/** The headers that read an object with a signature in `authorization`. */
export function signedHeaders(running, name, options = {}) {
  const { edge: origin, region } = running;
  return signHeaders({ origin, region, path: edgePath(name), key: running.keys.edge, ...options });
}

export function bearer(token) {
  return { authorization: `Bearer ${token}` };
}

/** Nothing in the answer tells of the store or of anybody's credentials. */
export function keepsSecrets(running, { headers: { "x-amz-request-id": id, ...headers }, text }) {
  // Its name for S3's clients; the store's own would be another.
  if (id !== undefined) assert.equal(id, headers["x-request-id"]);
  for (const name of Object.keys(headers)) {
    assert.doesNotMatch(name, /^x-amz/);
    assert.ok(!["server", "x-powered-by", "authorization", "set-cookie"].includes(name), name);
  }
  const everything = JSON.stringify(headers) + text;
  for (const { secret_access_key: secret } of Object.values(running.keys)) {
    assert.ok(!everything.includes(secret));
  }
  assert.ok(!everything.includes(new URL(running.store).host), everything);
  assert.ok(!everything.includes(running.keys.store.access_key_id));
  assert.doesNotMatch(everything, /x-amz|[0-9a-f]{64}|eyJ/i);
}
