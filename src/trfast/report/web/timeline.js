/** One recording: a lane a speaker, a time axis; mouse, fingers and keys. */
class Timeline {
  constructor(recording) {
    this.recording = recording;
    this.turns = turnsOf(recording);
    this.length = Math.max(1, recording.duration);
    this.from = 0;
    this.to = this.length;
    this.selected = this.hovered = -1;
    this.playhead = null;
    this.element = copy("timeline");
    this.stage = this.element.querySelector(".stage");
    this.canvas = this.stage.querySelector("canvas");
    this.tip = this.element.querySelector(".tip");
    this.makeLanes();
    this.makeTools();
    this.makeStage();
    this.makeList();
    new ResizeObserver(() => this.draw()).observe(this.stage);
    document.addEventListener("playhead", (event) => this.follow(event.detail));
  }

  nameOf(lane) {
    return shown(SPEAKERS[this.recording.speakers[lane]].name);
  }

  makeLanes() {
    const lanes = this.element.querySelector(".lanes");
    lanes.append(...this.recording.speakers.map((number, lane) => {
      const item = document.createElement("li"), mark = document.createElement("i");
      const link = document.createElement("a"), name = document.createElement("bdi");
      const time = document.createElement("span");
      mark.style.background = laneStyle(lane);
      link.href = `#${anchor("speaker", SPEAKERS[number].name)}`;
      link.title = name.textContent = this.nameOf(lane);
      link.append(name);
      time.className = "time";
      time.textContent = clock(this.recording.speech[lane]);
      item.append(mark, link, time);
      return item;
    }));
  }

  makeTools() {
    const on = (name, act) => {
      this.element.querySelector(name).addEventListener("click", act);
    };
    this.sound = player.has(this.recording);
    this.play = this.element.querySelector(".play");
    this.play.hidden = !this.sound;
    this.element.querySelector(".hint").textContent =
      `\u2190 \u2192 turns${this.sound ? ", space plays" : ""}, + \u2212 zoom`;
    on(".play", () => this.toggle());
    on(".closer", () => this.zoom(0.5));
    on(".farther", () => this.zoom(2));
    on(".whole", () => this.zoom(Infinity));
  }

  makeStage() {
    const stage = this.stage;
    stage.setAttribute("aria-label", `Turns of ${shown(this.recording.name)}`);
    stage.setAttribute("aria-valuemin", Math.min(1, this.turns.n));
    stage.setAttribute("aria-valuemax", this.turns.n);
    this.tellValue();
    stage.addEventListener("keydown", (event) => this.key(event));
    stage.addEventListener("focus", () => {
      if (this.selected < 0 && this.turns.n && stage.matches(":focus-visible")) this.select(0);
    });
    stage.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      this.drag = { x: event.offsetX, from: this.from, moved: false };
      stage.setPointerCapture(event.pointerId);
    });
    stage.addEventListener("pointermove", (event) => this.move(event));
    stage.addEventListener("pointerup", (event) => {
      const clicked = this.drag && !this.drag.moved;
      this.drag = null;
      if (clicked) this.click(this.at(event.offsetX, event.offsetY));
    });
    stage.addEventListener("pointercancel", () => { this.drag = null; });
    stage.addEventListener("pointerleave", () => this.hover(-1));
    stage.addEventListener("wheel", (event) => {
      if (!event.ctrlKey) return;
      event.preventDefault();
      this.zoom(event.deltaY > 0 ? 1.25 : 0.8, this.time(event.offsetX));
    }, { passive: false });
  }

  /** The turns in words, made when they are asked for. */
  makeList() {
    const details = this.element.querySelector(".turns");
    details.hidden = this.turns.n === 0;
    details.addEventListener("toggle", () => {
      if (details.open && !details.querySelector("table")) details.append(turnTable(this));
    });
  }

  tellValue() {
    const i = this.selected;
    this.stage.setAttribute("aria-valuenow", i + 1);
    const none = this.turns.n ? "no turn chosen" : "nobody speaks";
    this.stage.setAttribute("aria-valuetext", i < 0 ? none : this.words(i));
  }

  words(i) {
    const { start, end, lane } = this.turns;
    return `${this.nameOf(lane[i])}, ${clock(start[i], 1)} to ${clock(end[i], 1)}`;
  }

  key(event) {
    const { n } = this.turns, i = this.selected;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const acts = {
      ArrowRight: () => this.select(Math.min(n - 1, i + 1)),
      ArrowLeft: () => this.select(Math.max(0, i - 1)),
      ArrowDown: () => this.changeLane(1),
      ArrowUp: () => this.changeLane(-1),
      Home: () => this.select(0),
      End: () => this.select(n - 1),
      " ": () => this.toggle(),
      Enter: () => this.click(i),
      "+": () => this.zoom(0.5),
      "=": () => this.zoom(0.5),
      "-": () => this.zoom(2),
      0: () => this.zoom(Infinity),
    };
    if (!acts[event.key] || n === 0) return;
    event.preventDefault();
    acts[event.key]();
  }

  /** The turn nearest in time, of the next speaker in order of the lanes. */
  changeLane(step) {
    const { n, start, end, lane } = this.turns;
    if (this.selected < 0) return this.select(0);
    const wanted = lane[this.selected] + step;
    const middle = (i) => (start[i] + end[i]) / 2;
    let best = -1;
    for (let i = 0; i < n; i++) {
      const nearer = best < 0
        || Math.abs(middle(i) - middle(this.selected)) < Math.abs(middle(best) - middle(this.selected));
      if (lane[i] === wanted && nearer) best = i;
    }
    return best < 0 ? undefined : this.select(best);
  }

  select(i) {
    if (i < 0 || i >= this.turns.n) return;
    this.selected = i;
    const { start, end } = this.turns, span = this.to - this.from;
    if (start[i] < this.from || Math.min(end[i], start[i] + span) > this.to) {
      this.look((start[i] + end[i]) / 2 - span / 2, span);
    }
    this.tellValue();
    this.draw();
  }

  /** The first turn of a speaker, by number. */
  selectSpeaker(number) {
    this.select(this.turns.lane.indexOf(this.recording.speakers.indexOf(number)));
  }

  click(i) {
    if (i < 0) return;
    this.select(i);
    if (!this.sound) return;
    const { start, end } = this.turns;
    player.play(this.recording, start[i], end[i], this.words(i));
  }

  toggle() {
    if (!this.sound) return;
    if (player.playing && player.recording === this.recording) player.stop();
    else if (this.selected >= 0) this.click(this.selected);
    else player.play(this.recording, 0, null, "from the start");
  }

  follow({ recording, time }) {
    const own = recording === this.recording;
    if (!own && this.playhead === null) return;
    this.playhead = own ? time : null;
    this.play.textContent = own && player.playing ? "\u2759\u2759 Pause" : "\u25b6 Play";
    this.draw();
  }

  look(from, span) {
    this.from = Math.max(0, Math.min(from, this.length - span));
    this.to = this.from + span;
    this.stage.classList.toggle("zoomed", span < this.length);
  }

  zoom(factor, around) {
    const { start, end } = this.turns, i = this.selected, old = this.to - this.from;
    const inside = i >= 0 && end[i] > this.from && start[i] < this.to;
    const fixed = around ?? (inside ? (start[i] + end[i]) / 2 : (this.from + this.to) / 2);
    const span = Math.max(Math.min(200, this.length), Math.min(this.length, old * factor));
    this.look(fixed - ((fixed - this.from) * span) / old, span);
    this.draw();
  }

  time(x) {
    return this.from + (x / this.stage.clientWidth) * (this.to - this.from);
  }

  /** The turn at a place, or next to it: small ones are hard to hit. */
  at(x, y) {
    const { n, start, end, lane } = this.turns, time = this.time(x), row = Math.floor(y / this.lane);
    const reach = 5 * ((this.to - this.from) / this.stage.clientWidth);
    let best = -1, least = reach;
    for (let i = 0; i < n && start[i] <= time + reach; i++) {
      const off = Math.max(start[i] - time, time - end[i], 0);
      if (lane[i] === row && off <= least) [best, least] = [i, off];
    }
    return best;
  }

  move(event) {
    if (this.drag && (this.drag.moved || Math.abs(event.offsetX - this.drag.x) > 4)) {
      this.drag.moved = true;
      const span = this.to - this.from;
      this.look(this.drag.from - ((event.offsetX - this.drag.x) / this.stage.clientWidth) * span, span);
      this.draw();
    } else if (event.pointerType !== "touch") {
      this.hover(this.at(event.offsetX, event.offsetY));
    }
  }

  hover(i) {
    if (i === this.hovered) return;
    this.hovered = i;
    this.draw();
  }

  draw() {
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => {
      this.waiting = false;
      drawTimeline(this);
    });
  }
}
