// The other dialects.
import { createPrivateKey, createPublicKey, createSecretKey } from "node:crypto";

import { getSignedCookies, getSignedUrl } from "@aws-sdk/cloudfront-signer";
import EdgeAuth from "akamai-edgeauth";
import aws4 from "aws4";
import { AwsClient } from "aws4fetch";
import { SignJWT, jwtVerify } from "jose";
import jsonwebtoken from "jsonwebtoken";

import { amzDate, privateKey, testCase } from "./case.mjs";

const KID = "users";

export async function add(contest) {
  await addSigv4(contest);
  addEdgeAuth(contest);
  addCloudFront(contest);
  for (const [algorithm, name] of [
    ["HS256", null],
    ["RS256", "rsa"],
    ["ES256", "p256"],
    ["EdDSA", "ed25519"],
  ]) {
    await addJwt(contest, algorithm, name);
  }
}

async function addSigv4(contest) {
  const { region, endpoint, bucket, key } = testCase;
  const accessKeyId = testCase.access_key_id;
  const secretAccessKey = testCase.secret_access_key;
  const host = new URL(endpoint).host;
  const withAws4 = () => {
    const headers = { "X-Amz-Content-Sha256": "UNSIGNED-PAYLOAD", "X-Amz-Date": amzDate };
    const request = { service: "s3", region, host, path: `/${bucket}/${key}`, headers };
    return aws4.sign(request, { accessKeyId, secretAccessKey }).headers.Authorization;
  };
  contest.add("SigV4 header: sign", "aws4", withAws4, { output: withAws4() });
  const client = new AwsClient({ accessKeyId, secretAccessKey, region, service: "s3" });
  const withAws4fetch = async () => {
    const url = `${endpoint}/${bucket}/${key}`;
    const headers = { "X-Amz-Content-Sha256": "UNSIGNED-PAYLOAD" };
    const request = await client.sign(url, { headers, aws: { datetime: amzDate } });
    return request.headers.get("authorization");
  };
  contest.add("SigV4 header: sign", "aws4fetch", withAws4fetch, { output: await withAws4fetch() });
}

function addEdgeAuth(contest) {
  const sign = () => {
    const signer = new EdgeAuth({ key: testCase.hex_key, endTime: testCase.expires_at });
    return signer.generateACLToken(testCase.edgeauth_acl);
  };
  contest.add("EdgeAuth: sign", "akamai-edgeauth", sign, { output: sign() });
}

function addCloudFront(contest) {
  const dateLessThan = new Date(testCase.expires_at * 1000).toISOString();
  const { key_id: keyPairId, media_url: url } = testCase;
  const policy = JSON.stringify({
    Statement: [
      {
        Resource: "https://media.example/media/*",
        Condition: { DateLessThan: { "AWS:EpochTime": testCase.expires_at } },
      },
    ],
  });
  for (const [name, key, algorithm] of [
    ["RSA-SHA1", privateKey("rsa"), "SHA1"],
    ["RSA-SHA256", privateKey("rsa"), "SHA256"],
    ["ECDSA-SHA256", privateKey("p256"), "SHA256"],
  ]) {
    const common = { keyPairId, privateKey: key, algorithm };
    const signUrl = () => getSignedUrl({ ...common, url, dateLessThan });
    const facts = name.startsWith("RSA") ? { output: signUrl() } : {};
    contest.add(`CloudFront URL, ${name}: sign`, "@aws-sdk/cloudfront-signer", signUrl, facts);
    const signCookies = () => getSignedCookies({ ...common, policy });
    contest.add(`CloudFront cookies, ${name}: sign`, "@aws-sdk/cloudfront-signer", signCookies);
  }
}

async function addJwt(contest, algorithm, name) {
  const secret = createSecretKey(Buffer.from(testCase.secret));
  const signing = name === null ? secret : createPrivateKey(privateKey(name));
  const verifying = name === null ? secret : createPublicKey(signing);
  const { iss: issuer, aud: audience } = testCase.claims;
  const header = { alg: algorithm, kid: KID, typ: "JWT" };
  const sign = async () =>
    await new SignJWT(testCase.claims).setProtectedHeader(header).sign(signing);
  const token = await sign();
  const options = { issuer, audience, algorithms: [algorithm] };
  contest.add(`JWT ${algorithm}: sign`, "jose", sign);
  const verify = async () => await jwtVerify(token, verifying, options);
  contest.add(`JWT ${algorithm}: verify`, "jose", verify);
  // It knows nothing of Ed25519.
  if (algorithm === "EdDSA") {
    return;
  }
  const withOther = () =>
    jsonwebtoken.sign(testCase.claims, signing, { algorithm, keyid: KID, noTimestamp: true });
  contest.add(`JWT ${algorithm}: sign`, "jsonwebtoken", withOther);
  const verifyWithOther = () => jsonwebtoken.verify(token, verifying, options);
  contest.add(`JWT ${algorithm}: verify`, "jsonwebtoken", verifyWithOther);
}
