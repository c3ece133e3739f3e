// The running system that a test file talks to.
//
// CLOAKROOM_DEV holds the line that `cargo xtask dev --json` printed, when one is already running.
// Otherwise `start` runs one on free ports with a fresh data folder, and `stop` ends it.

import { spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const repository = fileURLToPath(new URL("../..", import.meta.url));

/** Fifteen minutes: the first start on a machine builds everything. */
const startDeadline = 15 * 60 * 1000;

/** What `cargo xtask dev --json` says, and `stop`. */
export async function system() {
  if (process.env.CLOAKROOM_DEV) {
    return { ...JSON.parse(process.env.CLOAKROOM_DEV), stop: async () => {} };
  }
  const data = await mkdtemp(join(tmpdir(), "cloakroom-dev-"));
  const remove = () => rm(data, { recursive: true, force: true });
  const started = await start({ data }).catch(async (error) => {
    await remove();
    throw error;
  });
  return {
    ...started.ready,
    stop: async () => {
      started.child.kill("SIGINT");
      await started.exited;
      await remove();
    },
  };
}

/** Starts `cargo xtask dev --json` and waits for its line. CLOAKROOM_XTASK names a built one. */
export async function start({ data, ports: chosen = {} }) {
  const free = await freePorts(4);
  const ports = ["edge", "uploads", "store", "app"].map((part, i) =>
    String(chosen[part] ?? free[i]),
  );
  const xtask = process.env.CLOAKROOM_XTASK;
  const [command, ...leading] = xtask ? [xtask] : ["cargo", "xtask"];
  const begun = performance.now();
  const child = spawn(
    command,
    [...leading, "dev", "--json", "--data", data].concat(
      ["--edge-port", ports[0], "--uploads-port", ports[1]],
      ["--store-port", ports[2], "--app-port", ports[3]],
    ),
    { cwd: repository, stdio: ["ignore", "pipe", "pipe"] },
  );
  const exited = new Promise((resolve) => {
    child.once("error", (error) => resolve({ error }));
    child.once("exit", (code, signal) => resolve({ code, signal }));
  });
  let progress = "";
  child.stderr.on("data", (chunk) => (progress = (progress + chunk).slice(-4000)));
  const line = await Promise.race([
    firstLine(child.stdout),
    exited.then(() => undefined),
    new Promise((resolve) => setTimeout(resolve, startDeadline).unref()),
  ]);
  if (line === undefined) {
    child.kill("SIGINT");
    throw new Error(`the system did not become ready; its last words were:\n${progress}`);
  }
  const seconds = (performance.now() - begun) / 1000;
  return { ready: JSON.parse(line), ports, child, exited, seconds };
}

/** The log entry of `part` (edge, uploads) for one request: the JSON line with this `x-request-id`. */
export async function logEntry(running, part, requestId) {
  const path = join(running.data, "logs", `${part}.log`);
  for (let attempt = 0; attempt < 50; attempt += 1) {
    const text = await readFile(path, "utf8").catch(() => "");
    const line = wholeLines(text).find((each) => each.includes(requestId));
    if (line) return JSON.parse(line.slice(line.indexOf("{"), line.lastIndexOf("}") + 1));
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`no line of ${path} has the request id ${requestId}`);
}

/** The lines of a log that is being written: the last one may be there in part. */
export function wholeLines(log) {
  return log.split("\n").slice(0, -1);
}

/** What the logs of all parts hold that nobody may read there, one description each. */
export async function secretsInLogs(running) {
  const named = JSON.parse(await readFile(join(running.data, "secrets.json"), "utf8"));
  const logs = join(running.data, "logs");
  const found = [];
  for (const file of await readdir(logs)) {
    const text = await readFile(join(logs, file), "utf8");
    for (const [name, secret] of Object.entries(named)) {
      if (text.includes(secret)) found.push(`${file} holds ${name}`);
    }
    for (const [user, token] of Object.entries(running.users)) {
      if (text.includes(token.split(".")[2])) found.push(`${file} holds the token of ${user}`);
    }
    if (/X-Amz-Signature=[0-9a-f]{64}/i.test(text)) found.push(`${file} holds a signed URL`);
  }
  return found;
}

function firstLine(stream) {
  return new Promise((resolve) => createInterface({ input: stream }).once("line", resolve));
}

/**
 * Ports that nobody listens at, below those that systems give to connections that go out: one of
 * those may be taken again before somebody listens at it.
 */
export async function freePorts(count) {
  const servers = new Map();
  while (servers.size < count) {
    const port = randomInt(16_384, 32_768);
    const server = createServer().listen(port, "127.0.0.1");
    if (await once(server, "listening").then(() => true, () => false)) servers.set(port, server);
  }
  await Promise.all(Array.from(servers.values(), (server) => once(server.close(), "close")));
  return [...servers.keys()];
}
