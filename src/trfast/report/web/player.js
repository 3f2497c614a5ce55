/** The one sound that plays. Timelines hear of it by the event "playhead" of the document. */
const player = {
  box: document.getElementById("player"),
  audio: document.querySelector("#player audio"),
  recording: null,
  until: null,
  pending: null,
  place: 0,

  /** Whether there is sound of a recording: inside the page, or beside it. */
  has(recording) {
    return Boolean(recording.sound || document.getElementById(`sound-${recording.number}`));
  },

  url(recording) {
    const inside = document.getElementById(`sound-${recording.number}`);
    if (!inside) return recording.sound;
    const text = atob(inside.textContent.trim()), bytes = new Uint8Array(text.length);
    for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
    return URL.createObjectURL(new Blob([bytes], { type: "audio/mpeg" }));
  },

  get playing() {
    return !this.audio.paused;
  },

  /** Play from a time on; up to another one, if that is given. */
  play(recording, from, until, who) {
    Object.assign(this, { until, pending: from });
    this.box.hidden = false;
    if (this.recording !== recording || this.audio.error) {
      if (this.audio.src.startsWith("blob:")) URL.revokeObjectURL(this.audio.src);
      this.recording = recording;
      this.audio.src = this.url(recording);
    }
    this.say(who);
    if (this.audio.readyState > 0) this.start();
    else this.audio.play().catch(() => {}); // while the click still counts; the place comes later
  },

  start() {
    if (this.pending === null) return;
    this.place = Math.max(0, this.pending / 100);
    this.audio.currentTime = this.place;
    this.pending = null;
    this.audio.play().catch(() => {});
  },

  stop() {
    this.audio.pause();
  },

  close() {
    this.stop();
    this.box.hidden = true;
    this.tell();
  },

  say(text) {
    this.box.querySelector("strong").textContent = shown(this.recording.name);
    this.box.querySelector("span").textContent = text;
  },

  tell() {
    const time = 100 * this.audio.currentTime;
    // While it is being moved, nobody knows yet by whom.
    const stays = this.playing && !this.audio.seeking;
    if (this.until !== null && stays && time >= this.until) {
      this.until = null;
      this.stop();
    }
    const detail = { recording: this.box.hidden ? null : this.recording, time };
    document.dispatchEvent(new CustomEvent("playhead", { detail }));
  },

  tick() {
    this.tell();
    if (this.playing) requestAnimationFrame(() => this.tick());
  },
};

player.audio.addEventListener("loadedmetadata", () => player.start());
player.audio.addEventListener("play", () => player.tick());
for (const name of ["pause", "seeked", "timeupdate"]) {
  player.audio.addEventListener(name, () => player.tell());
}
player.audio.addEventListener("seeking", () => {
  // Somebody has moved on by hand: the turn's end is none to stop at any more.
  if (Math.abs(player.audio.currentTime - player.place) > 0.1) player.until = null;
});
player.audio.addEventListener("error", () => {
  const where = player.audio.src.startsWith("blob:") ? "in this page" : player.recording.sound;
  player.say(`cannot be played here: ${where}`);
});
player.box.querySelector("button").addEventListener("click", () => player.close());
