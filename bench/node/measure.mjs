// Times, told one JSON object a line; src/measure.rs has the same in Rust.
import { readFileSync } from "node:fs";

const SLICE_NS = 20e6;
const TURNS = 5;

/** Those that are measured against each other. */
export class Contest {
  #bench;
  #contestants = [];

  constructor(bench) {
    this.#bench = bench;
  }

  /**
   * Adds what `work` does once. `facts` are told along: `output`, which is the same for all of a
   * row that tell it, and `note`.
   */
  add(row, name, work, facts = {}) {
    const told = { bench: this.#bench, row, name, version: version(name), ...facts };
    this.#contestants.push({ told, run: repeated(work), repeat: 1, times: [] });
  }

  /** Measures all, and tells. */
  async run() {
    for (const contestant of this.#contestants) {
      await warmUp(contestant);
    }
    for (let turn = 0; turn < TURNS; turn += 1) {
      for (const contestant of this.#contestants) {
        contestant.times.push((await taken(contestant)) / contestant.repeat);
      }
    }
    for (const { told, times } of this.#contestants) {
      const ns = times.sort((a, b) => a - b)[Math.floor(TURNS / 2)];
      console.log(JSON.stringify({ ...told, ns }));
    }
  }
}

/** Only what is asynchronous is waited for: waiting takes time. */
function repeated(work) {
  let kept;
  if (work.constructor.name === "AsyncFunction") {
    return async (times) => {
      for (let time = 0; time < times; time += 1) {
        kept = await work();
      }
      return kept;
    };
  }
  return (times) => {
    for (let time = 0; time < times; time += 1) {
      kept = work();
    }
    return kept;
  };
}

async function taken({ run, repeat }) {
  const started = process.hrtime.bigint();
  await run(repeat);
  return Number(process.hrtime.bigint() - started);
}

/** Until the code is compiled, and it is known how often it runs in a slice. */
async function warmUp(contestant) {
  for (;;) {
    const ns = await taken(contestant);
    if (ns >= SLICE_NS * 4) {
      contestant.repeat = Math.max(1, Math.floor((SLICE_NS * contestant.repeat) / ns));
      return;
    }
    contestant.repeat *= 2;
  }
}

function version(name) {
  const file = new URL(`node_modules/${name}/package.json`, import.meta.url);
  return JSON.parse(readFileSync(file, "utf8")).version;
}
