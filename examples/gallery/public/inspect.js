// What the edge says: a row for each way of asking, with its live answer.

import { app, askEdge } from "./api.js";
import { size } from "./format.js";
import { clone, find } from "./page.js";

const NUMBERS = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
  "twelve", "thirteen", "fourteen", "fifteen"];

let asked = 0;

/** Asks the edge about the object with this key in every way that the app server proposes. */
export async function inspect(key) {
  asked += 1;
  const turn = asked;
  const cases = await app.tickets(key);
  if (turn !== asked) return;
  find("edge-count").textContent = NUMBERS[cases.length] ?? String(cases.length);
  const subject = path(cases[0].url);
  find("edge-subject").textContent = subject;
  const rows = cases.map((ask) => ({ ask, row: question(ask, subject) }));
  find("cases").replaceChildren(...rows.map(({ row }) => row));
  await Promise.all(rows.map(({ ask, row }) => answer(ask, row)));
}

export function forgetCases() {
  asked += 1;
  find("cases").replaceChildren();
}

function question({ name, title, detail, url }, subject) {
  const row = clone("case-template");
  row.dataset.testid = `edge-case-${name}`;
  row.querySelector("h3").textContent = title;
  row.querySelector(".detail").textContent = detail;
  row.querySelector(".request").hidden = path(url) === subject;
  row.querySelector("code").textContent = path(url);
  return row;
}

/** The URL's path, with the letters of names instead of their escapes. */
function path(url) {
  return decodeURI(new URL(url).pathname);
}

async function answer(ask, row) {
  const word = row.querySelector(".word");
  const status = row.querySelector(".status");
  const message = row.querySelector(".message");
  try {
    const said = await askEdge(ask);
    const verdict = said.status < 300 ? "allowed" : said.status < 500 ? "denied" : "failed";
    row.dataset.verdict = verdict;
    word.textContent = { allowed: "Allowed", denied: "Denied", failed: "Failed" }[verdict];
    status.textContent = [said.status, said.code].filter(Boolean).join(" ");
    message.textContent = said.message ?? `${said.type}, ${size(said.length)}`;
    if (verdict !== ask.expected) {
      row.dataset.surprise = "";
      message.textContent += ` This should have been ${ask.expected}.`;
    }
  } catch {
    row.dataset.verdict = "failed";
    word.textContent = "No answer";
    status.textContent = "";
    message.textContent = `The edge does not answer at ${new URL(ask.url).origin}, or not to this page.`;
  }
}
