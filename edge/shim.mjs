// The Worker's entry: hands each request to the WASM instance, and replaces the instance when it
// traps.
//
// A trap (a panic, a stack overflow) leaves an instance in the middle of what it was doing, so it
// must not be used again. Every request that the lost instance was working on gets a clear answer,
// and the next one finds a new instance. Bodies that are on their way to a viewer are native
// streams: they go on.

import * as gate from "./index.js";
import module from "./index_bg.wasm";
import { answer, whenTrapped } from "./platform.mjs";

gate.initSync({ module });

whenTrapped((cause, tasks) => {
  const entry = { event: "instance_replaced", cause: String(cause), requests_lost: tasks };
  console.error(JSON.stringify(entry));
  gate.__wbg_reset_state();
});

// Made for each request anew: an object of one request must not be used in another.
function lost() {
  const body = { code: "InternalError", message: "This could not be answered just now. Try again." };
  return Response.json(body, {
    status: 500,
    headers: { "cache-control": "no-store", "x-request-id": crypto.randomUUID() },
  });
}

export default {
  async fetch(request, env, context) {
    return (await answer(request, env, context)) ?? lost();
  },
};
