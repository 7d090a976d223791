// The page without a connection: the service worker keeps what was loaded.

const RUNTIMES = new URL("../runtimes/onnxruntime-web/dist/", import.meta.url);
const FILES = {
  wasm: ["ort.wasm.min.mjs", "ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm"],
  webgpu: ["ort.webgpu.min.mjs", "ort-wasm-simd-threaded.asyncify.mjs", "ort-wasm-simd-threaded.asyncify.wasm"],
};

let registered = null, tell = () => {};

/** @param show told in words whether the page works offline */
export function start(show) {
  tell = show;
  if (!("serviceWorker" in navigator)) return tell("not here: it takes https, or localhost");
  navigator.serviceWorker.addEventListener("message", ({ data }) => {
    tell(data.kept ? "yes, everything is kept on this device" : "not yet: there is no room, or the connection broke off");
  });
  registered = navigator.serviceWorker.register(new URL("../service_worker.js", import.meta.url))
    .then(() => navigator.serviceWorker.ready)
    .catch((error) => tell(`not here: ${error.message}`));
  return undefined;
}

/** Asks for the artifact and that backend's runtime to be kept. */
export async function keep(model, backend) {
  const worker = (await registered)?.active;
  const files = FILES[backend === "webgpu" ? "webgpu" : "wasm"].map((name) => new URL(name, RUNTIMES).href);
  worker?.postMessage({ keep: [new URL("bundle.json", model).href, `${model.split("?")[0]}.json`, model, ...files] });
}
