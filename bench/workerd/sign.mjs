// A Worker that signs: `/WHO?times=N` makes the URL so many times over, and answers with the last.

import { AwsClient } from "./aws4fetch.esm.mjs";
import { Presigner, initSync } from "./index.js";
import module from "./index_bg.wasm";

initSync({ module });

const signers = {
  cloakroom({ presigner, path }, times) {
    let url;
    for (let time = 0; time < times; time += 1) url = presigner.sign(path);
    return url;
  },
  inside({ presigner, path }, times) {
    return presigner.sign_repeatedly(path, times);
  },
  async aws4fetch({ client, unsigned, datetime }, times) {
    let signed;
    for (let time = 0; time < times; time += 1) {
      signed = await client.sign(unsigned, { aws: { signQuery: true, datetime } });
    }
    return signed?.url;
  },
  async webcrypto({ byHand }, times) {
    let url;
    for (let time = 0; time < times; time += 1) url = await byHand();
    return url;
  },
};

let prepared;

/** Once, and kept: so it is in an app. */
async function prepare({ CASE }) {
  const { region, endpoint, bucket, key, time, ...rest } = JSON.parse(CASE);
  const { access_key_id: accessKeyId, secret_access_key: secretAccessKey, expires_in: expiresIn } = rest;
  const path = `/${bucket}/${key}`;
  const datetime = new Date(time * 1000).toISOString().replace(/[:-]|\.\d{3}/g, "");
  const service = "s3";
  const scope = `${datetime.slice(0, 8)}/${region}/s3/aws4_request`;
  const signingKey = await derive(secretAccessKey, scope);
  const host = new URL(endpoint).host;
  return {
    path,
    datetime,
    unsigned: `${endpoint}${path}?X-Amz-Expires=${expiresIn}`,
    presigner: new Presigner(accessKeyId, secretAccessKey, region, endpoint, time, expiresIn),
    client: new AwsClient({ accessKeyId, secretAccessKey, region, service }),
    /** As short as it can be, for this one kind of URL, by WebCrypto with a key that was imported. */
    async byHand() {
      const query =
        `X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=${encodeURIComponent(`${accessKeyId}/${scope}`)}` +
        `&X-Amz-Date=${datetime}&X-Amz-Expires=${expiresIn}&X-Amz-SignedHeaders=host`;
      const canonicalPath = path.split("/").map(encodeURIComponent).join("/");
      const canonical = `GET\n${canonicalPath}\n${query}\nhost:${host}\n\nhost\nUNSIGNED-PAYLOAD`;
      const hash = hex(await crypto.subtle.digest("SHA-256", text.encode(canonical)));
      const message = `AWS4-HMAC-SHA256\n${datetime}\n${scope}\n${hash}`;
      const signature = hex(await crypto.subtle.sign("HMAC", signingKey, text.encode(message)));
      return `${endpoint}${canonicalPath}?${query}&X-Amz-Signature=${signature}`;
    },
  };
}

const text = new TextEncoder();

async function derive(secretAccessKey, scope) {
  let key = text.encode(`AWS4${secretAccessKey}`);
  for (const part of scope.split("/")) {
    key = await crypto.subtle.sign("HMAC", await imported(key), text.encode(part));
  }
  return imported(key);
}

function imported(key) {
  return crypto.subtle.importKey("raw", key, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
}

const digits = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

function hex(buffer) {
  let written = "";
  for (const byte of new Uint8Array(buffer)) written += digits[byte];
  return written;
}

export default {
  async fetch(request, env) {
    const url = new URL(request.url);
    prepared ??= await prepare(env);
    const made = await signers[url.pathname.slice(1)](prepared, Number(url.searchParams.get("times")));
    return new Response(made);
  },
};
