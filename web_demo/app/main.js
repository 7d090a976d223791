// The page: what its buttons do, and what it says.

import { BACKENDS, available } from "./backends.js";
import { Engine } from "./engine.js";
import { listen } from "./gestures.js";
import { History } from "./history.js";
import * as offline from "./offline.js";
import { Viewer } from "./viewer.js";

const $ = (id) => document.getElementById(id);
const inMs = (ms) => (ms < 1000 ? `${ms.toFixed(0)} ms` : `${(ms / 1000).toFixed(1)} s`);
const say = (text, wrong = false) => {
  $("status").textContent = text;
  $("status").classList.toggle("wrong", wrong);
};

const viewer = new Viewer($("photo")), engine = new Engine(news);
let history = new History(), photo = null, ready = false, busy = false, detailing = false, backend = null;

function news({ fetched, done, parts, shown, pixels, share }) {
  if (fetched !== undefined && !ready) say(`Loading the network, ${Math.floor(100 * fetched)} %`);
  if (parts !== undefined) {
    say(parts > 1 ? `Erasing, part ${Math.min(done + 1, parts)} of ${parts}` : "Erasing");
    addDetail(false);
  }
  if (shown) {
    viewer.put(shown, pixels);
    say("This is the fill. Adding detail to it");
    addDetail(true);
  }
  if (share !== undefined) $("progress").value = share;
}

/** Shows the network's fill without the paint over it while detail is added. */
function addDetail(goesOn) {
  if (detailing === goesOn) return;
  detailing = goesOn;
  $("progress").value = 0;
  show();
}

function show() {
  const comparing = viewer.compare !== null, open = photo !== null && !busy;
  document.body.classList.toggle("has-photo", photo !== null);
  document.body.classList.toggle("busy", busy);
  $("undo").disabled = !open || !history.canUndo || comparing;
  $("redo").disabled = !open || !history.canRedo || comparing;
  $("erase").disabled = !open || !ready || !history.strokes.length || comparing;
  $("erase").hidden = busy && photo !== null;
  $("cancel").hidden = !(busy && photo !== null);
  $("progress").hidden = $("keep").hidden = !detailing;
  $("compare").disabled = !open || !history.changed;
  $("compare").setAttribute("aria-pressed", String(comparing));
  $("divider").hidden = !comparing;
  for (const id of ["save", "fit", "zoom-in", "zoom-out"]) $(id).disabled = !open;
  $("share").disabled = !open;
  $("backend").disabled = busy;
  viewer.strokes = detailing ? [] : history.strokes;
  viewer.draw();
}

/** Runs one thing at a time; what fails is said, and nothing has changed. */
async function work(doing, task) {
  if (busy) return;
  busy = true;
  say(doing);
  show();
  try {
    await task();
  } catch (error) {
    if (error.name === "AbortError") say("Stopped; nothing has changed.");
    else say(error.message, true);
  } finally {
    busy = detailing = false;
    show();
  }
}

const open = (file) => work("Opening the photo", async () => {
  const opened = await engine.open(file);
  photo = opened;
  history = new History();
  show(); // the tools take room from the photo, which is fitted into what is left
  viewer.show(opened.bitmap);
  $("format").value = opened.format === "jpeg" ? "image/jpeg" : "image/png";
  say(`${opened.name}, ${opened.width} × ${opened.height}. Paint over what should go, then press Erase.`);
  $("photo").focus();
});

const load = (wanted) => work("Loading the network", async () => {
  const choices = [wanted, ...Object.keys(BACKENDS).filter((one) => one !== wanted && one !== "webgpu")];
  for (const [n, choice] of choices.entries()) {
    try {
      const { file, mb, load_ms, url } = await engine.load(choice);
      [ready, backend] = [true, choice];
      $("backend").value = choice;
      $("model").textContent = `${file}, ${mb.toFixed(1)} MB`;
      $("loaded").textContent = inMs(load_ms);
      $("last").textContent = $("typical").textContent = "–";
      say(n ? `${BACKENDS[wanted]} does not run here; ${BACKENDS[choice]} does.` : invitation());
      offline.keep(url, choice);
      return;
    } catch (error) {
      if (error.name !== "NetworkError" || !/another backend/.test(error.message) || n === choices.length - 1) throw error;
    }
  }
});

const invitation = () => (photo ? "Paint over what should go, then press Erase." : "Choose a photo to begin.");

const calls = [];
const erase = () => work("Erasing", async () => {
  const strokes = history.strokes;
  const { box, before, after, net_ms, detail_ms, total_ms } = await engine.erase(strokes);
  history.add({ box, before, after });
  viewer.put(box, after);
  calls.push(...net_ms);
  const sorted = [...calls].sort((a, b) => a - b);
  const shares = [`${inMs(net_ms.reduce((sum, one) => sum + one, 0))} in the network`, ...(detail_ms ? [`${inMs(detail_ms)} for detail`] : [])];
  $("last").textContent = `${inMs(total_ms)}, of which ${shares.join(", ")}`;
  $("typical").textContent = `${inMs(sorted[sorted.length >> 1])}, median of ${sorted.length}`;
  say(`Erased in ${inMs(total_ms)}.`);
});

const step = (way) => work(way === "undo" ? "Undone." : "Redone.", async () => {
  const { box, before, after } = history[way]();
  if (!box) return;
  const pixels = way === "undo" ? before : after;
  await engine.put(box, pixels);
  viewer.put(box, pixels);
});

const fileName = (type) => `${photo.name.replace(/\.[^.]*$/, "")}-erased.${type === "image/png" ? "png" : "jpg"}`;

const save = () => work("Writing the file", async () => {
  const type = $("format").value, blob = await engine.save(type);
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = fileName(type);
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  say(`Saved as ${link.download}, ${(blob.size / 1e6).toFixed(1)} MB.`);
});

const share = () => work("Writing the file", async () => {
  const type = $("format").value, blob = await engine.save(type);
  await navigator.share({ files: [new File([blob], fileName(type), { type })] });
  say("Shared.");
});

const report = () => work("Writing the report", async () => {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([await engine.report()], { type: "application/json" }));
  link.download = "latency-report.json";
  link.click();
  say("Saved as latency-report.json.");
});

function compare() {
  viewer.compare = viewer.compare === null ? Number($("divider").value) / 100 : null;
  show();
  if (viewer.compare !== null) $("divider").focus();
}

const tool = () => document.querySelector("input[name=tool]:checked").value;
const radius = () => Math.max(1, Math.round(Number($("size").value) / 2 / viewer.view.scale));

listen(viewer, {
  tool,
  radius,
  enabled: () => photo !== null && !busy && viewer.compare === null,
  painted: (stroke) => {
    history.add({ stroke });
    say(ready ? invitation() : "The network is still loading.");
    show();
  },
});

$("file").addEventListener("change", ({ target }) => {
  if (target.files[0]) open(target.files[0]);
  target.value = "";
});
for (const [id, action] of Object.entries({
  erase, save, share, report, compare,
  cancel: () => engine.cancel(),
  keep: () => engine.keep(),
  undo: () => step("undo"),
  redo: () => step("redo"),
  fit: () => viewer.fit(),
  "zoom-in": () => viewer.zoom(1.5, $("photo").clientWidth / 2, $("photo").clientHeight / 2),
  "zoom-out": () => viewer.zoom(1 / 1.5, $("photo").clientWidth / 2, $("photo").clientHeight / 2),
  settings: () => $("panel").showModal(),
})) $(id).addEventListener("click", action);
$("divider").addEventListener("input", ({ target }) => {
  viewer.compare = Number(target.value) / 100;
  viewer.draw();
});
$("size").addEventListener("input", ({ target }) => { $("size-shown").textContent = `${target.value} px`; });
$("backend").addEventListener("change", ({ target }) => {
  localStorage.setItem("backend", target.value);
  calls.length = 0;
  load(target.value);
});

document.addEventListener("keydown", (event) => {
  const key = event.key.toLowerCase(), control = event.ctrlKey || event.metaKey;
  const typing = event.target.matches("input:not([type=radio]):not([type=range]), select, textarea");
  const pressed = (id) => {
    event.preventDefault();
    if (!$(id).disabled && !$(id).hidden) $(id).click();
  };
  if (control && key === "z") pressed(event.shiftKey ? "redo" : "undo");
  else if (control && key === "y") pressed("redo");
  else if (control && key === "s") pressed("save");
  else if (control && key === "o") pressed("file");
  else if (control || typing || $("panel").open) return;
  else if (key === "enter" && event.target === $("photo")) pressed("erase");
  else if (key === "escape") pressed("cancel");
  else if (key === "c") pressed("compare");
  else if (key === "[" || key === "]") {
    $("size").value = Number($("size").value) + (key === "]" ? 4 : -4);
    $("size").dispatchEvent(new Event("input"));
  } else {
    const chosen = { b: "paint", e: "erase", m: "move" }[key];
    if (chosen) document.querySelector(`input[name=tool][value=${chosen}]`).click();
  }
});
document.addEventListener("dragover", (event) => event.preventDefault());
document.addEventListener("drop", (event) => {
  event.preventDefault();
  if (event.dataTransfer.files[0]) open(event.dataTransfer.files[0]);
});
document.addEventListener("paste", ({ clipboardData }) => {
  if (clipboardData.files[0]) open(clipboardData.files[0]);
});
addEventListener("beforeunload", (event) => { if (history.changed) event.preventDefault(); });

const shareable = navigator.canShare?.({ files: [new File([new Blob()], "photo.png", { type: "image/png" })] });
$("share").hidden = !shareable;
const backends = await available();
$("backend").replaceChildren(...backends.map((name) => new Option(BACKENDS[name], name)));
const remembered = localStorage.getItem("backend");
show();
offline.start((text) => { $("offline").textContent = text; });
await load(backends.includes(remembered) ? remembered : backends[0]);
