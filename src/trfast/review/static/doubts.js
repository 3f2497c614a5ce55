// Doubts, one at a time: hear both, and say.

import { act, isForPage, say } from "/static/review.js";
import { findTurns, hear, prepare, turnOf } from "/static/player.js";

const doubts = [...document.querySelectorAll(".doubt")];
let place = 0;
let busy = false;
const heard = new WeakMap(); // how often each side was heard

function show() {
  doubts.forEach((doubt, number) => (doubt.hidden = number !== place));
  if (!doubts[place]) return;
  findTurns(doubts[place]);
  document.querySelector("[data-place]").textContent = place + 1;
  for (const letter of "AB") prepare(turnOf(doubts[place].querySelector(`.side-${letter} .turn`)));
}

/** Hear the longest turn of a side; again: the next one. */
function hearSide(letter) {
  const turns = doubts[place]?.querySelectorAll(`.side-${letter} .turn`) ?? [];
  if (!turns.length || turns[0].disabled) return;
  const side = doubts[place].querySelector(`.side-${letter}`);
  const times = heard.get(side) ?? 0;
  heard.set(side, times + 1);
  hear(turnOf(turns[times % turns.length]));
}

async function answer(what) {
  const doubt = doubts[place];
  if (!doubt || busy) return;
  busy = true;
  const done = await act({ act: what, pair: JSON.parse(doubt.dataset.pair) });
  busy = false;
  if (!done) return;
  document.querySelector("audio").pause();
  say(done.said);
  place += 1;
  if (place < doubts.length) show();
  else {
    sessionStorage.setItem("said", done.said);
    location.reload(); // there may be more
  }
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (button?.dataset.hear) hearSide(button.dataset.hear);
  else if (button?.dataset.answer) answer(button.dataset.answer);
});

document.addEventListener("keydown", (event) => {
  if (!isForPage(event)) return;
  const keys = {
    a: () => hearSide("A"),
    b: () => hearSide("B"),
    s: () => answer("same"),
    d: () => answer("different"),
    x: () => answer("skip"),
  };
  const work = keys[event.key.toLowerCase()];
  if (!work) return;
  event.preventDefault();
  work();
});

show();
