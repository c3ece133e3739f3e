// A picture or film alone, as large as the window allows.

import { size, title } from "./format.js";
import { find } from "./page.js";

let photos = [];
let at = 0;

/** Opens at `photo`; the arrows go through `all`. */
export function openLightbox(photo, all) {
  photos = all;
  show(all.indexOf(photo));
  find("lightbox").showModal();
}

export function wireLightbox() {
  const dialog = find("lightbox");
  find("lightbox-close").addEventListener("click", () => dialog.close());
  find("lightbox-previous").addEventListener("click", () => show(at - 1));
  find("lightbox-next").addEventListener("click", () => show(at + 1));
  dialog.addEventListener("close", () => find("lightbox-stage").replaceChildren());
  dialog.addEventListener("click", ({ target }) => {
    // Beside the picture, the click is on the stage or on the dialog itself.
    if (target === dialog || target === find("lightbox-stage")) dialog.close();
  });
  dialog.addEventListener("keydown", (event) => {
    // A film's own controls use the arrows to seek.
    if (event.target.tagName === "VIDEO") return;
    if (event.key === "ArrowLeft") show(at - 1);
    if (event.key === "ArrowRight") show(at + 1);
  });
}

function show(index) {
  at = (index + photos.length) % photos.length;
  const photo = photos[at];
  find("lightbox-stage").replaceChildren(photo.content_type.startsWith("video/") ? film(photo) : picture(photo));
  find("lightbox-name").textContent = photo.name;
  find("lightbox-about").textContent = `${size(photo.size)} · ${at + 1} of ${photos.length}`;
  for (const button of ["lightbox-previous", "lightbox-next"]) find(button).hidden = photos.length < 2;
}

function picture(photo) {
  const element = document.createElement("img");
  element.dataset.testid = "lightbox-img";
  element.src = photo.url;
  element.alt = title(photo.name);
  return element;
}

function film(photo) {
  const element = document.createElement("video");
  element.dataset.testid = "lightbox-video";
  Object.assign(element, { src: photo.url, controls: true, playsInline: true });
  element.setAttribute("aria-label", title(photo.name));
  return element;
}
