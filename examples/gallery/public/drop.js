// Choosing files: the file field, and dropping anywhere on the page.

import { find } from "./page.js";

/** Calls `take` with the chosen files. While `open` says no, files that are dropped are ignored. */
export function takeFiles({ open, take }) {
  const field = find("files");
  field.addEventListener("change", () => {
    take([...field.files]);
    field.value = "";
  });

  // dragenter and dragleave also fire for every element inside: count them.
  let depth = 0;
  const mark = (change) => {
    depth = change;
    find("drop").classList.toggle("over", depth > 0 && open());
  };
  const carriesFiles = (event) => event.dataTransfer?.types.includes("Files");
  addEventListener("dragenter", (event) => carriesFiles(event) && mark(depth + 1));
  addEventListener("dragleave", (event) => carriesFiles(event) && mark(Math.max(0, depth - 1)));
  addEventListener("dragover", (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = open() ? "copy" : "none";
  });
  addEventListener("drop", (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    mark(0);
    if (open()) take([...event.dataTransfer.files]);
  });
}
