// The network, in a worker of its own: onnxruntime-web keeps its threads for the worker's life, so each backend gets a new one.
//
// {load: {bytes, backend, threads, contract}} is answered {ready: true}; {image, mask} by {output}; failures by {error}.

const DIST = new URL("../runtimes/onnxruntime-web/dist/", import.meta.url);

let ort, session, contract;

async function load({ bytes, backend, threads, contract: promised }) {
  contract = promised;
  ort = await import(new URL(`ort.${backend === "webgpu" ? "webgpu" : "wasm"}.min.mjs`, DIST));
  ort.env.wasm.wasmPaths = DIST.href;
  ort.env.wasm.numThreads = threads;
  ort.env.logLevel = "error";
  session = await ort.InferenceSession.create(new Uint8Array(bytes), { executionProviders: [backend === "webgpu" ? "webgpu" : "wasm"] });
}

async function run({ image, mask }) {
  const values = { image, mask };
  const feeds = Object.fromEntries(contract.inputs.map(({ name, shape }) => [name, new ort.Tensor("float32", values[name], shape)]));
  const outputs = await session.run(feeds);
  return (outputs[contract.output.name] ?? outputs[session.outputNames[0]]).data;
}

onmessage = async ({ data }) => {
  try {
    if (data.load) {
      await load(data.load);
      postMessage({ ready: true });
    } else {
      postMessage({ output: await run(data) });
    }
  } catch (error) {
    postMessage({ error: String(error?.message ?? error).split("\n")[0] });
  }
};
