// What stands in a manifest, record by record, as in mobile_inpaint/artifact.py, where each field is explained.

import { list, number, oneOf, optional, record, table, text, truth, whole } from "./strict.js";

export const tensorSpec = record({
  name: text,
  layout: oneOf("NCHW", "NHWC", "image"),
  shape: list(whole),
  dtype: oneOf("float32", "uint8"),
  low: number,
  high: number,
  colour: oneOf("RGB", "grey"),
});

export const provenance = record({
  checkpoint: text, sha256: text, licence: text, copyright: text, paper: text, trained_on: text,
});

export const quantization = record({
  ranges: [oneOf("minmax", "percentile", "mse", "entropy"), "percentile"],
  percentile: [number, 99.99],
  equalization: [number, 0.5],
  photos: [text, ""],
  samples: [whole, 0],
  seed: [whole, 0],
  float_layers: [list(text), []],
});

export const contract = record({
  model: text,
  target: text,
  precision: oneOf("fp32", "fp16", "w8a32", "w8a16", "w8a8", "pal8", "pal6", "pal4", "auto"),
  size_px: whole,
  inputs: list(tensorSpec),
  output: tensorSpec,
  provenance,
  tools: table(text),
  deployment: [text, ""],
  hole: [whole, 1],
  composited: [truth, true],
  io: [oneOf("tensor", "photo"), "tensor"],
  quantization: [optional(quantization), null],
});

export const verification = record({
  runtime: text,
  computes_in: oneOf("fp32", "fp16", "int8"),
  photos: list(text),
  psnr_db: list(number),
  required_db: number,
  max_abs_error: number,
  outside_max_abs_error: number,
  inverted_psnr_db: number,
});

export const sliceQuality = record({
  slice: oneOf("thin", "small", "object", "large"),
  crops: whole,
  lpips: number,
  lpips_rise: number,
  lpips_rise_interval: list(number),
  dists: optional(number),
  dists_rise: optional(number),
  lpips_to_fp32: number,
  psnr_to_fp32_db: number,
  psnr_db: number,
  seam_delta_e_rise: number,
});

export const quality = record({
  photos: text, yardsticks: list(text), slices: list(sliceQuality), max_rise_object: number, max_rise_free: number,
});

export const SCHEMA = 2;

export const manifest = record({
  file: text,
  sha256: text,
  bytes: whole,
  contract,
  ops: table(whole),
  largest_activation: number,
  compositor: table(number),
  verification: [optional(verification), null],
  quality: [optional(quality), null],
  schema: [whole, SCHEMA],
});
