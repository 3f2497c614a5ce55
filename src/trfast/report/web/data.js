"use strict";
// What the page shows, as page.py wrote it: times in hundredths of a second, speakers by number.

const DATA = JSON.parse(document.getElementById("data").textContent);
const COLOURS = DATA.colours;
const OTHERS = "#808080";

const RECORDINGS = DATA.recordings;
RECORDINGS.forEach((recording, number) => { recording.number = number; });

const SPEAKERS = DATA.speakers.map((name) => ({ name, speech: 0, heard: [] }));
for (const recording of RECORDINGS) {
  recording.speakers.forEach((number, lane) => {
    SPEAKERS[number].speech += recording.speech[lane];
    SPEAKERS[number].heard.push({ recording, lane });
  });
}

/** Turns of a recording: when they start and end, and the lane of who speaks. */
function turnsOf(recording) {
  const flat = recording.turns, n = flat.length / 3;
  const turns = { n, start: new Float64Array(n), end: new Float64Array(n), lane: new Int32Array(n) };
  for (let i = 0, time = 0; i < n; i++) {
    time += flat[3 * i];
    turns.start[i] = time;
    turns.end[i] = time + flat[3 * i + 1];
    turns.lane[i] = flat[3 * i + 2];
  }
  return turns;
}

/** Hours, minutes and seconds, with as many digits after the point. */
function clock(time, digits = 0) {
  const unit = 10 ** digits, units = Math.round((Math.abs(time) / 100) * unit);
  const seconds = Math.floor(units / unit), two = (x) => String(x).padStart(2, "0");
  const rest = digits ? `.${String(units % unit).padStart(digits, "0")}` : "";
  const minutes = `${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}${rest}`;
  return `${time < 0 ? "\u2212" : ""}${Math.floor(seconds / 3600)}:${minutes}`;
}

/** A name as it is shown: what would be invisible, or turn the text around, has a sign. */
function shown(name) {
  const seen = name.replace(/[\u0000-\u001f]/g, (c) => String.fromCharCode(0x2400 + c.charCodeAt(0)))
    .replace(/[\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, "\ufffd");
  return seen.trim() === "" ? `\u201c${seen}\u201d` : seen;
}

/** How names are sought: without case and accents. */
const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

const count = (n, one, many) => `${n.toLocaleString("en")} ${n === 1 ? one : many}`;

const colourOf = (lane) => COLOURS[lane % COLOURS.length];

/** A copy of the element in a template. */
const copy = (id) => document.getElementById(id).content.firstElementChild.cloneNode(true);

const anchor = (kind, name) => `${kind}-${encodeURIComponent(name)}`;

/** Draw a whole recording one pixel high; of one lane alone, if that is given. */
function drawStrip(canvas, recording, only) {
  const width = 320, context = canvas.getContext("2d"), turns = turnsOf(recording);
  canvas.width = width;
  canvas.height = 1;
  const sums = new Float32Array(4 * width), scale = width / Math.max(1, recording.duration);
  for (let i = 0; i < turns.n; i++) {
    const lane = turns.lane[i];
    if (only !== undefined && lane !== only) continue;
    const colour = only !== undefined ? COLOURS[0] : lane < COLOURS.length ? COLOURS[lane] : OTHERS;
    const rgb = parseInt(colour.slice(1), 16);
    const a = Math.max(0, turns.start[i] * scale), b = Math.min(width, turns.end[i] * scale);
    for (let x = Math.floor(a); x < b; x++) {
      const share = Math.min(b, x + 1) - Math.max(a, x);
      sums[4 * x] += share * (rgb >> 16);
      sums[4 * x + 1] += share * ((rgb >> 8) & 255);
      sums[4 * x + 2] += share * (rgb & 255);
      sums[4 * x + 3] += share;
    }
  }
  const image = context.createImageData(width, 1);
  for (let x = 0; x < width; x++) {
    const share = sums[4 * x + 3];
    if (share === 0) continue;
    for (let k = 0; k < 3; k++) image.data[4 * x + k] = sums[4 * x + k] / share;
    image.data[4 * x + 3] = 255 * Math.min(1, only === undefined ? share : 0.35 + share);
  }
  context.putImageData(image, 0, 0);
}
