// Presigned GETs.
import { GetObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import aws4 from "aws4";
import { AwsClient } from "aws4fetch";

import { amzDate, signedAt, testCase } from "./case.mjs";

const { region, endpoint, bucket, key, expires_in: expiresIn } = testCase;
const accessKeyId = testCase.access_key_id;
const secretAccessKey = testCase.secret_access_key;
const host = new URL(endpoint).host;

export async function add(contest) {
  const withAws4 = () => {
    const path = `/${bucket}/${key}?X-Amz-Date=${amzDate}&X-Amz-Expires=${expiresIn}`;
    const request = { service: "s3", region, host, path, signQuery: true };
    return `https://${host}${aws4.sign(request, { accessKeyId, secretAccessKey }).path}`;
  };
  contest.add("sign", "aws4", withAws4, { output: withAws4() });

  const client = new AwsClient({ accessKeyId, secretAccessKey, region, service: "s3" });
  const withAws4fetch = async () => {
    const url = `${endpoint}/${bucket}/${key}?X-Amz-Expires=${expiresIn}`;
    return (await client.sign(url, { aws: { signQuery: true, datetime: amzDate } })).url;
  };
  contest.add("sign", "aws4fetch", withAws4fetch, { output: await withAws4fetch() });

  const credentials = { accessKeyId, secretAccessKey };
  const s3 = new S3Client({ region, credentials, forcePathStyle: true });
  const withSdk = async () => {
    const command = new GetObjectCommand({ Bucket: bucket, Key: key });
    return await getSignedUrl(s3, command, { expiresIn, signingDate: signedAt });
  };
  const note = "adds `x-id=GetObject` and a checksum mode to the URL";
  contest.add("sign", "@aws-sdk/s3-request-presigner", withSdk, { note });
}
