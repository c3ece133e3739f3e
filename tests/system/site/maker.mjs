// Makes films: the left half of each picture is a grey that says what second it is, the right half
// is noise, which takes up bytes. They are in VP9, which every Chromium has.

import * as media from "/mediabunny.mjs";

const framesPerSecond = 10;

/** A film in pieces: the names of its files, each with the file in base64. */
export async function makeHls({ seconds, sizes, singleFile }) {
  const targets = new Map();
  const format = new media.HlsOutputFormat({
    segmentFormat: new media.CmafOutputFormat(),
    targetDuration: 1,
    singleFilePerPlaylist: singleFile,
    getPlaylistPath: ({ n }) => `${n}/index.m3u8`,
    getInitPath: () => "init.mp4",
    getSegmentPath: ({ n, isSingleFile }) => (isSingleFile ? "all.mp4" : `${n}.m4s`),
  });
  const target = new media.PathedTarget("master.m3u8", ({ path }) => {
    targets.set(path, new media.BufferTarget());
    return targets.get(path);
  });
  await record(new media.Output({ format, target }), { seconds, sizes });
  return [...targets].map(([path, { buffer }]) => [path, base64(buffer)]);
}

/** A film in one file, in base64: first all pictures, then the index that says where they are. */
export async function makeMp4({ seconds, sizes }) {
  const target = new media.BufferTarget();
  const format = new media.Mp4OutputFormat({ fastStart: false });
  await record(new media.Output({ format, target }), { seconds, sizes });
  return base64(target.buffer);
}

async function record(output, { seconds, sizes }) {
  const tracks = sizes.map(({ width, height }) => {
    const canvas = new OffscreenCanvas(width, height);
    const encoding = { codec: "vp9", bitrate: 400_000, keyFrameInterval: 1 };
    const source = new media.CanvasSource(canvas, encoding);
    output.addVideoTrack(source, { frameRate: framesPerSecond });
    return { context: canvas.getContext("2d"), source };
  });
  await output.start();
  for (let frame = 0; frame < seconds * framesPerSecond; frame += 1) {
    const time = frame / framesPerSecond;
    for (const { context, source } of tracks) {
      paint(context, greyOf(Math.floor(time)));
      await source.add(time, 1 / framesPerSecond);
    }
  }
  await output.finalize();
}

/** The grey that stands for a second. */
function greyOf(second) {
  return 30 + second * 20;
}

function paint(context, grey) {
  const { width, height } = context.canvas;
  const noise = context.createImageData(width / 2, height);
  crypto.getRandomValues(noise.data.subarray(0, 65_536));
  context.putImageData(noise, width / 2, 0);
  context.fillStyle = `rgb(${grey} ${grey} ${grey})`;
  context.fillRect(0, 0, width / 2, height);
}

function base64(buffer) {
  const bytes = new Uint8Array(buffer);
  let text = "";
  for (let at = 0; at < bytes.length; at += 8192) {
    text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  }
  return btoa(text);
}
