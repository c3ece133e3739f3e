// The contestants in JavaScript of `cargo xtask bench`: `node main.mjs presign dialects`.
import * as dialects from "./dialects.mjs";
import { Contest } from "./measure.mjs";
import * as presign from "./presign.mjs";

const benches = { presign, dialects };

for (const name of process.argv.slice(2)) {
  const contest = new Contest(name);
  await benches[name].add(contest);
  await contest.run();
}
