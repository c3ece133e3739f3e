// The gallery in a real browser: files go straight to the store and come back through the edge.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

import { browser, screenshots } from "./browser.mjs";
import { countingProxy, exchanged } from "./counting-proxy.mjs";
import { system } from "./dev.mjs";
import { deleteObject } from "./objects.mjs";
import { sha256 } from "./sigv4.mjs";
import { drain, open, origin, target } from "./wire.mjs";

/** All that edge, upload function and app server may get during an upload of any size. */
const bound = 16 * 1024;

const sizes = {
  "12 KB": 12_000,
  "1 MB": 1_000_000,
  "100 MB": 100_000_000,
};

let running, proxy, chromium, page, files;
const stored = [];

before(async () => {
  running = await system();
  proxy = await countingProxy();
  chromium = await browser({ proxyPort: proxy.port });
  page = chromium.page;
  files = await mkdtemp(join(tmpdir(), "cloakroom-files-"));
  await page.goto(running.app);
});

after(async () => {
  await chromium?.close();
  await proxy?.close();
  for (const key of stored) await deleteObject(running, key);
  if (files) await rm(files, { recursive: true, force: true });
  await running?.stop();
});

test("before anyone signs in, the public pictures are there and no others", async () => {
  await byId("sign-in-alice").waitFor();
  await byId("group-public").locator("img").first().waitFor();
  await allPicturesShown();
  assert.equal(await byId("group-yours").count(), 0);
  await screenshots(page, "welcome");
});

test("alice signs in and sees her pictures", async () => {
  await byId("sign-in-alice").click();
  await byId("user-name").waitFor();
  assert.equal(await byId("user-name").textContent(), "Alice");
  for (const group of ["yours", "members", "public"]) {
    await byId(`group-${group}`).locator("img").first().waitFor();
  }
  await allPicturesShown();
});

test("the edge gives every answer that the page expects", async () => {
  await page.waitForFunction(() => {
    const words = [...document.querySelectorAll('[data-testid="edge-case-word"]')];
    return words.length >= 10 && words.every((word) => word.textContent !== "Asking");
  });
  const rows = page.locator("li").filter({ has: byId("edge-case-word") });
  for (const row of await rows.all()) {
    const verdict = await row.getAttribute("data-verdict");
    const surprise = await row.getAttribute("data-surprise");
    assert.ok(["allowed", "denied"].includes(verdict), await row.innerText());
    assert.equal(surprise, null, await row.innerText());
  }
  await screenshots(page, "gallery");
});

describe("uploads", () => {
  for (const [label, size] of Object.entries(sizes)) {
    test(`${label} go to the store and through nothing else`, { timeout: 300_000 }, async (t) => {
      const content = randomBytes(size);
      const name = `${label.replace(" ", "-")}.bin`;
      await writeFile(join(files, name), content);
      await page.waitForLoadState("networkidle");

      const earlier = proxy.counts();
      const begun = performance.now();
      await byId("file-input").setInputFiles(join(files, name));
      const key = await uploaded(name);
      const seconds = (performance.now() - begun) / 1000;
      await page.waitForLoadState("networkidle");
      const counts = proxy.counts();

      const parts = ["store", "edge", "uploads", "app"];
      const bytes = Object.fromEntries(
        parts.map((part) => [part, exchanged(earlier, counts, running[part])]),
      );
      t.diagnostic(
        `${size} bytes in ${seconds.toFixed(1)} s; bytes sent to ` +
          parts.map((part) => `${part} ${bytes[part].sent}`).join(", "),
      );
      assert.ok(bytes.store.sent >= size, "the store got the file");
      assert.ok(bytes.store.sent < size + bound, "the store got the file once");
      assert.ok(bytes.store.received < bound, "the store sent little back");
      for (const part of ["edge", "uploads", "app"]) {
        assert.ok(bytes[part].sent < bound, `${part} got ${bytes[part].sent} bytes`);
        assert.ok(bytes[part].received < bound, `${part} answered ${bytes[part].received} bytes`);
      }
      assert.ok(bytes.uploads.sent > 0, "the upload function was asked");

      const url = await photo(key).locator("a").getAttribute("href");
      assert.equal(origin(url), running.edge);
      const read = await drain(await open(running.edge, target(url)));
      assert.deepEqual(read, { size, sha256: sha256(content) });
    });
  }

  test("the page's own count agrees", async () => {
    const shown = async (part) => Number(await byId(`bytes-${part}`).getAttribute("data-bytes"));
    assert.equal(await shown("store"), sizes["100 MB"]);
    assert.equal(await shown("edge"), 0);
    assert.equal(await shown("app"), 0);
    assert.ok((await shown("function")) < bound);
  });

  test("three pictures at once, under names that need escaping", async () => {
    const names = ["été 100% #1.png", "a+b & c?.png", "日本 🧥.png"];
    for (const name of names) await writeFile(join(files, name), picture);
    await byId("file-input").setInputFiles(names.map((name) => join(files, name)));
    for (const name of names) {
      const key = await uploaded(name);
      assert.ok(key.endsWith(`/${name}`), key);
      await photo(key).locator("img").scrollIntoViewIfNeeded();
      await page.waitForFunction(
        (shown) =>
          document.querySelector(`[data-key="${CSS.escape(shown)}"] img`)?.naturalWidth === 1,
        key,
      );
    }
    await screenshots(page, "uploaded");
  });
});

test("a video plays and seeks", { timeout: 60_000 }, async (t) => {
  const ranges = [];
  page.on("response", (response) => {
    if (!response.url().includes(".mp4")) return;
    ranges.push([response.status(), response.headers()["content-range"]]);
  });
  await page.reload();
  const video = byId("video").first();
  await video.waitFor();
  await video.scrollIntoViewIfNeeded();
  const played = await video.evaluate(async (element) => {
    element.muted = true;
    await element.play();
    await new Promise((resolve) => {
      element.addEventListener("timeupdate", () => element.currentTime > 0.2 && resolve());
    });
    return element.currentTime;
  });
  assert.ok(played > 0.2);
  const sought = await video.evaluate(async (element) => {
    const wanted = element.duration * 0.8;
    element.pause();
    element.currentTime = wanted;
    await new Promise((resolve) => element.addEventListener("seeked", resolve, { once: true }));
    return { wanted, at: element.currentTime, duration: element.duration, error: element.error };
  });
  assert.equal(sought.error, null);
  assert.ok(Math.abs(sought.at - sought.wanted) < 0.5, JSON.stringify(sought));
  t.diagnostic(
    `sought ${sought.at.toFixed(1)} of ${sought.duration.toFixed(1)} s; ${JSON.stringify(ranges)}`,
  );
  assert.ok(ranges.length > 0, "the video came over the network");
  for (const [status, contentRange] of ranges) {
    assert.equal(status, 206);
    assert.match(contentRange, /^bytes \d+-\d+\/\d+$/);
  }
});

test("bob sees none of alice's pictures", async () => {
  await byId("sign-out").click();
  await byId("sign-in-bob").click();
  await byId("group-yours").locator("img").first().waitFor();
  await allPicturesShown();
  const keys = await keysIn(page);
  assert.ok(keys.some((key) => key.startsWith("users/bob/")));
  assert.ok(!keys.some((key) => key.startsWith("users/alice/")));
});

test("nothing went wrong inside the page", () => {
  assert.deepEqual(chromium.problems, []);
});

/** A picture of one pixel. */
const picture = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==",
  "base64",
);

function byId(id) {
  return page.getByTestId(id);
}

function photo(key) {
  return page.locator(`[data-testid="photo"][data-key=${JSON.stringify(key)}]`);
}

function keysIn(place) {
  return place.getByTestId("photo").evaluateAll((all) => all.map((each) => each.dataset.key));
}

/** Waits for the upload of this name to end well, and answers the object's key. */
async function uploaded(name) {
  const row = byId("upload-row")
    .filter({ has: page.getByText(name, { exact: true }) })
    .first();
  await row.waitFor();
  const ended = await row.evaluateHandle(
    (element) =>
      new Promise((resolve) => {
        const look = () => {
          const { state } = element.dataset;
          if (["done", "failed", "cancelled"].includes(state)) resolve(state);
        };
        new MutationObserver(look).observe(element, { attributes: true });
        look();
      }),
  );
  assert.equal(await ended.jsonValue(), "done", await row.innerText());
  const keys = await keysIn(byId("group-yours"));
  const key = keys.find((each) => each.endsWith(`/${name}`));
  assert.ok(key, `${name} is not shown`);
  stored.push(key);
  return key;
}

/** Every picture that is near the window has come through the edge and was decoded. */
async function allPicturesShown() {
  await page.evaluate(() => {
    for (const image of document.images) image.loading = "eager";
  });
  await page.waitForFunction(() =>
    [...document.images].every(({ complete, naturalWidth }) => complete && naturalWidth > 0),
  );
}
