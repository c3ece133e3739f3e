// Read tickets: S3 presigned URLs for the edge, made here without a call to anyone.
// `aws4fetch` stands for the SDK that an app already has; boto3 or the AWS SDK do the same.

import { AwsV4Signer } from "aws4fetch";
import { contentType } from "./types.mjs";

const HOUR = 3600;
const WEEK = 7 * 24 * HOUR;

/** Tickets are dated back to the last full ten minutes. The URL of a picture stays the same for
 * as long, so that the browser's cache can answer for it. */
const STEP = 600;

export function tickets({ edge, region, edgeKey }, list) {
  /** The edge's URL of an object: its path is the path of the object in the bucket `media`. */
  const address = (key) => `${edge}/media/${key.split("/").map(encodeSegment).join("/")}`;

  /** The address with a ticket in its query. */
  async function ticket(key, { expiresIn = HOUR + STEP, signedAt = recently(), credentials = edgeKey } = {}) {
    const url = new URL(address(key));
    url.searchParams.set("X-Amz-Expires", String(expiresIn));
    const signer = new AwsV4Signer({
      ...credentials, url, region, service: "s3", method: "GET", signQuery: true, datetime: amzDate(signedAt),
    });
    return String((await signer.sign()).url);
  }

  /** An object as the page shows it. Public ones need no ticket. */
  async function photo({ key, size }) {
    const group = key.startsWith("users/") ? "yours" : key.split("/")[0];
    const name = key.split("/").at(-1);
    const url = group === "public" ? address(key) : await ticket(key);
    return { key, name, size, group, content_type: contentType(name), url };
  }

  /** Requests that the edge must allow or deny, about one private object of the signed-in user. */
  async function cases(key, { user, token }) {
    const others = user === "alice" ? "bob" : "alice";
    const [everyones] = await list("public/");
    const [theirs] = await list(`users/${others}/`);
    const theirKey = theirs?.key ?? `users/${others}/holiday.jpg`;
    const mine = (await list(`users/${user}/`)).find((object) => object.key !== key);
    const bearer = { Authorization: `Bearer ${token}` };
    const valid = await ticket(key);
    const someone = { ...edgeKey, accessKeyId: "CLOAKROOMNOSUCHKEY" };
    const allowed = [
      ["valid", "The right ticket", "signed for this object, good for an hour", valid],
      ["bearer", "Signed in, no ticket in the URL", "Authorization: Bearer <your token>", address(key), bearer],
      ["public", "A public picture", "no ticket needed", everyones && address(everyones.key)],
    ];
    const denied = [
      ["missing", "No ticket", "the plain URL, nothing else", address(key)],
      ["expired", "A ticket from two hours ago", "X-Amz-Expires=60",
        await ticket(key, { signedAt: secondsAgo(2 * HOUR), expiresIn: 60 })],
      ["tampered", "One character of the signature changed", tamperedDetail(valid), tampered(valid)],
      ["other-object", "A ticket for another object", "the signature was made for a different path",
        address(mine?.key ?? `${key}.bak`) + new URL(valid).search],
      ["other-user", `Something of ${others === "bob" ? "Bob" : "Alice"}’s`, "Authorization: Bearer <your token>",
        address(theirKey), bearer],
      ["unknown-key", "Signed with a key the edge does not know", `key id ${someone.accessKeyId}`,
        await ticket(key, { credentials: someone })],
      ["too-long", "A ticket for longer than a week", `X-Amz-Expires=${WEEK + 1}`,
        await ticket(key, { expiresIn: WEEK + 1 })],
      ["future", "A ticket from tomorrow", "X-Amz-Date is 24 hours ahead",
        await ticket(key, { signedAt: secondsAgo(-24 * HOUR) })],
      ["two-tickets", "Two tickets at once", "one in the query, one in the Authorization header", valid, bearer],
      ["duplicate", "A parameter given twice", "…&X-Amz-SignedHeaders=host", `${valid}&X-Amz-SignedHeaders=host`],
    ];
    return [...rows(allowed, "allowed"), ...rows(denied, "denied")];
  }

  return { photo, cases };
}

function rows(cases, expected) {
  return cases
    .filter(([, , , url]) => url)
    .map(([name, title, detail, url, headers = {}]) => ({ name, title, detail, expected, url, headers }));
}

/** RFC 3986: everything but letters, digits and `-._~`, as SigV4 wants it. */
function encodeSegment(segment) {
  return encodeURIComponent(segment).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}

function amzDate(date) {
  return date.toISOString().replace(/[-:]|\.\d{3}/g, "");
}

function secondsAgo(seconds) {
  return new Date(Date.now() - seconds * 1000);
}

function recently() {
  return new Date(Math.floor(Date.now() / 1000 / STEP) * STEP * 1000);
}

function tampered(url) {
  return url.slice(0, -1) + (url.endsWith("0") ? "1" : "0");
}

function tamperedDetail(url) {
  return `X-Amz-Signature=…${url.slice(-4)} became …${tampered(url).slice(-4)}`;
}
