// A store that misbehaves as it is told to. It speaks HTTP by hand, because what it says is often
// not HTTP.

import { once } from "node:events";
import net from "node:net";

export const content = "what the store keeps, and keeps whole";
export const etag = '"5ca1ab1e"';
export const modified = "Wed, 01 Jul 2026 10:00:00 GMT";

/** Stands in all that the store says of its own accord, and nowhere else. */
export const marker = "the-store-s-own-words";

/**
 * Makes one. `faults` has a function for each bucket, called with the `request`, a function that
 * writes an answer, the socket, and how often this object was asked for before. It listens as
 * often as it is told to: the edge shares connections between all that goes to one port.
 */
export function faultyStore(faults) {
  const requests = [];
  const servers = [];
  const sockets = new Set();
  const serve = (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    socket.on("error", () => {}); // The edge may hang up at any time.
    let received = "";
    socket.on("data", (chunk) => {
      received += chunk.toString("latin1");
      for (let end; (end = received.indexOf("\r\n\r\n")) >= 0; received = received.slice(end + 4)) {
        const request = parse(received.slice(0, end));
        const earlier = requests.filter(({ path }) => path === request.path).length;
        requests.push(request);
        const fault = faults[request.bucket];
        fault({ request, answer: (...how) => answer(socket, request, ...how), socket, earlier });
      }
    });
  };
  return {
    /** All that it was asked for. */
    requests,
    /** The origin of another port. */
    async listen() {
      const server = net.createServer(serve).listen(0, "127.0.0.1");
      await once(server, "listening");
      servers.push(server);
      return `http://127.0.0.1:${server.address().port}`;
    },
    /** What it was asked for, of one bucket and object. */
    asked: (bucket, object) =>
      requests.filter((each) => each.bucket === bucket && each.object === object),
    async stop() {
      for (const socket of sockets) socket.destroy();
      await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
    },
  };
}

/** Where nobody listens: a port that the system gives to nobody by itself. */
export const closedOrigin = "http://127.0.0.1:1";

/** The object as a good store answers. */
export function good({ answer, request }) {
  const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "");
  const [from, to] = range ? [Number(range[1]), Number(range[2])] : [0, content.length - 1];
  const described = range ? { "content-range": `bytes ${from}-${to}/${content.length}` } : {};
  answer(range ? 206 : 200, { ...objectHeaders, ...described }, content.slice(from, to + 1));
}

export const objectHeaders = { "content-type": "text/plain", etag, "last-modified": modified };

/** An error in the manner of S3, which tells all it knows: what was sent, and what was signed. */
export function failure(status, headers = {}) {
  return ({ answer, request }) => {
    const all = { ...tellingHeaders(request), "content-type": "application/xml", ...headers };
    answer(status, all, `<Error><Code>${marker}</Code><Signed>${request.head}</Signed></Error>`);
  };
}

/** Headers that are nobody's business. */
export function tellingHeaders({ headers, target }) {
  return {
    server: marker,
    "x-amz-request-id": marker,
    "x-trans-id": marker,
    "x-amz-meta-echo": `${headers.authorization ?? ""} ${target}`,
    "x-object-manifest": target,
    "set-cookie": `store=${marker}`,
    "www-authenticate": `Swift realm="${marker}"`,
    location: `http://${headers.host}${target}`,
  };
}

/** Writes an answer, whose length is that of its body unless `headers` say something else. */
function answer(socket, request, status, headers = {}, body = "") {
  const all = { "content-length": Buffer.byteLength(body), ...headers };
  const lines = Object.entries(all).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}: ${value}\r\n`],
  );
  const isBare = request.method === "HEAD" || status === 304 || status === 204;
  socket.write(`HTTP/1.1 ${status} ${marker}\r\n${lines.join("")}\r\n${isBare ? "" : body}`);
}

/** Both kinds of store put the bucket before the object: `/b/o` and `/v1/account/b/o`. */
function parse(head) {
  const [line, ...lines] = head.split("\r\n");
  const [method, target] = line.split(" ");
  const path = target.split("?")[0];
  const [bucket, object] = path.replace(/^\/v1\/[^/]*/, "").split("/").slice(1);
  const headers = Object.fromEntries(
    lines.map((each) => {
      const colon = each.indexOf(":");
      return [each.slice(0, colon).toLowerCase(), each.slice(colon + 1).trim()];
    }),
  );
  return { method, target, path, bucket, object, headers, head };
}
