// The arithmetic of docs/cost.md, and that the page has what it comes to.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { cheaperWithin, readCost, reads, SIZES, sum, uploads } from "./designs.mjs";
import { fill, PAGE, tables } from "./main.mjs";
import { month } from "./month.mjs";
import { inputs } from "./prices.mjs";

const [small, large] = SIZES;

function near(actual, expected) {
  assert.ok(Math.abs(actual - expected) < 0.005, `${actual} is not ${expected}`);
}

test("the page has the tables that the inputs come to", () => {
  const page = readFileSync(PAGE, "utf8");
  assert.equal(page, fill(page, tables()), "run `node bench/cost/main.mjs --docs`");
});

test("the page's words say what the tables say", () => {
  const page = readFileSync(PAGE, "utf8").replaceAll(/\s+/g, " ");
  const [one, other] = SIZES.map((size) => reads(inputs(), size));
  const hits = (designs, id, size) =>
    `${(cheaperWithin(designs.workersS3, designs[id], size)[0] * 100).toFixed(1)} % of reads`;
  const dearer = readCost(other.workersS3, large, 0) - readCost(other.cloudfront, large, 0);
  const { app, ticket, confirmed } = uploads(inputs(), small);
  const worker = sum(other.workersS3.read);
  const log = other.workersS3.read.find(({ name }) => name === "log").dollars;
  const example = readCost(other.workersS3, large, 0.9);
  for (const words of [
    `by $${dearer.toFixed(2)} for a million`,
    `from ${hits(other, "cloudfront", large)}`,
    `at least ${hits(other, "flatRate", large)}`,
    `at least ${hits(one, "flatRate", small)}`,
    `until ${hits(one, "server", small)}`,
    `$${log.toFixed(2)} of the $${worker.toFixed(2)}`,
    `A ticket adds $${(sum(ticket.items) - sum(app.items)).toFixed(2)}`,
    `$${(sum(confirmed.items) - sum(ticket.items)).toFixed(2)} more`,
    `${worker.toFixed(2)} + 0.1 × 0.40 + 1,000 × (0 + 0.1 × 0.09) = ${example.toFixed(2)}`,
  ]) {
    assert.ok(page.includes(words), `the page does not say "${words}"`);
  }
});

test("a table without a place in the page is an error", () => {
  assert.throws(() => fill("no marks", { reads: "" }), /no place for the table `reads`/);
});

test("reads cost what one gets by hand", () => {
  const cost = (id, size, hits) => readCost(reads(inputs(), size)[id], size, hits);
  const worker = 0.3 + 1 * 0.02 + 2 * (0.25 + (7 / 30) * 0.1);
  near(cost("workersS3", small, 0), worker + 0.4 + 12 * 0.09);
  near(cost("workersS3", large, 0.9), worker + 0.1 * 0.4 + 100 * 0.09);
  near(cost("workersR2", large, 0.9), worker + 0.1 * 0.36);
  near(cost("cloudfront", large, 0), 1 + 0.4 + 1000 * 0.085);
  near(cost("flatRate", large, 0), 1.5 + 0.4);
  near(cost("server", small, 1), (1e6 / 300 / 3600) * 0.0816 + 12 * 0.09);
  near(cost("redirect", small, 0.9), cost("redirect", small, 0));
});

test("uploads cost what one gets by hand", () => {
  const cost = (id, size) => sum(uploads(inputs(), size)[id].items);
  const call = (ms) => 0.2 + ((128 / 1024) * ms * 1000 * 0.0166667) / 1000 + 0.5 + 2 * 0.09;
  near(cost("confirmed", small), 5 + call(2) + call(30) + 0.8);
  near(cost("confirmed", large), cost("confirmed", small));
  near(cost("cloudfront", large), 5 + 1 + 20);
});

test("where Cloakroom begins to cost less, both cost the same", () => {
  const designs = reads(inputs(), large);
  for (const other of ["cloudfront", "flatRate", "lambdaAtEdge"]) {
    const [from, to] = cheaperWithin(designs.workersS3, designs[other], large);
    assert.ok(from > 0 && from < 1 && to === 1);
    const both = [designs.workersS3, designs[other]];
    const costs = (hits) => both.map((design) => readCost(design, large, hits));
    const [own, others] = costs(from);
    near(own, others);
    assert.ok(costs(from + 0.001)[0] < costs(from + 0.001)[1]);
  }
  assert.equal(cheaperWithin(designs.cloudfrontFunction, designs.cloudfront, large), null);
  assert.deepEqual(cheaperWithin(designs.cloudfront, designs.cloudfrontFunction, large), [0, 1]);
});

test("a month takes off what is included, and no more", () => {
  near(month(inputs(), small, 10, 0.9).workersR2, 5);
  near(month(inputs(), small, 11, 1).workersR2, 5 + 0.3);
  near(month(inputs(), large, 1, 1).cloudfront, 0);
  near(month(inputs(), large, 2, 1).cloudfront, 1000 * 0.085);
  near(month(inputs(), large, 60, 1).cloudfront, 50 + 9000 * 0.085 + 40000 * 0.08 + 10000 * 0.06);
  near(month(inputs(), large, 60, 1).flatRate, 1450);
  assert.throws(() => month(inputs(), large, 1000, 0), /there is no price/);
});
