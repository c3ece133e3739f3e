// What a million reads and a million uploads cost in each design.
//
// A design of reads has a price for a million reads, for a million misses of the cache, for a GB
// that goes to viewers, and for a GB of misses. The rest is adding up.
import { PLANS, PRICES } from "./prices.mjs";

/** GB that a million objects have. A million times 1 KB is 1 GB. */
export const SIZES = [
  { name: "12 KB", gb: 12, perSecond: "serverSmall" },
  { name: "1 MB", gb: 1000, perSecond: "serverLarge" },
];

/** How long the platform keeps a Worker's log, in months. */
export const LOG_KEPT = 7 / 30;

export const $ = Object.fromEntries(
  Object.entries(PRICES).map(([name, { value }]) => [name, value]),
);

function item(name, dollars) {
  return { name, dollars };
}

export function sum(items) {
  return items.reduce((total, { dollars }) => total + dollars, 0);
}

/** GB-seconds of a million calls. */
function gbSeconds(mb, ms) {
  return (mb / 1024) * (ms / 1000) * 1e6;
}

function worker(input) {
  return [
    item("requests", $.workerRequests),
    item("CPU", input.edgeCpuMs * $.workerCpu),
    item("log", input.edgeLogKb * ($.workerLogs + LOG_KEPT * $.workerLogsKept)),
  ];
}

/** Calls of the upload function. */
function calls(input, ms) {
  return [
    item("calls", $.lambdaRequests),
    item("duration", gbSeconds(input.functionMb, ms) * $.lambdaTime),
    item("log", input.functionLogKb * $.lambdaLogs),
    item("answers", input.answerKb * $.awsOut),
  ];
}

export function authorizer(input) {
  return [
    item("calls", $.authorizerRequests),
    item("duration", gbSeconds(128, input.authorizerMs) * $.authorizerTime),
  ];
}

export function server(input, size) {
  const hours = 1e6 / (input[size.perSecond] * input.serverUse) / 3600;
  return item("server", hours * $.server);
}

/** The designs for reads of objects of a size. */
export function reads(input, size) {
  const get = [item("GET", $.s3Reads)];
  const plan = [item("plan", PLANS[0].dollars / PLANS[0].millions)];
  const requests = item("requests", $.cloudfrontRequests);
  const cloudfrontFunction = item("calls", $.cloudfrontFunctions);
  const atEdge = [...authorizer(input), item("log", input.authorizerLogKb * $.lambdaLogs)];
  const toViewers = { gbOut: $.cloudfrontOut, gbMissed: 0 };
  return {
    workersS3: {
      name: "**Cloakroom**: Workers, S3",
      read: worker(input),
      miss: get,
      gbOut: 0,
      gbMissed: $.awsOut,
    },
    workersR2: {
      name: "**Cloakroom**: Workers, R2",
      read: worker(input),
      miss: [item("class B", $.r2Reads)],
      gbOut: 0,
      gbMissed: 0,
    },
    redirect: {
      name: "**Cloakroom**: the function redirects to S3, without a cache",
      read: [...calls(input, input.ticketMs), ...get],
      miss: [],
      gbOut: $.awsOut,
      gbMissed: 0,
    },
    cloudfront: {
      name: "CloudFront, signed URLs, S3",
      read: [requests],
      miss: get,
      ...toViewers,
    },
    flatRate: {
      name: "the same at a flat rate: a plan Pro that is used up",
      read: plan,
      miss: get,
      gbOut: 0,
      gbMissed: 0,
    },
    cloudfrontFunction: {
      name: "CloudFront, a CloudFront Function authorizes, S3",
      read: [requests, cloudfrontFunction],
      miss: get,
      ...toViewers,
    },
    lambdaAtEdge: {
      name: "CloudFront, Lambda@Edge authorizes, S3",
      read: [requests, ...atEdge],
      miss: get,
      ...toViewers,
    },
    server: {
      name: "an app server passes on the bytes from S3",
      read: [server(input, size)],
      miss: get,
      gbOut: $.awsOut,
      gbMissed: 0,
    },
  };
}

/** What a million reads cost, of which a part are hits of the cache. */
export function readCost(design, size, hits) {
  const misses = 1 - hits;
  const bytes = size.gb * (design.gbOut + misses * design.gbMissed);
  return sum(design.read) + misses * sum(design.miss) + bytes;
}

/** From which part of hits to which `one` costs no more than `other`; `null`: at none. */
export function cheaperWithin(one, other, size) {
  const difference = (hits) => readCost(one, size, hits) - readCost(other, size, hits);
  const [without, all] = [difference(0), difference(1)];
  if (without > 0 && all > 0) {
    return null;
  }
  const even = without / (without - all);
  return [without > 0 ? even : 0, all > 0 ? even : 1];
}

/** The designs for uploads of files of a size: what a million of them are made of. */
export function uploads(input, size) {
  const put = item("PUT", $.s3Writes);
  const ticket = calls(input, input.ticketMs);
  const confirmation = calls(input, input.confirmMs);
  const both = [...ticket, ...confirmation];
  const look = item("HEAD, GET", 2 * $.s3Reads);
  return {
    app: { name: "the app signs a PUT itself, with an SDK", items: [put] },
    ticket: { name: "**Cloakroom**: ticket, S3", items: [put, ...ticket] },
    confirmed: {
      name: "**Cloakroom**: ticket and confirmation, S3",
      items: [put, ...both, look],
    },
    confirmedR2: {
      name: "**Cloakroom**: ticket and confirmation, R2",
      items: [item("class A", $.r2Writes), ...both, item("class B, twice", 2 * $.r2Reads)],
    },
    httpApi: {
      name: "**Cloakroom**: ticket and confirmation, S3, behind an HTTP API",
      items: [put, ...both, look, item("HTTP API, twice", 2 * $.httpApi)],
    },
    server: {
      name: "an app server takes the bytes and puts them into S3",
      items: [put, server(input, size)],
    },
    cloudfront: {
      name: "a PUT through CloudFront to S3",
      items: [
        put,
        item("requests", $.cloudfrontRequests),
        item("bytes", size.gb * $.cloudfrontIn),
      ],
    },
  };
}
