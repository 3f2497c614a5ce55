const AXIS = 24;
const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400];

/** Colours come again after the last, striped: then the name beside the lane tells who it is. */
function laneStyle(lane) {
  const colour = colourOf(lane), round = Math.floor(lane / COLOURS.length);
  if (round === 0) return colour;
  const angle = round % 2 ? 45 : 135;
  return `repeating-linear-gradient(${angle}deg, ${colour} 0 3px, transparent 3px 5px)`;
}

function laneFill(context, lane) {
  const colour = colourOf(lane), round = Math.floor(lane / COLOURS.length);
  if (round === 0) return colour;
  const tile = document.createElement("canvas"), size = 8;
  tile.width = tile.height = size;
  const pen = tile.getContext("2d");
  pen.fillStyle = colour;
  pen.globalAlpha = 0.35;
  pen.fillRect(0, 0, size, size);
  pen.globalAlpha = 1;
  for (let i = 0; i < size; i++) {
    pen.fillRect(round % 2 ? size - 1 - i : i, i, 3, 1);
    pen.fillRect((round % 2 ? size - 1 - i : i) - size, i, 3, 1);
  }
  return context.createPattern(tile, "repeat");
}

/** Seconds between two marks of the axis, so that their times have room. */
function stepFor(seconds, width) {
  return STEPS.find((step) => (step * width) / seconds >= 64) ?? STEPS.at(-1);
}

function drawTimeline(timeline) {
  const { stage, canvas, recording, turns, from, to } = timeline;
  if (!stage.clientWidth) return; // folded
  const style = getComputedStyle(stage), width = stage.clientWidth, dots = devicePixelRatio || 1;
  const lane = parseFloat(style.getPropertyValue("--lane")), named = lane > 32;
  const paint = (name) => style.getPropertyValue(name).trim();
  const n = Math.max(1, recording.speakers.length), bottom = n * lane, height = bottom + AXIS;
  const top = named ? 22 : 5, bar = lane - top - (named ? 4 : 5);
  timeline.lane = lane;
  canvas.width = Math.round(width * dots);
  canvas.height = Math.round(height * dots);
  canvas.style.height = `${height}px`;
  const pen = canvas.getContext("2d");
  pen.scale(dots, dots);
  const x = (time) => ((time - from) / (to - from)) * width;

  pen.fillStyle = paint("--track");
  for (let i = 0; i < n; i++) pen.fillRect(0, i * lane + top, width, bar);
  drawAxis(pen, { from, to, width, bottom, x, ink: paint("--quiet"), line: paint("--line") });

  const fills = recording.speakers.map((_, i) => laneFill(pen, i));
  const box = (i) => {
    const a = Math.max(-2, x(turns.start[i])), b = Math.min(width + 2, x(turns.end[i]));
    return [a, turns.lane[i] * lane + top, Math.max(1, b - a), bar];
  };
  for (let i = 0; i < turns.n && turns.start[i] < to; i++) {
    if (turns.end[i] < from) continue;
    pen.fillStyle = fills[turns.lane[i]];
    pen.fillRect(...box(i));
  }
  pen.strokeStyle = paint("--ink");
  for (const i of new Set([timeline.selected, timeline.hovered])) {
    if (i < 0) continue;
    const [a, y, w, h] = box(i);
    pen.lineWidth = i === timeline.selected ? 2 : 1;
    pen.strokeRect(a - 1, y - 1.5, w + 2, h + 3);
  }
  if (timeline.playhead !== null) {
    pen.fillStyle = paint("--ink");
    pen.fillRect(x(timeline.playhead) - 0.75, 0, 1.5, bottom);
  }
  const told = timeline.hovered >= 0 ? timeline.hovered : timeline.selected;
  placeTip(timeline, told, told < 0 ? null : box(told), width);
}

function drawAxis(pen, { from, to, width, bottom, x, ink, line }) {
  const step = 100 * stepFor((to - from) / 100, width), long = to >= 360000;
  pen.font = "12px system-ui, sans-serif";
  pen.textBaseline = "middle";
  for (let time = Math.ceil(from / step) * step; time <= to; time += step) {
    const at = x(time), text = long ? clock(time) : clock(time).slice(2), half = pen.measureText(text).width / 2;
    pen.fillStyle = line;
    pen.fillRect(Math.round(at), 0, 1, bottom + 5);
    pen.fillStyle = ink;
    pen.fillText(text, Math.max(0, Math.min(width - 2 * half, at - half)), bottom + 15);
  }
}

function placeTip(timeline, i, box, width) {
  const { tip, turns } = timeline;
  tip.hidden = i < 0 || box[0] > width || box[0] + box[2] < 0;
  if (tip.hidden) return;
  const length = ((turns.end[i] - turns.start[i]) / 100).toFixed(1);
  tip.textContent = `${timeline.words(i)} \u00b7 ${length} s`;
  const [a, y, w, h] = box;
  const left = Math.max(0, Math.min(width - tip.offsetWidth, a + w / 2 - tip.offsetWidth / 2));
  tip.style.left = `${left}px`;
  tip.style.top = `${y + h + 6}px`;
}

/** All turns as a table; the time is a button, which chooses and plays. */
function turnTable(timeline) {
  const { turns } = timeline, box = document.createElement("div");
  const table = document.createElement("table"), head = table.createTHead().insertRow();
  for (const text of ["From", "Seconds", "Speaker"]) {
    const cell = document.createElement("th");
    cell.scope = "col";
    cell.textContent = text;
    head.append(cell);
  }
  const body = table.createTBody();
  for (let i = 0; i < turns.n; i++) {
    const row = body.insertRow(), button = document.createElement("button");
    const name = document.createElement("bdi");
    button.type = "button";
    button.textContent = clock(turns.start[i], 1);
    button.addEventListener("click", () => timeline.click(i));
    row.insertCell().append(button);
    row.insertCell().textContent = ((turns.end[i] - turns.start[i]) / 100).toFixed(1);
    name.textContent = timeline.nameOf(turns.lane[i]);
    row.insertCell().append(name);
  }
  box.append(table);
  box.tabIndex = 0;
  return box;
}
