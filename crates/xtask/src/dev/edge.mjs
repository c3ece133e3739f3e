// Serves the Worker's bundle under workerd. Reads its settings from the variable EDGE_CONFIG,
// because secrets are among them and a command line is public.

import { subscribe } from "node:diagnostics_channel";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Miniflare } from "miniflare";

const config = JSON.parse(process.env.EDGE_CONFIG);
const { port, bundle, settings, bindings, r2, kv, inspectorPort } = config;
delete process.env.EDGE_CONFIG;

/** The files of the bundle; the first is the entry. */
function modules(folder) {
  const files = readdirSync(folder, { recursive: true }).filter((file) => /\.(m?js|wasm)$/.test(file));
  const entryFirst = files.sort((a, b) => (b === "shim.mjs") - (a === "shim.mjs"));
  const type = (file) => (file.endsWith(".wasm") ? "CompiledWasm" : "ESModule");
  return entryFirst.map((file) => ({ type: type(file), path: join(folder, file) }));
}

// miniflare does not tell when workerd ends by itself, and would wait for it for ever.
let stopping = false;
subscribe("child_process", ({ process: child }) => {
  child.once("exit", (code, signal) => {
    if (stopping) return;
    console.error(`workerd ended by itself (${signal ?? `exit status ${code}`})`);
    process.exit(1);
  });
});

const server = new Miniflare({
  // The entry that this would open on another port; the Worker's own socket is below.
  host: "127.0.0.1",
  port: 0,
  // Tests look at the Worker's memory.
  ...(inspectorPort && { inspectorPort }),
  // Without it, miniflare asks the network what Cloudflare knows of this machine.
  cf: false,
  // Tests put objects into a folder before they start this.
  ...(r2 && { r2Persist: r2.folder }),
  workers: [
    {
      name: "edge",
      modulesRoot: bundle,
      modules: modules(bundle),
      ...settings,
      bindings,
      ...(r2 && { r2Buckets: r2.buckets }),
      ...(kv && { kvNamespaces: [kv.binding] }),
      unsafeDirectSockets: [{ host: "127.0.0.1", port }],
    },
  ],
});

for (const signal of ["SIGINT", "SIGTERM"]) {
  process.once(signal, async () => {
    stopping = true;
    await server.dispose();
    process.exit(0);
  });
}

await server.ready;
if (kv) {
  // Tests write entries while it runs: a line of JSON for each, answered by a line.
  const namespace = await server.getKVNamespace(kv.binding);
  for (const [key, value] of Object.entries(kv.entries)) await namespace.put(key, value);
  createInterface({ input: process.stdin }).on("line", async (line) => {
    const { key, value } = JSON.parse(line);
    await (value === null ? namespace.delete(key) : namespace.put(key, value));
    console.log(`written ${key}`);
  });
}
console.log(`ready http://127.0.0.1:${port}`);
