// Every request of the page, but for pictures and films. What goes wrong becomes a `Failure`,
// whose message a person can read.

export class Failure extends Error {
  constructor(message, { status = 0, code = "" } = {}) {
    super(message);
    Object.assign(this, { status, code });
  }
}

export const app = {
  session: () => askApp("/api/session"),
  signIn: (user) => askApp("/api/sign-in", { method: "POST", json: { user } }),
  signOut: () => askApp("/api/sign-out", { method: "POST" }),
  photos: async () => (await askApp("/api/photos")).photos,
  tickets: async (key) => (await askApp(`/api/tickets?key=${encodeURIComponent(key)}`)).cases,
};

/** The upload function. `count` is told how many bytes of body each request carries. */
export function uploadFunction({ uploads, token }, count) {
  const ask = (path, json, signal) => {
    const body = JSON.stringify(json ?? {});
    count(new Blob([body]).size);
    const headers = { Authorization: `Bearer ${token}`, "Content-Type": "application/json" };
    return askJson(`${uploads}${path}`, { method: "POST", headers, body, signal }, "The upload function", uploads);
  };
  return {
    request: (file, signal) => ask("/uploads", file, signal),
    confirm: (id, signal) => ask(`/uploads/${encodeURIComponent(id)}/confirm`, undefined, signal),
  };
}

/** Puts a file into the store as the upload ticket says. `progress` is told the bytes sent so far. */
export function putFile({ method, url, headers }, file, { progress, signal }) {
  // XMLHttpRequest, because fetch does not tell how far an upload is.
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const stop = () => request.abort();
    const settle = (finish, value) => {
      signal.removeEventListener("abort", stop);
      finish(value);
    };
    request.open(method, url);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.onprogress = ({ loaded }) => progress(loaded);
    request.onload = () => {
      if (request.status >= 200 && request.status < 300) settle(resolve);
      else settle(reject, storeRefusal(request));
    };
    request.onerror = () =>
      settle(reject, new Failure("The object store did not take the file: the connection broke."));
    request.onabort = () => settle(reject, signal.reason);
    signal.addEventListener("abort", stop);
    request.send(file);
  });
}

/** The edge's answer to one request: its status, and its own words when it denies. */
export async function askEdge({ url, headers }) {
  const stop = new AbortController();
  const response = await fetch(url, { headers, credentials: "omit", cache: "no-store", signal: stop.signal });
  if (response.ok) {
    // The headers are the answer; the picture itself is on the page already.
    stop.abort();
    const { headers: said } = response;
    return { status: response.status, type: said.get("Content-Type"), length: Number(said.get("Content-Length")) };
  }
  const { code = "", message = "" } = await response.json().catch(() => ({}));
  return { status: response.status, code, message };
}

/** Whether anything answers at the URL. */
export async function answers(url) {
  try {
    await fetch(url, { mode: "no-cors", credentials: "omit", cache: "no-store", method: "HEAD" });
    return true;
  } catch {
    return false;
  }
}

function askApp(path, { method = "GET", json } = {}) {
  const options = { method };
  if (json) Object.assign(options, { headers: { "Content-Type": "application/json" }, body: JSON.stringify(json) });
  return askJson(path, options, "The app server", location.origin);
}

async function askJson(url, options, service, address) {
  let response;
  try {
    response = await fetch(url, options);
  } catch (error) {
    if (options.signal?.aborted) throw options.signal.reason;
    throw new Failure(`${service} does not answer at ${address}. Is it still running?`);
  }
  const body = await response.json().catch(() => ({}));
  if (response.ok) return body;
  const { code = "", message = `${service} answered ${response.status} without a reason.` } = body;
  throw new Failure(message, { status: response.status, code });
}

function storeRefusal(request) {
  const xml = new DOMParser().parseFromString(request.responseText, "text/xml");
  const code = xml.querySelector("Error > Code")?.textContent ?? "";
  const message = xml.querySelector("Error > Message")?.textContent ?? `it answered ${request.status}`;
  return new Failure(`The object store refused the file: ${message}`, { status: request.status, code });
}
