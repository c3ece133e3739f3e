// The list of uploads: a row each, and where the bytes of the last one went.

import { bytes as inBytes, size } from "./format.js";
import { clone, find } from "./page.js";
import { Upload } from "./upload.js";

const SERVICES = [
  ["store", "Object store"],
  ["function", "Upload function"],
  ["edge", "Edge"],
  ["app", "App server"],
];

const uploads = new Set();

/** Starts an upload for each file; `session` gives the present one, `done` is told each result. */
export function addUploads(files, { session, done, announce }) {
  for (const file of files) {
    const upload = new Upload(file, session());
    const row = uploadRow(upload, session);
    uploads.add(upload);
    find("uploads").prepend(row);
    upload.addEventListener("change", () => {
      if (!upload.running) announce(`${file.name}: ${words(upload)}`);
      if (upload.state !== "done") return;
      showBytes(upload);
      done({ ...upload.result, content_type: file.type || "application/octet-stream" });
    });
    upload.start();
  }
}

/** Forgets all uploads; those that still run are cancelled. */
export function clearUploads() {
  for (const upload of uploads) upload.cancel();
  uploads.clear();
  find("uploads").replaceChildren();
  find("bytes").hidden = true;
}

function uploadRow(upload, session) {
  const row = clone("upload-template");
  const part = (name) => row.querySelector(`[data-testid="upload-${name}"]`);
  part("name").textContent = upload.file.name;
  part("progress").setAttribute("aria-label", `${upload.file.name}, sent`);
  part("cancel").addEventListener("click", () => upload.cancel());
  part("retry").addEventListener("click", () => upload.retry(session()));
  const show = () => {
    row.dataset.state = upload.state;
    part("state").textContent = words(upload);
    part("progress").value = fraction(upload);
    part("cancel").hidden = !upload.running;
    part("retry").hidden = !["failed", "cancelled"].includes(upload.state);
  };
  upload.addEventListener("change", show);
  show();
  return row;
}

function words(upload) {
  const all = size(upload.file.size);
  switch (upload.state) {
    case "waiting": return `${all}, waiting`;
    case "checking": return `${all}, computing the checksum`;
    case "signing": return `${all}, asking for a ticket`;
    case "uploading": return `${Math.floor(fraction(upload) * 100)} % of ${all}, straight to the store`;
    case "confirming": return `${all}, confirming`;
    case "done": return `${all}, stored`;
    case "cancelled": return "Cancelled";
    default: return upload.reason;
  }
}

function fraction(upload) {
  if (["confirming", "done"].includes(upload.state)) return 1;
  return upload.state === "uploading" && upload.file.size > 0 ? upload.bytes.store / upload.file.size : 0;
}

/** What each service was sent, as bars to scale. */
function showBytes(upload) {
  const total = Math.max(1, ...Object.values(upload.bytes));
  const title = document.createElement("p");
  title.textContent = `Where the bytes of ${upload.file.name} went`;
  const list = document.createElement("dl");
  for (const [service, label] of SERVICES) {
    const sent = upload.bytes[service];
    const term = document.createElement("dt");
    term.textContent = label;
    const bar = document.createElement("progress");
    Object.assign(bar, { max: total, value: sent });
    bar.setAttribute("aria-hidden", "true");
    const amount = document.createElement("dd");
    amount.dataset.testid = `bytes-${service}`;
    amount.dataset.bytes = sent;
    amount.textContent = inBytes(sent);
    list.append(term, bar, amount);
  }
  find("bytes").replaceChildren(title, list);
  find("bytes").hidden = false;
}
