// The Worker's entry: hands each request to the WASM instance, and replaces the instance when it
// traps.
//
// A trap (a panic, a stack overflow) leaves an instance in the middle of what it was doing, so it
// must not be used again. Rust code polls its futures in microtasks; a trap there reaches no
// caller, and the promise of the request stays open for ever. The runtime does report it as an
// uncaught error, and nothing else in this Worker raises one. Which request it was cannot be
// told, so every request that the lost instance was working on gets a clear answer, and the next
// one finds a new instance. Bodies that are on their way to a viewer are native streams: they go on.

import * as gate from "./index.js";
import module from "./index_bg.wasm";

gate.initSync({ module });

/** For each request that the instance works on: what ends its wait when the instance is lost. */
const waiting = new Set();

function replaceInstance(cause) {
  const entry = { event: "instance_replaced", cause: String(cause), requests_lost: waiting.size };
  console.error(JSON.stringify(entry));
  for (const lose of waiting) lose();
  waiting.clear();
  gate.__wbg_reset_state();
}

addEventListener("error", (event) => replaceInstance(event.error));
addEventListener("unhandledrejection", (event) => {
  const { reason } = event;
  if (reason instanceof WebAssembly.RuntimeError || reason instanceof RangeError) replaceInstance(reason);
});

/** Settles as the gate's answer does, or resolves to nothing when the instance is lost. */
function answer(request, env, ctx) {
  return new Promise((resolve, reject) => {
    waiting.add(resolve);
    const settle = (how) => (value) => {
      waiting.delete(resolve);
      how(value);
    };
    try {
      gate.fetch(request, env, ctx).then(settle(resolve), settle(reject));
    } catch (cause) {
      // The exported function returns its errors in the promise; only a trap is thrown.
      replaceInstance(cause);
    }
  });
}

// Made for each request anew: an object of one request must not be used in another.
function lost() {
  const body = { code: "InternalError", message: "This could not be answered just now. Try again." };
  return Response.json(body, {
    status: 500,
    headers: { "cache-control": "no-store", "x-request-id": crypto.randomUUID() },
  });
}

export default {
  async fetch(request, env, ctx) {
    return (await answer(request, env, ctx)) ?? lost();
  },
};
