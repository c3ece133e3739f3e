// Upload clients that people use already, unchanged, in a real browser: Uppy of two versions,
// Active Storage, better-upload, and forms. Files go straight to the store, and come back through
// the edge as they were.
//
// CLOAKROOM_UPLOADS_TO says where to, when the running system has other stores: the `rule`, one that
// begins with parts (`large`), the `route` by which they are read, the `kinds` that the store takes,
// and how large the `largest` file is to be, in MB.

import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { after, before, beforeEach, describe, test } from "node:test";
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

/** Of which all files are made. */
const chunk = randomBytes(megabyte);

/** No type that its first bytes would tell. */
const type = "application/x-cloakroom";

const to = {
  rule: "default",
  large: "large",
  route: "/media/",
  kinds: ["put", "form", "multipart"],
  largest: 200,
  ...JSON.parse(process.env.CLOAKROOM_UPLOADS_TO ?? "{}"),
};
const takes = (...kinds) => kinds.every((kind) => to.kinds.includes(kind));
const largest = to.largest * megabyte;

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
  const answer = await page.evaluate(
    ([client, options]) => window.uploaders[client](options),
    [client, { type, chunk: chunk.toString("base64"), ...options }],
  );
  return { ...answer, steps: await page.evaluate(() => window.steps) };
}

/** The file has come whole, and the client showed how far it was. */
async function arrived(key, size, steps) {
  stored.push(key);
  assert.match(key, /^users\/alice\/[^/]+\//);
  const headers = { authorization: `Bearer ${token()}` };
  const path = `${to.route}${key.split("/").map(encodeURIComponent).join("/")}`;
  const read = await open(running.edge, path, { headers });
  assert.deepEqual(await drain(read), { size, sha256: sha256Of(size) }, key);
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

/** Takes the network away as soon as `isTime` says so, and gives it back two seconds later. */
async function cutNetwork(isTime) {
  const context = page.context();
  await page.waitForFunction(isTime, undefined, { timeout: 60_000 });
  await context.setOffline(true);
  await new Promise((resolve) => setTimeout(resolve, 2000));
  await context.setOffline(false);
}

/** What every Uppy does. */
function uppy(client, options) {
  test("12 KB at once", async () => {
    const size = 12 * kilobyte;
    const answer = await run(client, { ...options(), name: "a b+é.bin", size, multipart: false });
    assert.equal(answer.error, undefined);
    await arrived(answer.body.key, size);
    assert.ok(answer.body.key.endsWith("a b+é.bin"), answer.body.key);
  });

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

  test("40 MB in parts, with the network cut in the middle", { timeout: 120_000 }, async () => {
    const size = 40 * megabyte;
    const [answer] = await Promise.all([
      run(client, { ...options(), name: "cut.bin", size, multipart: true }),
      cutNetwork(() => window.steps.some(({ part }) => part)),
    ]);
    assert.equal(answer.error, undefined);
    await arrived(answer.body.key, size, answer.steps);
  });

  test(`${to.largest} MB in parts`, { timeout: 300_000 }, async () => {
    const size = largest;
    const answer = await run(client, { ...options(), name: "large.bin", size, multipart: true });
    assert.equal(answer.error, undefined);
    await arrived(answer.body.key, size, answer.steps);
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
  uppy("uppy5", () => ({ endpoint: endpoint(), token: token() }));
});

describe("Active Storage", () => {
  const endpoint = () => `${running.uploads}/rails/active_storage/direct_uploads/${to.rule}`;
  for (const size of [0, 12 * kilobyte, 20 * megabyte]) {
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

  test("no token", async () => {
    const wanted = { endpoint: endpoint(), token: "none", name: "a", size: 1 };
    const { error } = await run("activeStorage", wanted);
    assert.match(error, /Error creating Blob for "a". Status: 401/);
  });
});

describe("better-upload", () => {
  const options = (route) => ({ endpoint: `${running.uploads}/better-upload`, token: token(), route });
  const file = (name, size) => ({ name, size, type, chunk: chunk.toString("base64") });

  for (const [route, sizes] of [
    [to.rule, [12 * kilobyte, megabyte, 5 * megabyte]],
    [to.large, [12 * kilobyte, 20 * megabyte, largest]],
  ]) {
    const isSkipped = route === to.large && !takes("multipart");
    test(`three files at once by rule ${route}`, { timeout: 300_000, skip: isSkipped }, async () => {
      const files = sizes.map((size, n) => file(`${n} é+.bin`, size));
      const answer = await run("betterUpload", { ...options(route), files });
      assert.deepEqual([answer.error, answer.failedFiles], [undefined, []]);
      for (const [n, { objectInfo, size }] of answer.stored.entries()) {
        assert.equal(size, sizes[n]);
        await arrived(objectInfo.key, size, answer.steps);
      }
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
    /net::ERR_INTERNET_DISCONNECTED$/,
    /^Refused to get unsafe header "x-amz-error-code"$/,
  ];
  const others = chromium.problems.filter((problem) => !expected.some((each) => each.test(problem)));
  assert.deepEqual(others, []);
});
