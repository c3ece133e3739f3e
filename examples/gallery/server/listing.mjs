// What is in the bucket: ListObjectsV2 at the store, signed with the store's key.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html

import { AwsClient } from "aws4fetch";

/** The store could not be asked; the message is fit for the viewer. */
export class StoreUnavailable extends Error {}

export function listing({ store, bucket, region, storeKey }) {
  const client = new AwsClient({ ...storeKey, region, service: "s3", retries: 0 });

  /** All objects below a prefix, the newest first. */
  async function list(prefix) {
    const objects = [];
    let token;
    do {
      const url = new URL(`${store}/${bucket}`);
      url.search = new URLSearchParams({ "list-type": "2", prefix });
      if (token) url.searchParams.set("continuation-token", token);
      const page = await ask(url);
      objects.push(...all(page, "Contents").map(object));
      token = one(page, "IsTruncated") === "true" ? one(page, "NextContinuationToken") : undefined;
    } while (token);
    return objects
      .filter(({ key }) => !key.endsWith("/"))
      .sort((a, b) => b.modified.localeCompare(a.modified) || a.key.localeCompare(b.key));
  }

  async function ask(url) {
    let response;
    try {
      response = await client.fetch(url);
    } catch {
      throw new StoreUnavailable(`The object store does not answer at ${store}.`);
    }
    const text = await response.text();
    if (!response.ok) {
      const code = one(text, "Code") ?? "no reason given";
      throw new StoreUnavailable(`The object store would not list the bucket: ${response.status}, ${code}.`);
    }
    return text;
  }

  return { list };
}

function object(xml) {
  return { key: one(xml, "Key"), size: Number(one(xml, "Size")), modified: one(xml, "LastModified") ?? "" };
}

// The listing is flat XML of a known shape, which needs no parser: elements by name, then text.

function all(xml, name) {
  return Array.from(xml.matchAll(new RegExp(`<${name}>(.*?)</${name}>`, "gs")), (match) => match[1]);
}

function one(xml, name) {
  const [first] = all(xml, name);
  return first && unescape(first);
}

const ENTITIES = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

function unescape(text) {
  return text.replace(/&(?:#x([0-9a-f]+)|#(\d+)|(\w+));/gi, (whole, hex, decimal, name) => {
    if (name) return ENTITIES[name] ?? whole;
    return String.fromCodePoint(hex ? parseInt(hex, 16) : Number(decimal));
  });
}
