// An edge with a policy of the test's own, under workerd. Unless the test brings stores of its own,
// there is one behind it that answers every signed request with the same object.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import http from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

import { freePorts, wholeLines } from "./dev.mjs";
import { descendants } from "./procfs.mjs";
import { listening } from "./server.mjs";

const repository = fileURLToPath(new URL("../..", import.meta.url));

export const content = "what the store keeps";

/**
 * Starts it. Of a policy `keys` is given, and the `secrets` that they name; every key has the
 * authority to read `/media/*`, unless there are other `routes`. They lead to the store `main`, where
 * no key with `absent` in it has an object, or to the test's own `stores`, and then no other store is
 * started; `bindings` are the Worker's further variables, and `r2` its `buckets` by binding, with the
 * `folder` that they are in. With `namespace` the policy is an entry of a KV namespace in place of a
 * variable, and so are `namespace.entries`; `write` changes them, and `policy` is what was written.
 * Where `onEntry` is given, it is called with each entry of the log, and the log is kept no more. Where
 * it `isInspected`, `inspector` is the origin of V8's inspector.
 */
export async function ownEdge({ keys, secrets = {}, stores, routes, bindings = {}, r2, ...rest }) {
  const { health, namespace, onEntry, isInspected = false } = rest;
  const store = stores ? undefined : await startStore();
  const policy = {
    version: 1,
    stores: stores ?? { main: s3Store(store.origin) },
    keys,
    routes: routes ?? { media: route("/media/", "main") },
    health,
  };
  const variables = {
    ...bindings,
    ...secrets,
    ...(!namespace && { POLICY: JSON.stringify(policy) }),
    STORE_ID: storeKey.access_key_id,
    STORE_SECRET: storeKey.secret_access_key,
  };
  const entries = { policy: JSON.stringify(policy), ...namespace?.entries };
  const kv = namespace && { binding: "SETTINGS", entries };
  const edge = await startEdge({ bindings: variables, r2, kv, onEntry, isInspected });
  return {
    origin: edge.origin,
    inspector: edge.inspector,
    store: store?.origin,
    /** How many requests have reached the store. */
    reads: () => store.reads(),
    logEntry: edge.logEntry,
    logText: edge.logText,
    policy,
    write: edge.write,
    workerd: edge.workerd,
    async stop() {
      await edge.stop();
      await store?.stop();
    },
  };
}

/** What requests to an S3 store are signed with, unless the test says something else. */
export const storeKey = {
  access_key_id: "STOREKEY",
  secret_access_key: "the store's own secret of the tests",
};

/** A store of kind `s3` in a policy. */
export function s3Store(endpoint, options = {}) {
  return {
    kind: "s3",
    endpoint,
    region: "us-east-1",
    addressing: "path",
    credentials: { access_key_id: "STORE_ID", secret_access_key: "STORE_SECRET" },
    ...options,
  };
}

/** A route in a policy that whoever has a key may read. */
export function route(path, store, options = {}) {
  const access = [{ keys: "*", acl: "authenticated-read" }];
  return { path, store, bucket: "media", access, ...options };
}

async function startStore() {
  let reads = 0;
  const server = http.createServer((request, response) => {
    reads += 1;
    const isSigned =
      request.headers.authorization?.startsWith("AWS4-HMAC-SHA256 ") ||
      request.url.includes("X-Amz-Signature=");
    const status = request.url.includes("absent") ? 404 : 200;
    response.writeHead(isSigned ? status : 403, {
      "content-type": "text/plain",
      "content-length": content.length,
      etag: '"1"',
    });
    response.end(request.method === "HEAD" ? undefined : content);
  });
  return {
    ...(await listening(server)),
    reads: () => reads,
  };
}

/** The bundle of `cargo xtask build edge`, started as `cargo xtask dev` does. */
async function startEdge({ bindings, r2, kv, onEntry, isInspected }) {
  const temporary = await mkdtemp(join(tmpdir(), "cloakroom-edge-"));
  const wrangler = await readFile(join(repository, "wrangler.toml"), "utf8");
  const [, compatibilityDate] = /^compatibility_date = "(.*)"$/m.exec(wrangler);
  const config = {
    port: (await freePorts(1))[0],
    bundle: join(repository, "build/edge"),
    settings: { compatibilityDate },
    bindings,
    r2,
    kv,
    inspectorPort: isInspected ? (await freePorts(1))[0] : undefined,
  };
  const child = spawn("node", [join(repository, "crates/xtask/src/dev/edge.mjs")], {
    cwd: repository,
    env: { ...process.env, EDGE_CONFIG: JSON.stringify(config), TMPDIR: temporary },
    stdio: ["pipe", "pipe", "pipe"],
  });
  const exited = once(child, "exit");
  let text = "";
  for (const stream of onEntry ? [child.stderr] : [child.stdout, child.stderr]) {
    stream.on("data", (chunk) => (text += chunk));
  }
  const stop = async () => {
    child.kill("SIGTERM");
    await exited;
    await rm(temporary, { recursive: true, force: true });
  };
  const lines = createInterface({ input: child.stdout });
  const ready = new Promise((resolve) => {
    lines.on("line", (line) => {
      if (line.startsWith("ready ")) resolve(true);
      else if (onEntry && line.includes('"request_id":')) onEntry(entryOf(line));
      else if (onEntry) text += `${line}\n`;
    });
  });
  if (!(await Promise.race([ready, exited.then(() => false)]))) {
    await rm(temporary, { recursive: true, force: true });
    throw new Error(`the edge did not start; run \`cargo xtask build edge\` first:\n${text}`);
  }
  return {
    origin: `http://127.0.0.1:${config.port}`,
    inspector: isInspected ? `http://127.0.0.1:${config.inspectorPort}` : undefined,
    stop,
    /** The log; where entries are handed on, what else was said. */
    logText: () => text,
    /** Writes an entry of the namespace, or removes it when the value is null. */
    async write(key, value) {
      const written = new Promise((resolve) => {
        lines.on("line", (line) => line === `written ${key}` && resolve());
      });
      child.stdin.write(`${JSON.stringify({ key, value })}\n`);
      await written;
    },
    /** Its processes that run the Worker. */
    workerd: () => descendants(child.pid).filter(({ name }) => name === "workerd"),
    /** The log's line about one request. */
    async logEntry(requestId) {
      for (let attempt = 0; attempt < 50; attempt += 1) {
        const line = wholeLines(text).find((each) => each.includes(requestId));
        if (line) return entryOf(line);
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      throw new Error(`no line of the log has the request id ${requestId}`);
    },
  };
}

function entryOf(line) {
  return JSON.parse(line.slice(line.indexOf("{"), line.lastIndexOf("}") + 1));
}
