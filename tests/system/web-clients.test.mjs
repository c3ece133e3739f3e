// Upload clients that people use already, unchanged, in a real browser: Uppy of two versions,
// Active Storage, better-upload, and forms. Files go straight to the store, and come back through
// the edge as they were.
//
// CLOAKROOM_UPLOADS_TO says where to, when the running system has other stores: the `rule`, one that
// begins with parts (`large`), the `route` by which they are read, the `kinds` that the store takes,
// whether its answer to a form has an ETag (`formsTellETag`), and the type that it gives a file of none
// (`unknown`).

import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { after, before, beforeEach, describe, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";

import { build } from "esbuild";

import { browser } from "./browser.mjs";
import { countingProxy } from "./counting-proxy.mjs";
import { system } from "./dev.mjs";
import { deleteObject } from "./objects.mjs";
import { ask, confirm } from "./uploads.mjs";
import { drain, open, target } from "./wire.mjs";

const kilobyte = 1000;
const megabyte = 1000 * kilobyte;
const largest = 200 * megabyte;

/** How long a client may take, in milliseconds: some wait for ever. */
const patience = 120_000;

/** Of which all files are made. */
const chunk = randomBytes(megabyte);

/** No type that its first bytes would tell. */
const type = "application/x-cloakroom";

/** What a file is when its browser does not know. */
const unknown = "application/octet-stream";

const to = {
  rule: "default",
  large: "large",
  route: "/media/",
  kinds: ["put", "form", "multipart"],
  formsTellETag: true,
  unknown: "binary/octet-stream",
  ...JSON.parse(process.env.CLOAKROOM_UPLOADS_TO ?? "{}"),
};
const takes = (...kinds) => kinds.every((kind) => to.kinds.includes(kind));

let running, proxy, chromium, page;
const stored = [];

before(async () => {
  running = await system();
  const bundle = await build({
    entryPoints: [fileURLToPath(new URL("site/uploaders.mjs", import.meta.url))],
    bundle: true,
    write: false,
    format: "iife",
    logLevel: "error",
  });
  proxy = await countingProxy();
  chromium = await browser({ proxyPort: proxy.port });
  ({ page } = chromium);
  // A page of the app's origin, which the policy allows to ask.
  await page.route(`${running.app}/clients`, (route) =>
    route.fulfill({
      contentType: "text/html",
      body: `<!doctype html><title>Clients</title><link rel="icon" href="data:,"><script>${bundle.outputFiles[0].text.replaceAll("</script", "<\\/script")}</script>`,
    }),
  );
});

beforeEach(async () => {
  await page.goto(`${running.app}/clients`);
});

after(async () => {
  await chromium?.close();
  await proxy?.close();
  for (const key of stored) await deleteObject(running, key);
  await running?.stop();
});

const token = () => running.users.alice;

/** Uploads by a client; answers what it says, and what happened meanwhile. */
async function run(client, options) {
  const uploaded = page.evaluate(
    ([client, options]) => window.uploaders[client](options),
    [client, { type, chunk: chunk.toString("base64"), ...options }],
  );
  const late = setTimeout(patience, { error: `${client} is still waiting` }, { ref: false });
  const answer = await Promise.race([uploaded, late]);
  return { ...answer, steps: await page.evaluate(() => window.steps) };
}

/** The file has come whole, and the client showed how far it was. */
async function arrived(key, size, steps, contentType = type) {
  stored.push(key);
  assert.match(key, /^users\/alice\/[^/]+\//);
  const headers = { authorization: `Bearer ${token()}` };
  const path = `${to.route}${key.split("/").map(encodeURIComponent).join("/")}`;
  const read = await open(running.edge, path, { headers });
  assert.deepEqual(await drain(read), { size, sha256: sha256Of(size) }, key);
  assert.equal(read.headers["content-type"] ?? null, contentType, key);
  if (steps && size > 0) {
    const shares = steps.flatMap(({ progress }) => progress ?? []);
    assert.ok(shares.length > 0, "no progress was shown");
    // What is sent at once may be there before anybody looks.
    const isSeen = shares.some((share) => share > 0 && share < 1);
    assert.ok(size < 100 * megabyte || isSeen, `no progress was shown: ${shares}`);
  }
}

function sha256Of(size) {
  const hash = createHash("sha256");
  for (let left = size; left > 0; left -= chunk.length) hash.update(chunk.subarray(0, left));
  return hash.digest("hex");
}

/** Runs a client whose network is cut off in the middle of a file, and is back two seconds later. */
async function runCutOff(client, options, size) {
  const context = page.context();
  let isBack;
  proxy.cutAfter(size / 2).then(() => {
    isBack = context
      .setOffline(true)
      .then(() => setTimeout(2000))
      .then(() => proxy.mend())
      .then(() => context.setOffline(false));
  });
  const answer = await run(client, options).finally(() => isBack ?? proxy.mend());
  assert.ok(isBack, "the network was not cut");
  await isBack;
  return answer;
}

/** What every Uppy does, at once or not. */
function uppy(client, options, ways = [false, true]) {
  for (const multipart of ways) {
    test(`12 KB ${multipart ? "in one part" : "at once"}, and of no type`, async () => {
      const size = 12 * kilobyte;
      for (const [name, type, stored] of [
        ["a b+é.bin", "application/x-cloakroom", "application/x-cloakroom"],
        ["a.no-such-type", "", unknown],
      ]) {
        const answer = await run(client, { ...options(), name, type, size, multipart });
        assert.equal(answer.error, undefined);
        await arrived(answer.body.key, size, undefined, stored);
        assert.ok(answer.body.key.endsWith(name), answer.body.key);
      }
    });
  }

  test("20 MB in parts, paused and resumed", async () => {
    const size = 20 * megabyte;
    const wanted = { ...options(), name: "paused.bin", size, multipart: true, pauseAt: 0.3 };
    const answer = await run(client, wanted);
    assert.equal(answer.error, undefined);
    const pauses = answer.steps.flatMap(({ paused }) => paused ?? []);
    assert.deepEqual(pauses, [true, false]);
    await arrived(answer.body.key, size, answer.steps);
    const shown = new URL(answer.uploadURL);
    assert.equal(shown.origin, running.edge, "it is read at the edge");
    const read = await open(running.edge, target(answer.uploadURL));
    assert.equal((await drain(read)).size, size);
  });

  test("40 MB in parts, with the network cut in the middle", async () => {
    const size = 40 * megabyte;
    const wanted = { ...options(), name: "cut.bin", size, multipart: true };
    const answer = await runCutOff(client, wanted, size);
    assert.equal(answer.error, undefined);
    await arrived(answer.body.key, size, answer.steps);
  });

  test("200 MB in parts", async () => {
    const wanted = { ...options(), name: "large.bin", size: largest, multipart: true };
    const answer = await run(client, wanted);
    assert.equal(answer.error, undefined);
    await arrived(answer.body.key, largest, answer.steps);
  });

  test("what the rule does not allow", async () => {
    const wanted = { ...options(), name: "", size: 12, multipart: false };
    for (const multipart of [false, true]) {
      const answer = await run(client, { ...wanted, type: "no type", name: "a", multipart });
      assert.ok(answer.error, JSON.stringify(answer));
    }
  });
}

const byUppy = { skip: !takes("form", "multipart") };

describe("Uppy 6 with a Companion endpoint", byUppy, () => {
  uppy("uppy6", () => ({ endpoint: `${running.uploads}/companion/${to.rule}/t/${token()}` }));
});

describe("Uppy 6 with signRequest", byUppy, () => {
  const endpoint = () => `${running.uploads}/sign-request/${to.rule}`;
  uppy("uppy6Signed", () => ({ endpoint: endpoint(), token: token() }));
});

describe("Uppy 5 with a Companion endpoint", byUppy, () => {
  const endpoint = () => `${running.uploads}/companion/${to.rule}/`;
  const options = () => ({ endpoint: endpoint(), token: token() });
  // It waits for ever for the ETag of what it sent at once.
  uppy("uppy5", options, to.formsTellETag ? [false, true] : [true]);
});

describe("Active Storage", () => {
  const endpoint = () => `${running.uploads}/rails/active_storage/direct_uploads/${to.rule}`;
  for (const size of [0, 12 * kilobyte, 20 * megabyte, ...(takes("multipart") ? [] : [largest])]) {
    test(`${size} bytes`, async () => {
      const wanted = { endpoint: endpoint(), token: token(), name: "été.bin", size };
      const { error, blob, steps } = await run("activeStorage", wanted);
      assert.equal(error, undefined);
      assert.deepEqual([blob.filename, blob.byte_size, blob.content_type], ["été.bin", size, type]);
      await arrived(blob.key, size, steps);
      const confirmed = await confirm(running, "alice", blob.signed_id);
      assert.deepEqual([confirmed.status, confirmed.json().key], [200, blob.key]);
    });
  }

  test("12 KB of no type", async () => {
    const wanted = { endpoint: endpoint(), token: token(), name: "a.no-such-type", type: "" };
    const { error, blob } = await run("activeStorage", { ...wanted, size: 12 * kilobyte });
    assert.equal(error, undefined);
    assert.equal(blob.content_type, unknown);
    await arrived(blob.key, 12 * kilobyte, undefined, unknown);
  });

  test("40 MB with the network cut in the middle, and once more", async () => {
    const size = 40 * megabyte;
    const wanted = { endpoint: endpoint(), token: token(), name: "cut.bin", size };
    const { error } = await runCutOff("activeStorage", wanted, size);
    assert.match(error, /Error storing "cut.bin"/);
    const { blob } = await run("activeStorage", wanted);
    await arrived(blob.key, size);
  });

  test("no token", async () => {
    const wanted = { endpoint: endpoint(), token: "none", name: "a", size: 1 };
    const { error } = await run("activeStorage", wanted);
    assert.match(error, /Error creating Blob for "a". Status: 401/);
  });
});

describe("better-upload", () => {
  const options = (route) => ({ endpoint: `${running.uploads}/better-upload`, token: token(), route });
  const file = (name, size, more) => ({ name, size, type, chunk: chunk.toString("base64"), ...more });
  const small = [12 * kilobyte, megabyte, 5 * megabyte];
  const large = [12 * kilobyte, 20 * megabyte, largest];

  for (const [route, sizes] of takes("multipart")
    ? [
        [to.rule, small],
        [to.large, large],
      ]
    : [[to.rule, large]]) {
    test(`three files at once by rule ${route}`, async () => {
      const files = sizes.map((size, n) => file(`${n} é+.bin`, size));
      const answer = await run("betterUpload", { ...options(route), files });
      assert.deepEqual([answer.error, answer.failedFiles], [undefined, []]);
      assert.equal(answer.stored.length, files.length);
      for (const [n, { objectInfo, size }] of answer.stored.entries()) {
        assert.equal(size, sizes[n]);
        await arrived(objectInfo.key, size, answer.steps);
      }
    });

    test(`files of no type by rule ${route}`, async () => {
      const files = [0, 12 * kilobyte].map((size) => file(`${size}.no-such-type`, size, { type: "" }));
      const answer = await run("betterUpload", { ...options(route), files });
      assert.deepEqual([answer.error, answer.failedFiles], [undefined, []]);
      assert.equal(answer.stored.length, files.length);
      for (const { objectInfo, size } of answer.stored) {
        const stored = route === to.rule ? to.unknown : unknown;
        await arrived(objectInfo.key, size, undefined, stored);
      }
    });

    test(`40 MB by rule ${route}, with the network cut in the middle`, async () => {
      const size = 40 * megabyte;
      const again = { retry: 5, retryDelay: 1000 };
      const wanted = { ...options(route), ...again, files: [file("cut.bin", size)] };
      const answer = await runCutOff("betterUpload", wanted, size);
      assert.deepEqual([answer.error, answer.failedFiles], [undefined, []]);
      await arrived(answer.stored[0].objectInfo.key, size, answer.steps);
    });
  }

  test("no such rule", async () => {
    const answer = await run("betterUpload", { ...options("nothing"), files: [file("a", 1)] });
    assert.deepEqual([answer.error, answer.type], ["There is no upload rule `nothing`.", "rejected"]);
  });
});

describe("a plain form", () => {
  const order = (fields) =>
    ask(running, "alice", { rule: to.rule, kind: "form", content_type: type, ...fields }).then(
      (asked) => asked.json(),
    );

  for (const size of [12 * kilobyte, 20 * megabyte]) {
    test(`${size} bytes`, async () => {
      const { url, fields, key, id } = await order({ filename: "a b.bin", size });
      // Of S3's form the name does not matter.
      const name = takes("multipart") ? "another name.bin" : "a b.bin";
      await run("form", { url, fields, name, size });
      const confirmed = await confirm(running, "alice", id);
      assert.deepEqual([confirmed.status, confirmed.json().key], [200, key], confirmed.text);
      await arrived(key, size);
    });
  }

  test("another size, and another field", async () => {
    const fieldsOfS3 = [
      [12, { "x-amz-meta-more": "1" }],
      [12, { key: "users/bob/mine" }],
    ];
    for (const [size, more] of [[13, {}], ...(takes("multipart") ? fieldsOfS3 : [])]) {
      const { url, fields, id } = await order({ filename: "a.bin", size: 12 });
      await run("form", { url, fields: { ...fields, ...more }, name: "a.bin", size });
      assert.equal((await confirm(running, "alice", id)).status, 409, JSON.stringify(more));
      const other = `${to.route}users/bob/mine`;
      const headers = { authorization: `Bearer ${running.users.bob}` };
      assert.equal((await open(running.edge, other, { headers })).statusCode, 404);
    }
  });
});

test("nothing else went wrong inside the page", () => {
  // What Uppy says of uploads that were refused or cut off here, and what Chromium says of the cut.
  const expected = [
    /^\[Uppy\] /,
    /net::ERR_(INTERNET_DISCONNECTED|EMPTY_RESPONSE)$/,
    /net::ERR_(CONNECTION_RESET|CONNECTION_CLOSED|SOCKET_NOT_CONNECTED)$/,
    /^Refused to get unsafe header "x-amz-error-code"$/,
  ];
  const others = chromium.problems.filter((problem) => !expected.some((each) => each.test(problem)));
  assert.deepEqual(others, []);
});
