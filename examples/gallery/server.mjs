// The gallery's app server. It knows its users, signs read tickets and serves the page.
// No media passes through it: uploads go from the browser to the store, reads come from the edge.

import { createServer } from "node:http";
import { configuration } from "./server/configuration.mjs";
import { staticFiles } from "./server/files.mjs";
import { listing, StoreUnavailable } from "./server/listing.mjs";
import { sessions, USERS } from "./server/sessions.mjs";
import { tickets } from "./server/tickets.mjs";

const config = configuration(process.env);
const { signIn, signedIn, cookie, clearedCookie } = sessions(config);
const { list } = listing(config);
const { photo, cases } = tickets(config, list);
const serveFile = await staticFiles(new URL("./public/", import.meta.url), config);

const ROUTES = {
  "GET /healthz": () => ({ body: { ok: true } }),

  "POST /api/sign-in": async (request) => {
    const { user } = await readJson(request);
    if (!Object.hasOwn(USERS, user)) {
      throw new Refused(400, "unknown_user", "Sign in as alice or bob.");
    }
    const session = signIn(user);
    return { body: view(session), headers: { "Set-Cookie": cookie(session) } };
  },

  "POST /api/sign-out": () => ({ body: view(null), headers: { "Set-Cookie": clearedCookie() } }),

  "GET /api/session": (request) => ({ body: view(signedIn(request)) }),

  "GET /api/photos": async (request) => {
    const session = signedIn(request);
    const prefixes = session ? ["public/", "members/", `users/${session.user}/`] : ["public/"];
    const objects = (await Promise.all(prefixes.map(list))).flat();
    return { body: { photos: await Promise.all(objects.map(photo)) } };
  },

  "GET /api/tickets": async (request, url) => {
    const session = signedIn(request);
    if (!session) throw new Refused(401, "signed_out", "Sign in first.");
    const key = url.searchParams.get("key") ?? "";
    if (!key.startsWith(`users/${session.user}/`)) {
      throw new Refused(403, "not_yours", `Ask about an object below users/${session.user}/.`);
    }
    return { body: { key, cases: await cases(key, session) } };
  },
};

const server = createServer(async (request, response) => {
  try {
    const url = new URL(`http://gallery${request.url}`);
    const route = ROUTES[`${request.method} ${url.pathname}`];
    if (route) return send(response, 200, await route(request, url));
    if (await serveFile(request, response, url.pathname)) return;
    throw new Refused(404, "not_found", "There is nothing here.");
  } catch (error) {
    const { status, code, message } = publicError(error);
    send(response, status, { body: { code, message } });
  }
});

server.listen(config.port, "127.0.0.1", () => {
  console.log(`gallery: http://127.0.0.1:${config.port}`);
});

for (const signal of ["SIGINT", "SIGTERM"]) {
  process.once(signal, () => {
    server.close();
    server.closeAllConnections();
  });
}

/** An answer other than success, with the text that the viewer may see. */
class Refused extends Error {
  constructor(status, code, message) {
    super(message);
    Object.assign(this, { status, code });
  }
}

function publicError(error) {
  if (error instanceof Refused) return error;
  if (error instanceof StoreUnavailable) {
    console.error(`gallery: ${error.message}`);
    return { status: 502, code: "store_unavailable", message: error.message };
  }
  if (error.code === "ERR_INVALID_URL") {
    return { status: 400, code: "bad_request", message: "The request's path is not one." };
  }
  console.error("gallery:", error);
  return { status: 500, code: "internal_error", message: "The app server failed. Its console says why." };
}

/** What the page may know of a session, and where the services are. */
function view(session) {
  const { edge, uploads, store } = config;
  return {
    user: session && { id: session.user, name: USERS[session.user] },
    token: session?.token ?? null,
    expires_at: session?.expiresAt.toISOString() ?? null,
    edge,
    uploads,
    store,
  };
}

async function readJson(request) {
  // Other sites cannot send this content type without asking first, and they would be refused.
  if (request.headers["content-type"]?.split(";")[0] !== "application/json") {
    throw new Refused(415, "not_json", "Send application/json.");
  }
  let text = "";
  for await (const chunk of request.setEncoding("utf8")) {
    text += chunk;
    if (text.length > 1024) throw new Refused(413, "too_large", "Send less than 1 KB.");
  }
  try {
    return Object(JSON.parse(text));
  } catch {
    throw new Refused(400, "not_json", "The body is not JSON.");
  }
}

function send(response, status, { body, headers = {} }) {
  response.writeHead(status, {
    "Content-Type": "application/json; charset=utf-8",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    ...headers,
  });
  response.end(JSON.stringify(body));
}
