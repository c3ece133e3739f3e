// Films for tests, made and watched by Chromium on a page of `site.mjs`: each second of them is a
// grey of its own.

import assert from "node:assert/strict";

/** Seconds of each film. */
export const duration = 10;

/** Where in them tests seek to: the last second. */
export const seekTo = 9;

/**
 * The files of a film in pieces, by name: `master.m3u8`, and in a folder for each of two sizes a
 * playlist, an initialization section and a segment a second; or a `singleFile` of which the
 * segments are ranges.
 */
export async function hlsFilm(page, { singleFile = false } = {}) {
  const sizes = [
    { width: 320, height: 180 },
    { width: 160, height: 90 },
  ];
  const files = await page.evaluate(
    async (options) => (await import("/maker.mjs")).makeHls(options),
    { seconds: duration, sizes, singleFile },
  );
  return new Map(files.map(([path, text]) => [path, Buffer.from(text, "base64")]));
}

/**
 * A film in one MP4 file that is larger than it need be by `gap` bytes of nothing in its middle,
 * as an object of `range-store.mjs`. The index stands last.
 */
export async function largeFilm(page, gap) {
  const text = await page.evaluate(
    async (options) => (await import("/maker.mjs")).makeMp4(options),
    { seconds: duration, sizes: [{ width: 320, height: 180 }] },
  );
  const film = Buffer.from(text, "base64");
  const mdat = film.indexOf("mdat") - 4;
  // Behind the data is the box `stco`: version and flags, how many chunks there are, their offsets.
  const count = film.indexOf("stco", mdat + film.readUInt32BE(mdat)) + 8;
  const length = film.readUInt32BE(count);
  const places = Array.from({ length }, (_, index) => count + 4 * (index + 1));
  const middle = film.readUInt32BE(places[length >> 1]);
  for (const place of places) {
    const offset = film.readUInt32BE(place);
    if (offset >= middle) film.writeUInt32BE(offset + gap, place);
  }
  film.writeUInt32BE(film.readUInt32BE(mdat) + gap, mdat);
  return {
    size: film.length + gap,
    bytes(start, end) {
      const begun = film.subarray(start, Math.min(end, middle));
      const ended = film.subarray(Math.max(start - gap, middle), Math.max(end - gap, middle));
      const nothing = Buffer.alloc(end - start - begun.length - ended.length);
      return Buffer.concat([begun, nothing, ended]);
    },
  };
}

/** The type that a store keeps with a file. */
export function typeOf(path) {
  return path.endsWith(".m3u8") ? "application/vnd.apple.mpegurl" : "video/mp4";
}

/** Plays a film for a moment, then from `seekTo` to its end; see `site/player.mjs`. */
export function watch(page, source, options) {
  return page.evaluate(
    async (all) => (await import("/player.mjs")).watch(all),
    { source, seekTo, ...options },
  );
}

/** What was watched was all there, and at its time. */
export function playedToTheEnd(seen) {
  assert.equal(seen.error, undefined, JSON.stringify(seen));
  // The picture may be one behind the clock.
  const seconds = [seen.first.at, seen.first.at - 0.1].map(Math.floor);
  assert.ok(seconds.some((second) => isGreyOf(second, seen.first.grey)), JSON.stringify(seen));
  assert.ok(Math.abs(seen.sought.at - seekTo) < 0.1, `at ${seen.sought.at}`);
  assert.ok(isGreyOf(seekTo, seen.sought.grey), `the picture is ${seen.sought.grey}`);
  assert.ok(Math.abs(seen.duration - duration) < 0.1, `${seen.duration} s long`);
  assert.equal(seen.end, seen.duration);
  // Of ten a second; a busy machine leaves some out.
  assert.ok(seen.frames >= 5, `${seen.frames} pictures`);
  assert.equal(seen.corrupted, 0);
}

/** Whether it is the grey of a second, as `site/maker.mjs` paints it; a codec keeps it about. */
function isGreyOf(second, shown) {
  return Math.abs(shown - (30 + second * 20)) <= 6;
}
