// The function reads its secrets from the Parameter Store or the Secrets Manager when it starts:
// from a server of the test's own, which checks the signature and answers as AWS does.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import http from "node:http";
import { after, before, test } from "node:test";

import { s3Store } from "./own-edge.mjs";
import { ownFunction } from "./own-function.mjs";
import { listening } from "./server.mjs";
import { sha256, signHeaders } from "./sigv4.mjs";
import { send } from "./wire.mjs";

const role = { access_key_id: "ASIAROLE", secret_access_key: randomBytes(20).toString("hex") };
const sessionToken = "the token of the role";
const arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:media-AbCdEf";
const secret = () => randomBytes(32).toString("hex");
const values = {
  STORE_ID: "STOREKEY",
  STORE_SECRET: secret(),
  APP_SECRET: secret(),
  SEAL: secret(),
};

const policy = {
  version: 1,
  stores: { main: s3Store("https://s3.example", { region: "eu-west-1" }) },
  keys: { APPKEY: { dialect: "sigv4", secret: "APP_SECRET", principal: "every-owner" } },
  routes: {
    media: {
      path: "/media/",
      store: "main",
      bucket: "media",
      access: [{ keys: "*", acl: "public-read" }],
    },
  },
  uploads: {
    media: {
      route: "media",
      key: "{random}",
      content_types: ["*/*"],
      size: { max: 1 },
      read: { url: "https://media.example", key: "APPKEY" },
      seal_secret: "SEAL",
    },
  },
};

let service, answers, asked;
before(async () => {
  const server = http.createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks).toString();
    asked.push({ headers: request.headers, body: JSON.parse(body) });
    const [status, answer] = refusal(request, body) ?? answers(asked.at(-1));
    response.writeHead(status, { "content-type": "application/x-amz-json-1.1" });
    response.end(JSON.stringify(answer));
  });
  service = await listening(server);
});
after(() => service?.stop());

/** What a service answers to a request that is not signed as it has to be. */
function refusal(request, body) {
  const { headers } = request;
  const date = headers["x-amz-date"] ?? "";
  const time = new Date(date.replace(/(....)(..)(..)T(..)(..)(..)Z/, "$1-$2-$3T$4:$5:$6Z"));
  const scope = /Credential=[^/]+\/\d+\/([^/]+)\/([^/]+)\//;
  const [, region, name] = scope.exec(headers.authorization) ?? [];
  const expected = signHeaders({
    origin: service.origin,
    path: "/",
    method: "POST",
    headers: {
      "content-type": headers["content-type"],
      "x-amz-security-token": sessionToken,
      "x-amz-target": headers["x-amz-target"],
    },
    key: role,
    time,
    region,
    service: name,
    payload: sha256(body),
  });
  if (expected.authorization === headers.authorization) return undefined;
  return [400, { __type: "InvalidSignatureException" }];
}

/** Starts the function with what is read from `source`, and asks it for something. */
async function answerOf(source, { policy: given = policy, variables = {} } = {}) {
  asked = [];
  const own = await ownFunction({
    policy: given,
    secrets: {
      SECRETS: source,
      AWS_REGION: "us-east-1",
      AWS_ACCESS_KEY_ID: role.access_key_id,
      AWS_SECRET_ACCESS_KEY: role.secret_access_key,
      AWS_SESSION_TOKEN: sessionToken,
      AWS_ENDPOINT_URL_SSM: service.origin,
      AWS_ENDPOINT_URL_SECRETS_MANAGER: service.origin,
      ...variables,
    },
  });
  // One that does not start is not there, or what is in front of it says so.
  const answer = await send(own.fronts["function-url"].origin, "/media/a").catch(() => undefined);
  const log = await own.stop();
  if (answer === undefined || answer.status === 502) throw new Error(log);
  return answer;
}

const parameters = (names) =>
  names.map((name) => ({ Name: `/cloakroom/${name}`, Type: "SecureString", Value: values[name] }));

test("from the Parameter Store, page by page", async () => {
  const names = Object.keys(values);
  answers = ({ body }) =>
    body.NextToken === "2"
      ? [200, { Parameters: parameters(names.slice(2)) }]
      : [200, { Parameters: parameters(names.slice(0, 2)), NextToken: "2" }];
  const answer = await answerOf("ssm:/cloakroom/");
  assert.equal(answer.status, 302, answer.text);
  assert.match(answer.headers.location, /X-Amz-Credential=STOREKEY%2F/);
  for (const { headers, body } of asked) {
    assert.equal(headers["x-amz-target"], "AmazonSSM.GetParametersByPath");
    assert.match(headers.authorization, /\/us-east-1\/ssm\/aws4_request/);
    assert.deepEqual({ Path: body.Path, WithDecryption: body.WithDecryption }, {
      Path: "/cloakroom",
      WithDecryption: true,
    });
  }
});

test("from the Secrets Manager, the policy with them", async () => {
  const held = { ...values, POLICY: JSON.stringify(policy) };
  answers = () => [200, { ARN: arn, SecretString: JSON.stringify(held) }];
  const answer = await answerOf(`secretsmanager:${arn}`, { variables: { POLICY: "" } });
  assert.equal(answer.status, 302, answer.text);
  const [{ headers, body }] = asked;
  assert.equal(headers["x-amz-target"], "secretsmanager.GetSecretValue");
  assert.match(headers.authorization, /\/eu-west-1\/secretsmanager\/aws4_request/);
  assert.deepEqual(body, { SecretId: arn });
});

test("what is not there is taken from the environment", async () => {
  answers = () => [200, { Parameters: parameters(["STORE_SECRET", "APP_SECRET"]) }];
  const variables = { STORE_ID: "FROMENV", STORE_SECRET: "not this one", SEAL: values.SEAL };
  const answer = await answerOf("ssm:/cloakroom", { variables });
  assert.match(answer.headers.location ?? answer.text, /X-Amz-Credential=FROMENV%2F/);
});

test("a service that is busy is asked again", async () => {
  // As many processes as the function has, each of which asks for itself.
  const processes = 4;
  answers = () =>
    asked.length <= processes
      ? [400, { __type: "ThrottlingException" }]
      : [200, { Parameters: parameters(Object.keys(values)) }];
  assert.equal((await answerOf("ssm:/cloakroom")).status, 302);
  assert.ok(asked.length > processes);
});

test("a function that gets no secrets says why and does not start", async () => {
  answers = () => [400, { __type: "com.amazon.coral.service#AccessDeniedException" }];
  await assert.rejects(answerOf("ssm:/cloakroom"), /ssm:\/cloakroom.*AccessDeniedException/s);
  await assert.rejects(answerOf("vault:x"), /must look like `ssm:\/cloakroom`/);
  answers = () => [200, { Parameters: [] }];
  await assert.rejects(answerOf("ssm:/cloakroom"), /secret `[A-Z_]+` is not set/);
});

test("where no source is named, nobody is asked", async () => {
  answers = () => [500, {}];
  const answer = await answerOf("", { variables: values });
  assert.equal(answer.status, 302, answer.text);
  assert.deepEqual(asked, []);
});
