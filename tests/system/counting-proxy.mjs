// A forward proxy for HTTP that counts the bytes it exchanges with each destination.
//
// Every request gets its own connection to its destination, so that the socket's own counters
// are the count: heads and bodies, in both directions.

import http from "node:http";
import net from "node:net";
import { pipeline } from "node:stream";

/**
 * `counts()` maps `host:port` to `{ sent, received }`, seen from the browser. `cutAfter()` breaks off
 * whatever is under way when that many bytes of bodies were sent; nothing more goes through until
 * `mend()`.
 */
export async function countingProxy() {
  const closed = new Map();
  const live = new Set();
  let left = Infinity;
  let cut;
  let isCut = false;
  const track = (destination, socket) => {
    const entry = { destination, socket };
    live.add(entry);
    socket.once("close", () => {
      live.delete(entry);
      add(closed, entry);
    });
  };

  const server = http.createServer((request, response) => {
    const url = new URL(request.url);
    const outgoing = http.request({
      hostname: url.hostname,
      port: url.port || 80,
      method: request.method,
      path: request.url.slice(url.origin.length) || "/",
      headers: forwarded(request.rawHeaders),
      agent: false,
      // The list of headers goes out as it came in.
      setHost: false,
    });
    outgoing.once("socket", (socket) => track(`${url.hostname}:${url.port || 80}`, socket));
    outgoing.once("response", (answer) => {
      response.writeHead(answer.statusCode, answer.statusMessage, forwarded(answer.rawHeaders));
      pipeline(answer, response, () => {});
    });
    outgoing.once("error", () => response.destroy());
    response.once("close", () => outgoing.destroy());
    request.on("data", ({ length }) => {
      left -= length;
      if (left > 0) return;
      left = Infinity;
      isCut = true;
      for (const { socket } of live) socket.destroy();
      server.closeAllConnections();
      cut();
    });
    pipeline(request, outgoing, () => {});
  });

  // A browser tries once more by itself.
  server.on("connection", (socket) => isCut && socket.destroy());

  server.on("connect", (request, client, head) => {
    const [host, port] = request.url.split(":");
    const upstream = net.connect({ host, port: Number(port) }, () => {
      client.write("HTTP/1.1 200 Connection established\r\n\r\n");
      upstream.write(head);
      pipeline(client, upstream, client, () => {});
    });
    track(request.url, upstream);
    upstream.once("error", () => client.destroy());
  });

  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: server.address().port,
    counts() {
      const total = new Map([...closed].map(([name, count]) => [name, { ...count }]));
      for (const entry of live) add(total, entry);
      return total;
    },
    cutAfter(bytes) {
      return new Promise((resolve) => {
        left = bytes;
        cut = resolve;
      });
    },
    mend() {
      left = Infinity;
      isCut = false;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** What was exchanged with `url`'s host and port between two `counts()`. */
export function exchanged(before, after, url) {
  const { host } = new URL(url);
  const none = { sent: 0, received: 0 };
  const [first, last] = [before.get(host) ?? none, after.get(host) ?? none];
  return { sent: last.sent - first.sent, received: last.received - first.received };
}

function add(counts, { destination, socket }) {
  const count = counts.get(destination) ?? { sent: 0, received: 0 };
  count.sent += socket.bytesWritten;
  count.received += socket.bytesRead;
  counts.set(destination, count);
}

/** Headers that belong to one connection only do not travel on. */
function forwarded(rawHeaders) {
  const kept = [];
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index].toLowerCase();
    if (["proxy-connection", "connection", "keep-alive"].includes(name)) continue;
    kept.push(rawHeaders[index], rawHeaders[index + 1]);
  }
  return kept;
}
