// A second implementation of SigV4 for S3, for tests alone: it signs what it is told to sign,
// sensible or not. https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-authenticating-requests.html

import { createHash, createHmac } from "node:crypto";

/** Percent-encodes the UTF-8 bytes of `text`, all but unreserved characters and those in `safe`. */
export function encode(text, safe = "") {
  return Array.from(Buffer.from(text, "utf8"), (byte) => {
    const character = String.fromCharCode(byte);
    if (/[A-Za-z0-9._~-]/.test(character) || safe.includes(character)) return character;
    return "%" + byte.toString(16).toUpperCase().padStart(2, "0");
  }).join("");
}

/** The path of an object in path-style addressing. */
export function objectPath(bucket, key) {
  return `/${bucket}/${encode(key, "/")}`;
}

/** Signs in the query. Answers path and query; `headers` are signed and must be sent. */
export function presign({ origin, path, method = "GET", query = [], headers = {}, key, ...rest }) {
  const { time = new Date(), expiresIn = 300, region = "us-east-1", sessionToken } = rest;
  const signed = { host: new URL(origin).host, ...lowercase(headers) };
  const scope = credentialScope(time, region);
  const parameters = [
    ...query,
    ["X-Amz-Algorithm", "AWS4-HMAC-SHA256"],
    ["X-Amz-Credential", `${key.access_key_id}/${scope}`],
    ["X-Amz-Date", amzDate(time)],
    ["X-Amz-Expires", String(expiresIn)],
    ["X-Amz-SignedHeaders", Object.keys(signed).sort().join(";")],
  ];
  if (sessionToken) parameters.push(["X-Amz-Security-Token", sessionToken]);
  const encoded = parameters.map(([name, value]) => `${encode(name)}=${encode(value)}`);
  const canonical = canonicalRequest(method, path, encoded, signed, "UNSIGNED-PAYLOAD");
  const signature = sign(key.secret_access_key, time, region, canonical);
  return `${path}?${encoded.join("&")}&X-Amz-Signature=${signature}`;
}

/** Signs in the `authorization` header. Answers all headers to send. */
export function signHeaders({
  origin,
  path,
  method = "GET",
  query = [],
  headers = {},
  key,
  ...rest
}) {
  const { time = new Date(), region = "us-east-1", payload = "UNSIGNED-PAYLOAD" } = rest;
  const { service = "s3" } = rest;
  const sent = {
    host: new URL(origin).host,
    ...lowercase(headers),
    // Other services hash the body that arrives.
    ...(service === "s3" && { "x-amz-content-sha256": payload }),
    "x-amz-date": amzDate(time),
  };
  const encoded = query.map(([name, value]) => `${encode(name)}=${encode(value)}`);
  const canonical = canonicalRequest(method, path, encoded, sent, payload);
  const signature = sign(key.secret_access_key, time, region, canonical, service);
  const credential = `${key.access_key_id}/${credentialScope(time, region, service)}`;
  const names = Object.keys(sent).sort().join(";");
  sent.authorization = `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=${names}, Signature=${signature}`;
  return sent;
}

export function sha256(data) {
  return createHash("sha256").update(data).digest("hex");
}

/** `YYYYMMDD'T'HHMMSS'Z'` */
export function amzDate(time) {
  return time.toISOString().replace(/\.\d+|[-:]/g, "");
}

function canonicalRequest(method, path, query, headers, payload) {
  const names = Object.keys(headers).sort();
  const lines = names.map(
    (name) => `${name}:${String(headers[name]).trim().replace(/ +/g, " ")}\n`,
  );
  const sorted = [...query].sort((a, b) => (a < b ? -1 : 1));
  return [method, path, sorted.join("&"), lines.join(""), names.join(";"), payload].join("\n");
}

function sign(secret, time, region, canonical, service) {
  const scope = credentialScope(time, region, service);
  const text = ["AWS4-HMAC-SHA256", amzDate(time), scope, sha256(canonical)].join("\n");
  const signingKey = scope.split("/").reduce(hmac, `AWS4${secret}`);
  return hmac(signingKey, text).toString("hex");
}

function credentialScope(time, region, service = "s3") {
  return `${amzDate(time).slice(0, 8)}/${region}/${service}/aws4_request`;
}

function hmac(key, data) {
  return createHmac("sha256", key).update(data).digest();
}

function lowercase(headers) {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]),
  );
}
