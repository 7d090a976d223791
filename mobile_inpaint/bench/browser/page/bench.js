// The measurement, by the protocol of benchmarks/README.md: cold starts, warm-up, timed runs of all files in turn.

import { ALMOST_EQUAL_DB, checker } from "/check.js";

const $ = (id) => document.getElementById(id);
const rest = (ms) => new Promise((done) => setTimeout(done, ms));
const drawn = () => Promise.race([new Promise((done) => requestAnimationFrame(() => setTimeout(done))), rest(100)]); // a hidden page never is
const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];
const inMs = (ms) => `${ms < 10 ? ms.toFixed(2) : ms.toFixed(1)} ms`;

const post = async (path, message) => {
  const answer = await fetch(path, { method: "POST", body: JSON.stringify(message) });
  if (!answer.ok) throw new Error(`the bench refused it: ${await answer.text()}`);
};

const get = async (url) => {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
  return answer;
};

const openFrame = () => new Promise((ready) => {
  const frame = document.createElement("iframe");
  frame.src = "/frame.html";
  addEventListener("message", function opened(event) {
    if (event.source !== frame.contentWindow) return;
    removeEventListener("message", opened);
    ready(frame);
  });
  document.body.append(frame);
});

function card(file) {
  const section = document.createElement("section"), title = document.createElement("h2"), facts = document.createElement("dl");
  title.textContent = file.name;
  section.append(title, facts);
  $("files").append(section);
  const cells = {};
  return (name, text) => {
    if (!cells[name]) {
      const label = document.createElement("dt");
      label.textContent = name;
      facts.append(label, (cells[name] = document.createElement("dd")));
    }
    cells[name].textContent = text;
  };
}

async function coldStart(file, threads, bytes) {
  const frame = await openFrame();
  const subject = await frame.contentWindow.prepare(file, threads);
  const before = subject.heapBytes(), started = performance.now();
  await subject.load(bytes);
  const load_ms = performance.now() - started;
  const first_ms = (await subject.run(0)).total_ms;
  await subject.run(1); // some runtimes allocate on their second run too
  const heap_bytes = subject.heapBytes() - before;
  frame.remove();
  return { load_ms, first_ms, heap_bytes };
}

async function gpuName(job) {
  if (!job.files.some((file) => file.accelerator === "webgpu")) return null;
  const adapter = await navigator.gpu?.requestAdapter();
  if (!adapter) throw new Error(navigator.gpu ? "this browser finds no GPU for WebGPU" : "this browser has no WebGPU here");
  const { vendor, architecture, device, description } = adapter.info;
  return [vendor, architecture, device, description].filter(Boolean).join(" ") || "unnamed";
}

async function measure(job) {
  const shared = crossOriginIsolated && typeof SharedArrayBuffer !== "undefined"; // WebKitGTK isolates and shares nothing
  const threadsOf = (file) => (file.accelerator === "wasm" && shared ? file.threads : 1);
  const gpu = await gpuName(job);
  $("conditions").textContent =
    `${job.warmup} runs to warm up, ${job.iterations} timed. ${shared ? "Threads are possible" : "No threads here"}.` +
    " Keep this page open and in front; plug the charger in if you have one.";
  let hidden = document.hidden, done = 0;
  document.addEventListener("visibilitychange", () => (hidden ||= document.hidden));
  const total = job.files.length * job.cold_starts + job.warmup + job.iterations;
  const step = async () => {
    $("bar").value = ++done / total;
    await post("/progress", { done });
  };

  const subjects = [];
  for (const file of job.files) {
    const subject = { file, threads: threadsOf(file), show: card(file), all: [], dispatch: [], cold_starts: [] };
    subject.show("by", `${file.runtime}, ${file.accelerator === "webgpu" ? gpu : `${subject.threads} thread${subject.threads > 1 ? "s" : ""}`}`);
    subjects.push(subject);
  }
  for (const subject of subjects) {
    const { file, threads, show } = subject;
    $("state").textContent = "Cold starts";
    const bytes = await (await get(file.model)).arrayBuffer();
    for (let n = 0; n < job.cold_starts; n++) {
      await drawn();
      subject.cold_starts.push(await coldStart(file, threads, bytes.slice()));
      const typical = (key) => inMs(median(subject.cold_starts.map((start) => start[key])));
      show("load, first run", `${typical("load_ms")}, ${typical("first_ms")}`);
      await step();
    }
    const numbers = async (url) => new Float32Array(await (await get(url)).arrayBuffer());
    const counted = new Uint8Array(await (await get(file.counted)).arrayBuffer());
    subject.check = checker(await Promise.all(file.expected.map(numbers)), counted, file.peak);
    subject.frame = await openFrame();
    subject.session = await subject.frame.contentWindow.prepare(file, threads);
    await subject.session.load(bytes);
  }
  for (let i = 0; i < job.warmup + job.iterations; i++) {
    const warm = i < job.warmup;
    $("state").textContent = warm ? `Warming up, ${i + 1} of ${job.warmup}` : `Run ${i - job.warmup + 1} of ${job.iterations}`;
    for (const { file, session, all, dispatch, check, show } of subjects) {
      await drawn();
      await rest(subjects.length > 1 ? job.rest_ms : 0);
      const { dispatch_ms, total_ms, output } = await session.run(i);
      all.push(total_ms);
      if (!warm && dispatch_ms !== null) dispatch.push(dispatch_ms);
      check.see(i, output);
      const { psnr_db } = check.verdict;
      if (psnr_db < file.required_db) {
        throw new Error(`${file.name}: its output is wrong here: ${psnr_db.toFixed(1)} dB, at least ${file.required_db} are needed`);
      }
      show(warm ? "warm-up" : "median", inMs(warm ? total_ms : median(all.slice(job.warmup))));
      show("output", psnr_db >= ALMOST_EQUAL_DB ? "equal to the host's" : `${psnr_db.toFixed(0)} dB to the host's`);
    }
    await step();
  }
  await post("/report", {
    user_agent: navigator.userAgent,
    cores: navigator.hardwareConcurrency,
    memory_gb: navigator.deviceMemory ?? null,
    gpu,
    isolated: crossOriginIsolated,
    was_hidden: hidden,
    files: subjects.map(({ threads, session, all, dispatch, cold_starts, check }) => ({
      threads,
      whole: session.whole,
      warmup_ms: all.slice(0, job.warmup),
      times_ms: all.slice(job.warmup),
      dispatch_ms: dispatch,
      cold_starts,
      ...check.verdict,
    })),
  });
}

const alive = new Worker("/alive.js");
const closing = () => navigator.sendBeacon("/closed", "{}");
addEventListener("pagehide", closing);
navigator.wakeLock?.request("screen").catch(() => {});
try {
  await measure(await (await get("/job.json")).json());
  $("state").textContent = "Done. You may close this page.";
} catch (error) {
  $("state").textContent = `Stopped: ${error.message ?? error}`;
  await post("/failure", { message: String(error.message ?? error) }).catch(() => {});
} finally {
  alive.terminate();
  removeEventListener("pagehide", closing);
}
