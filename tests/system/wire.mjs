// HTTP requests that go out as written: no client in between normalises a path, drops a header
// or follows a redirect.

import { createHash } from "node:crypto";
import http from "node:http";
import { pipeline } from "node:stream/promises";

/** Sends and reads the whole answer. `body` is a string, a buffer or a readable stream. */
export async function send(origin, target, options) {
  const response = await open(origin, target, options);
  const chunks = [];
  for await (const chunk of response) chunks.push(chunk);
  const body = Buffer.concat(chunks);
  return {
    status: response.statusCode,
    headers: response.headers,
    body,
    text: body.toString("utf8"),
    json: () => JSON.parse(body.toString("utf8")),
    error: () => readError(body.toString("utf8")),
  };
}

/**
 * Sends and reads as far as the answer goes: `whole` says whether it came to its end. An answer
 * that does not end in `seconds` is an error.
 */
export async function sendPatiently(origin, target, { seconds = 8, ...options } = {}) {
  let timer;
  const late = new Promise((_, reject) => {
    const error = new Error(`no end after ${seconds} s: ${target}`);
    timer = setTimeout(() => reject(error), seconds * 1000);
  });
  let response;
  try {
    response = await Promise.race([open(origin, target, options), late]);
    const chunks = [];
    response.on("data", (chunk) => chunks.push(chunk));
    const ended = new Promise((resolve) => {
      for (const event of ["end", "error", "close"]) response.once(event, resolve);
    });
    await Promise.race([ended, late]);
    const body = Buffer.concat(chunks);
    return {
      status: response.statusCode,
      headers: response.headers,
      body,
      text: body.toString("utf8"),
      whole: response.complete,
      /** Every word of the answer. */
      everything: [
        response.statusMessage,
        ...response.rawHeaders,
        body.toString("latin1"),
      ].join("\n"),
    };
  } finally {
    clearTimeout(timer);
    response?.destroy();
  }
}

/** Code and message of a refusal, in JSON or as S3 writes it. */
export function readError(text) {
  if (!text.startsWith("<?xml")) return JSON.parse(text);
  const element = (name) => text.match(new RegExp(`<${name}>([^<]*)</${name}>`))?.[1];
  return { code: element("Code"), message: element("Message") };
}

/** Sends and answers as soon as the head of the response is there. */
export function open(origin, target, { method = "GET", headers = {}, body } = {}) {
  const { hostname, port } = new URL(origin);
  return new Promise((resolve, reject) => {
    const request = http.request({ hostname, port, method, path: target, headers, agent: false });
    request.once("response", resolve);
    request.once("error", reject);
    if (body?.pipe) pipeline(body, request).catch(reject);
    else request.end(body);
  });
}

/** Reads a response to its end; the bytes are counted and hashed, not kept. */
export async function drain(response) {
  const hash = createHash("sha256");
  let size = 0;
  for await (const chunk of response) {
    hash.update(chunk);
    size += chunk.length;
  }
  return { size, sha256: hash.digest("hex") };
}

/** Path and query of an absolute URL, byte for byte. */
export function target(url) {
  return url.slice(url.indexOf("/", url.indexOf("://") + 3));
}

export function origin(url) {
  return url.slice(0, url.indexOf("/", url.indexOf("://") + 3));
}

/** A sentence for people: what every refusal must carry in `message`. */
export function isClear(message) {
  return typeof message === "string" && message.length >= 10 && message.includes(" ");
}
