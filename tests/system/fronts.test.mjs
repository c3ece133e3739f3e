// One function behind a function URL, an HTTP API, a REST API and a load balancer: the same
// requests get the same answers, and where one of them does not say what was sent, the row says
// what then.

import assert from "node:assert/strict";
import { createHmac, randomBytes } from "node:crypto";
import { after, before, describe, test } from "node:test";

import { system } from "./dev.mjs";
import { deleteObject, putObject } from "./objects.mjs";
import { s3Store } from "./own-edge.mjs";
import { ownFunction } from "./own-function.mjs";
import { presign, signHeaders } from "./sigv4.mjs";
import { jwt } from "./tokens.mjs";
import { put } from "./uploads.mjs";
import { send } from "./wire.mjs";

const page = "https://app.example";
const secret = () => randomBytes(32).toString("hex");
const app = { access_key_id: "APPKEY", secret_access_key: secret() };
const [users, seal, swift] = [secret(), secret(), secret()];

const apis = ["http-api", "http-api-stage"];
const staged = ["http-api-stage", "rest-api-stage"];

let running, own, policy, secrets;
before(async () => {
  running = await system();
  const store = running.keys.store;
  const access = [
    { keys: "public/*", acl: "public-read" },
    { keys: "users/{owner}/*", acl: "private" },
  ];
  const cors = { allow_origins: [page] };
  const route = { store: "main", bucket: running.bucket, access, cors };
  policy = {
    version: 1,
    stores: { main: s3Store(running.store, { region: running.region }) },
    keys: {
      APPKEY: { dialect: "sigv4", secret: "APP_SECRET", principal: "every-owner" },
      users: {
        dialect: "jwt",
        algorithm: "HS256",
        secret: "USERS_SECRET",
        cookie: "session",
        principal: { claim: "sub" },
      },
      swift: {
        dialect: "tempurl",
        secret: "SWIFT_SECRET",
        path: "/v1/AUTH_shop/",
        principal: "every-owner",
      },
    },
    routes: {
      media: { path: "/media/", ...route },
      swift: { path: "/v1/AUTH_shop/media/", ...route },
    },
    uploads: Object.fromEntries(
      ["media", "swift"].map((name) => [
        name,
        {
          route: name,
          key: "users/{principal}/{random}/{filename}",
          content_types: ["text/plain"],
          size: { max: 1000 },
          read: { url: "https://media.example", key: "APPKEY" },
          seal_secret: "SEAL_SECRET",
          cors,
        },
      ]),
    ),
  };
  secrets = {
    STORE_ID: store.access_key_id,
    STORE_SECRET: store.secret_access_key,
    APP_SECRET: app.secret_access_key,
    USERS_SECRET: users,
    SWIFT_SECRET: swift,
    SEAL_SECRET: seal,
  };
  own = await ownFunction({ policy, secrets });
});
after(async () => {
  await own?.stop();
  await running?.stop();
});

/** What a row is asked with, at one front. */
const plain = (target, more = {}) => () => ({ target, ...more });
const bearer = (user) => ({
  authorization: `Bearer ${jwt({ kid: "users", secret: users, claims: { sub: user } })}`,
});
const order = (fields) => ({
  method: "POST",
  headers: { "content-type": "application/json", ...bearer("alice") },
  body: JSON.stringify(fields),
});
const fox = { rule: "media", filename: "fox é+.txt", content_type: "text/plain", size: 3 };
const signed = (path, more) => (place) => {
  const { origin, front } = place;
  return { target: presign({ origin, path: front + path, key: app, ...more }), isWhole: true };
};
const tempUrl = (path, ip) => () => {
  const expires = Math.floor(Date.now() / 1000) + 300;
  const text = `ip=${ip}\nGET\n${expires}\n${path}`;
  const mac = createHmac("sha256", swift).update(text).digest("hex");
  const query = `temp_url_sig=${mac}&temp_url_expires=${expires}&temp_url_ip_range=${ip}`;
  return { target: `${path}?${query}`, headers: { "x-forwarded-for": "10.9.8.7" } };
};

/**
 * Name: what to ask, the status and what else is known of the answer; then for some fronts another.
 * `key` is the object to which a viewer is sent.
 */
const rows = {
  "an upload is ordered": [plain("/uploads", order(fox)), { status: 200 }],
  "an upload is ordered in Base64": [
    plain("/uploads", {
      ...order(fox),
      headers: { ...bearer("alice"), "content-type": "application/octet-stream" },
    }),
    { status: 200 },
  ],
  "an order without a token": [
    plain("/uploads", { ...order(fox), headers: { "content-type": "application/json" } }),
    { status: 401, code: "Unauthorized" },
  ],
  "an order that no rule allows": [
    plain("/uploads", order({ ...fox, size: 1001 })),
    { status: 403, code: "AccessDenied" },
  ],
  "an order that is none": [
    plain("/uploads", { ...order(fox), body: "{" }),
    { status: 400, code: "InvalidRequest" },
  ],
  "an unknown upload": [
    plain("/uploads/abc/confirm", { method: "POST", headers: bearer("alice") }),
    { status: 404, code: "NoSuchUpload" },
  ],
  "another path is posted to": [
    plain("/elsewhere", { method: "POST", headers: bearer("alice") }),
    { status: 404 },
  ],
  "a preflight of an order": [
    plain("/uploads", {
      method: "OPTIONS",
      headers: { origin: page, "access-control-request-method": "POST" },
    }),
    { status: 204 },
  ],
  "a preflight of a read": [
    plain("/media/users/alice/a", {
      method: "OPTIONS",
      headers: { origin: page, "access-control-request-method": "GET" },
    }),
    { status: 204 },
  ],
  "a method that nothing serves": [plain("/media/public/a", { method: "DELETE" }), { status: 405 }],
  "what everyone may read": [
    plain("/media/public/a.txt?v=2", { headers: { origin: page } }),
    { status: 302, key: "public/a.txt" },
  ],
  "its head": [plain("/media/public/a.txt", { method: "HEAD" }), { status: 302 }],
  "no ticket": [plain("/media/users/alice/a"), { status: 403, code: "AccessDenied" }],
  "no ticket, a person": [
    plain("/media/users/alice/a", {
      headers: { accept: "text/html", "sec-fetch-dest": "document" },
    }),
    { status: 403 },
  ],
  "a token": [
    plain("/media/users/alice/a", { headers: bearer("alice") }),
    { status: 302, key: "users/alice/a" },
  ],
  "a token of somebody else": [
    plain("/media/users/alice/a", { headers: bearer("bob") }),
    { status: 403 },
  ],
  "a token among cookies": [
    () => ({
      target: "/media/users/alice/a",
      headers: { cookie: `x=1; session=${bearer("alice").authorization.slice(7)}; y="a b"` },
    }),
    { status: 302, key: "users/alice/a" },
  ],
  "two tokens": [
    plain("/media/users/alice/a", {
      headers: { authorization: [bearer("alice").authorization, bearer("alice").authorization] },
    }),
    { status: 400 },
    // Two headers in one line are a token that is none.
    { on: ["function-url", ...apis], status: 401 },
    { on: ["load-balancer"], status: 302, key: "users/alice/a" },
  ],
  "no such route": [plain("/nowhere"), { status: 404 }],
  "the root": [plain("/"), { status: 404 }],

  "a space": [plain("/media/public/a%20b"), { status: 302, key: "public/a b" }],
  "a plus": [plain("/media/public/a+b"), { status: 302, key: "public/a+b" }],
  "an escaped plus": [plain("/media/public/a%2Bb"), { status: 302, key: "public/a+b" }],
  "Unicode": [
    plain("/media/public/%C3%A9t%C3%A9/%F0%9F%A7%A5"),
    { status: 302, key: "public/été/🧥" },
  ],
  "escapes that need not be": [
    plain("/media/%70ublic/%61"),
    { status: 302, key: "public/a" },
  ],
  "delimiters": [
    plain("/media/public/a%23b&c=d;e:f@g"),
    { status: 302, key: "public/a#b&c=d;e:f@g" },
  ],
  "slashes in a row": [plain("/media/public//a//b"), { status: 302, key: "public//a//b" }],
  "a slash at the end": [plain("/media/public/a/"), { status: 302, key: "public/a/" }],
  "an escaped slash": [
    plain("/media/public/a%2Fb"),
    { status: 400 },
    { on: apis, status: 302, key: "public/a/b" },
  ],
  "an escaped question mark": [
    plain("/media/public/a%3Fb"),
    { status: 302, key: "public/a?b" },
    { on: apis, status: 302, key: "public/a" },
  ],
  "an escaped percent sign": [
    plain("/media/public/100%25"),
    { status: 302, key: "public/100%" },
    { on: apis, status: 400, code: "InvalidURI" },
  ],
  "an escape that was escaped": [
    plain("/media/public/a%252Fb"),
    { status: 302, key: "public/a%2Fb" },
    { on: apis, status: 400, code: "InvalidURI" },
  ],
  "half an escape": [
    plain("/media/public/a%zz"),
    { status: 400, code: "InvalidURI" },
    { on: apis, status: 400, code: "InvalidURI" },
  ],
  "bytes that are not UTF-8": [
    plain("/media/public/%FF"),
    { status: 400 },
    { on: apis, status: 400, code: "InvalidURI" },
  ],
  "two dots": [plain("/media/public/../users/alice/a"), { status: 400 }],
  "two escaped dots": [plain("/media/public/%2e%2E/users/alice/a"), { status: 400 }],
  "a control character": [plain("/media/public/a%00b"), { status: 400 }],

  "presigned": [
    signed("/media/users/alice/a"),
    { status: 302, key: "users/alice/a" },
    { on: staged, status: 403, code: "SignatureDoesNotMatch" },
  ],
  "presigned, an odd name": [
    signed("/media/users/alice/a%20%2B%C3%A9"),
    { status: 302, key: "users/alice/a +é" },
    { on: staged, status: 403, code: "SignatureDoesNotMatch" },
  ],
  "presigned, with parameters of its own": [
    signed("/media/users/alice/a", {
      query: [["response-content-disposition", 'attachment; filename="a b+c&=%.txt"']],
    }),
    { status: 302, key: "users/alice/a" },
    { on: staged, status: 403, code: "SignatureDoesNotMatch" },
  ],
  "presigned for the path behind the stage": [
    ({ origin }) => ({ target: presign({ origin, path: "/media/users/alice/a", key: app }) }),
    { status: 302, key: "users/alice/a" },
  ],
  "presigned, a parameter twice": [
    ({ origin }) => {
      const target = presign({ origin, path: "/media/users/alice/a", key: app });
      return { target: `${target}&X-Amz-Expires=300` };
    },
    { status: 400 },
    { on: ["load-balancer"], status: 302, key: "users/alice/a" },
  ],
  "presigned, a parameter added": [
    ({ origin }) => {
      const target = presign({ origin, path: "/media/users/alice/a", key: app });
      return { target: `${target}&x=1` };
    },
    { status: 403, code: "SignatureDoesNotMatch" },
  ],
  "presigned for the escaped slash of another name": [
    ({ origin }) => ({ target: presign({ origin, path: "/media/users/alice/a%2Fb", key: app }) }),
    { status: 403, code: "SignatureDoesNotMatch" },
    { on: apis, status: 403, code: "SignatureDoesNotMatch" },
  ],
  "presigned for a name with a question mark": [
    ({ origin }) => ({ target: presign({ origin, path: "/media/users/alice/a%3Fb", key: app }) }),
    { status: 302, key: "users/alice/a?b" },
    { on: apis, status: 403, code: "SignatureDoesNotMatch" },
  ],
  "signed headers": [
    ({ origin }) => ({
      target: "/media/users/alice/a",
      headers: signHeaders({ origin, path: "/media/users/alice/a", key: app }),
    }),
    { status: 302, key: "users/alice/a" },
  ],
  "for this address": [
    tempUrl("/v1/AUTH_shop/media/users/alice/a", "127.0.0.1"),
    { status: 302, key: "users/alice/a" },
  ],
  "for an address that the viewer claims": [
    tempUrl("/v1/AUTH_shop/media/users/alice/a", "10.9.8.7"),
    { status: 403, code: "AccessDenied" },
  ],
};

describe("the same answer from all fronts", () => {
  for (const [name, [ask, expected, ...others]] of Object.entries(rows)) {
    test(name, async () => {
      let common;
      for (const [front, place] of Object.entries(own.fronts)) {
        const other = others.find(({ on }) => on.includes(front));
        const { status, code, key } = other ?? expected;
        const answer = await sendTo(place, ask(place));
        const said = `${front}: ${answer.status} ${answer.text}`;
        assert.equal(answer.status, status, said);
        if (key) assert.equal(redirectedTo(answer), key, said);
        if (code) assert.equal(answer.error().code, code, said);
        if (other) continue;
        const known = comparable(answer);
        common ??= known;
        assert.deepEqual(known, common, said);
      }
    });
  }
});

test("an upload is stored and confirmed through each of them", async () => {
  for (const [front, place] of Object.entries(own.fronts)) {
    const asked = await sendTo(place, { target: "/uploads", ...order(fox) });
    const ticket = asked.json();
    const before = await confirm(place, ticket.id);
    assert.equal(before.status, 409, `${front}: ${before.text}`);
    const stored = await put(ticket, "fox");
    assert.equal(stored.status, 200, `${front}: ${stored.text}`);
    const confirmed = await confirm(place, ticket.id);
    await deleteObject(running, ticket.key);
    assert.equal(confirmed.status, 200, `${front}: ${confirmed.text}`);
    assert.deepEqual({ ...confirmed.json(), read: 0, etag: 0 }, {
      key: ticket.key,
      size: 3,
      read: 0,
      etag: 0,
    });
  }
});

test("a redirect of each of them opens the object", async () => {
  const key = `users/alice/fronts ${Date.now().toString(36)} é+.txt`;
  await putObject(running, key, "fox", { "content-type": "text/plain" });
  for (const [front, place] of Object.entries(own.fronts)) {
    const target = `/media/${encodeURI(key)}`;
    const answer = await sendTo(place, { target, headers: bearer("alice") });
    const { origin, pathname, search } = new URL(answer.headers.location);
    const read = await send(origin, pathname + search);
    assert.equal(read.text, "fox", front);
  }
  await deleteObject(running, key);
});

test("a path without the stage does not reach the function", async () => {
  for (const [front, status] of [["http-api-stage", 404], ["rest-api-stage", 403]]) {
    const { origin } = own.fronts[front];
    assert.equal((await send(origin, "/media/public/a")).status, status);
    assert.equal((await send(origin, "/production/media/public/a")).status, status);
  }
});

test("a base path is taken off where the event has it", async () => {
  const based = await ownFunction({ policy, secrets, basePath: "/v1.0" });
  try {
    for (const [front, place] of Object.entries(based.fronts)) {
      const hasBase = !front.endsWith("-stage") && front !== "http-api";
      const ask = (base) => sendTo(place, { target: `${base}/media/public/a%20b` });
      const answer = await ask(hasBase ? "/v1.0" : "");
      assert.equal(redirectedTo(answer), "public/a b", front);
      assert.equal((await ask(hasBase ? "" : "/v1.0")).status, 404, front);
      assert.equal((await ask("/v1.0x")).status, 404, front);
    }
  } finally {
    await based.stop();
  }
});

test("the log has no secret, and a line for each request", async () => {
  const text = await own.logText();
  for (const hidden of [users, seal, swift, app.secret_access_key, "X-Amz-Signature="]) {
    assert.ok(!text.includes(hidden));
  }
  const lines = text.split("\n").filter((line) => line.includes('"request_id":"'));
  assert.ok(lines.length >= Object.keys(rows).length * Object.keys(own.fronts).length);
});

function sendTo({ origin, front }, { target, isWhole, ...options }) {
  return send(origin, isWhole ? target : front + target, options);
}

function confirm(place, id) {
  const target = `/uploads/${id}/confirm`;
  return sendTo(place, { target, method: "POST", headers: bearer("alice") });
}

/** The key of the object to which a viewer is sent. */
function redirectedTo({ headers }) {
  const { pathname } = new URL(headers.location ?? "http://nowhere/");
  return decodeURIComponent(pathname.slice(`/${running.bucket}/`.length));
}

/** What must be the same: the status, headers and body without what is of one answer. */
function comparable({ status, headers, text }) {
  const own = ["x-request-id", "x-amz-request-id", "date", "content-length"];
  const hop = ["connection", "keep-alive"];
  const kept = Object.entries(headers).filter(([name]) => ![...own, ...hop].includes(name));
  const shared = ([name, value]) => [name, varying(value)];
  // Only APIs and function URLs say what an answer without a type is.
  const isOfContent = ([name]) => status !== 302 && status !== 204 && name === "content-type";
  const said = kept.filter((entry) => entry[0] !== "content-type" || isOfContent(entry));
  return { status, headers: Object.fromEntries(said.map(shared)), text: varying(text, headers) };
}

/** A text without ids, times and signatures. */
function varying(text, { "x-request-id": id } = {}) {
  if (id) text = text.replaceAll(id, "ID");
  if (text.startsWith('{"id"') || text.includes('"method":"PUT"')) {
    const { method, headers, key, ...rest } = JSON.parse(text);
    const place = key.replace(/[^/]+(?=\/[^/]+$)/, "RANDOM");
    return { method, headers, key: place, fields: Object.keys(rest) };
  }
  return text.replace(/X-Amz-(Date|Signature|Expires|Credential)=[^&]*/g, "$1");
}
