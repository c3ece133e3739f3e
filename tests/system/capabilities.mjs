// A second implementation of the tickets that open paths, for tests alone: TempURLs, CloudFront
// URLs and cookies, EdgeAuth tokens. It signs what it is told to sign, sensible or not.
//
// https://docs.openstack.org/swift/latest/api/temporary_url_middleware.html
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/PrivateContent.html
// https://github.com/akamai/EdgeAuth-Token-Python

import { createHmac, sign } from "node:crypto";

/** The query of a TempURL for one path, or with a `prefix` for all of its container's names. */
export function tempurlQuery({ path, secret, digest, method = "GET", expires, prefix, range }) {
  const container = path.split("/").slice(0, 4).join("/");
  const resource = prefix === undefined ? path : `prefix:${container}/${prefix}`;
  const lines = [...(range ? [`ip=${range}`] : []), method, expires, resource];
  const signature = createHmac(digest, secret).update(lines.join("\n")).digest("hex");
  return [
    `temp_url_sig=${signature}&temp_url_expires=${expires}`,
    ...(prefix === undefined ? [] : [`temp_url_prefix=${prefix}`]),
    ...(range ? [`temp_url_ip_range=${range}`] : []),
  ].join("&");
}

/**
 * What CloudFront takes, by the names of the query: a canned policy, or a custom one where the
 * ticket `isCustom`, starts later or is for a range of addresses.
 */
export function cloudFrontParameters({ resource, keyPairId, privateKey, hash, expires, ...rest }) {
  const { starts, range, isCustom = starts !== undefined || range !== undefined } = rest;
  const condition = {
    DateLessThan: { "AWS:EpochTime": expires },
    ...(starts === undefined ? {} : { DateGreaterThan: { "AWS:EpochTime": starts } }),
    ...(range === undefined ? {} : { IpAddress: { "AWS:SourceIp": range } }),
  };
  const policy = JSON.stringify({ Statement: [{ Resource: resource, Condition: condition }] });
  return {
    ...(isCustom ? { Policy: inUrl(Buffer.from(policy)) } : { Expires: String(expires) }),
    Signature: inUrl(sign(hash, Buffer.from(policy), privateKey)),
    "Key-Pair-Id": keyPairId,
    ...(hash === "SHA1" ? {} : { "Hash-Algorithm": hash }),
  };
}

/** CloudFront's own form of base64. */
function inUrl(bytes) {
  const letters = { "+": "-", "=": "_", "/": "~" };
  return bytes.toString("base64").replace(/[+=/]/g, (letter) => letters[letter]);
}

/** A token for whatever `acl` names, or without one for one path. `secret` is in hexadecimal. */
export function edgeauthToken({ path, acl, secret, expires, starts, address }) {
  const fields = [
    ...(address === undefined ? [] : [`ip=${address}`]),
    ...(starts === undefined ? [] : [`st=${starts}`]),
    `exp=${expires}`,
    ...(acl === undefined ? [] : [`acl=${acl}`]),
  ];
  const signed = [...fields, ...(acl === undefined ? [`url=${path}`] : [])].join("~");
  const mac = createHmac("sha256", Buffer.from(secret, "hex")).update(signed).digest("hex");
  return [...fields, `hmac=${mac}`].join("~");
}
