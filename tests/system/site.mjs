// A site on an origin of its own: a page, the scripts of `site/` and the libraries that they use.
// `/film/NAME` tells the page where a film is, with cookies when the site sets them.

import { readFile } from "node:fs/promises";
import http from "node:http";

import { listening } from "./server.mjs";

const scripts = {
  "/player.mjs": "site/player.mjs",
  "/maker.mjs": "site/maker.mjs",
  "/hls.mjs": "../../node_modules/hls.js/dist/hls.min.mjs",
  "/mediabunny.mjs": "../../node_modules/mediabunny/dist/bundles/mediabunny.min.mjs",
};

/** With an icon, so that browsers ask for none. */
const page = '<!doctype html><title>Films</title><link rel="icon" href="data:,">';

/** Starts it. `/film/NAME` answers what `films[NAME]` does: the `source`, and perhaps `cookies`. */
export async function startSite(films = {}) {
  const server = http.createServer(async (request, response) => {
    const [, film] = /^\/film\/(.*)$/.exec(request.url) ?? [];
    if (scripts[request.url]) {
      response.setHeader("content-type", "text/javascript");
      response.end(await readFile(new URL(scripts[request.url], import.meta.url)));
    } else if (films[film]) {
      const { source, cookies = [] } = films[film]();
      response.setHeader("content-type", "application/json").setHeader("set-cookie", cookies);
      response.end(JSON.stringify({ source }));
    } else {
      response.setHeader("content-type", "text/html").end(page);
    }
  });
  return listening(server);
}
