// A store of kind `s3` for objects of any size: they are bytes, or are computed where they are
// read. It serves ranges, and remembers what it was asked and how much it sent.

import http from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

import { listening } from "./server.mjs";

/** What is computed and sent at once. */
const step = 64 * 1024;

/**
 * Starts it, with one bucket for all. An object is a buffer, or a `size` and a function `bytes`
 * that answers the buffer of what stands from `start` up to `end`.
 */
export async function startRangeStore(bucket = "media") {
  const objects = new Map();
  const asked = [];
  let sent = 0;
  const server = http.createServer(async (request, response) => {
    const key = decodeURIComponent(request.url.split("?")[0]).replace(`/${bucket}/`, "");
    asked.push({ key, range: request.headers.range });
    const object = objects.get(key);
    const isSigned = request.headers.authorization?.startsWith("AWS4-HMAC-SHA256 ");
    if (!object || !isSigned) {
      response.writeHead(isSigned ? 404 : 403, { "content-length": 0 }).end();
      return;
    }
    const { status, headers, start, end } = answerTo(request.headers.range, object);
    response.writeHead(status, headers);
    function* pieces() {
      for (let at = start; at < end; at += step) {
        const piece = object.bytes(at, Math.min(at + step, end));
        sent += piece.length;
        yield piece;
      }
    }
    // Whoever asked may leave before the end.
    if (request.method === "HEAD") response.end();
    else await pipeline(Readable.from(pieces(), { objectMode: false }), response).catch(() => {});
  });
  return {
    ...(await listening(server)),
    put(key, object, type, etag = '"1"') {
      const whole = { size: object.length, bytes: (start, end) => object.subarray(start, end) };
      objects.set(key, { ...(Buffer.isBuffer(object) ? whole : object), type, etag });
    },
    /** The requests so far, each with `key` and `range`. */
    asked: () => [...asked],
    /** How many bytes of objects were sent. */
    sent: () => sent,
  };
}

/** Status, headers and what part of the object is the body. */
function answerTo(range, { size, type, etag }) {
  const always = {
    etag,
    "last-modified": "Thu, 26 Nov 2026 11:00:00 GMT",
    "accept-ranges": "bytes",
    "content-type": type,
  };
  const [, first, last] = /^bytes=(\d*)-(\d*)$/.exec(range ?? "") ?? [];
  if (!first && !last) {
    return { status: 200, headers: { ...always, "content-length": size }, start: 0, end: size };
  }
  const start = first ? Number(first) : Math.max(size - Number(last), 0);
  const end = first && last ? Math.min(Number(last) + 1, size) : size;
  if (start >= end) {
    const headers = { "content-range": `bytes */${size}`, "content-length": 0 };
    return { status: 416, headers, start: 0, end: 0 };
  }
  const headers = {
    ...always,
    "content-range": `bytes ${start}-${end - 1}/${size}`,
    "content-length": end - start,
  };
  return { status: 206, headers, start, end };
}
