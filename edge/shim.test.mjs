// The shim under workerd, around the real bundle: an instance that traps is replaced, the
// requests that it was working on get an answer, and the next one is served.
//
// The real Worker has no request that makes it trap, so a module between shim and bundle adds
// some. `cargo xtask test` builds the bundle and runs this; EDGE_BUNDLE names another folder.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, beforeEach, test } from "node:test";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { Log, LogLevel, Miniflare } from "miniflare";

const bundle = process.env.EDGE_BUNDLE ?? fileURLToPath(new URL("../build/edge", import.meta.url));

// (module (func (export "trap") unreachable) (func $f (export "overflow") (call $f)))
const trapWasm = Uint8Array.from([
  0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00, 0x01, 0x04, 0x01, 0x60, 0x00, 0x00, 0x03, 0x03, 0x02, 0x00,
  0x00, 0x07, 0x13, 0x02, 0x04, 0x74, 0x72, 0x61, 0x70, 0x00, 0x00, 0x08, 0x6f, 0x76, 0x65, 0x72, 0x66, 0x6c,
  0x6f, 0x77, 0x00, 0x01, 0x0a, 0x0a, 0x02, 0x03, 0x00, 0x00, 0x0b, 0x04, 0x00, 0x10, 0x01, 0x0b,
]);

const between = `
  import * as real from "./real.js";
  import * as platform from "./platform.mjs";
  import module from "./trap.wasm";
  const { trap, overflow } = new WebAssembly.Instance(module).exports;
  export const { initSync, resume_with_bytes, abandon } = real;
  let instances = 1;
  export function __wbg_reset_state() { instances += 1; real.__wbg_reset_state(); }
  const [TRAP, ANSWER] = [4e9, 4e9 + 1];
  const say = (task, text) => platform.respondWith(task, 200, "{}", String(text));
  export function begin(task, request, ...now) {
    switch (new URL(request.split("\\n")[1]).pathname) {
      case "/instances": return say(task, instances);
      case "/begin": return trap();
      case "/overflow": return overflow();
      case "/resume": return platform.wait(task, TRAP, 0);
      case "/wake": return platform.wait(task, TRAP, 50);
      case "/after":
        platform.wait(platform.spawn(task), TRAP, 0);
        return say(task, "answered");
      case "/slow": return platform.wait(task, ANSWER, 2000);
      default: return real.begin(task, request, ...now);
    }
  }
  export function resume(task, question, ...rest) {
    switch (question) {
      case TRAP: return trap();
      case ANSWER: return say(task, "slow");
      default: return real.resume(task, question, ...rest);
    }
  }
`;

let server;
before(async () => {
  const read = (file) => readFileSync(join(bundle, file));
  const script = (file) => readFileSync(new URL(file, import.meta.url));
  server = new Miniflare({
    cf: false,
    log: new Log(LogLevel.NONE),
    handleRuntimeStdio: (out, err) => void (out.resume(), err.resume()),
    compatibilityDate: "2026-04-01",
    modulesRoot: bundle,
    modules: [
      { type: "ESModule", path: join(bundle, "shim.mjs"), contents: script("shim.mjs") },
      { type: "ESModule", path: join(bundle, "platform.mjs"), contents: script("platform.mjs") },
      { type: "ESModule", path: join(bundle, "index.js"), contents: between },
      { type: "ESModule", path: join(bundle, "real.js"), contents: read("index.js") },
      { type: "CompiledWasm", path: join(bundle, "index_bg.wasm"), contents: read("index_bg.wasm") },
      { type: "CompiledWasm", path: join(bundle, "trap.wasm"), contents: trapWasm },
    ],
  });
  await server.ready;
});
after(() => server.dispose());

const get = (path) => server.dispatchFetch(`http://edge.test${path}`);
const instances = async () => Number(await (await get("/instances")).text());

let earlier;
beforeEach(async () => (earlier = await instances()));

async function assertLost(response) {
  assert.equal(response.status, 500);
  assert.equal(response.headers.get("cache-control"), "no-store");
  assert.match(response.headers.get("x-request-id"), /^[0-9a-f-]{36}$/);
  assert.equal((await response.json()).code, "InternalError");
}

/** The real worker, which has no policy here, says so: it runs. */
async function assertServes() {
  assert.equal((await (await get("/media/public/a")).json()).code, "NotConfigured");
}

test("the real worker runs behind it", assertServes);

for (const [where, path] of [
  ["when a request begins", "/begin"],
  ["when a question is answered", "/resume"],
  ["when one is answered later", "/wake"],
  ["for want of stack", "/overflow"],
]) {
  test(`a trap ${where} costs one answer`, async () => {
    await assertLost(await get(path));
    assert.equal(await instances(), earlier + 1);
    await assertServes();
  });
}

test("a trap after the answer costs none", async () => {
  assert.equal(await (await get("/after")).text(), "answered");
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.equal(await instances(), earlier + 1);
  await assertServes();
});

test("requests under way in the lost instance are answered at once", async () => {
  const begun = performance.now();
  const slow = [get("/slow"), get("/slow")];
  await new Promise((resolve) => setTimeout(resolve, 100));
  await assertLost(await get("/resume"));
  for (const each of slow) await assertLost(await each);
  assert.ok(performance.now() - begun < 1500, "they waited for the lost instance");
  assert.equal(await instances(), earlier + 1);
  await assertServes();
});
