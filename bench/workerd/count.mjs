// The edge with all calls between JavaScript and WASM counted: `/calls` says how many there were.

import { calls } from "./count-calls.mjs";
import edge from "./shim.mjs";

export default {
  fetch(request, env, ctx) {
    if (new URL(request.url).pathname === "/calls") return Response.json(calls);
    return edge.fetch(request, env, ctx);
  },
};
