// What the gate asks of the platform. A request is one text for the gate, an answer of a store is
// another: to cross between JavaScript and WASM costs more than most of what is done on either
// side, so it is done once for each thing that is waited for. Objects of the platform stay here,
// and the gate knows them by numbers; 0 is none.
//
// Nothing that the gate calls may throw: that would leave it in the middle of what it was doing.

import * as gate from "./index.js";

/** The name of the cache, so that no `fetch` of anybody finds what is in it. */
const CACHE = "cloakroom";

/** What is under way by number. Only promises that may still be settled hold on to a task. */
const tasks = new Map();
let lastNumber = 0;

/** Tasks that the platform has given up, as their viewers did, are looked for now and then. */
const SWEEP_EVERY = 256;

const hold = globalThis.WeakRef ? (task) => new WeakRef(task) : (task) => ({ deref: () => task });

/** A request, or what goes on after its answer. `objects` are those of the request. */
class Task {
  constructor(env, context, objects) {
    this.env = env;
    this.context = context;
    this.objects = objects;
    this.number = lastNumber = (lastNumber + 1) >>> 0;
    tasks.set(this.number, hold(this));
  }

  /** Keeps an object of the platform: its number. */
  keep(object) {
    return this.objects.push(object) - 1;
  }
}

const find = (number) => tasks.get(number)?.deref();

function end(number) {
  const task = find(number);
  tasks.delete(number);
  return task;
}

/** Calls the gate. `onTrap` is told when that traps: the instance is then of no more use. */
function call(name, ...values) {
  const now = Date.now();
  try {
    gate[name](...values, Math.floor(now / 1000), now % 1000);
  } catch (cause) {
    onTrap(cause);
  }
}

let onTrap;

/** Has the gate decide a request. Nothing comes of it when the instance is lost on the way. */
export function answer(request, env, context) {
  return new Promise((resolve, reject) => {
    const task = new Task(env, context, [undefined]);
    task.resolve = resolve;
    task.reject = reject;
    call("begin", task.number, written(request));
    if (task.number % SWEEP_EVERY === 0) sweep();
  });
}

function sweep() {
  for (const [number, held] of tasks) {
    if (held.deref()) continue;
    tasks.delete(number);
    call("abandon", number);
  }
}

/** `lost` is told when the instance has trapped, and how many requests it was working on. */
export function whenTrapped(lost) {
  onTrap = (cause) => {
    const all = [...tasks.values()].map((held) => held.deref()).filter(Boolean);
    tasks.clear();
    lost(cause, all.filter(({ reject }) => reject).length);
    for (const task of all) task.resolve();
  };
}

/**
 * The request: method, URL, id, and its headers. The platform rewrites `accept-encoding`, which
 * some clients sign, and keeps what was sent in `cf`.
 */
function written({ method, url, headers, cf }) {
  const sent = cf?.clientAcceptEncoding;
  const isKnown = typeof sent === "string";
  let id;
  let text = isKnown ? `accept-encoding\n${sent}\n` : "";
  // An iterator of the platform takes several times as long.
  headers.forEach((value, name) => {
    if (name === "cf-ray") id = value;
    if (!isKnown || name !== "accept-encoding") text += `${name}\n${value}\n`;
  });
  return `${method}\n${url}\n${id ?? crypto.randomUUID()}\n${text}`;
}

/** Names and values, each on a line. */
function lines(headers) {
  let text = "";
  headers.forEach((value, name) => {
    text += `${name}\n${value}\n`;
  });
  return text;
}

/** The same read, from a line on: as an object if it can be, which the platform takes faster. */
function headersOf(parts, from) {
  const headers = Object.create(null);
  for (let at = from; at + 1 < parts.length; at += 2) {
    if (parts[at] in headers) return pairs(parts, from);
    headers[parts[at]] = parts[at + 1];
  }
  return headers;
}

/** As it has to be where a name stands twice. */
function pairs(parts, from) {
  const list = [];
  for (let at = from; at + 1 < parts.length; at += 2) list.push([parts[at], parts[at + 1]]);
  return list;
}

const bodyOf = (object) => (object instanceof Response ? object.body : object?.readable) ?? null;

/** Has `ask` find an answer, and tells the gate: a text, bytes, or a response and its head. */
function reply(number, question, ask) {
  const task = find(number);
  if (!task) return;
  const tell = (found) => {
    if (find(number) !== task) return;
    if (found instanceof Response) {
      const object = found.body ? task.keep(found) : 0;
      call("resume", number, question, object, `${found.status}\n${lines(found.headers)}`);
    } else if (found instanceof Uint8Array) {
      call("resume_with_bytes", number, question, found);
    } else {
      call("resume", number, question, 0, found ?? "");
    }
  };
  const fail = () => tell("failed");
  try {
    ask(task).then(tell, fail);
  } catch {
    Promise.resolve().then(fail);
  }
}

let cache;

/** `caches` keeps nothing of the request that opens one. */
const opened = async () => (cache ??= await caches.open(CACHE));

/** Looks for a copy, or a part of one: URL and range. A cache that fails is an empty one. */
export function look(number, question, text) {
  reply(number, question, () => {
    const [key, range] = text.split("\n");
    const wanted = range ? new Request(key, { headers: { range } }) : key;
    return cache ? cache.match(wanted) : opened().then((cache) => cache.match(wanted));
  });
}

/** Keeps a copy at a URL under these headers: the body of an object, or none. */
export function put(number, question, text, object) {
  reply(number, question, async ({ objects }) => {
    const parts = text.split("\n");
    const copy = new Response(bodyOf(objects[object]), { headers: headersOf(parts, 1) });
    await (await opened()).put(parts[0], copy);
  });
}

export function forget(number, question, key) {
  reply(number, question, async () => void (await (await opened()).delete(key)));
}

/**
 * Sends a request (method, URL, headers), and waits so many milliseconds for the head of the answer.
 * What the platform says of an error may quote the URL, which may be signed.
 */
export function send(number, question, text, timeout) {
  reply(number, question, async () => {
    const parts = text.split("\n");
    const abort = new AbortController();
    const init = {
      method: parts[0],
      headers: headersOf(parts, 2),
      signal: abort.signal,
      // A redirect would carry the signed headers to wherever the store points.
      redirect: "manual",
      // For what it takes to be cacheable the platform turns HEAD and Range into a GET of the whole
      // object, and that is not what was signed.
      cache: "no-store",
    };
    let request;
    try {
      request = new Request(parts[1], init);
    } catch {
      return "not sent";
    }
    const answered = fetch(request).catch(() => "unreachable");
    return await within(timeout, answered, () => abort.abort());
  });
}

/** What `promise` gives, or `late` if that takes longer. */
async function within(milliseconds, promise, stop) {
  let timer;
  const late = new Promise((resolve) => {
    timer = setTimeout(() => {
      resolve("late");
      stop();
    }, milliseconds);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Asks a bucket for an object (`get`) or what is known of it (`head`). `options` are JSON. */
export function bucket(number, question, binding, method, key, options, timeout) {
  reply(number, question, async (task) => {
    const asked = task.env[binding][method](key, options ? JSON.parse(options) : undefined);
    const found = await within(timeout, asked, () => {});
    if (found === "late") return found;
    if (!found) return "absent";
    const headers = new Headers();
    found.writeHttpMetadata(headers);
    const object = found.body ? task.keep(new Response(found.body)) : 0;
    return `${object}\n${found.size}\n${found.httpEtag}\n${found.uploaded.getTime()}\n${lines(headers)}`;
  });
}

/** All bytes of a body; more than `limit` are not read to the end. */
export function read(number, question, object, limit, timeout) {
  reply(number, question, async ({ objects }) => {
    const reader = bodyOf(objects[object]).getReader();
    const stop = () => void reader.cancel().catch(() => {});
    return await within(timeout, all(reader, limit, stop), stop);
  });
}

async function all(reader, limit, stop) {
  const chunks = [];
  for (let length = 0; length <= limit; ) {
    const { done, value } = await reader.read();
    if (done) return joined(chunks, length);
    chunks.push(value);
    length += value.byteLength;
  }
  stop();
  return joined(chunks);
}

function joined(chunks) {
  const bytes = new Uint8Array(chunks.reduce((sum, { byteLength }) => sum + byteLength, 0));
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.byteLength;
  }
  return bytes;
}

export function wait(number, question, milliseconds) {
  reply(number, question, () => new Promise((resolve) => setTimeout(resolve, milliseconds)));
}

/** A variable or secret of the Worker. */
export function variable(number, name) {
  const value = find(number)?.env[name];
  return typeof value === "string" ? value : undefined;
}

/** Whether a namespace is bound. */
export function isBound(number, name) {
  const value = find(number)?.env[name];
  return typeof value === "object" && value !== null;
}

/** An entry of a namespace, after an `=`; nothing if there is none. */
export function entry(number, question, namespace, key) {
  reply(number, question, async ({ env }) => {
    const found = await env[namespace].get(key);
    return typeof found === "string" ? `=${found}` : "";
  });
}

/** Keys as WebCrypto wants them. A key belongs to no request; a promise of one does. */
const imported = new Map();

/** Whether a signature holds. Of what the platform throws nothing is told: it may quote its input. */
export function verify(number, question, algorithm, key, signature, message) {
  const name = algorithm + String.fromCharCode(...key);
  // The gate's memory may be another's once this has returned.
  const [keyBytes, ...rest] = [key, signature, message].map((bytes) => bytes.slice());
  reply(number, question, async () => {
    const parameters = JSON.parse(algorithm);
    if (!imported.has(name)) {
      imported.set(name, await crypto.subtle.importKey("spki", keyBytes, parameters, false, ["verify"]));
    }
    return (await crypto.subtle.verify(parameters, imported.get(name), ...rest)) ? "holds" : "";
  });
}

/** Lets go of a body that nobody will read: the connection is wanted. */
export function cancel(number, object) {
  bodyOf(find(number)?.objects[object])?.cancel().catch(() => {});
}

/** Another one of the same: the runtime hands the body on to both, natively. */
export function twin(number, object) {
  const task = find(number);
  try {
    return task.keep(task.objects[object].clone());
  } catch {
    return 0;
  }
}

/** A stream that takes no more and no fewer bytes than it is told. */
export function fixed(number, length) {
  try {
    return find(number).keep(new FixedLengthStream(Number(length)));
  } catch {
    return 0;
  }
}

/** Writes a body into a stream, which stays open. */
export function pipe(number, question, from, to) {
  reply(number, question, async ({ objects }) => {
    const how = { preventClose: true, preventAbort: true };
    await bodyOf(objects[from]).pipeTo(objects[to].writable, how);
  });
}

/** Ends a stream, in good order or not. */
export function finish(number, question, stream, inOrder) {
  reply(number, question, async ({ objects }) => {
    await (inOrder ? objects[stream].writable.close() : objects[stream].writable.abort());
  });
}

/** What goes on after the answer: a task of its own with the objects of the request. */
export function spawn(number) {
  const parent = find(number);
  if (!parent) return 0;
  const { env, context, objects } = parent;
  const task = new Task(env, context, objects);
  context.waitUntil(new Promise((resolve) => (task.resolve = resolve)));
  return task.number;
}

/** The end of such a task. */
export function ended(number) {
  end(number)?.resolve();
}

/** The answer: the line for the log, then headers; and the body of an object, if any. */
export function respond(number, status, text, object) {
  answerWith(number, status, text, ({ objects }) => bodyOf(objects[object]));
}

/** The answer with a body that was made here. */
export function respondWith(number, status, text, body) {
  answerWith(number, status, text, () => body || null);
}

function answerWith(number, status, text, body) {
  const task = end(number);
  if (!task) return;
  const parts = text.split("\n");
  try {
    task.resolve(new Response(body(task), { status, headers: headersOf(parts, 1) }));
  } catch (error) {
    task.reject(error);
  }
  console.log(parts[0]);
}
