// The two things that every part of the page does with the document.

export function find(id) {
  return document.getElementById(id);
}

/** A fresh copy of the one element in a template. */
export function clone(template) {
  return find(template).content.firstElementChild.cloneNode(true);
}
