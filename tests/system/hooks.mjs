// An app that is told of uploads: it verifies each webhook with the specification's own library.

import http from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

import { Webhook } from "standardwebhooks";

import { listening } from "./server.mjs";

/**
 * Starts an app with this secret. What it was `told` is there in order, and `answer` is the status
 * that it answers with, after `delay` milliseconds.
 */
export async function hooks(secret) {
  const app = { told: [], answer: 204, delay: 0 };
  const server = http.createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const { method, url, headers } = request;
    const body = Buffer.concat(chunks).toString();
    const message = { method, path: url, headers, body };
    app.told.push({ ...message, id: headers["webhook-id"], ...verified(secret, message) });
    await sleep(app.delay, undefined, { ref: false });
    response.writeHead(app.answer, app.answer === 307 ? { location: "/elsewhere" } : {});
    response.end();
  });
  const { origin, stop } = await listening(server);
  return Object.assign(app, { origin, stop });
}

/** The event of a webhook, or the `error` of one that cannot be trusted. */
export function verified(secret, { headers, body }) {
  try {
    return { event: new Webhook(secret).verify(body, headers) };
  } catch (error) {
    return { error };
  }
}
