// Signed URLs as a gallery asks for them: a page of links in one call of the function, and each of
// them opens one file at the edge.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { logEntry, secretsInLogs, system } from "./dev.mjs";
import { deleteObject, putObject } from "./objects.mjs";
import { origin, send, target } from "./wire.mjs";

const names = ["été ~*+%.txt", "1.txt", "2.txt"];
const keys = ["alice", "bob"].flatMap((user) => names.map((name) => `users/${user}/links/${name}`));

let running;

before(async () => {
  running = await system();
  for (const key of keys) await putObject(running, key, key);
});

after(async () => {
  for (const key of keys) await deleteObject(running, key);
  await running?.stop();
});

test("each file of a page has an answer of its own", async () => {
  const wanted = [...keys, "public/none.txt"];
  const answer = await order("alice", { urls: wanted.map(path) });
  assert.equal(answer.status, 200, answer.text);
  const { urls } = answer.json();
  assert.equal(urls.length, wanted.length);
  for (const [at, key] of keys.entries()) {
    if (key.startsWith("users/bob/")) {
      assert.deepEqual(urls[at], {
        error: { code: "AccessDenied", message: "You may not see this file." },
      });
      continue;
    }
    const read = await get(urls[at].url);
    assert.deepEqual([read.status, read.text], [200, key]);
    const { url } = urls[at];
    for (const other of keys.filter((other) => other !== key)) {
      const moved = url.replace(/\/media\/[^?]*/, path(other));
      assert.equal((await get(moved)).status, 403, moved);
    }
  }
  // Whether a file is there is for the edge to say.
  assert.equal((await get(urls.at(-1).url)).status, 404);
  const entry = await logEntry(running, "uploads", answer.headers["x-request-id"]);
  assert.equal(entry.reason, "signed_in_part");
  assert.deepEqual(await secretsInLogs(running), []);
});

test("a file is saved under the name that was asked for", async () => {
  const wanted = { url: `${running.edge}${path(keys[1])}`, download: "my é.txt" };
  const answer = await order("alice", { urls: [wanted] });
  const read = await get(answer.json().urls[0].url);
  assert.equal(
    read.headers["content-disposition"],
    `attachment; filename="my %C3%A9.txt"; filename*=UTF-8''my%20%C3%A9.txt`,
  );
});

test("nobody gets a link without a token, and nobody cookies where there are none", async () => {
  assert.equal((await order(undefined, { urls: [path(keys[0])] })).status, 401);
  const cookies = await order("alice", { cookies: "/media/users/alice/*" });
  assert.deepEqual(
    [cookies.status, cookies.error().message],
    [400, "This issuer signs no cookies."],
  );
  const long = await order("alice", { urls: [path(keys[0])], expires_in: 3601 });
  assert.equal(long.error().message, "`expires_in` must be from 1 to 3600 seconds.");
});

test("the gallery's page may ask", async () => {
  const preflight = await send(running.uploads, "/signed-urls", {
    method: "OPTIONS",
    headers: { origin: running.app, "access-control-request-method": "POST" },
  });
  assert.equal(preflight.status, 204);
  assert.equal(preflight.headers["access-control-allow-origin"], running.app);
  const answer = await order("alice", { urls: [path(keys[0])] }, { origin: running.app });
  assert.equal(answer.headers["access-control-allow-origin"], running.app);
});

function path(key) {
  return `/media/${key.split("/").map(encodeURIComponent).join("/")}`;
}

function order(user, fields, headers = {}) {
  const authorization = user && { authorization: `Bearer ${running.users[user]}` };
  return send(running.uploads, "/signed-urls", {
    method: "POST",
    headers: { "content-type": "application/json", ...authorization, ...headers },
    body: JSON.stringify(fields),
  });
}

function get(url) {
  return send(origin(url), target(url));
}
