// The upload protocol as a careful client speaks it: ask for a ticket, put, confirm.

import { deleteObject } from "./objects.mjs";
import { origin, send, target } from "./wire.mjs";

const stored = new Set();

/** Asks for an upload as `user`. `fields` become the JSON body; a string is sent as it is. */
export function ask(running, user, fields, headers = {}) {
  const token = user && (running.users[user] ?? user);
  return send(running.uploads, "/uploads", {
    method: "POST",
    headers: {
      "content-type": "application/json",
      ...(token ? { authorization: `Bearer ${token}` } : {}),
      ...headers,
    },
    body: typeof fields === "string" ? fields : JSON.stringify(fields),
  });
}

/** Puts `body` where the ticket says; the changes are for putting it wrongly. */
export async function put(ticket, body, { url = ticket.url, headers = {}, without = [] } = {}) {
  const sent = { ...ticket.headers, "content-length": String(Buffer.byteLength(body)), ...headers };
  for (const name of without) delete sent[name];
  const answer = await send(origin(url), target(url), {
    method: ticket.method,
    headers: sent,
    body,
  });
  if (answer.status === 200) stored.add(ticket.key);
  return answer;
}

/** Takes away what was put. */
export async function deleteStored(running) {
  for (const key of stored) await deleteObject(running, key);
  stored.clear();
}

export function confirm(running, user, id) {
  return send(running.uploads, `/uploads/${id}/confirm`, {
    method: "POST",
    headers: user ? { authorization: `Bearer ${running.users[user] ?? user}` } : {},
  });
}

/** All three steps; answers the ticket and the confirmation. */
export async function upload(running, user, filename, body, contentType = "text/plain") {
  const fields = { filename, content_type: contentType, size: Buffer.byteLength(body) };
  const asked = await ask(running, user, fields);
  if (asked.status !== 200) return { asked };
  const ticket = asked.json();
  const stored = await put(ticket, body);
  if (stored.status !== 200) return { asked, ticket, stored };
  return { asked, ticket, stored, confirmed: await confirm(running, user, ticket.id) };
}

/** Reads a `read` URL as a viewer who has nothing else. */
export function read(url, headers) {
  return send(origin(url), target(url), { headers });
}
