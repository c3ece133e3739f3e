// The page as a whole: who is signed in, and what is shown to them.

import { answers, app, Failure } from "./api.js";
import { takeFiles } from "./drop.js";
import { addPhoto, showGallery } from "./grid.js";
import { forgetCases, inspect } from "./inspect.js";
import { wireLightbox } from "./lightbox.js";
import { find } from "./page.js";
import { addUploads, clearUploads } from "./uploads.js";

let session = null;
let photos = [];
let ending;
let probing = false;

wireLightbox();
for (const button of document.querySelectorAll(".ticket")) {
  button.addEventListener("click", () => attempt(async () => enter(await app.signIn(button.dataset.user))));
}
find("sign-out").addEventListener("click", () => attempt(async () => enter(await app.signOut())));
find("notice-retry").addEventListener("click", start);
find("edge-again").addEventListener("click", () => attempt(askTheEdge));
takeFiles({
  open: () => session?.user != null,
  take: (files) =>
    addUploads(files, {
      session: () => session,
      announce: (text) => (find("live").textContent = text),
      done: ({ key, size, read, content_type }) => {
        // The function may have changed the file's name: the key says what it is now.
        const photo = { key, size, name: key.split("/").at(-1), content_type, group: "yours", url: read };
        photos.unshift(photo);
        addPhoto(photo, { unshown });
        if (photos.filter(mine).length === 1) attempt(askTheEdge);
      },
    }),
});
start();

function start() {
  return attempt(async () => enter(await app.session()));
}

/** Shows the page for a session, signed in or not. */
async function enter(next) {
  const changed = session && session.user?.id !== next.user?.id;
  session = next;
  const { user } = session;
  document.body.dataset.user = user?.id ?? "";
  find("user-name").textContent = user?.name ?? "";
  find("account").hidden = find("leave").hidden = user === null;
  find("welcome").hidden = user !== null;
  if (changed) {
    clearUploads();
    find("gallery").replaceChildren();
    scrollTo(0, 0);
  }
  forgetCases();
  find("edge").hidden = true;
  endWithTheSession();
  const seen = await app.photos();
  if (session !== next) return;
  photos = seen;
  showGallery(photos, { signedIn: user !== null, unshown });
  await askTheEdge();
}

async function askTheEdge() {
  // A picture if there is one: films and archives can be too large to begin so many times.
  const own = photos.filter(mine);
  const subject = own.find(({ content_type }) => content_type.startsWith("image/")) ?? own[0];
  find("edge").hidden = subject === undefined;
  if (subject) await inspect(subject.key);
}

function mine({ group }) {
  return group === "yours";
}

/** The sign-in and the tickets of the page end together, after an hour. */
function endWithTheSession() {
  clearTimeout(ending);
  if (!session.expires_at) return;
  ending = setTimeout(async () => {
    await start();
    if (!session.user) notice("Your hour is over, and so are your tickets. Sign in again to see more.");
  }, Date.parse(session.expires_at) - Date.now() + 1000);
}

/** A picture did not come: the edge may be down, which one notice says better than empty tiles. */
async function unshown() {
  if (probing) return;
  probing = true;
  if (!(await answers(session.edge))) {
    notice(`The edge does not answer at ${session.edge}. Is it still running?`, "retry");
  }
  probing = false;
}

async function attempt(action) {
  notice("");
  try {
    await action();
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    notice(error.message, "retry");
  }
}

function notice(text, retry) {
  find("notice").hidden = text === "";
  find("notice-text").textContent = text;
  find("notice-retry").hidden = retry === undefined;
}
