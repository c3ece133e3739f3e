// The objects of the load, each with bytes of its own, and the store that has them.

import { createCipheriv, createHash } from "node:crypto";
import http from "node:http";

import { listening } from "./server.mjs";

export const account = "/v1/AUTH_load/";
export const buckets = ["cached", "plain"];
export const folders = ["public", "users/alice", "users/bob"];

const objectsInFolder = 40;
const sizes = [12_000, 12_288];

/**
 * What objects say of their copies, and what the log may then say of the cache. Some are not kept,
 * and some are forgotten after a second, so that there are misses to the end.
 */
const lives = [
  { headers: {}, cache: ["miss", "hit"] },
  { headers: { "cache-control": "no-store" }, cache: ["miss"] },
  { headers: { "cache-control": "max-age=1" }, cache: ["miss", "hit", "revalidated"] },
  { headers: { "cache-control": "max-age=1" }, cache: ["miss", "hit", "expired"], isBare: true },
];

/** All of them. Keys are the same in both buckets, contents are not. */
export const objects = buckets.flatMap((bucket) =>
  folders.flatMap((folder) =>
    Array.from({ length: objectsInFolder }, (_, index) => object(bucket, folder, index)),
  ),
);

function object(bucket, folder, index) {
  const path = `${account}${bucket}/${folder}/${index}.bin`;
  const name = createHash("sha256").update(path).digest();
  const body = createCipheriv("aes-256-ctr", name, Buffer.alloc(16)).update(
    Buffer.alloc(sizes[index % sizes.length]),
  );
  const { headers, cache, isBare } = lives[index % lives.length];
  const etag = isBare ? undefined : `"${name.toString("hex", 0, 8)}"`;
  return { bucket, folder, path, body, etag, headers, cache: bucket === "plain" ? ["bypass"] : cache };
}

/** A store of kind S3 that has them. */
export async function startStore() {
  const byKey = new Map(objects.map((each) => [each.path.slice(account.length - 1), each]));
  let reads = 0;
  const server = http.createServer((request, response) => {
    reads += 1;
    const found = byKey.get(request.url.split("?")[0]);
    if (!found || !request.headers.authorization?.startsWith("AWS4-HMAC-SHA256 ")) {
      response.writeHead(found ? 403 : 404, { "content-length": 0 }).end();
      return;
    }
    const { body, etag, headers } = found;
    const described = { "content-type": "image/jpeg", ...headers, ...(etag && { etag }) };
    if (etag && request.headers["if-none-match"] === etag) {
      response.writeHead(304, described).end();
      return;
    }
    const { range } = request.headers;
    const [from, to] = range ? limits(range, body.length) : [0, body.length - 1];
    const part = range && { "content-range": `bytes ${from}-${to}/${body.length}` };
    response.writeHead(range ? 206 : 200, { ...described, ...part, "content-length": to - from + 1 });
    response.end(request.method === "HEAD" ? undefined : body.subarray(from, to + 1));
  });
  // The edge may find a connection that it kept; one that is closed just then would be a failure.
  server.keepAliveTimeout = 0;
  return {
    ...(await listening(server)),
    reads: () => reads,
  };
}

/** First and last byte of a `Range` that the object can satisfy. */
export function limits(range, length) {
  const [, first, last] = /^bytes=(\d*)-(\d*)$/.exec(range);
  if (first === "") return [length - Number(last), length - 1];
  return [Number(first), last === "" ? length - 1 : Math.min(Number(last), length - 1)];
}
