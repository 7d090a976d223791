// What the network took on this device, as a LatencyReport has it.

import { BenchError } from "../core/errors.js";
import { doubts } from "../core/statistics.js";
import { threads } from "./backends.js";

const WARMUP = 1;
const signature = ({ dtype, shape }) => `${dtype} ${shape.join("x")}`;

/**
 * @param times milliseconds of each call of the network, in order; the first is the warm-up
 * @throws {BenchError} too few
 */
export function reportOf({ file, sha256, bytes, contract, quality }, backend, times) {
  if (times.length <= WARMUP) throw new BenchError("erase at least twice before there is something to report");
  const times_ms = times.slice(WARMUP);
  return {
    subject: {
      name: file,
      sha256,
      bytes,
      inputs: Object.fromEntries(contract.inputs.map((tensor) => [tensor.name, signature(tensor)])),
      network: contract.model,
      checkpoint: contract.provenance.checkpoint,
      precision: contract.precision,
      size_px: contract.size_px,
      quality,
      timing_only: false,
    },
    machine: {
      device: "browser",
      chip: navigator.userAgent,
      cores: navigator.hardwareConcurrency,
      memory_mb: navigator.deviceMemory ? navigator.deviceMemory * 1024 : null,
      os: navigator.userAgentData?.platform || navigator.platform,
      free_mb: null,
      emulated_by: null,
    },
    runtime: "onnxruntime-web",
    accelerator: backend === "webgpu" ? "gpu" : "cpu",
    computes_in: null,
    threads: backend === "wasm-threads" ? threads() : 1,
    timed: "completion",
    warmup_ms: times.slice(0, WARMUP),
    times_ms,
    cold_starts: [],
    pipeline: null,
    in_turn_with: [],
    date: `${new Date().toISOString().slice(0, 19)}+00:00`,
    load_average: null,
    packages: {},
    commit: null,
    command: "",
    warnings: ["measured while somebody used the web app", ...doubts(times_ms, true)],
    dispatch_ms: [],
    thermal: null,
    energy_mj: null,
    placement: null,
    agreement: null,
    series: [],
    schema: 2,
  };
}
