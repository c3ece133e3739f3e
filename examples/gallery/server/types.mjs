// The content type that a file name suggests, for those that the page can show.

const TYPES = {
  avif: "image/avif", gif: "image/gif", jpeg: "image/jpeg", jpg: "image/jpeg", png: "image/png",
  svg: "image/svg+xml", webp: "image/webp",
  m4v: "video/mp4", mov: "video/quicktime", mp4: "video/mp4", ogv: "video/ogg", webm: "video/webm",
  css: "text/css; charset=utf-8", html: "text/html; charset=utf-8", js: "text/javascript; charset=utf-8",
};

export function contentType(name) {
  const extension = name.includes(".") ? name.split(".").at(-1).toLowerCase() : "";
  return Object.hasOwn(TYPES, extension) ? TYPES[extension] : "application/octet-stream";
}
