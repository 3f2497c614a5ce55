// The lists of speakers and recordings, what is sought, and where links lead.

const part = (element, name) => element.querySelector(name);
const collator = new Intl.Collator(undefined, { numeric: true });
const byName = (a, b) => collator.compare(a.name, b.name);
const timelines = new Map(); // of recordings that were opened
const mostSpeech = SPEAKERS.reduce((most, speaker) => Math.max(most, speaker.speech), 1);

function makeRow(kind, item) {
  const row = copy(`${kind}-row`), details = part(row, "details");
  details.id = anchor(kind, item.name);
  part(row, ".name").textContent = part(row, ".name").title = shown(item.name);
  return [row, details];
}

/** Call `open` with a box for what is inside, when a row is opened for the first time. */
function onFirstOpen(details, kind, item, open) {
  details.addEventListener("toggle", () => {
    if (!details.open) return;
    if (!part(details, ".body")) {
      const body = document.createElement("div");
      body.className = "body";
      details.append(body);
      open(body);
    }
    history.replaceState(null, "", `#${anchor(kind, item.name)}`);
  });
}

function speakerRow(speaker) {
  const [row, details] = makeRow("speaker", speaker);
  part(row, ".meter i").style.width = `${(100 * speaker.speech) / mostSpeech}%`;
  part(row, ".time").textContent = clock(speaker.speech);
  part(row, ".count").textContent = count(speaker.heard.length, "recording", "recordings");
  onFirstOpen(details, "speaker", speaker, (body) => {
    body.setAttribute("role", "list");
    body.setAttribute("aria-label", `Recordings of ${shown(speaker.name)}`);
    const heard = [...speaker.heard].sort((a, b) => byName(a.recording, b.recording));
    const list = new LongList(body, (one) => heardRow(one, speaker), "");
    body.list = list;
    list.show(heard);
  });
  return row;
}

function heardRow({ recording, lane }, speaker) {
  const row = copy("heard-row"), link = part(row, "a");
  part(link, "bdi").textContent = link.title = shown(recording.name);
  link.href = `#${anchor("recording", recording.name)}`;
  link.addEventListener("click", () => { wanted = SPEAKERS.indexOf(speaker); });
  part(row, ".time").textContent = clock(recording.speech[lane]);
  drawStrip(part(row, "canvas"), recording, lane);
  return row;
}

function recordingRow(recording) {
  const [row, details] = makeRow("recording", recording);
  const n = recording.speakers.length;
  part(row, ".time").textContent = clock(recording.duration);
  part(row, ".count").textContent = n ? count(n, "speaker", "speakers") : "no speech";
  drawStrip(part(row, "canvas"), recording);
  onFirstOpen(details, "recording", recording, (body) => {
    const timeline = new Timeline(recording);
    timelines.set(recording, timeline);
    body.append(timeline.element);
    if (wanted !== null) timeline.selectSpeaker(wanted);
    wanted = null;
  });
  return row;
}

let wanted = null; // the speaker, by number, whose first turn is chosen in what opens next

const LISTS = {
  speaker: {
    all: SPEAKERS,
    list: new LongList(document.getElementById("speaker-rows"), speakerRow, "No such speaker.", 25),
    told: part(document, "#speakers output"),
    by: "speech",
    orders: {
      speech: (a, b) => b.speech - a.speech || byName(a, b),
      recordings: (a, b) => b.heard.length - a.heard.length || b.speech - a.speech || byName(a, b),
      name: byName,
    },
  },
  recording: {
    all: RECORDINGS,
    list: new LongList(document.getElementById("recording-rows"), recordingRow, "No such recording."),
    told: part(document, "#recordings output"),
    by: "name",
    orders: {
      name: byName,
      duration: (a, b) => b.duration - a.duration || byName(a, b),
      speakers: (a, b) => b.speakers.length - a.speakers.length || byName(a, b),
    },
  },
};

const search = document.getElementById("search");

function refresh(entry) {
  const { all, list, told, by, orders } = entry;
  const sought = plain(search.value.trim());
  const found = sought ? all.filter((item) => plain(item.name).includes(sought)) : all;
  list.show([...found].sort(orders[by]));
  const total = all.length.toLocaleString("en");
  told.textContent = sought ? `${found.length.toLocaleString("en")} of ${total}` : total;
}

function refreshAll() {
  Object.values(LISTS).forEach(refresh);
}

/** Open what the address names: #speaker-NAME or #recording-NAME. */
function follow() {
  const [, kind, rest] = /^#(speaker|recording)-(.*)$/s.exec(location.hash) ?? [];
  if (!kind) return;
  let name = rest;
  try {
    name = decodeURIComponent(rest);
  } catch { /* as it is */ }
  const item = LISTS[kind].all.find((one) => one.name === name);
  if (!item) return;
  if (!LISTS[kind].list.place.has(item)) {
    search.value = "";
    refreshAll();
  }
  const details = part(LISTS[kind].list.reveal(item), "details");
  const timeline = timelines.get(item);
  details.open = true;
  if (timeline && wanted !== null) {
    timeline.selectSpeaker(wanted);
    wanted = null;
  }
  part(details, "summary").focus({ preventScroll: true });
  // What lies above may still get its height: once now, once when it has been laid out.
  details.scrollIntoView();
  requestAnimationFrame(() => requestAnimationFrame(() => details.scrollIntoView()));
}

function showFacts() {
  const audio = RECORDINGS.reduce((sum, recording) => sum + recording.duration, 0);
  const speech = SPEAKERS.reduce((sum, speaker) => sum + speaker.speech, 0);
  const again = SPEAKERS.filter((speaker) => speaker.heard.length > 1).length;
  const number = (n) => n.toLocaleString("en"), failed = DATA.failures.length;
  const fact = (list, label, ...values) => {
    const box = document.createElement("div"), heading = document.createElement("dt");
    const value = document.createElement("dd");
    heading.textContent = label;
    value.append(...values);
    box.append(heading, value);
    document.getElementById(list).append(box);
  };
  for (const [label, large, small] of [
    ["Recordings", number(RECORDINGS.length), failed ? `${number(failed)} more failed` : ""],
    ["Audio", clock(audio), ""],
    ["Speech", clock(speech), ""],
    ["Speakers", number(SPEAKERS.length), `${number(again)} in more than one recording`],
  ]) {
    const big = document.createElement("b"), rest = document.createElement("small");
    big.textContent = large;
    rest.textContent = small;
    fact("facts", label, big, rest);
  }
  for (const [label, text] of DATA.facts) fact("more", label, shown(text));
}

function showFailures() {
  const box = document.getElementById("failed"), n = DATA.failures.length;
  box.hidden = n === 0;
  part(box, "summary").textContent = `${count(n, "recording", "recordings")} failed`;
  part(box, "ul").append(...DATA.failures.map(([name, error]) => {
    const item = document.createElement("li"), bold = document.createElement("strong");
    bold.textContent = shown(name);
    item.append(bold, `: ${shown(error)}`);
    return item;
  }));
}

search.addEventListener("input", refreshAll);
for (const [kind, entry] of Object.entries(LISTS)) {
  document.querySelectorAll(`[name="${kind}s-by"]`).forEach((choice) => {
    if (choice.checked) entry.by = choice.value; // a browser may keep what was chosen before
    choice.addEventListener("change", () => {
      entry.by = choice.value;
      refresh(entry);
    });
  });
}
showFacts();
showFailures();
refreshAll();
follow();
addEventListener("hashchange", follow);
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[href^='#']");
  if (link && link.hash === location.hash) follow(); // where the address says already, nothing changes
});
addEventListener("beforeprint", () => {
  for (const { list } of Object.values(LISTS)) list.fillAll();
  document.querySelectorAll(".speaker .body").forEach((body) => body.list.fillAll());
});
// Canvases have the colours of the time they were drawn; paper is drawn before the next frame.
for (const media of ["(prefers-color-scheme: dark)", "print"]) {
  matchMedia(media).addEventListener("change", () => timelines.forEach(drawTimeline));
}
