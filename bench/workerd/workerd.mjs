// workerd by itself, one process for each Worker, so that the process's time is the Worker's.
// miniflare would have its cache and its own Workers in the same process.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, copyFileSync, mkdirSync, openSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const { resolve } = createRequire(import.meta.url);
const wrangler = readFileSync(new URL("../../wrangler.toml", import.meta.url), "utf8");
const [, compatibilityDate] = /^compatibility_date = "(.*)"$/m.exec(wrangler);

/** The one file that aws4fetch is. */
export const aws4fetch = resolve("aws4fetch").replace(/\.cjs\.js$/, ".esm.mjs");

/** A file of this folder. */
export const here = (file) => fileURLToPath(new URL(file, import.meta.url));

/** All modules of a folder, each by its name and file; the first is the entry. */
export function bundle(folder, entry) {
  const files = readdirSync(folder, { recursive: true }).filter((file) => /\.(m?js|wasm)$/.test(file));
  return files.sort((a, b) => (b === entry) - (a === entry)).map((name) => [name, join(folder, name)]);
}

/** A file as a module. */
export const single = (file) => [basename(file), file];

/**
 * Writes what workerd is started by into `folder`. The first of `modules` is the entry; what the
 * Worker writes to the console goes into a file beside it.
 */
export function prepare(folder, { modules, bindings = {}, cache, flags = [] }) {
  for (const [name, file] of modules) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    copyFileSync(file, join(folder, name));
  }
  const text = JSON.stringify;
  const embedded = modules.map(([name]) => {
    const type = name.endsWith(".wasm") ? "wasm" : "esModule";
    return `(name = ${text(name)}, ${type} = embed ${text(name)})`;
  });
  const bound = Object.entries(bindings).map(([name, value]) => `(name = ${text(name)}, text = ${text(value)})`);
  writeFileSync(
    join(folder, "config.capnp"),
    `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = (
      modules = [${embedded.join(", ")}],
      bindings = [${bound.join(", ")}],
      compatibilityDate = ${text(compatibilityDate)},
      ${cache ? `cacheApiOutbound = "cache",` : ""}
    )),
    ${cache ? `(name = "cache", external = (address = "127.0.0.1:${cache}", http = ())),` : ""}
    (name = "internet", network = (allow = ["local"])),
  ],
  sockets = [(name = "main", address = "127.0.0.1:0", http = (), service = "main")],
);
`,
  );
  return { folder, flags };
}

/** Starts what was prepared; it listens once this has settled. */
export async function start({ folder, flags }) {
  const log = openSync(join(folder, "log"), "w");
  const arguments_ = ["serve", "--control-fd=3", ...flags, join(folder, "config.capnp")];
  const child = spawn(createRequire(import.meta.url)("workerd").default, arguments_, {
    stdio: ["ignore", log, log, "pipe"],
  });
  closeSync(log);
  const ended = once(child, "exit");
  const listens = new Promise((resolve) => {
    createInterface({ input: child.stdio[3] }).on("line", (line) => {
      const { socket, port } = JSON.parse(line);
      if (socket === "main") resolve(port);
    });
  });
  const port = await Promise.race([listens, ended.then(() => undefined)]);
  if (!port) throw new Error(`workerd did not start:\n${readFileSync(join(folder, "log"), "utf8")}`);
  return {
    port,
    pid: child.pid,
    async stop() {
      child.kill("SIGKILL");
      await ended;
    },
  };
}
