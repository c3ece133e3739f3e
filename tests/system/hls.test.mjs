// Films in pieces (HLS) in Chromium, on a page of another origin: one signed cookie opens all
// playlists and segments of a folder, and nothing else does.
//
// These tests start an edge and a store of their own, also when CLOAKROOM_DEV names a running
// system.

import assert from "node:assert/strict";
import { createHmac, generateKeyPairSync, sign } from "node:crypto";
import { after, before, describe, test } from "node:test";

import { browser } from "./browser.mjs";
import { countingProxy } from "./counting-proxy.mjs";
import { duration, hlsFilm, playedToTheEnd, typeOf, watch } from "./film.mjs";
import { inWords, isFlat, watched } from "./memory.mjs";
import { ownEdge, s3Store } from "./own-edge.mjs";
import { startRangeStore } from "./range-store.mjs";
import { presign } from "./sigv4.mjs";
import { startSite } from "./site.mjs";
import { send } from "./wire.mjs";

const app = {
  access_key_id: "APPKEY",
  secret_access_key: "a secret of the app, long enough to sign with",
};
const tempKey = "a TempURL key of these tests, long enough";
const cloudFront = generateKeyPairSync("rsa", { modulusLength: 2048 });

/** Where the films are at the edge, each in a folder of its own: `film/`, `other/`. */
const folders = {
  link: "/media/users/alice/",
  tempurl: "/v1/AUTH_shop/films/",
  cloudfront: "/films/users/alice/",
};

/** How viewers get a cookie: what opens the master playlist, and what opens the rest. */
const ways = {
  link: {
    name: "a signed link, exchanged for a cookie",
    dialects: ["sigv4_query", "ticket_cookie"],
  },
  tempurl: {
    name: "a TempURL for the folder, exchanged for a cookie",
    dialects: ["tempurl", "ticket_cookie"],
  },
  cloudfront: {
    name: "CloudFront cookies that the site sets",
    dialects: ["cloudfront_cookie", "cloudfront_cookie"],
  },
};

const players = ["hls.js", "browser"];

let site, store, edge, proxy;
/** What the site answers when a page asks for a film. */
const films = {
  link: () => ({ source: edge.origin + link("film/") }),
  tempurl: () => ({ source: edge.origin + tempurl("film/") }),
  cloudfront: () => ({ source: playlist("cloudfront"), cookies: cloudFrontCookies("film/", 300) }),
  ended: () => ({ source: playlist("cloudfront"), cookies: cloudFrontCookies("film/", -1) }),
};

before(async () => {
  store = await startRangeStore();
  site = await startSite(films);
  proxy = await countingProxy();
  const cors = { allow_origins: [site.origin], allow_credentials: true };
  const cookie = { secret: "COOKIE_SECRET" };
  const route = (path, fields) => {
    const access = [{ keys: "users/{owner}/*", acl: "private" }];
    return { path, store: "main", bucket: "media", access, cors, ...fields };
  };
  const principal = { user: "alice" };
  edge = await ownEdge({
    keys: {
      APPKEY: { dialect: "sigv4", secret: "APP_SECRET", principal },
      temp: { dialect: "tempurl", secret: "TEMP_KEY", path: folders.tempurl, principal },
      KFILMS: {
        dialect: "cloudfront",
        algorithm: "RSA-SHA1",
        public_key: cloudFront.publicKey.export({ type: "spki", format: "pem" }),
        principal,
      },
    },
    secrets: {
      APP_SECRET: app.secret_access_key,
      TEMP_KEY: tempKey,
      COOKIE_SECRET: "what seals the cookies of these tests",
    },
    stores: { main: s3Store(store.origin) },
    routes: {
      link: route("/media/", { cookie: { ...cookie, scope: "folder" }, cache: { ttl: 300 } }),
      tempurl: route(folders.tempurl, { location: "users/alice/ranges/", cookie }),
      cloudfront: route("/films/"),
    },
  });
  await withViewer(async ({ page }) => {
    const files = await hlsFilm(page);
    const singleFiles = await hlsFilm(page, { singleFile: true });
    for (const film of ["film/", "other/"]) {
      for (const [path, file] of files) store.put(`users/alice/${film}${path}`, file, typeOf(path));
    }
    for (const [path, file] of singleFiles) {
      store.put(`users/alice/ranges/film/${path}`, file, typeOf(path));
    }
  });
  // Lets workerd grow to its working size before it is measured.
  for (let round = 0; round < 20; round += 1) await send(edge.origin, tempurl("film/"), {});
});
after(async () => {
  await edge?.stop();
  await proxy?.close();
  await site?.stop();
  await store?.stop();
});

for (const [way, { name, dialects }] of Object.entries(ways)) {
  describe(name, { concurrency: true }, () => {
    for (const player of players) {
      test(`${player}: the film plays, seeks and ends`, (t) =>
        withViewer(async (viewer) => {
          if (!(await viewer.has(player))) return t.skip("it plays no HLS");
          const { result: seen, memory } = await watched(edge.workerd(), () =>
            viewer.watch(way, { player }),
          );
          playedToTheEnd(seen);
          t.diagnostic(inWords(memory));
          isFlat(memory);
          // The browser's own player fetches as far ahead as it likes.
          if (player === "hls.js") assert.ok(!seen.sought.wasBuffered, "nothing was left to fetch");
          const [master, ...entries] = await viewer.entries();
          assert.equal(master.path, `${folders[way]}film/master.m3u8`);
          assert.deepEqual([master.decision, master.dialect], ["allow", dialects[0]]);
          for (const entry of entries) {
            assert.deepEqual([entry.decision, entry.dialect], ["allow", dialects[1]], entry.path);
          }
          const paths = entries.map(({ path }) => path.slice(`${folders[way]}film/`.length));
          const pieces = way === "tempurl" ? ["all.mp4"] : ["init.mp4", "1.m4s", `${duration}.m4s`];
          for (const piece of ["index.m3u8", ...pieces]) {
            assert.ok(paths.some((path) => path.endsWith(`/${piece}`)), `${piece}: ${paths}`);
          }
          assert.deepEqual(viewer.problems, []);
        }));
    }
  });
}

test("two viewers with a cookie each get the same copies", () =>
  withViewer((one) =>
    withViewer(async (two) => {
      films.one = () => ({ source: edge.origin + link("other/") });
      films.two = () => ({ source: edge.origin + link("other/", { expiresIn: 200 }) });
      const asked = store.asked().length;
      playedToTheEnd(await one.watch("one", { player: "hls.js" }));
      const keys = store.asked().slice(asked).map(({ key }) => key);
      assert.equal(new Set(keys).size, keys.length, `asked twice: ${keys}`);
      playedToTheEnd(await two.watch("two", { player: "hls.js" }));
      assert.notEqual(await one.cookie(), await two.cookie());
      const entries = await two.entries();
      const copies = entries.filter(({ path }) => keys.includes(path.replace("/media/", "")));
      assert.ok(copies.length >= 5, "both asked for about the same");
      for (const { cache, path } of copies) assert.equal(cache, "hit", path);
      const later = store.asked().slice(asked + keys.length);
      assert.deepEqual(later.filter(({ key }) => keys.includes(key)), []);
    }),
  ));

describe("nothing plays", () => {
  const refused = {
    "without a cookie": ["link", "no_credential", () => []],
    "with the cookie of another film": ["link", "wrong_resource", () => exchanged("other/", 300)],
    "with a cookie that has ended": [
      "link",
      "expired",
      async () => outlived(await exchanged("film/", 2)),
    ],
    "with CloudFront cookies of another film": [
      "cloudfront",
      "wrong_resource",
      () => cloudFrontCookies("other/", 300),
    ],
    "with CloudFront cookies that have ended": [
      "cloudfront",
      "expired",
      () => cloudFrontCookies("film/", -1),
    ],
  };
  for (const [name, [way, reason, made]] of Object.entries(refused)) {
    test(name, async () => {
      // The browser would keep them to itself, or throw them away.
      const cookies = (await made()).map((cookie) => `${cookie.split(";")[0]}; Path=/`);
      films.refused = () => ({ source: playlist(way), cookies });
      await withViewer(async (viewer) => {
        const asked = store.asked().length;
        const { error } = await viewer.watch("refused", { player: "hls.js" });
        assert.deepEqual(error, { details: "manifestLoadError", status: 403 });
        assert.ok((await viewer.watch("refused", { player: "browser" })).error, "it plays");
        const entries = await viewer.entries();
        assert.ok(entries.length > 0);
        for (const { decision, reason: found } of entries) {
          assert.deepEqual([decision, found], ["deny", reason]);
        }
        assert.equal(store.asked().length, asked, "the store was asked");
      });
    });
  }
});

describe("cookies that have ended when the viewer seeks", () => {
  const options = { player: "hls.js", beforeSeek: "/film/ended" };

  test("the rest is refused", () =>
    withViewer(async (viewer) => {
      const { error } = await viewer.watch("cloudfront", options);
      assert.deepEqual(error, { details: "fragLoadError", status: 403 });
      const last = (await viewer.entries()).at(-1);
      assert.deepEqual([last.decision, last.reason], ["deny", "expired"]);
    }));

  test("with new ones it goes on", () =>
    withViewer(async (viewer) => {
      const renew = "/film/cloudfront";
      playedToTheEnd(await viewer.watch("cloudfront", { ...options, renew }));
      const entries = await viewer.entries();
      const ended = entries.filter(({ reason }) => reason === "expired");
      assert.ok(ended.some(({ path }) => path.endsWith(".m4s")));
      assert.equal(entries.at(-1).decision, "allow");
    }));
});

test("the log holds no cookie and no signature", () => {
  assert.doesNotMatch(edge.logText(), /1\.eyJ|CloudFront-|Signature=|temp_url_sig|[\w~-]{80}/);
});

/** A Chromium with nothing in it yet, on the page of the site. */
async function withViewer(task) {
  const { page, problems, close } = await browser({ proxyPort: proxy.port });
  try {
    const answers = [];
    page.on("response", (answer) => {
      if (answer.url().startsWith(edge.origin)) answers.push(answer.headers()["x-request-id"]);
    });
    await page.goto(site.origin);
    await task({
      page,
      problems,
      has: async (player) =>
        player === "hls.js" ||
        page.evaluate(async () => (await import("/player.mjs")).browserPlaysHls()),
      /** Watches what the site says of a film. */
      async watch(film, options) {
        const source = await page.evaluate(
          async (url) => (await (await fetch(url)).json()).source,
          `/film/${film}`,
        );
        return watch(page, source, options);
      },
      /** What the edge's log says of each request of the page that got an answer. */
      entries: () => Promise.all(answers.map((id) => edge.logEntry(id))),
      cookie: async () => {
        const cookies = await page.context().cookies(edge.origin + folders.link + "other/");
        return cookies.find(({ name }) => name === "cloakroom")?.value;
      },
    });
  } finally {
    await close();
  }
}

/** The URL of a film, which opens nothing by itself. */
function playlist(way) {
  return `${edge.origin}${folders[way]}film/master.m3u8`;
}

/** Path and query of a link for one object that asks for a cookie for its folder. */
function link(film, { expiresIn = 300 } = {}) {
  const path = `${folders.link}${film}master.m3u8`;
  const query = [["ticket", "cookie"]];
  return presign({ origin: edge.origin, path, query, key: app, expiresIn });
}

/** Path and query of a TempURL for all of a folder. */
function tempurl(film) {
  const folder = `${folders.tempurl}${film}`;
  const expires = now() + 300;
  const message = `GET\n${expires}\nprefix:${folder}`;
  const signature = createHmac("sha256", tempKey).update(message).digest("hex");
  const query = `temp_url_sig=${signature}&temp_url_expires=${expires}&temp_url_prefix=${film}`;
  return `${folder}master.m3u8?${query}&ticket=cookie`;
}

/** Cookies for all of a folder with a custom policy, for the whole host of edge and site. */
function cloudFrontCookies(film, seconds) {
  const resource = `${edge.origin}${folders.cloudfront}${film}*`;
  const condition = { DateLessThan: { "AWS:EpochTime": now() + seconds } };
  const policy = JSON.stringify({ Statement: [{ Resource: resource, Condition: condition }] });
  const signature = sign("SHA1", Buffer.from(policy), cloudFront.privateKey);
  const encode = (bytes) =>
    Buffer.from(bytes)
      .toString("base64")
      .replace(/[+=/]/g, (character) => ({ "+": "-", "=": "_", "/": "~" })[character]);
  return [
    `CloudFront-Policy=${encode(policy)}`,
    `CloudFront-Signature=${encode(signature)}`,
    "CloudFront-Key-Pair-Id=KFILMS",
  ].map((cookie) => `${cookie}; Path=${folders.cloudfront}; HttpOnly; SameSite=Lax`);
}

/** The cookie that the edge gives for a link that lives for some seconds. */
async function exchanged(film, expiresIn) {
  const answer = await send(edge.origin, link(film, { expiresIn }), {});
  return answer.headers["set-cookie"];
}

/** The same cookies, once the edge no longer takes them. */
async function outlived(cookies) {
  const headers = { cookie: cookies[0].split(";")[0] };
  const isTaken = async () =>
    (await send(edge.origin, `${folders.link}film/master.m3u8`, { headers })).status === 200;
  while (await isTaken()) await new Promise((resolve) => setTimeout(resolve, 100));
  return cookies;
}

function now() {
  return Math.floor(Date.now() / 1000);
}
