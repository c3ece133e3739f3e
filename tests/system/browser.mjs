// Headless Chromium with a fresh profile, every connection of which goes through a proxy.

import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { chromium } from "playwright-core";

/** A browser with one `page`. `problems` collects what went wrong inside the page. */
export async function browser({ proxyPort }) {
  const profile = await mkdtemp(join(tmpdir(), "cloakroom-chromium-"));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: process.env.CLOAKROOM_CHROMIUM ?? "/usr/bin/chromium",
    headless: true,
    viewport: { width: 1280, height: 900 },
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      "--autoplay-policy=no-user-gesture-required",
      `--proxy-server=127.0.0.1:${proxyPort}`,
      // Chromium would go around the proxy for this machine's own addresses.
      "--proxy-bypass-list=<-loopback>",
    ],
  });
  const page = context.pages()[0] ?? (await context.newPage());
  const problems = [];
  page.on("pageerror", (error) => problems.push(String(error)));
  page.on("console", (message) => {
    // A denial that the page asked for is no problem of the page.
    const denial = /^Failed to load resource: the server responded with a status of 4\d\d/;
    if (message.type() === "error" && !denial.test(message.text())) problems.push(message.text());
  });
  return {
    page,
    problems,
    close: async () => {
      await context.close();
      await rm(profile, { recursive: true, force: true });
    },
  };
}

/** Pictures of the page for people to look at, when CLOAKROOM_SCREENSHOTS names a folder. */
export async function screenshots(page, name) {
  const folder = process.env.CLOAKROOM_SCREENSHOTS;
  if (!folder) return;
  await mkdir(folder, { recursive: true });
  const before = page.viewportSize();
  for (const width of [1280, 390]) {
    await page.setViewportSize({ width, height: width === 390 ? 844 : 900 });
    await showEverything(page);
    await page.screenshot({ path: join(folder, `${name}-${width}.png`), fullPage: true });
  }
  await page.setViewportSize(before);
}

/** Scrolls through the page, so that pictures that load lazily are there. */
async function showEverything(page) {
  await page.evaluate(async () => {
    for (let top = 0; top < document.body.scrollHeight; top += innerHeight) {
      scrollTo(0, top);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    scrollTo(0, 0);
    const loaded = (image) =>
      image.complete || new Promise((resolve) => (image.onload = image.onerror = resolve));
    await Promise.all(Array.from(document.images, loaded));
    // Pictures fade in.
    const ended = (animation) => animation.finished.catch(() => {});
    await Promise.all(document.getAnimations().map(ended));
  });
}
