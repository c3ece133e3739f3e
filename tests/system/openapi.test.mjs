// The API is what its description says: every question and every answer of a whole upload of each
// kind, and of what goes wrong, is held against the schemas that the function itself serves.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, describe, test } from "node:test";

import Ajv from "ajv/dist/2020.js";
import addFormats from "ajv-formats";

import { system } from "./dev.mjs";
import { deleteObject } from "./objects.mjs";
import { origin, send, target } from "./wire.mjs";

let running, description, ajv;
const stored = [];
const used = new Set();

before(async () => {
  running = await system();
  const answer = await send(running.uploads, "/openapi.json");
  assert.deepEqual([answer.status, answer.headers["content-type"]], [200, "application/json"]);
  description = answer.json();
  ajv = addFormats(new Ajv({ allErrors: true, allowUnionTypes: true }));
  ajv.addSchema(rebased({ $id: "api", $defs: description.components.schemas }));
});
after(async () => {
  for (const key of stored) await deleteObject(running, key);
  await running?.stop();
});

/** Asks, and holds question and answer against the description. */
async function call(method, path, { id, body, token = running.users.alice, wrong = false } = {}) {
  const operation = description.paths[path][method.toLowerCase()];
  const { schema } = operation.requestBody?.content["application/json"] ?? {};
  if (body !== undefined && !wrong) valid(schema, body, `${method} ${path}`);
  if (body !== undefined && wrong) assert.ok(!validator(schema)(body), JSON.stringify(body));
  const headers = token ? { authorization: `Bearer ${token}` } : {};
  const answer = await send(running.uploads, path.replace("{id}", id), {
    method,
    headers: { "content-type": "application/json", ...headers },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const described = operation.responses[answer.status];
  assert.ok(described, `${method} ${path} may answer ${answer.status}: ${answer.text}`);
  used.add(`${method} ${path} ${answer.status}`);
  const content = described.content?.["application/json"];
  if (!content) return assert.equal(answer.text, "");
  valid(content.schema, answer.json(), `${method} ${path} ${answer.status}`);
  return answer.json();
}

function validator(schema) {
  return ajv.compile(rebased(schema));
}

/** The same with schemas where JSON Schema has them. */
function rebased(schema) {
  return JSON.parse(JSON.stringify(schema).replaceAll("#/components/schemas/", "api#/$defs/"));
}

function valid(schema, value, what) {
  const validate = validator(schema);
  assert.ok(validate(value), `${what}: ${ajv.errorsText(validate.errors)} in ${JSON.stringify(value)}`);
}

/** Puts a body where the store takes it. */
async function put({ url, headers = {} }, body) {
  const answer = await send(origin(url), target(url), {
    method: "PUT",
    headers: { ...headers, "content-length": String(body.length) },
    body,
  });
  assert.equal(answer.status, 200, answer.text);
}

test("a PUT", async () => {
  const body = Buffer.from("hello");
  const order = { filename: "a.txt", content_type: "text/plain", size: 5 };
  const upload = await call("POST", "/uploads", { body: order });
  stored.push(upload.key);
  await call("POST", "/uploads/{id}/confirm", { id: upload.id });
  await put(upload, body);
  const confirmed = await call("POST", "/uploads/{id}/confirm", { id: upload.id });
  assert.deepEqual([confirmed.key, confirmed.size], [upload.key, 5]);
});

test("a form", async () => {
  const upload = await call("POST", "/uploads", { body: { filename: "a.txt", kind: "form" } });
  assert.equal(upload.method, "POST");
});

test("parts", async () => {
  const size = 6 * 1024 * 1024;
  const order = { filename: "a.bin", kind: "multipart", size, rule: "large" };
  const upload = await call("POST", "/uploads", { body: order });
  stored.push(upload.key);
  const { id } = upload;
  const { parts } = await call("POST", "/uploads/{id}/parts", { id, body: { numbers: [1] } });
  await call("POST", "/uploads/{id}/parts", { id, body: { numbers: [2] } });
  await put(parts[0], randomBytes(size));
  const listed = await call("GET", "/uploads/{id}/parts", { id });
  assert.deepEqual(listed.parts.map((part) => part.size), [size]);
  const wrong = [{ number: 1, etag: "other" }];
  await call("POST", "/uploads/{id}/complete", { id, body: { parts: wrong } });
  const sent = listed.parts.map(({ number, etag }) => ({ number, etag }));
  const done = await call("POST", "/uploads/{id}/complete", { id, body: { parts: sent } });
  assert.equal(done.size, size);
  await call("GET", "/uploads/{id}/parts", { id });
  const other = await call("POST", "/uploads", { body: { filename: "b.bin", rule: "large" } });
  assert.equal(other.parts, null);
  await call("DELETE", "/uploads/{id}", { id: other.id });
  await call("DELETE", "/uploads/{id}", { id: other.id });
});

test("links", async () => {
  const urls = ["/media/users/alice/none.jpg", { url: "/media/users/bob/x.jpg", download: "x.jpg" }];
  const signed = await call("POST", "/signed-urls", { body: { urls, expires_in: 60 } });
  assert.match(signed.urls[0].url, /X-Amz-Signature=/);
  assert.equal(signed.urls[1].error.code, "AccessDenied");
  for (const body of [
    {},
    { urls: [] },
    { urls: [7] },
    { urls: ["/a"], cookies: "/*" },
    { urls: ["/a"], method: "PUT" },
    { urls: ["/a"], expires_in: "60" },
    { urls: [{ download: "x" }] },
  ]) {
    await call("POST", "/signed-urls", { body, wrong: true });
  }
  await call("POST", "/signed-urls", { body: { urls: ["/media/a"] }, token: null });
});

describe("what goes wrong", () => {
  test("orders that the schema does not allow, the function refuses", async () => {
    for (const body of [
      {},
      { filename: "" },
      { filename: 7 },
      { filename: "a", size: -1 },
      { filename: "a", size: 1.5 },
      { filename: "a", kind: "PUT" },
      { filename: "a", acl: "public-read" },
      { filename: "a", size: 1, checksum_crc32c: "AAAAAA==", content_md5: "1B2M2Y8AsgTpgAmY7PhCfg==" },
    ]) {
      const { code } = await call("POST", "/uploads", { body, wrong: true });
      assert.equal(code, "InvalidRequest", JSON.stringify(body));
    }
    const { id } = await call("POST", "/uploads", { body: { filename: "a", rule: "large" } });
    for (const numbers of [[], [0], [10_001], ["1"]]) {
      await call("POST", "/uploads/{id}/parts", { id, body: { numbers }, wrong: true });
    }
    for (const parts of [[{ number: 1 }], [{ number: 0, etag: "e" }]]) {
      await call("POST", "/uploads/{id}/complete", { id, body: { parts }, wrong: true });
    }
    await call("DELETE", "/uploads/{id}", { id });
  });

  test("another user, nobody, and another kind", async () => {
    const order = { filename: "a", size: 1 };
    await call("POST", "/uploads", { body: order, token: null });
    const put = await call("POST", "/uploads", { body: order });
    const parts = await call("POST", "/uploads", { body: { ...order, kind: "multipart" } });
    for (const [path, operations] of Object.entries(description.paths)) {
      if (!path.startsWith("/uploads/{id}")) continue;
      for (const method of Object.keys(operations).filter((name) => name !== "parameters")) {
        const body = path.endsWith("/parts") && method === "post" ? { numbers: [1] } : undefined;
        const ask = (changes) => call(method.toUpperCase(), path, { id: parts.id, body, ...changes });
        assert.equal((await ask({ token: running.users.bob })).code, "NoSuchUpload");
        assert.equal((await ask({ token: null })).code, "Unauthorized");
        assert.equal((await ask({ id: "forged.id" })).code, "NoSuchUpload");
        if (!path.endsWith("/confirm")) assert.equal((await ask({ id: put.id })).code, "InvalidRequest");
      }
    }
    await call("DELETE", "/uploads/{id}", { id: parts.id });
  });
});

test("every operation was called, and gave most of its answers", () => {
  const rarely = ["403", "410", "502"];
  for (const [path, operations] of Object.entries(description.paths)) {
    for (const [name, operation] of Object.entries(operations)) {
      if (name === "parameters") continue;
      for (const status of Object.keys(operation.responses).filter((each) => !rarely.includes(each))) {
        const what = `${name.toUpperCase()} ${path} ${status}`;
        assert.ok(used.has(what), `${what} was not seen`);
      }
    }
  }
});
