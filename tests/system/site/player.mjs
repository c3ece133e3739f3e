// Watches films as pages do: by hls.js, or by the browser's own player. Both send cookies along to
// another origin.

import Hls from "/hls.mjs";

/**
 * Plays from the beginning for a moment, seeks to the second `seekTo`, and plays to the end.
 * Answers what there was to see, or the error that ended it. Cookies may change meanwhile: the page
 * asks its site for `beforeSeek`, and where hls.js is refused something, for `renew`.
 */
export async function watch({ source, player, seekTo, beforeSeek, renew }) {
  const video = document.createElement("video");
  video.muted = true;
  // Without it, nobody could look at the pictures.
  video.crossOrigin = "use-credentials";
  document.body.replaceChildren(video);
  const load = { "hls.js": loadByHls, browser: loadByBrowser }[player];
  const failed = new Promise((_, reject) => load(video, { source, renew, reject }));
  try {
    return await Promise.race([failed, see(video, seekTo, beforeSeek)]);
  } catch (error) {
    return { error };
  } finally {
    video.remove();
  }
}

export function browserPlaysHls() {
  return document.createElement("video").canPlayType("application/vnd.apple.mpegurl") !== "";
}

function loadByHls(video, { source, renew, reject }) {
  const hls = new Hls({
    // So little that there is something left to seek to.
    maxBufferLength: 2,
    maxMaxBufferLength: 2,
    xhrSetup: (request) => (request.withCredentials = true),
  });
  hls.on(Hls.Events.ERROR, async (_, { details, fatal, response }) => {
    const isRefused = response?.code === 403;
    if (isRefused && renew) {
      await fetch(renew);
      // Of other errors it asks again by itself.
      if (fatal) hls.startLoad();
    } else if (isRefused || fatal) {
      reject({ details, status: response?.code });
      hls.destroy();
    }
  });
  hls.loadSource(source);
  hls.attachMedia(video);
}

function loadByBrowser(video, { source, reject }) {
  video.addEventListener("error", () => reject({ details: video.error.message }));
  video.src = source;
}

async function see(video, seekTo, beforeSeek) {
  await video.play();
  await until(video, "timeupdate", () => video.currentTime > 0.3);
  // What is looked at stands still, or a busy machine would look too late.
  video.pause();
  const first = { at: video.currentTime, grey: await greyOtherThan(0, video) };
  const wasBuffered = isBuffered(video, seekTo);
  if (beforeSeek) await fetch(beforeSeek);
  video.currentTime = seekTo;
  await until(video, "seeked", () => true);
  const grey = await greyOtherThan(first.grey, video);
  const sought = { at: video.currentTime, grey, wasBuffered };
  await video.play();
  await until(video, "ended", () => video.ended);
  const { totalVideoFrames: frames, corruptedVideoFrames: corrupted } =
    video.getVideoPlaybackQuality();
  const { currentTime: end, duration } = video;
  return { first, sought, end, duration, frames, corrupted };
}

function until(video, event, holds) {
  return new Promise((resolve) => {
    const look = () => {
      if (!holds()) return;
      video.removeEventListener(event, look);
      resolve();
    };
    video.addEventListener(event, look);
  });
}

function isBuffered({ buffered }, time) {
  return [...Array(buffered.length).keys()].some(
    (index) => buffered.start(index) <= time && time < buffered.end(index),
  );
}

/** The picture may come after the event that tells of it: what is shown when it is another one. */
async function greyOtherThan(former, video) {
  const deadline = performance.now() + 5_000;
  while (greyShown(video) === former && performance.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return greyShown(video);
}

/** Of the left half of the picture. */
function greyShown(video) {
  const context = new OffscreenCanvas(1, 1).getContext("2d");
  context.drawImage(video, 0, 0, video.videoWidth / 4, video.videoHeight, 0, 0, 1, 1);
  return context.getImageData(0, 0, 1, 1).data[0];
}
