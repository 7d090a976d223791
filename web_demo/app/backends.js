// What can run the network here, the fastest first.

export const BACKENDS = {
  webgpu: "WebGPU",
  "wasm-threads": "WebAssembly, threads",
  wasm: "WebAssembly, one thread",
};

/** The backends of this browser; works in a page and in a worker. */
export async function available() {
  const found = [];
  try {
    if (await navigator.gpu?.requestAdapter()) found.push("webgpu");
  } catch { /* no adapter: some browsers reject, others answer null */ }
  // WebKitGTK isolates a page and still shares no memory
  if (globalThis.crossOriginIsolated && typeof SharedArrayBuffer !== "undefined" && threads() > 1) found.push("wasm-threads");
  return [...found, "wasm"];
}

/** How many threads to ask for: more than four gain nothing here, and phones have small cores behind those. */
export const threads = () => Math.min(4, navigator.hardwareConcurrency || 1);
