// How much memory workerd uses while something happens.

import assert from "node:assert/strict";

import { residentBytes } from "./procfs.mjs";

export const mebibyte = 1024 * 1024;

/** By how much workerd may grow, however large the objects are that pass through it. */
const allowedGrowth = 64 * mebibyte;

/** Runs `task` and samples the memory of all workerd processes meanwhile. */
export async function watched(processes, task) {
  const pids = processes.map(({ pid }) => pid);
  assert.ok(pids.length > 0, "no workerd process serves the edge");
  const sample = () => pids.reduce((sum, pid) => sum + residentBytes(pid), 0);
  const baseline = sample();
  assert.ok(baseline > 20 * mebibyte, "workerd uses less than any workerd does");
  let peak = baseline;
  let samples = 0;
  const timer = setInterval(() => {
    peak = Math.max(peak, sample());
    samples += 1;
  }, 50);
  const begun = performance.now();
  try {
    const result = await task();
    const seconds = (performance.now() - begun) / 1000;
    return { result, seconds, memory: { baseline, peak, samples } };
  } finally {
    clearInterval(timer);
  }
}

/** The memory that `watched` saw did not grow with what passed through. */
export function isFlat({ baseline, peak, samples }) {
  assert.ok(peak - baseline < allowedGrowth, inWords({ baseline, peak, samples }));
}

/** How much it used, for people. */
export function inWords({ baseline, peak, samples }) {
  const [from, to] = [baseline, peak].map((bytes) => (bytes / mebibyte).toFixed(1));
  return `workerd used ${from} MiB before and ${to} MiB at most (${samples} samples)`;
}
