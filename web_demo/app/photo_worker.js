// The photo and the Inpainter, away from the page: calls come as {id, call, argument} and are answered {id, result | error}.

import { Mask } from "../core/mask.js";
import { LatencyReport } from "../core/latency_report.js";
import * as model from "./model.js";
import { openPhoto, savePhoto } from "./photo_file.js";
import { reportOf } from "./session_report.js";

/** Milliseconds after which a long task looks whether the page wants something else. */
const TURN_MS = 100;

let photo, inpainter, artifact, backend, cancelled, enough, times = [];

/** Lets messages of the page in. */
const otherCalls = () => new Promise((resolve) => { setTimeout(resolve); });

const regionOf = (pixels, { top, bottom, left, right }) => {
  const width = right - left, part = new Uint8ClampedArray(4 * width * (bottom - top));
  for (let y = top; y < bottom; y++) {
    part.set(pixels.subarray(4 * (y * photo.width + left), 4 * (y * photo.width + right)), 4 * (y - top) * width);
  }
  return part;
};

const calls = {
  /** A file becomes the photo; answers {width, height, name, format, bitmap}. */
  async open(file) {
    photo = await openPhoto(file);
    const { width, height, name, metadata, bitmap } = photo;
    return { width, height, name, format: metadata.format, bitmap };
  },

  /** Loads the artifact on a backend; answers {file, mb, load_ms, url}. */
  async load(wanted) {
    const started = performance.now();
    artifact ??= await model.find();
    const fresh = await model.open(artifact, wanted, (share) => postMessage({ fetched: share }));
    await inpainter?.close();
    [inpainter, backend, times] = [fresh, wanted, []];
    const { file, bytes } = fresh.manifest;
    return { file, mb: bytes / 1e6, load_ms: performance.now() - started, url: artifact.url };
  },

  /** Fills what the strokes cover; answers {box, before, after, net_ms, detail_ms, total_ms}, RGBA of the box. */
  async erase(strokes) {
    const started = performance.now(), { pixels, width, height } = photo, mask = new Mask(width, height);
    for (const stroke of strokes) mask.paint(stroke);
    mask.check(width, height, true);
    const box = mask.box, before = regionOf(pixels, box);
    let began = null, told = 0, detail_ms = 0;
    const goesOn = () => { if (cancelled) throw new DOMException("cancelled", "AbortError"); };
    const progress = (done, parts) => {
      goesOn();
      if (began !== null) detail_ms += performance.now() - began;
      began = null;
      postMessage({ done, parts });
    };
    const detailing = async (part, share) => {
      if (began === null) {
        postMessage({ shown: part, pixels: regionOf(pixels, part) });
        began = performance.now();
      }
      if (performance.now() - told > TURN_MS) {
        postMessage({ share });
        await otherCalls();
        told = performance.now();
      }
      goesOn();
      return !enough;
    };
    cancelled = enough = false;
    try {
      const { net_ms } = await inpainter.fill(pixels, mask, width, height, progress, detailing);
      times.push(...net_ms);
      return { box, before, after: regionOf(pixels, box), net_ms, detail_ms, total_ms: performance.now() - started };
    } catch (error) {
      calls.put({ box, pixels: before });
      postMessage({ shown: box, pixels: before });
      throw error;
    }
  },

  /** Stops the erase that is going on, before its next crop or soon while it adds detail, and puts the photo back. */
  cancel() { cancelled = true; },

  /** Leaves the detail out that is not done yet: the network's fill stays. */
  keep() { enough = true; },

  /** Puts RGBA into a box, as undo and redo do. */
  put({ box: { top, bottom, left, right }, pixels }) {
    for (let y = top, width = 4 * (right - left); y < bottom; y++) {
      photo.pixels.set(pixels.subarray((y - top) * width, (y - top + 1) * width), 4 * (y * photo.width + left));
    }
  },

  /** The photo as a Blob of that type. */
  save: (type) => savePhoto(photo, type),

  /** The LatencyReport of what ran since the backend was loaded, as JSON. */
  report: () => new LatencyReport(reportOf(inpainter.manifest, backend, times)).toJson(),
};

onmessage = async ({ data: { id, call, argument } }) => {
  try {
    const result = await calls[call](argument);
    postMessage({ id, result }, result?.bitmap ? [result.bitmap] : []);
  } catch (error) {
    const known = ["ManifestError", "MaskError", "PhotoError", "NetworkError", "BenchError", "AbortError"].includes(error.name);
    postMessage({ id, error: { name: error.name, message: known ? error.message : `that did not work: ${error.message}` } });
  }
};
