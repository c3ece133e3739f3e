// A Worker that does in JavaScript what the edge does for a presigned URL: it proves the URL by
// signing it again, signs the request to the store, keeps a copy, and writes a line to the log.

import { AwsClient } from "./aws4fetch.esm.mjs";

let clients;

function makeClients(env) {
  const common = { service: "s3", region: env.REGION };
  return {
    app: new AwsClient({ accessKeyId: env.APP_ID, secretAccessKey: env.APP_SECRET, ...common }),
    store: new AwsClient({ accessKeyId: env.STORE_ID, secretAccessKey: env.STORE_SECRET, ...common }),
  };
}

/** Why the URL is no ticket, or nothing. */
async function refusal(url, env) {
  const parameters = url.searchParams;
  const signature = parameters.get("X-Amz-Signature");
  const datetime = parameters.get("X-Amz-Date");
  const expiresIn = Number(parameters.get("X-Amz-Expires"));
  if (!signature || !/^\d{8}T\d{6}Z$/.test(datetime ?? "") || !(expiresIn > 0)) return "malformed";
  if (parameters.get("X-Amz-Credential") !== `${env.APP_ID}/${datetime.slice(0, 8)}/${env.REGION}/s3/aws4_request`) {
    return "unknown_key";
  }
  const signedAt = Date.parse(datetime.replace(/(....)(..)(..T..)(..)(..Z)/, "$1-$2-$3:$4:$5"));
  if (Date.now() > signedAt + expiresIn * 1000) return "expired";
  const unsigned = new URL(url);
  unsigned.searchParams.delete("X-Amz-Signature");
  const again = await clients.app.sign(unsigned, { aws: { signQuery: true, datetime } });
  return isSame(new URL(again.url).searchParams.get("X-Amz-Signature"), signature) ? undefined : "wrong_signature";
}

function isSame(one, other) {
  const [left, right] = [one, other].map((text) => new TextEncoder().encode(text));
  return left.byteLength === right.byteLength && crypto.subtle.timingSafeEqual(left, right);
}

const PASSED_ON = ["content-type", "content-length", "etag", "last-modified", "accept-ranges"];

async function answer(url, env, ctx, log) {
  log.reason = await refusal(url, env);
  if (log.reason) return new Response("Forbidden", { status: 403 });
  const copyKey = `${url.origin}${url.pathname}`;
  const copy = await caches.default.match(copyKey);
  log.cache = copy ? "hit" : "miss";
  if (copy) return answerWith(copy, copy.body);
  const signed = await clients.store.sign(`${env.STORE}${url.pathname}`);
  const found = await fetch(signed);
  if (found.status !== 200) return new Response("Not found", { status: 404 });
  const kept = answerWith(found, found.body);
  kept.headers.set("cache-control", "max-age=3600");
  ctx.waitUntil(caches.default.put(copyKey, kept.clone()));
  return kept;
}

function answerWith({ headers }, body) {
  const list = new Headers();
  for (const name of PASSED_ON) {
    const value = headers.get(name);
    if (value !== null) list.set(name, value);
  }
  return new Response(body, { headers: list });
}

export default {
  async fetch(request, env, ctx) {
    clients ??= makeClients(env);
    const url = new URL(request.url);
    const log = { method: request.method, path: url.pathname };
    const response = await answer(url, env, ctx, log);
    console.log(JSON.stringify({ ...log, status: response.status }));
    return response;
  },
};
