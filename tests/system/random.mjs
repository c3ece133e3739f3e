// Random choices that a seed repeats.

/** Mulberry32, a small generator of 32 bits: good enough to mix requests. */
export function seeded(seed) {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (limit) => Math.floor(next() * limit);
  return {
    /** A whole number from 0 that is less than `limit`. */
    below,
    pick: (list) => list[below(list.length)],
    chance: (share) => next() < share,
  };
}
