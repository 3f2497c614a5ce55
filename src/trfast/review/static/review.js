// What all pages share: acts, the link, search, keys that are not the player's.

const toast = document.querySelector(".toast");
const tabs = new BroadcastChannel("trfast-review");

export function say(text, isError = false) {
  toast.textContent = text;
  toast.classList.toggle("error", isError);
  toast.classList.add("shown");
  clearTimeout(say.timer);
  say.timer = setTimeout(() => toast.classList.remove("shown"), isError ? 12000 : 5000);
}

/** Say it on the page that comes. */
function sayThere(text, address) {
  sessionStorage.setItem("said", text);
  if (address) location.assign(address);
  else location.reload();
}

async function ask(path, body) {
  const answer = await fetch(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body ?? {}),
  });
  const found = await answer.json();
  if (!answer.ok) throw new Error(found.error);
  return found;
}

/** Correct; undefined if it cannot be, which is said. */
export async function act(body) {
  try {
    const done = await ask("/act", body);
    tabs.postMessage(done.said);
    return done;
  } catch (error) {
    say(error.message, true);
    return undefined;
  }
}

async function actAndReload(body, stay = true) {
  const done = await act(body);
  if (!done) return;
  const address = stay ? "" : `/speaker?${new URLSearchParams({ name: done.speaker })}`;
  sayThere(done.said, address);
}

const waiting = sessionStorage.getItem("said");
if (waiting) say(waiting);
sessionStorage.removeItem("said");

tabs.addEventListener("message", ({ data }) => {
  if (document.hidden) location.reload();
  else say(`In another tab: ${data}. Load this page again to see it.`);
});

// The link, which goes on in the server whatever page is shown.
const link = document.querySelector("[data-link]");

async function watchLink() {
  for (;;) {
    const state = await (await fetch("/link")).json();
    link.disabled = state.running;
    link.textContent = state.running ? "Linking…" : "Link again";
    if (!state.running) return state;
    await new Promise((done) => setTimeout(done, 400));
  }
}

function finished(state) {
  if (state.failed) say(state.said, true);
  else {
    tabs.postMessage(state.said);
    sayThere(state.said);
  }
}

link.addEventListener("click", async () => {
  try {
    await ask("/link");
    finished(await watchLink());
  } catch (error) {
    say(error.message, true);
  }
});
fetch("/link")
  .then((answer) => answer.json())
  .then(async (state) => state.running && finished(await watchLink()))
  .catch(() => {});

// Buttons and forms that correct.
document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  const { act: kind, recording, local, split } = button.dataset;
  if (kind === "undo" || kind === "unskip") actAndReload({ act: kind });
  else if (kind) actAndReload({ act: kind, recording, local });
  else if (split) {
    const recordings = marks().filter((mark) => mark.checked).map((mark) => mark.dataset.mark);
    actAndReload({ act: "split", speaker: split, recordings });
  } else if ("help" in button.dataset) document.querySelector(".help").showModal();
});

for (const form of document.querySelectorAll("[data-form]")) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const given = Object.fromEntries(new FormData(form));
    actAndReload({ act: form.dataset.form, speaker: form.dataset.speaker, ...given }, false);
  });
}

const marks = () => [...document.querySelectorAll("[data-mark]")];
const split = document.querySelector("[data-split]");
function countMarks() {
  const n = marks().filter((mark) => mark.checked).length;
  document.querySelector("[data-marked]").textContent = n;
  split.disabled = n === 0 || n === marks().length;
}
if (split) {
  for (const mark of marks()) mark.addEventListener("change", countMarks);
  countMarks();
}

// Search, as it is typed.
function later(work) {
  let timer;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(work, 150);
  };
}

const search = document.querySelector(".search");
if (search) {
  const look = later(async () => {
    const address = `${search.getAttribute("action")}?${new URLSearchParams(new FormData(search))}`;
    const text = await (await fetch(address)).text();
    const found = new DOMParser().parseFromString(text, "text/html").querySelector("[data-found]");
    if (found) document.querySelector("[data-found]").replaceWith(found);
    history.replaceState(null, "", address);
  });
  search.addEventListener("input", look);
}

const other = document.querySelector("#other");
if (other) {
  const offer = later(async () => {
    const names = await (await fetch(`/names?${new URLSearchParams({ q: other.value })}`)).json();
    document.querySelector("#names").replaceChildren(
      ...names.filter((name) => name !== other.form.dataset.speaker).map((name) => new Option(name, name)),
    );
  });
  other.addEventListener("input", offer);
  other.addEventListener("focus", offer, { once: true });
}

/** Whether a key is for the page, and not for a field or a dialog. */
export function isForPage(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return false;
  return !event.target.closest("input:not([type=checkbox]):not([type=range]), select, textarea");
}

document.addEventListener("keydown", (event) => {
  if (!isForPage(event)) return;
  if (event.key === "?") document.querySelector(".help").showModal();
  else if (event.key === "/" && search) search.q.focus();
  else if (event.key.toLowerCase() === "u") actAndReload({ act: "undo" });
  else return;
  event.preventDefault();
});
