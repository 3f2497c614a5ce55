// Turns that are clicked and heard; one sound at a time, wherever on the page it is from.

import { isForPage, say } from "/static/review.js";

const player = document.querySelector(".player");
const audio = player.querySelector("audio");
const slider = player.querySelector("input");
const toggle = player.querySelector("[data-play=toggle]");
const now = Object.fromEntries(
  [...player.querySelectorAll("[data-now]")].map((part) => [part.dataset.now, part]),
);
// Where a whole recording is shown, it goes on after a turn.
const through = "through" in player.dataset;
const strips = [...document.querySelectorAll(".strip")];

let turns = []; // {recording, start, end, parts}
let current = -1;
let recording = "";
let stopAt = Infinity;
let upTo = -1; // the turn after which it stops, where several are heard one after the other

export function findTurns(within = document) {
  const found = new Map();
  for (const part of within.querySelectorAll(".turn")) {
    const name = part.closest("[data-recording]").dataset.recording;
    const lane = /lane-\d/.exec(part.closest("[class*=lane-]")?.className ?? "")?.[0];
    const { start, end } = part.dataset;
    const key = [name, lane, start, end].join("\n");
    if (!found.has(key)) found.set(key, { recording: name, start: +start, end: +end, parts: [] });
    found.get(key).parts.push(part);
  }
  turns = [...found.values()];
  if (through) turns.sort((a, b) => a.start - b.start || a.end - b.end);
  mark(-1);
}

export const turnOf = (part) => turns.findIndex((turn) => turn.parts.includes(part));

function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (value) => String(value).padStart(2, "0");
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  return hours ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

function open(name) {
  if (name === recording) return;
  recording = name;
  audio.src = `/sound?${new URLSearchParams({ name })}`;
  audio.playbackRate = audio.defaultPlaybackRate = +player.querySelector("select").value;
  now.where.textContent = name;
  now.where.href = `/recording?${new URLSearchParams({ name })}`;
  slider.disabled = false;
}

function start() {
  // An interrupted start is no error: another turn was asked for meanwhile.
  audio.play().catch((error) => error.name === "AbortError" || failed());
}

async function failed() {
  if (!audio.error) return;
  const answer = await fetch(audio.src, { headers: { Range: "bytes=0-0" } });
  say(answer.ok ? "The browser cannot play this sound." : await answer.text(), true);
}
audio.addEventListener("error", failed);

function mark(number) {
  for (const part of turns[current]?.parts ?? []) part.removeAttribute("aria-current");
  current = number;
  const turn = turns[current];
  for (const part of turn?.parts ?? []) part.setAttribute("aria-current", "true");
  now.turn.textContent = turn ? `${clock(turn.start)} – ${clock(turn.end)}` : "";
}

/** Let the server decode up to the end of a turn, before somebody wants to hear it. */
export function prepare(number) {
  const turn = turns[number];
  if (!turn || turn.parts[0].disabled) return;
  const last = 44 + 32000 * Math.floor(turn.end); // of the WAV file, at 16 kHz and 16 bits
  const address = `/sound?${new URLSearchParams({ name: turn.recording })}`;
  fetch(address, { headers: { Range: `bytes=${last}-${last}` } }).catch(() => {});
}

/** Hear a turn, and those after it up to another; without `last`, the turn alone. */
export function hear(number, last = number) {
  const turn = turns[number];
  if (!turn) return;
  open(turn.recording);
  mark(number);
  upTo = last;
  stopAt = through ? Infinity : turn.end;
  audio.currentTime = turn.start;
  for (const part of turn.parts) part.scrollIntoView({ block: "nearest", inline: "nearest" });
  start();
  if (last > number && turns[number + 1].recording !== turn.recording) prepare(number + 1);
}

/** Hear what is in no list of turns. */
export function hearAt(name, from, to) {
  open(name);
  mark(-1);
  [upTo, stopAt] = [-1, to];
  audio.currentTime = from;
  start();
}

export function playOrPause() {
  if (!audio.paused) audio.pause();
  else if (!recording) hear(Math.max(current, 0));
  else {
    if (audio.currentTime >= stopAt - 0.05) audio.currentTime = turns[current]?.start ?? 0;
    start();
  }
}

function step(by) {
  if (current < 0 && through) {
    const after = turns.findIndex((turn) => turn.start > audio.currentTime);
    hear(by > 0 ? after : (after < 0 ? turns.length : after) - 1);
  } else hear(Math.min(Math.max(current + by, 0), turns.length - 1));
}

function seek(time) {
  if (!recording) return;
  stopAt = Infinity; // whoever looks around is not held in a turn
  audio.currentTime = Math.min(Math.max(time, 0), audio.duration || Infinity);
  show();
}

function show() {
  const time = audio.currentTime;
  if (!audio.paused && time >= stopAt) {
    if (current < upTo) return hear(current + 1, upTo);
    audio.pause();
  }
  if (through && recording) {
    const inside = (turn) => turn && turn.start <= time && time < turn.end;
    if (!inside(turns[current])) mark(turns.findIndex(inside));
  }
  slider.max = audio.duration || 1;
  if (document.activeElement !== slider || !audio.paused) slider.value = time;
  slider.setAttribute("aria-valuetext", clock(time));
  now.time.textContent = audio.duration ? `${clock(time)} / ${clock(audio.duration)}` : clock(time);
  for (const strip of strips) {
    const cursor = strip.querySelector(".cursor");
    cursor.hidden = strip.dataset.recording !== recording;
    cursor.style.left = `${(100 * time) / strip.dataset.duration}%`;
  }
}

function everyFrame() {
  show();
  if (!audio.paused) requestAnimationFrame(everyFrame);
}
audio.addEventListener("play", () => {
  toggle.classList.add("playing");
  toggle.setAttribute("aria-label", "Pause");
  requestAnimationFrame(everyFrame);
});
audio.addEventListener("pause", () => {
  toggle.classList.remove("playing");
  toggle.setAttribute("aria-label", "Play");
});
for (const kind of ["waiting", "stalled", "loadstart", "seeking"]) {
  audio.addEventListener(kind, () => toggle.classList.toggle("waiting", !audio.paused));
}
for (const kind of ["playing", "canplay", "pause", "error"]) {
  audio.addEventListener(kind, () => toggle.classList.remove("waiting"));
}
for (const kind of ["timeupdate", "seeked", "loadedmetadata"]) audio.addEventListener(kind, show);
slider.addEventListener("input", () => seek(+slider.value));
player.querySelector("select").addEventListener("change", (event) => {
  audio.playbackRate = audio.defaultPlaybackRate = +event.target.value;
});

/** Click on a strip: the turn there, or the nearest one; in a whole recording, else that moment. */
function clickStrip(strip, event) {
  const { left, width } = strip.getBoundingClientRect();
  const time = ((event.clientX - left) / width) * strip.dataset.duration;
  let [best, distance] = [-1, Infinity];
  turns.forEach((turn, number) => {
    const away = Math.max(turn.start - time, time - turn.end, 0);
    if (away < distance && turn.parts.some((part) => strip.contains(part))) [best, distance] = [number, away];
  });
  if (through && (distance / strip.dataset.duration) * width > 5) hearAt(strip.dataset.recording, time, Infinity);
  else hear(best);
}

document.addEventListener("click", async (event) => {
  const strip = event.target.closest(".strip");
  const button = event.target.closest("button");
  if (strip) clickStrip(strip, event);
  else if (button?.matches(".turn")) hear(turnOf(button));
  else if (button?.dataset.play === "toggle") playOrPause();
  else if (button?.dataset.play === "previous") step(-1);
  else if (button?.dataset.play === "next") step(1);
  else if (button?.dataset.play === "all") hear(0, turns.length - 1);
  else if (button?.dataset.play === "row") {
    const parts = [...button.closest(".row").querySelectorAll(".turn")];
    hear(turnOf(parts[0]), turnOf(parts.at(-1)));
  } else if (button?.dataset.sample) {
    const answer = await fetch(`/sample?${new URLSearchParams({ name: button.dataset.sample })}`);
    if (!answer.ok) return say(await answer.text(), true);
    const found = await answer.json();
    hearAt(found.recording, found.start, found.end);
    now.turn.textContent = button.dataset.sample;
  }
});

document.addEventListener("keydown", (event) => {
  if (!isForPage(event)) return;
  const onButton = event.target.closest("button, a, summary");
  const onSlider = event.target === slider;
  const keys = {
    " ": () => playOrPause(),
    k: () => playOrPause(),
    j: () => seek(audio.currentTime - 10),
    l: () => seek(audio.currentTime + 10),
    ArrowLeft: () => seek(audio.currentTime - 2),
    ArrowRight: () => seek(audio.currentTime + 2),
    ArrowUp: () => step(-1),
    ArrowDown: () => step(1),
  };
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  if (!keys[key] || (key === " " && onButton) || (onSlider && key.startsWith("Arrow"))) return;
  event.preventDefault();
  keys[key]();
});

// A timeline can be zoomed, and has an axis.
const lanes = document.querySelector(".lanes");
let zoom = 1;
function drawAxis() {
  const axis = lanes.querySelector(".axis");
  const duration = +axis.dataset.axis;
  const fits = Math.max(axis.clientWidth / 80, 2);
  const step = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200].find((s) => duration / s <= fits) ?? 14400;
  const marks = [];
  for (let time = 0; time < duration; time += step) {
    const mark = document.createElement("span");
    mark.textContent = clock(time);
    mark.style.left = `${(100 * time) / duration}%`;
    marks.push(mark);
  }
  axis.replaceChildren(...marks);
}
if (lanes) {
  new ResizeObserver(drawAxis).observe(lanes);
  document.querySelector(".zoom").addEventListener("click", (event) => {
    const by = +(event.target.closest("button")?.dataset.zoom ?? 1);
    zoom = Math.min(Math.max(zoom * by, 1), 64);
    lanes.querySelector(".inner").style.setProperty("--zoom", zoom);
    drawAxis();
    const cursor = lanes.querySelector(".cursor:not([hidden])");
    cursor?.scrollIntoView({ block: "nearest", inline: "center" });
  });
}

findTurns();
