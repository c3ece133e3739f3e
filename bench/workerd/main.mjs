// What `cargo xtask bench` measures under workerd, one round of it: `node main.mjs wasm edge start`.
//
// CLOAKROOM_BENCH_WORK is a folder to work in, CLOAKROOM_BENCH_SIGNER the core's signing as WASM,
// CLOAKROOM_BENCH_LOAD the program that asks and is the store, CLOAKROOM_BENCH_EDGE the edge's
// bundle, CLOAKROOM_BENCH_NGINX where nginx was unpacked; or CLOAKROOM_BENCH_NO_NGINX says why not.

import * as edge from "./edge.mjs";
import * as start from "./start.mjs";
import * as wasm from "./wasm.mjs";

const benches = { wasm, edge, start };

for (const name of process.argv.slice(2)) await benches[name].run();
