// Objects put straight into the store with the store's own key, past every other part.

import { encode, objectPath, signHeaders } from "./sigv4.mjs";
import { open, send } from "./wire.mjs";

/** Stores `body` under `key`; `headers` such as content-type are kept with it. */
export async function putObject(running, key, body, headers = {}) {
  const answer = await request(running, "PUT", key, {
    body,
    headers: { "content-length": String(Buffer.byteLength(body)), ...headers },
  });
  if (answer.status !== 200) throw new Error(`the store refused ${key}: ${answer.text}`);
  return answer;
}

/** Stores a stream of a known size. */
export async function putStream(running, key, stream, size, headers = {}) {
  const path = objectPath(running.bucket, key);
  const signed = sign(running, "PUT", path, { "content-length": String(size), ...headers });
  const response = await open(running.store, path, {
    method: "PUT",
    headers: signed,
    body: stream,
  });
  response.resume();
  if (response.statusCode !== 200) throw new Error(`the store refused ${key}`);
}

/** The store's answer to HEAD, whose status says whether the object is there. */
export function headObject(running, key) {
  return request(running, "HEAD", key);
}

export function getObject(running, key) {
  return request(running, "GET", key);
}

export function deleteObject(running, key) {
  return request(running, "DELETE", key);
}

/** The path of an object at the edge. */
export function edgePath(key) {
  return `/media/${encode(key, "/")}`;
}

function request(running, method, key, { body, headers = {} } = {}) {
  const path = objectPath(running.bucket, key);
  return send(running.store, path, { method, body, headers: sign(running, method, path, headers) });
}

function sign(running, method, path, headers) {
  const { store: origin, region } = running;
  return signHeaders({ origin, region, path, method, headers, key: running.keys.store });
}
