// What a month of reads costs, with all that providers include and with what gets cheaper in bulk.
import { $, authorizer, LOG_KEPT, server, sum } from "./designs.mjs";
import { PLANS } from "./prices.mjs";

const HOURS = 730;
const SERVERS_AT_LEAST = 2;

/** Each design's dollars for so many million reads, of which a part are hits of the cache. */
export function month(input, size, millions, hits) {
  const misses = millions * (1 - hits);
  const gb = millions * size.gb;
  const gets = misses * $.s3Reads;
  const worker = workerMonth(input, millions);
  const cloudfront = beyond(10, millions) * $.cloudfrontRequests + cloudfrontOut(gb) + gets;
  const authorizerLog = beyond(5, millions * input.authorizerLogKb) * $.lambdaLogs;
  const plan = PLANS.find((plan) => millions <= plan.millions && gb <= plan.tb * 1000);
  if (plan === undefined) {
    throw new Error(`there is no price for a plan of ${millions} million reads`);
  }
  const servers = Math.max(
    SERVERS_AT_LEAST * HOURS * $.server,
    millions * server(input, size).dollars,
  );
  return {
    workersS3: worker + gets + awsOut(misses * size.gb),
    workersR2: worker + beyond(10, misses) * $.r2Reads,
    cloudfront,
    flatRate: plan.dollars + gets,
    lambdaAtEdge: cloudfront + millions * sum(authorizer(input)) + authorizerLog,
    server: servers + gets + awsOut(gb),
  };
}

function workerMonth(input, millions) {
  const logGb = millions * input.edgeLogKb;
  return (
    $.workerPlan +
    beyond(10, millions) * $.workerRequests +
    beyond(30, millions * input.edgeCpuMs) * $.workerCpu +
    beyond(50, logGb) * $.workerLogs +
    beyond(12, logGb * LOG_KEPT) * $.workerLogsKept
  );
}

/** What is left when `included` is not paid for. */
function beyond(included, quantity) {
  return Math.max(0, quantity - included);
}

function awsOut(gb) {
  return tiered(beyond(100, gb), [
    [9_900, $.awsOut],
    [40_000, $.awsOutNext],
    [100_000, $.awsOutBeyond],
  ]);
}

function cloudfrontOut(gb) {
  return tiered(beyond(1_000, gb), [
    [9_000, $.cloudfrontOut],
    [40_000, $.cloudfrontOutNext],
    [100_000, $.cloudfrontOutBeyond],
  ]);
}

/** `[amount, price]` one after the other, until `quantity` is paid for. */
function tiered(quantity, tiers) {
  let left = quantity;
  let total = 0;
  for (const [amount, dollars] of tiers) {
    total += Math.min(left, amount) * dollars;
    left = beyond(amount, left);
  }
  if (left > 0) {
    throw new Error(`there is no price for the last ${left} GB`);
  }
  return total;
}
