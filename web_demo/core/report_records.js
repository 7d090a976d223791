// What stands in a latency report, record by record, as in mobile_inpaint/bench/report/latency_report.py, where each field is explained.

import { quality } from "./manifest_records.js";
import { list, number, oneOf, optional, record, table, text, truth, whole } from "./strict.js";

export const subject = record({
  name: text,
  sha256: text,
  bytes: whole,
  inputs: table(text),
  network: [optional(text), null],
  checkpoint: [optional(text), null],
  precision: [optional(text), null],
  size_px: [optional(whole), null],
  quality: [optional(quality), null],
  timing_only: [truth, false],
});

export const machine = record({
  device: text,
  chip: text,
  cores: whole,
  memory_mb: optional(whole),
  os: text,
  free_mb: [optional(whole), null],
  emulated_by: [optional(text), null],
});

export const coldStart = record({
  load_ms: number,
  first_ms: number,
  peak_bytes: optional(whole),
  retained_bytes: [optional(whole), null],
  compile_ms: [optional(number), null],
});

export const thermal = record({
  before_c: [optional(number), null],
  after_c: [optional(number), null],
  limit_c: [optional(number), null],
  waited_s: [number, 0],
  state: [optional(text), null],
  throttled: [optional(whole), null],
});

export const agreement = record({ expected: text, psnr_db: number, max_abs_error: number, required_db: number });

export const pipeline = record({ photo: text, pre_ms: list(number), net_ms: list(number), post_ms: list(number) });

export const series = record({
  runs: whole,
  std_ms: number,
  min_ms: number,
  max_ms: number,
  p50_ms: [optional(number), null],
  p95_ms: [optional(number), null],
});

export const SCHEMA = 2;

export const latencyReport = record({
  subject,
  machine,
  runtime: text,
  accelerator: text,
  computes_in: optional(text),
  threads: whole,
  timed: oneOf("completion", "dispatch"),
  warmup_ms: list(number),
  times_ms: list(number),
  cold_starts: list(coldStart),
  pipeline: optional(pipeline),
  in_turn_with: list(text),
  date: text,
  load_average: optional(number),
  packages: table(text),
  commit: optional(text),
  command: text,
  warnings: list(text),
  dispatch_ms: [list(number), []],
  thermal: [optional(thermal), null],
  energy_mj: [optional(number), null],
  placement: [optional(table(whole)), null],
  agreement: [optional(agreement), null],
  series: [list(series), []],
  schema: [whole, SCHEMA],
});
