// The pictures, films and files, in groups by who may see them.

import { extension, size, title } from "./format.js";
import { openLightbox } from "./lightbox.js";
import { clone, find } from "./page.js";

const GROUPS = {
  yours: ["Yours", "Private: for you alone. Each URL carries a ticket for an hour."],
  members: ["Members", "For everyone who is signed in. These URLs carry a ticket too."],
  public: ["Public", "For anyone. The plain URL is enough."],
};

/** Shows the photos; `unshown` is told of one whose picture or film did not come. */
export function showGallery(photos, { signedIn, unshown }) {
  const groups = signedIn ? ["yours", "members", "public"] : ["public"];
  find("gallery").replaceChildren(...groups.map((name) => {
    const section = clone("group-template");
    const [heading, about] = GROUPS[name];
    section.dataset.testid = `group-${name}`;
    section.querySelector("h2").textContent = heading;
    section.querySelector("h2").id = `group-${name}-title`;
    section.setAttribute("aria-labelledby", `group-${name}-title`);
    section.querySelector("p").textContent = about;
    const shown = photos.filter((photo) => photo.group === name);
    section.querySelector("ul").append(...shown.map((photo) => item(photo, unshown)));
    section.classList.toggle("empty", shown.length === 0);
    return section;
  }));
}

/** Puts a photo that was just uploaded first among the user's own. */
export function addPhoto(photo, { unshown }) {
  const section = document.querySelector('[data-testid="group-yours"]');
  section?.querySelector("ul").prepend(item(photo, unshown));
  section?.classList.remove("empty");
}

function item(photo, unshown) {
  const type = photo.content_type;
  if (type.startsWith("image/")) return image(photo, unshown);
  if (type.startsWith("video/")) return video(photo, unshown);
  return file(photo);
}

function image(photo, unshown) {
  const element = caption(clone("image-template"), photo);
  const picture = element.querySelector("img");
  picture.src = photo.url;
  picture.alt = title(photo.name);
  picture.addEventListener("load", () => element.classList.add("loaded"));
  picture.addEventListener("error", () => {
    element.replaceWith(file(photo));
    unshown(photo);
  });
  element.querySelector("button").addEventListener("click", () => openLightbox(photo, neighbours(element)));
  return element;
}

function video(photo, unshown) {
  const element = caption(clone("video-template"), photo);
  const film = element.querySelector("video");
  film.src = photo.url;
  film.setAttribute("aria-label", title(photo.name));
  film.addEventListener("error", () => {
    element.replaceWith(file(photo));
    unshown(photo);
  });
  const open = element.querySelector("button.name");
  open.title = "Show large";
  open.addEventListener("click", () => {
    film.pause();
    openLightbox(photo, neighbours(element));
  });
  return element;
}

function file(photo) {
  const element = caption(clone("file-template"), photo);
  const link = element.querySelector("a");
  link.href = photo.url;
  link.setAttribute("aria-label", `Open ${photo.name}`);
  element.querySelector(".extension").textContent = extension(photo.name);
  return element;
}

function caption(element, photo) {
  element.dataset.key = photo.key;
  element.photo = photo;
  element.querySelector(".name").textContent = photo.name;
  element.querySelector(".size").textContent = size(photo.size);
  return element;
}

/** The pictures and films of the same group, for the arrows of the lightbox. */
function neighbours(element) {
  return Array.from(element.parentElement.children, (sibling) => sibling.photo)
    .filter(({ content_type: type }) => /^(image|video)\//.test(type));
}
