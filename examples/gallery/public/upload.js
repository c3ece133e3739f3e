// One upload, from the file to the confirmed object. It knows nothing of the page: it tells
// its state by `change` events and is done when `result` is there.
//
//   waiting → checking → signing → uploading → confirming → done
//                                                   any of them → failed | cancelled

import { Failure, putFile, uploadFunction } from "./api.js";

/** Larger files are sent without a checksum: the browser hashes only what is in memory. */
const CHECKSUM_LIMIT = 64 * 1024 * 1024;

/** More at once would only share the same line. */
const AT_ONCE = 3;

export class Upload extends EventTarget {
  state = "waiting";
  reason = "";
  result = null;
  /** Bytes of request bodies that this upload sent, by service. */
  bytes = { store: 0, function: 0, edge: 0, app: 0 };
  #stop = new AbortController();
  #ticket = null;
  #stored = false;

  constructor(file, session) {
    super();
    this.file = file;
    this.session = session;
  }

  get running() {
    return !["done", "failed", "cancelled"].includes(this.state);
  }

  start() {
    this.#to("waiting");
    const { signal } = this.#stop;
    return queue(() => this.#run(signal));
  }

  /** Goes on where it failed: a file that the store has is only confirmed again. */
  retry(session) {
    this.session = session;
    this.#stop = new AbortController();
    if (!this.#stored) this.#ticket = null;
    return this.start();
  }

  cancel() {
    this.#stop.abort(new Failure("Cancelled."));
    if (this.state === "waiting") this.#to("cancelled");
  }

  async #run(signal) {
    if (signal.aborted) return;
    const lambda = uploadFunction(this.session, (sent) => (this.bytes.function += sent));
    try {
      if (!this.#stored) {
        const checksum = await this.#checksum();
        signal.throwIfAborted();
        this.#to("signing");
        this.#ticket = await lambda.request(description(this.file, checksum), signal);
        this.bytes.store = 0;
        this.#to("uploading");
        await putFile(this.#ticket, this.file, { signal, progress: (sent) => this.#sent(sent) });
        this.#sent(this.file.size);
        this.#stored = true;
      }
      this.#to("confirming");
      this.result = await lambda.confirm(this.#ticket.id, signal);
      this.#to("done");
    } catch (error) {
      if (signal.aborted) return this.#to("cancelled");
      if (!(error instanceof Failure)) console.error(error);
      this.#to("failed", plainly(error));
    }
  }

  async #checksum() {
    if (this.file.size > CHECKSUM_LIMIT) return undefined;
    this.#to("checking");
    const digest = await crypto.subtle.digest("SHA-256", await this.file.arrayBuffer());
    return btoa(String.fromCharCode(...new Uint8Array(digest)));
  }

  #sent(bytes) {
    // The browser counts what it handed to the network, which never is more than the file.
    this.bytes.store = Math.min(bytes, this.file.size);
    this.dispatchEvent(new Event("change"));
  }

  #to(state, reason = "") {
    Object.assign(this, { state, reason });
    this.dispatchEvent(new Event("change"));
  }
}

function description(file, checksum) {
  return {
    filename: file.name,
    content_type: file.type || "application/octet-stream",
    size: file.size,
    checksum_sha256: checksum,
  };
}

function plainly(error) {
  if (error.status === 401) return "Your sign-in is over. Sign in again, then retry.";
  if (error.name === "NotReadableError" || error.name === "NotFoundError") {
    return "The file could not be read. Was it moved, or is it a folder?";
  }
  return error.message;
}

const waiting = [];
let running = 0;

async function queue(run) {
  if (running >= AT_ONCE) await new Promise((resolve) => waiting.push(resolve));
  running += 1;
  try {
    await run();
  } finally {
    running -= 1;
    waiting.shift()?.();
  }
}
