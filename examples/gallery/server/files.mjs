// The page itself: the files of one folder, with the headers that keep it to itself.

import { readdir, readFile } from "node:fs/promises";
import { contentType } from "./types.mjs";

export async function staticFiles(folder, { edge, uploads, store }) {
  // Only names that were there at the start are served, so no path can lead elsewhere.
  const files = new Map((await readdir(folder)).map((name) => [`/${name}`, new URL(name, folder)]));
  files.set("/", new URL("index.html", folder));
  const policy = [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    `img-src 'self' blob: ${edge}`,
    `media-src ${edge}`,
    `connect-src 'self' ${edge} ${uploads} ${store}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; ");

  /** Answers a request for one of the files; false when there is none. */
  return async function serve(request, response, path) {
    const file = files.get(path);
    if (!file || !["GET", "HEAD"].includes(request.method)) return false;
    const body = await readFile(file);
    response.writeHead(200, {
      "Content-Type": contentType(file.pathname),
      "Content-Length": body.length,
      "Content-Security-Policy": policy,
      "Cache-Control": "no-cache",
      "Referrer-Policy": "no-referrer",
      "X-Content-Type-Options": "nosniff",
    });
    response.end(request.method === "HEAD" ? undefined : body);
    return true;
  };
}
