// The tables of docs/cost.md: `node bench/cost/main.mjs` prints them, `--docs` puts them there.
import { readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

import { cheaperWithin, readCost, reads, SIZES, sum, uploads } from "./designs.mjs";
import { month } from "./month.mjs";
import { inputs, INPUTS, PRICES } from "./prices.mjs";

export const PAGE = new URL("../../docs/cost.md", import.meta.url);

const HITS = [0, 0.9];
const MILLIONS = [1, 10, 100];

/** All tables by their names. */
export function tables() {
  return {
    reads: readsTable(),
    "break-even": breakEvenTable(),
    uploads: uploadsTable(),
    month: monthTable(),
    inputs: inputsTable(),
    "reads-made-of": readsMadeOf(),
    "uploads-made-of": uploadsMadeOf(),
    sensitivity: sensitivityTable(),
    prices: pricesTable(),
  };
}

/** The page with each table between its marks. */
export function fill(page, tables) {
  for (const [name, table] of Object.entries(tables)) {
    const [begin, end] = [`<!-- ${name}: begin -->\n`, `<!-- ${name}: end -->`];
    const [from, to] = [page.indexOf(begin), page.indexOf(end)];
    if (from < 0 || to < from) {
      throw new Error(`docs/cost.md has no place for the table \`${name}\``);
    }
    page = page.slice(0, from + begin.length) + table + page.slice(to);
  }
  return page;
}

/** `right` says how many of the last columns are numbers. */
function table(head, rows, right) {
  const marks = head.map((_, column) => (column < head.length - right ? "---" : "--:"));
  const lines = [head, ...rows].map((cells) => `| ${cells.join(" | ")} |\n`);
  return [lines[0], `|${marks.join("|")}|\n`, ...lines.slice(1)].join("");
}

function dollars(amount) {
  if (amount > 0 && amount < 0.005) {
    return "< 0.01";
  }
  const digits = amount < 1000 ? 2 : 0;
  const options = { minimumFractionDigits: digits, maximumFractionDigits: digits };
  return amount.toLocaleString("en-US", options);
}

function percent(part, digits = 0) {
  return `${(part * 100).toFixed(digits)} %`;
}

/** A table of amounts, the least of each column in bold. */
function amountsTable(head, named) {
  const shown = named.map(({ name, amounts }) => [name, ...amounts.map(dollars)]);
  const least = named[0].amounts.map((_, column) =>
    dollars(Math.min(...named.map(({ amounts }) => amounts[column]))),
  );
  const rows = shown.map(([name, ...amounts]) => [
    name,
    ...amounts.map((amount, column) => (amount === least[column] ? `**${amount}**` : amount)),
  ]);
  return table(head, rows, least.length);
}

function readsTable() {
  const columns = SIZES.flatMap((size) => HITS.map((hits) => ({ size, hits })));
  const named = Object.entries(reads(inputs(), SIZES[0])).map(([id, { name }]) => ({
    name,
    amounts: columns.map(({ size, hits }) => readCost(reads(inputs(), size)[id], size, hits)),
  }));
  const heads = columns.map(({ size, hits }) => `${size.name}, ${percent(hits)} hits`);
  return amountsTable(["$ for a million reads", ...heads], named);
}

function uploadsTable() {
  const named = Object.entries(uploads(inputs(), SIZES[0])).map(([id, { name }]) => ({
    name,
    amounts: SIZES.map((size) => sum(uploads(inputs(), size)[id].items)),
  }));
  return amountsTable(["$ for a million uploads", ...SIZES.map(({ name }) => name)], named);
}

function breakEvenTable() {
  const others = ["cloudfront", "flatRate", "cloudfrontFunction", "lambdaAtEdge", "server"];
  const own = { workersS3: "Workers, S3", workersR2: "Workers, R2" };
  const columns = Object.keys(own).flatMap((id) => SIZES.map((size) => ({ id, size })));
  const rows = others.map((other) => [
    reads(inputs(), SIZES[0])[other].name,
    ...columns.map(({ id, size }) => {
      const designs = reads(inputs(), size);
      return hitsWithin(cheaperWithin(designs[id], designs[other], size));
    }),
  ]);
  const heads = columns.map(({ id, size }) => `${own[id]}, ${size.name}`);
  return table(["costs no more than", ...heads], rows, heads.length);
}

function hitsWithin(range) {
  if (range === null) {
    return "never";
  }
  const [from, to] = range;
  if (to < 1) {
    return `to ${percent(to, 1)} hits`;
  }
  return from > 0 ? `from ${percent(from, 1)} hits` : "always";
}

function monthTable() {
  const hits = 0.9;
  const columns = SIZES.flatMap((size) => MILLIONS.map((millions) => ({ size, millions })));
  const designs = reads(inputs(), SIZES[0]);
  const named = Object.keys(month(inputs(), SIZES[0], 1, hits)).map((id) => ({
    name: id === "flatRate" ? "the same at a flat rate, the plan that fits" : designs[id].name,
    amounts: columns.map(({ size, millions }) => month(inputs(), size, millions, hits)[id]),
  }));
  const heads = columns.map(({ size, millions }) => `${millions} M of ${size.name}`);
  return amountsTable([`$ for a month, ${percent(hits)} hits`, ...heads], named);
}

function inputsTable() {
  const rows = Object.entries(INPUTS).map(([name, { value, meaning, why }]) => [
    `\`${name}\``,
    meaning,
    why,
    value,
  ]);
  return table(["input", "what it is", "why so much", "value"], rows, 1);
}

function added(items) {
  const terms = items.map(({ name, dollars: amount }) => `${name} ${dollars(amount)}`);
  return terms.length > 0 ? terms.join(" + ") : "–";
}

/** What a design is made of; for each size, where that differs. */
function addedBySize(itemsOf) {
  const [small, large] = SIZES.map((size) => added(itemsOf(size)));
  const [one, other] = SIZES.map(({ name }) => name);
  return small === large ? small : `${small} (${one}); ${large} (${other})`;
}

function readsMadeOf() {
  const rows = Object.entries(reads(inputs(), SIZES[0])).map(([id, design]) => [
    design.name,
    addedBySize((size) => reads(inputs(), size)[id].read),
    added(design.miss),
    design.gbOut,
    design.gbMissed,
  ]);
  const heads = ["a million reads", "a million misses", "a GB to viewers", "a GB of misses"];
  return table(["$ for", ...heads], rows, 2);
}

function uploadsMadeOf() {
  const rows = Object.entries(uploads(inputs(), SIZES[0])).map(([id, { name }]) => [
    name,
    addedBySize((size) => uploads(inputs(), size)[id].items),
  ]);
  return table(["$ for", "a million uploads"], rows, 0);
}

function read(id, size, hits) {
  return {
    name: `reads: ${reads(inputs(), size)[id].name}, ${size.name}, ${percent(hits)} hits`,
    cost: (input) => readCost(reads(input, size)[id], size, hits),
  };
}

function upload(id) {
  return {
    name: `uploads: ${uploads(inputs(), SIZES[0])[id].name}`,
    cost: (input) => sum(uploads(input, SIZES[0])[id].items),
  };
}

/** What one other input makes of one figure. */
function sensitivityTable() {
  const [small, large] = SIZES;
  const changes = [
    ["edgeCpuMs", 0.2, read("workersR2", small, 0.9)],
    ["edgeCpuMs", 5, read("workersR2", small, 0.9)],
    ["edgeCpuMs", 5, read("workersS3", large, 0.9)],
    ["edgeLogKb", 0, read("workersR2", small, 0.9)],
    ["edgeLogKb", 4, read("workersR2", small, 0.9)],
    ["ticketMs", 20, upload("confirmed")],
    ["confirmMs", 200, upload("confirmed")],
    ["functionMb", 512, upload("confirmed")],
    ["functionLogKb", 0, upload("confirmed")],
    ["authorizerMs", 50, read("lambdaAtEdge", small, 0.9)],
    ["serverUse", 0.05, read("server", small, 0.9)],
    ["serverUse", 0.05, read("server", large, 0.9)],
  ];
  const rows = changes.map(([name, value, { name: figure, cost }]) => [
    `\`${name}\` is ${value}, not ${INPUTS[name].value}`,
    figure,
    dollars(cost(inputs())),
    dollars(cost(inputs({ [name]: value }))),
  ]);
  return table(["if", "$ for a million", "was", "becomes"], rows, 2);
}

function pricesTable() {
  const rows = Object.values(PRICES).map(({ value, unit, what, of, seen }) => [
    what,
    `[${of.name}](${of.url})`,
    seen,
    unit,
    value.toLocaleString("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 12 }),
  ]);
  return table(["what", "the provider's page", "read in", "for a", "$"], rows, 1);
}

function main(wish) {
  if (wish === "--docs") {
    writeFileSync(PAGE, fill(readFileSync(PAGE, "utf8"), tables()));
    return;
  }
  for (const [name, table] of Object.entries(tables())) {
    console.log(`${name}\n\n${table}`);
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  main(process.argv[2]);
}
