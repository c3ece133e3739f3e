// The app is told of uploads: when a client confirms one, and when the store says that there is an
// object. The real function, with the embedded store behind it and an app that verifies what it is
// told; and the sweep of uploads that nobody completes.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, beforeEach, describe, test } from "node:test";

import { system } from "./dev.mjs";
import { hooks, verified } from "./hooks.mjs";
import { deleteObject, putObject } from "./objects.mjs";
import { s3Store } from "./own-edge.mjs";
import { ownFunction } from "./own-function.mjs";
import { jwt } from "./tokens.mjs";
import { put } from "./uploads.mjs";
import { send } from "./wire.mjs";

const secret = () => randomBytes(32).toString("hex");
const hookSecret = () => `whsec_${randomBytes(32).toString("base64")}`;
const [users, seal, app] = [secret(), secret(), secret()];
const [current, former, other] = [hookSecret(), hookSecret(), hookSecret()];

let running, own, receiver;
before(async () => {
  running = await system();
  receiver = await hooks(current);
  const store = running.keys.store;
  const rule = (name, url, more = {}) => ({
    route: "media",
    key: `${name}/{principal}/{random}/{filename}`,
    content_types: ["text/plain", "image/*"],
    size: { min: 1, max: 1000 },
    read: { url: "https://media.example", key: "APPKEY" },
    seal_secret: "SEAL_SECRET",
    notify: { url, secrets: ["HOOK_SECRET", "FORMER_HOOK_SECRET"] },
    ...more,
  });
  const policy = {
    version: 1,
    stores: { main: s3Store(running.store, { region: running.region }) },
    keys: {
      APPKEY: { dialect: "sigv4", secret: "APP_SECRET", principal: "every-owner" },
      users: {
        dialect: "jwt",
        algorithm: "HS256",
        secret: "USERS_SECRET",
        principal: { claim: "sub" },
      },
    },
    routes: { media: { path: "/media/", store: "main", bucket: running.bucket, access: [] } },
    uploads: {
      told: rule("told", `${receiver.origin}/hooks/uploads`),
      parts: rule("parts", `${receiver.origin}/hooks/parts`, {
        kinds: ["multipart"],
        size: { max: 20_000_000 },
      }),
      // Nobody listens there.
      absent: rule("absent", "http://127.0.0.1:9/hooks"),
    },
  };
  own = await ownFunction({
    policy,
    secrets: {
      STORE_ID: store.access_key_id,
      STORE_SECRET: store.secret_access_key,
      APP_SECRET: app,
      USERS_SECRET: users,
      SEAL_SECRET: seal,
      HOOK_SECRET: current,
      FORMER_HOOK_SECRET: former,
    },
  });
});
after(async () => {
  const log = await own?.stop();
  await receiver?.stop();
  await running?.stop();
  for (const hidden of [users, seal, app, current, former, "v1,"]) {
    assert.ok(!log?.includes(hidden), "the log has a secret");
  }
});
beforeEach(() => Object.assign(receiver, { told: [], answer: 204, delay: 0 }));

/** Asks the function as alice. */
function ask(path, fields, method = "POST") {
  const token = jwt({ kid: "users", secret: users, claims: { sub: "alice" } });
  return send(own.fronts["function-url"].origin, path, {
    method,
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: fields && JSON.stringify(fields),
  });
}

const confirm = ({ id }) => ask(`/uploads/${id}/confirm`);

/** Stores a file by a rule. */
async function stored(rule, filename = "fox.txt", body = "fox") {
  const size = Buffer.byteLength(body);
  const asked = await ask("/uploads", { rule, filename, content_type: "text/plain", size });
  const ticket = asked.json();
  const answer = await put(ticket, body);
  assert.equal(answer.status, 200, `${asked.text} ${answer.text}`);
  return ticket;
}

/** Invokes the function: what it answers, or the error that it ends with. */
async function invoke(event) {
  const answer = await send(own.invoke, "/", { method: "POST", body: JSON.stringify(event) });
  assert.equal(answer.status, 200, answer.text);
  if (answer.headers["x-amz-function-error"]) return { error: answer.json().errorMessage };
  return { answer: answer.json() };
}

/** A record as S3 writes it, of an object; `more` is of the object. */
const record = (key, more = {}, eventName = "ObjectCreated:Put") => ({
  eventVersion: "2.1",
  eventSource: "aws:s3",
  awsRegion: "us-east-1",
  eventTime: new Date().toISOString(),
  eventName,
  s3: {
    s3SchemaVersion: "1.0",
    configurationId: "uploads",
    bucket: { name: running.bucket, arn: `arn:aws:s3:::${running.bucket}` },
    object: {
      key: encodeURIComponent(key).replaceAll("%20", "+").replaceAll("%2F", "/"),
      sequencer: "0055AED6DCD90281E5",
      ...more,
    },
  },
});
const records = (...all) => invoke({ Records: all });
const bridged = (key) =>
  invoke({
    version: "0",
    id: "17793124-05d4-b198-2fde-7ededc63b103",
    "detail-type": "Object Created",
    source: "aws.s3",
    time: new Date().toISOString(),
    detail: { bucket: { name: running.bucket }, object: { key }, reason: "PutObject" },
  });

/** The lines of the log about an object. */
async function linesOf(key) {
  const lines = (await own.logText()).split("\n").filter((line) => line.startsWith('{"time"'));
  return lines.map((line) => JSON.parse(line)).filter((line) => line.key === key);
}

describe("a confirmation", () => {
  test("tells the app what is stored, each time the same", async () => {
    const ticket = await stored("told");
    assert.equal(receiver.told.length, 0);
    for (const _ of [1, 2]) assert.equal((await confirm(ticket)).status, 200);
    const [first, second] = receiver.told;
    assert.deepEqual(
      { method: first.method, path: first.path, type: first.headers["content-type"] },
      { method: "POST", path: "/hooks/uploads", type: "application/json" },
    );
    const { type, timestamp, data } = first.event;
    assert.equal(type, "upload.stored");
    assert.ok(Math.abs(Date.now() - new Date(timestamp)) < 60_000);
    const { etag, checksums, ...rest } = data;
    assert.match(etag, /^"[0-9a-f]{32}"$/);
    assert.ok(checksums.crc64nvme);
    assert.deepEqual(rest, {
      rule: "told",
      store: "main",
      bucket: running.bucket,
      key: ticket.key,
      size: 3,
      content_type: "text/plain",
      principal: "alice",
    });
    assert.equal(second.id, first.id);
    assert.notEqual((await stored("told")).key, ticket.key);
  });

  test("is signed by each secret, and by nothing else", async () => {
    assert.equal((await confirm(await stored("told"))).status, 200);
    const [{ headers, body }] = receiver.told;
    for (const known of [current, former]) assert.ok(verified(known, { headers, body }).event);
    const seconds = Number(headers["webhook-timestamp"]);
    const changed = (name, value) => ({ headers: { ...headers, [name]: value }, body });
    const signature = headers["webhook-signature"];
    const flipped = signature.replace(/(?<=v1,.{9})./g, (c) => (c === "A" ? "B" : "A"));
    for (const tampered of [
      { headers, body: body.replace('"alice"', '"bob"') },
      { headers, body: `${body} ` },
      changed("webhook-id", "upl_1"),
      changed("webhook-timestamp", String(seconds + 1)),
      changed("webhook-signature", flipped),
      changed("webhook-signature", ""),
    ]) {
      assert.ok(verified(current, tampered).error, JSON.stringify(tampered));
    }
    assert.ok(verified(other, { headers, body }).error);
  });

  test("fails while the app does not take the news, and can be asked again", async () => {
    const ticket = await stored("told");
    for (const answer of [500, 404, 307]) {
      receiver.answer = answer;
      const confirmed = await confirm(ticket);
      assert.deepEqual([confirmed.status, confirmed.error().code], [502, "BadGateway"]);
      assert.match(confirmed.error().message, /Ask again/);
    }
    assert.ok(receiver.told.every(({ path }) => path === "/hooks/uploads"), "a redirect is a no");
    receiver.answer = 200;
    assert.equal((await confirm(ticket)).status, 200);
    assert.equal(new Set(receiver.told.map(({ id }) => id)).size, 1);
    const reasons = (await linesOf(ticket.key)).map(({ reason }) => reason);
    assert.deepEqual(reasons.slice(-4), [...Array(3).fill("app_not_told"), "confirmed"]);
  });

  test("waits ten seconds for the app", async () => {
    const ticket = await stored("told");
    receiver.delay = 20_000;
    const begun = performance.now();
    assert.equal((await confirm(ticket)).status, 502);
    const took = performance.now() - begun;
    assert.ok(took > 9_000 && took < 15_000, `${took} ms`);
  });

  test("fails while the app is not there", async () => {
    const confirmed = await confirm(await stored("absent"));
    assert.deepEqual([confirmed.status, confirmed.error().code], [502, "BadGateway"]);
  });

  test("that a completed upload gets is told, too", async () => {
    const order = { rule: "parts", filename: "a", content_type: "text/plain", size: 3 };
    const ticket = (await ask("/uploads", order)).json();
    const { parts } = (await ask(`/uploads/${ticket.id}/parts`, { numbers: [1] })).json();
    assert.equal((await put({ ...parts[0], headers: {} }, "fox")).status, 200);
    receiver.answer = 503;
    assert.equal((await ask(`/uploads/${ticket.id}/complete`)).status, 502);
    receiver.answer = 204;
    assert.equal((await ask(`/uploads/${ticket.id}/complete`)).status, 200);
    const [first, second] = receiver.told;
    assert.deepEqual([first.event.type, first.event.data.size], ["upload.stored", 3]);
    assert.equal(second.id, first.id);
  });
});

describe("an event of the store", () => {
  for (const filename of ["a b+c%.jpg", "é 日本 🧥.txt", "a=b&c;d'\"#?.txt", "100%25"]) {
    test(`tells what its confirmation tells: ${filename}`, async () => {
      const ticket = await stored("told", filename);
      assert.ok(ticket.key.endsWith(`/${filename}`));
      assert.deepEqual(await records(record(ticket.key)), { answer: null });
      assert.deepEqual(await bridged(ticket.key), { answer: null });
      assert.equal((await confirm(ticket)).status, 200);
      assert.equal(receiver.told.length, 3);
      for (const { id, event } of receiver.told) {
        assert.equal(id, receiver.told[0].id);
        assert.deepEqual(
          [event.type, event.data.key, event.data.principal],
          ["upload.stored", ticket.key, "alice"],
        );
      }
    });
  }

  test("passes on which version it is about", async () => {
    const ticket = await stored("told");
    const { etag } = (await confirm(ticket)).json();
    await records(record(ticket.key, { eTag: etag.slice(1, -1), versionId: "v1" }));
    await records(record(ticket.key, { eTag: "0".repeat(32), versionId: "v0" }));
    const [, fresh, stale] = receiver.told.map(({ event }) => event.data);
    assert.deepEqual([fresh.version_id, fresh.sequencer], ["v1", "0055AED6DCD90281E5"]);
    assert.deepEqual([stale.version_id, stale.sequencer], [undefined, undefined]);
  });

  test("tells what the rule does not allow", async () => {
    const random = randomBytes(16).toString("hex");
    for (const [name, body, type, problem] of [
      ["large", "x".repeat(1001), "text/plain", /1001 bytes; from 1 to 1000/],
      ["page", "<p>", "text/html", /type `text\/html`/],
      ["disguised", "%PDF-1.7", "image/png", /bytes are those of `application\/pdf`/],
    ]) {
      const key = `told/alice/${random}/${name}`;
      await putObject(running, key, body, { "content-type": type });
      assert.deepEqual(await records(record(key)), { answer: null });
      const { event } = receiver.told.at(-1);
      assert.equal(event.type, "upload.refused");
      assert.match(event.data.problem, problem);
      const [line] = await linesOf(key);
      assert.deepEqual([line.decision, line.reason], ["deny", "stored_differs"]);
      await deleteObject(running, key);
    }
  });

  test("that concerns nobody is ignored, and in the log", async () => {
    const random = randomBytes(16).toString("hex");
    for (const [key, eventName, reason] of [
      [`elsewhere/${random}`, undefined, "no_rule"],
      [`told/alice/${random}/a/b`, undefined, "no_rule"],
      [`told/alice/${random}/gone`, undefined, "gone"],
      [`told/alice/${random}/removed`, "ObjectRemoved:Delete", "other_event"],
    ]) {
      assert.deepEqual(await records(record(key, {}, eventName)), { answer: null });
      const [line, ...more] = await linesOf(key);
      assert.deepEqual([line.decision, line.reason, more], ["allow", reason, []]);
    }
    assert.equal(receiver.told.length, 0);
  });

  test("fails where one of its records cannot be told, after the others were", async () => {
    const [absent, told] = [await stored("absent"), await stored("told")];
    const failed = await records(record(absent.key), record(told.key));
    assert.match(failed.error, /^1 of 2 could not be done/);
    assert.deepEqual(receiver.told.map(({ event }) => event.data.key), [told.key]);
    receiver.answer = 500;
    assert.match((await records(record(told.key))).error, /^1 of 1/);
    receiver.answer = 204;
    assert.deepEqual(await records(record(told.key)), { answer: null });
    assert.equal(new Set(receiver.told.map(({ id }) => id)).size, 1);
    const reasons = (await linesOf(told.key)).map(({ reason }) => reason);
    assert.deepEqual(reasons.slice(-3), ["told", "app_not_told", "told"]);
  });

  test("that S3 sends to try it does nothing", async () => {
    const event = { Service: "Amazon S3", Event: "s3:TestEvent", Bucket: running.bucket };
    assert.deepEqual(await invoke(event), { answer: null });
    assert.equal(receiver.told.length, 0);
  });

  test("that nobody knows is refused as ever", async () => {
    for (const event of [
      {},
      { Records: [] },
      { Records: [{ eventSource: "aws:sqs", body: "{}" }] },
      { source: "aws.ec2", "detail-type": "EC2 Instance State-change Notification", detail: {} },
    ]) {
      assert.match((await invoke(event)).error, /neither a function URL nor/);
    }
  });
});

describe("a sweep", () => {
  const sweep = (hours) =>
    invoke({
      version: "0",
      "detail-type": "Scheduled Event",
      source: "aws.events",
      time: new Date(Date.now() + hours * 3_600_000).toISOString().replace(/\.\d+/, ""),
      detail: {},
    });

  test("ends what can no longer be completed", async () => {
    const order = { rule: "parts", filename: "a b+c%é", content_type: "text/plain", size: 9 };
    const orders = await Promise.all(Array.from({ length: 3 }, () => ask("/uploads", order)));
    const tickets = orders.map((asked) => asked.json());
    const parts = ({ id }) => ask(`/uploads/${id}/parts`, undefined, "GET");
    assert.deepEqual(await sweep(25), { answer: null });
    for (const ticket of tickets) assert.equal((await parts(ticket)).status, 200);
    assert.deepEqual(await sweep(27), { answer: null });
    for (const ticket of tickets) assert.equal((await parts(ticket)).status, 404);
    const log = (await own.logText()).split("\n").filter((line) => line.includes('"swept"'));
    const [before, last] = log.slice(-2).map((line) => JSON.parse(line));
    assert.equal(before.aborted, 0);
    assert.ok(last.aborted >= 3, JSON.stringify(last));
    assert.deepEqual([last.store, last.location], ["main", "parts/"]);
  });
});
