// Issues an upload: whoever has a token gets a URL for a PUT under a key of their own.
import { randomUUID } from "node:crypto";

import { PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import jwt from "jsonwebtoken";

const { AUDIENCE, BUCKET, ISSUER, USERS_JWT_SECRET } = process.env;
const EXPIRES_IN = 300;

// Without this the URL would hold the checksum of an empty file.
const s3 = new S3Client({ requestChecksumCalculation: "WHEN_REQUIRED" });

/** Answers an event of a function URL. */
export async function handler(event) {
  let claims;
  try {
    const token = event.headers.authorization.replace(/^Bearer /, "");
    claims = jwt.verify(token, USERS_JWT_SECRET, {
      algorithms: ["HS256"],
      audience: AUDIENCE,
      issuer: ISSUER,
    });
  } catch {
    return answer(401, { code: "not-signed-in" });
  }
  const order = JSON.parse(event.body);
  const Key = `users/${claims.sub}/${randomUUID()}/${order.filename}`;
  const put = new PutObjectCommand({
    Bucket: BUCKET,
    ContentLength: order.size,
    ContentType: order.content_type,
    Key,
  });
  const url = await getSignedUrl(s3, put, {
    expiresIn: EXPIRES_IN,
    signableHeaders: new Set(["content-length", "content-type"]),
  });
  const headers = { "content-type": order.content_type };
  return answer(201, { headers, key: Key, method: "PUT", url });
}

function answer(statusCode, body) {
  return {
    body: JSON.stringify(body),
    headers: { "content-type": "application/json" },
    statusCode,
  };
}
