// One model file in a frame of its own, so that nothing of it is loaded before, and all of it goes with the frame.
//
// window.prepare(file, threads) loads the file's runtime; what it gives has
//   load(bytes)  -> a promise of a session that can run,
//   whole        -> once loaded, whether all of it runs where it was asked to, as far as the runtime says,
//   run(i)       -> {dispatch_ms, total_ms, output}: the i-th input in, an array out; dispatch_ms is null where the call that
//                   runs also reads back.

import { heapBytes } from "/heap.js";

const ARRAYS = {
  float32: Float32Array, uint8: Uint8Array, int8: Int8Array, int32: Int32Array, int64: BigInt64Array, bool: Uint8Array,
};

const bytesOf = async (url) => {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
  return answer.arrayBuffer();
};

const inputsOf = (file) => Promise.all(file.inputs.map(async ({ name, dtype, shape, values }) => ({
  name, dtype, shape, values: await Promise.all(values.map(async (url) => new ARRAYS[dtype](await bytesOf(url)))),
})));

async function onnx(file, threads, inputs) {
  const gpu = file.accelerator === "webgpu";
  const ort = await import(`/runtimes/onnxruntime-web/dist/ort.${gpu ? "webgpu" : "wasm"}.min.mjs`);
  ort.env.wasm.numThreads = threads;
  ort.env.logLevel = "error";
  // The runtime starts with its first session, whatever becomes of that: its start is not the file's.
  await ort.InferenceSession.create(new Uint8Array(1)).catch(() => {});
  const feeds = [0, 1].map((i) => Object.fromEntries(
    inputs.map(({ name, dtype, shape, values }) => [name, new ort.Tensor(dtype, values[i], shape)])));
  let session;
  return {
    whole: true, // ONNX Runtime tells the page of no operation that it leaves to the CPU
    async load(bytes) {
      const where = gpu ? { executionProviders: ["webgpu"], preferredOutputLocation: "gpu-buffer" } : { executionProviders: ["wasm"] };
      session = await ort.InferenceSession.create(new Uint8Array(bytes), where);
    },
    async run(i) {
      const started = performance.now();
      const output = (await session.run(feeds[i % 2]))[session.outputNames[0]];
      const dispatched = performance.now();
      const values = gpu ? await output.getData(true) : output.data;
      return { dispatch_ms: gpu ? dispatched - started : null, total_ms: performance.now() - started, output: values };
    },
  };
}

async function tflite(file, threads, inputs) {
  const { loadLiteRt, loadAndCompile, supportsFeature, Tensor } = await import("/runtimes/@litertjs/core/dist/index.js");
  const gpu = file.accelerator === "webgpu";
  const jspi = gpu && (await supportsFeature("jspi")); // what a GPU cannot run goes to the CPU only by this
  await loadLiteRt("/runtimes/@litertjs/core/wasm/", { threads: threads > 1, jspi });
  let model, inOrder;
  return {
    get whole() { return !gpu || model.isFullyAccelerated; },
    async load(bytes) {
      model = await loadAndCompile(new Uint8Array(bytes), {
        accelerator: file.accelerator,
        cpuOptions: { numThreads: threads },
        gpuOptions: { precision: file.computes_in },
      });
      if (gpu && !jspi && !model.isFullyAccelerated) throw new Error("LiteRT.js cannot run all of it on this browser's WebGPU");
      const details = model.getInputDetails();
      inOrder = details.map((detail, at) => inputs.find((one) => one.name === detail.name) ?? inputs[at]);
    },
    async run(i) {
      const started = performance.now();
      const tensors = inOrder.map(({ values, shape }) => new Tensor(values[i % 2], shape));
      const [output, ...others] = await model.run(tensors);
      const dispatched = performance.now();
      const values = (await output.data()).slice();
      const total_ms = performance.now() - started;
      for (const tensor of [...tensors, output, ...others]) if (!tensor.deleted) tensor.delete();
      return { dispatch_ms: gpu ? dispatched - started : null, total_ms, output: values };
    },
  };
}

window.prepare = async (file, threads) => {
  const subject = await { onnx, tflite }[file.format](file, threads, await inputsOf(file));
  return Object.assign(subject, { heapBytes });
};
window.parent.postMessage("ready", location.origin);
