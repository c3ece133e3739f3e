// What browsers and S3 clients make of the edge's answers: the form of a no, CORS, names of
// files, redirects to the store.
//
// These tests start an edge of their own, also when CLOAKROOM_DEV names a running system.

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { existsSync } from "node:fs";
import { after, before, describe, test } from "node:test";

import { content, ownEdge } from "./own-edge.mjs";
import { presign, signHeaders } from "./sigv4.mjs";
import { isClear, send, target } from "./wire.mjs";

const app = "https://app.example";
const key = { access_key_id: "AKAPP", secret_access_key: "the app's own secret of these tests" };
const tempKey = "a TempURL key of these tests, long enough";

const access = [
  { keys: "public/*", acl: "public-read" },
  { keys: "pages/*", swift: { read: ".r:.example.com" } },
];
const route = (path, fields) => ({ path, store: "main", bucket: "media", access, ...fields });

let edge;
before(async () => {
  const account = "/v1/AUTH_a/";
  edge = await ownEdge({
    keys: {
      AKAPP: { dialect: "sigv4", secret: "APP_SECRET", principal: "every-owner" },
      temp: { dialect: "tempurl", secret: "TEMP_KEY", path: account, principal: "every-owner" },
    },
    secrets: {
      APP_SECRET: key.secret_access_key,
      TEMP_KEY: tempKey,
      COOKIE_SECRET: "what seals the cookies of these tests",
    },
    routes: {
      media: route("/media/", { cors: { allow_origins: [app] } }),
      hidden: route("/hidden/", { hide: "not-found" }),
      cookies: route("/cookies/", {
        cors: {
          allow_origins: [app],
          allow_credentials: true,
          allow_headers: ["x-app"],
          expose_headers: ["server-timing"],
          max_age: 60,
        },
      }),
      open: route("/open/", { cors: { allow_origins: ["*"] } }),
      saved: route(`${account}saved/`, { disposition: "attachment" }),
      shown: route(`${account}shown/`, { disposition: "inline" }),
      sent: route(`${account}sent/`, { deliver: "redirect" }),
      film: route(`${account}film/`, { cookie: { secret: "COOKIE_SECRET" } }),
    },
  });
});
after(() => edge?.stop());

const ask = (path, headers = {}, method = "GET") =>
  send(edge.origin, path, { method, headers });

/** A TempURL for ten minutes, perhaps for one range of addresses, or for a prefix. */
function tempurl(path, range, prefix) {
  const expires = Math.floor(Date.now() / 1000) + 600;
  const ip = range ? `ip=${range}\n` : "";
  const container = path.split("/").slice(0, 4).join("/");
  const signed = prefix ? `prefix:${container}/${prefix}` : decodeURIComponent(path);
  const message = `${ip}GET\n${expires}\n${signed}`;
  const signature = createHmac("sha256", tempKey).update(message).digest("hex");
  const ranged = range ? `&temp_url_ip_range=${range}` : "";
  const prefixed = prefix ? `&temp_url_prefix=${prefix}` : "";
  return `${path}?temp_url_sig=${signature}&temp_url_expires=${expires}${ranged}${prefixed}`;
}

const clients = {
  script: { headers: { accept: "*/*", "sec-fetch-dest": "empty" }, type: "application/json" },
  "S3 client": { headers: { "x-amz-date": "20261123T120000Z" }, type: "application/xml" },
  person: {
    headers: { accept: "text/html,*/*;q=0.8", "sec-fetch-dest": "document" },
    type: "text/html; charset=utf-8",
  },
  image: { headers: { accept: "image/*,*/*;q=0.8", "sec-fetch-dest": "image" }, type: undefined },
};

describe("the form of a no", () => {
  for (const [name, { headers, type }] of Object.entries(clients)) {
    test(name, async () => {
      const answer = await ask("/media/private.txt", headers);
      assert.equal(answer.status, 403);
      assert.equal(answer.headers["content-type"], type);
      assert.equal(answer.headers["cache-control"], "no-store");
      const id = answer.headers["x-request-id"];
      if (name === "image") assert.equal(answer.text, "");
      else if (name === "person") {
        const policy = answer.headers["content-security-policy"];
        assert.equal(policy, "default-src 'none'; style-src 'unsafe-inline'");
        assert.ok(answer.text.includes(id), answer.text);
      } else {
        assert.ok(isClear(answer.error().message), answer.text);
        assert.equal(answer.error().code, "AccessDenied");
        if (name === "S3 client") assert.ok(answer.text.includes(`<RequestId>${id}</RequestId>`));
      }
    });

    test(`${name}: a HEAD has the length of a GET`, async () => {
      const [get, head] = [
        await ask("/media/private.txt", headers),
        await ask("/media/private.txt", headers, "HEAD"),
      ];
      assert.equal(head.status, 403);
      assert.equal(head.text, "");
      assert.equal(head.headers["content-type"], type);
      assert.equal(Number(head.headers["content-length"]), get.body.length);
    });

    test(`${name}: hidden denials look like absences`, async () => {
      const path = "/hidden/public/absent.txt";
      const absent = await ask(path, headers);
      const denied = await ask(path, { ...headers, authorization: "Bearer x.y.z" });
      assert.equal(absent.status, 404);
      const seen = ({ status, headers: all, text }) => {
        const id = all["x-request-id"];
        const same = { ...all, date: undefined, "x-request-id": undefined };
        return { status, headers: same, text: text.replaceAll(id, "ID") };
      };
      assert.deepEqual(seen(denied), seen(absent));
    });
  }

  test("S3 clients that sign read the code", async () => {
    const url = presign({ origin: edge.origin, path: "/media/public/absent.txt", key });
    const absent = await ask(url);
    assert.equal(absent.status, 404);
    assert.equal(absent.error().code, "NoSuchKey");
    assert.match(absent.text, /<Resource>\/media\/public\/absent\.txt<\/Resource>/);
    const wrong = { ...key, secret_access_key: "another secret, as long as the right one" };
    const headers = signHeaders({ origin: edge.origin, path: "/media/a.txt", key: wrong });
    const refused = await ask("/media/a.txt", headers);
    assert.equal(refused.error().code, "SignatureDoesNotMatch");
  });
});

describe("CORS", () => {
  const preflight = { origin: app, "access-control-request-method": "GET" };

  test("preflights say what the route says", async () => {
    const { status, headers } = await ask("/cookies/a", preflight, "OPTIONS");
    assert.equal(status, 204);
    assert.equal(headers["access-control-allow-origin"], app);
    assert.equal(headers["access-control-allow-credentials"], "true");
    assert.match(headers["access-control-allow-headers"], /range, .*x-app$/);
    assert.equal(headers["access-control-max-age"], "60");
    assert.equal(headers.vary, "origin");
  });

  test("answers and denials alike", async () => {
    for (const path of ["/cookies/public/a", "/cookies/private"]) {
      const { headers } = await ask(path, { origin: app });
      assert.equal(headers["access-control-allow-origin"], app);
      assert.equal(headers["access-control-allow-credentials"], "true");
      assert.match(headers["access-control-expose-headers"], /x-request-id, server-timing$/);
      assert.equal(headers["timing-allow-origin"], app);
    }
  });

  test("others may not", async () => {
    for (const path of ["/cookies/public/a", "/media/public/a"]) {
      const { headers } = await ask(path, { origin: "https://app.example.evil" });
      assert.equal(headers["access-control-allow-origin"], undefined);
      assert.equal(headers["access-control-allow-credentials"], undefined);
    }
  });

  test("a star comes without cookies", async () => {
    const { headers } = await ask("/open/public/a", { origin: app });
    assert.equal(headers["access-control-allow-origin"], "*");
    assert.equal(headers["access-control-allow-credentials"], undefined);
    assert.equal(headers["timing-allow-origin"], "*");
  });
});

describe("names of files", () => {
  const saved = `attachment; filename="a b.txt"; filename*=UTF-8''a%20b.txt`;
  for (const [path, query, expected] of [
    ["/v1/AUTH_a/saved/a%20b.txt", "", saved],
    ["/v1/AUTH_a/saved/a%20b.txt", "&inline", "inline"],
    ["/v1/AUTH_a/shown/a%20b.txt", "", "inline"],
    ["/v1/AUTH_a/shown/a%20b.txt", "&filename=c", `attachment; filename="c"; filename*=UTF-8''c`],
  ]) {
    test(`${path}${query}`, async () => {
      const answer = await ask(tempurl(path) + query);
      assert.equal(answer.status, 200);
      assert.equal(answer.headers["content-disposition"], expected);
      assert.equal(answer.text, content);
    });
  }

  test("a signed header wins", async () => {
    const path = "/v1/AUTH_a/saved/a.txt";
    const query = [["response-content-disposition", "inline"]];
    const answer = await ask(presign({ origin: edge.origin, path, query, key }));
    assert.equal(answer.headers["content-disposition"], "inline");
  });
});

describe("redirects to the store", () => {
  for (const [name, range, headers, seconds] of [
    ["a ticket", undefined, {}, /&X-Amz-Expires=(600|599|598)&/],
    ["a ticket for an address", "127.0.0.1", { "cf-connecting-ip": "127.0.0.1" }, /&X-Amz-Expires=60&/],
  ]) {
    test(name, async () => {
      const answer = await ask(tempurl("/v1/AUTH_a/sent/film.txt", range), headers);
      assert.equal(answer.status, 302);
      assert.equal(answer.text, "");
      assert.equal(answer.headers["cache-control"], "no-store");
      assert.equal(answer.headers["referrer-policy"], "no-referrer");
      const { location } = answer.headers;
      assert.ok(location.startsWith(`${edge.store}/media/film.txt?`), location);
      assert.match(location, seconds);
      const object = await send(edge.store, target(location), {});
      assert.equal(object.text, content);
      const entry = await edge.logEntry(answer.headers["x-request-id"]);
      assert.equal(entry.reason, "redirected");
      assert.ok(!edge.logText().includes("X-Amz-Signature"), "a signed URL is in the log");
    });
  }

  test("a page of a site is a condition", async () => {
    const path = "/v1/AUTH_a/sent/pages/a.txt";
    const answer = await ask(path, { referer: "https://www.example.com/" });
    assert.match(answer.headers.location, /&X-Amz-Expires=60&/);
    assert.equal((await ask(path)).status, 403);
  });
});

describe("a ticket exchanged for a cookie", () => {
  const playlist = "/v1/AUTH_a/film/u1/master.m3u8";
  const ticket = () => tempurl(playlist, undefined, "u1/");
  const cookieOf = (answer) => answer.headers["set-cookie"]?.[0].split(";")[0];

  test("opens the folder", async () => {
    const answer = await ask(`${ticket()}&ticket=cookie`);
    assert.equal(answer.status, 200);
    assert.equal(answer.text, content);
    assert.equal(answer.headers["cache-control"], "private, no-cache");
    const [header] = answer.headers["set-cookie"];
    assert.match(
      header,
      /^cloakroom=1\.[\w-]+\.[\w-]+; Path=\/v1\/AUTH_a\/film\/u1\/; Max-Age=59\d; HttpOnly; SameSite=Lax$/,
    );
    const cookie = cookieOf(answer);
    for (const [path, status] of [
      ["/v1/AUTH_a/film/u1/720p/seg-07.ts", 200],
      ["/v1/AUTH_a/film/u10/a.ts", 403],
      ["/v1/AUTH_a/film/a.ts", 403],
      ["/v1/AUTH_a/saved/u1/a.ts", 403],
    ]) {
      const next = await ask(path, { cookie });
      assert.equal(next.status, status, path);
      const entry = await edge.logEntry(next.headers["x-request-id"]);
      assert.equal(entry.dialect, "ticket_cookie");
    }
    const other = await ask("/v1/AUTH_a/film/u1/a.ts", { cookie, host: "other.example" });
    assert.equal(other.status, 403);
    const entry = await edge.logEntry(answer.headers["x-request-id"]);
    assert.equal(entry.cookie, "/v1/AUTH_a/film/u1/");
    assert.ok(!edge.logText().includes(cookie.split(".")[2]), "a cookie is in the log");
  });

  test("is not set unless asked for, nor for one file", async () => {
    assert.equal(cookieOf(await ask(ticket())), undefined);
    const one = await ask(`${tempurl(playlist)}&ticket=cookie`);
    assert.equal(one.status, 200);
    assert.equal(cookieOf(one), undefined);
    const absent = tempurl("/v1/AUTH_a/film/u1/absent.m3u8", undefined, "u1/");
    const no = await ask(`${absent}&ticket=cookie`);
    assert.equal(no.status, 404);
    assert.equal(cookieOf(no), undefined);
  });
});

const chromium = process.env.CLOAKROOM_CHROMIUM ?? "/usr/bin/chromium";

describe("in a browser", { skip: !existsSync(chromium) && "there is no Chromium" }, () => {
  test("a page for people, and a folder for a player", async () => {
    const { browser, screenshots } = await import("./browser.mjs");
    const { countingProxy } = await import("./counting-proxy.mjs");
    const proxy = await countingProxy();
    const { page, problems, close } = await browser({ proxyPort: proxy.port });
    try {
      const answer = await page.goto(`${edge.origin}/media/private.txt`);
      assert.equal(answer.status(), 403);
      assert.equal(await page.title(), "No access");
      assert.match(await page.innerText("main"), /This file is private/);
      await screenshots(page, "no-access");
      await page.emulateMedia({ colorScheme: "dark" });
      await screenshots(page, "no-access-dark");
      // Relative URLs of a playlist come with the cookie; others do not.
      const film = tempurl("/v1/AUTH_a/film/u1/master.m3u8", undefined, "u1/");
      await page.goto(`${edge.origin}/media/public/player.txt`);
      const statuses = await page.evaluate(async (ticket) => {
        const folder = new URL(ticket, location.href);
        const statuses = [];
        for (const url of ["a.ts", ticket, "720p/seg-07.ts", "../u10/a.ts"]) {
          statuses.push((await fetch(new URL(url, folder))).status);
        }
        return statuses;
      }, `${film}&ticket=cookie`);
      assert.deepEqual(statuses, [403, 200, 200, 403]);
      assert.deepEqual(problems, []);
    } finally {
      await close();
      await proxy.close();
    }
  });
});
