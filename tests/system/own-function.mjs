// The function with a policy of the test's own, behind everything that AWS can put in front of it.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const repository = fileURLToPath(new URL("../..", import.meta.url));

/**
 * Starts `cargo xtask function`, after `system` has had the function built. Answers the `fronts` by
 * name, each with its `origin` and with what its paths have in `front`, and where to `invoke` it.
 */
export async function ownFunction({ policy, secrets, basePath = "" }) {
  const folder = await mkdtemp(join(tmpdir(), "cloakroom-function-"));
  const log = join(folder, "function.log");
  const xtask = process.env.CLOAKROOM_XTASK;
  const [command, ...leading] = xtask ? [xtask] : ["cargo", "xtask"];
  const child = spawn(command, [...leading, "function", "--log", log], {
    cwd: repository,
    env: { ...process.env, POLICY: JSON.stringify(policy), BASE_PATH: basePath, ...secrets },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = once(child, "exit");
  const line = new Promise((resolve) => {
    createInterface({ input: child.stdout }).once("line", resolve);
  });
  const said = await Promise.race([line, exited.then(() => undefined)]);
  if (said === undefined) {
    const text = await readFile(log, "utf8").catch(() => "");
    await rm(folder, { recursive: true, force: true });
    throw new Error(`the function did not start:\n${text}`);
  }
  const { invoke, ...origins } = JSON.parse(said);
  const fronts = Object.entries(origins).map(([name, origin]) => [
    name,
    { origin, front: name.endsWith("-stage") ? "/prod" : "" },
  ]);
  return {
    fronts: Object.fromEntries(fronts),
    invoke,
    logText: () => readFile(log, "utf8"),
    /** Stops it, and answers all that it has logged. */
    async stop() {
      child.kill("SIGINT");
      await exited;
      const text = await readFile(log, "utf8");
      await rm(folder, { recursive: true, force: true });
      return text;
    },
  };
}
