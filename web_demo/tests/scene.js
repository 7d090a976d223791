// The photo and the network of the golden vectors, by the formulas of golden/README.md, and how the files are read.

import { webcrypto } from "node:crypto";
import { readFileSync } from "node:fs";

import { Mask } from "../core/mask.js";

globalThis.crypto ??= webcrypto; // browsers have it, Node from 19 on; Debian's is 18

export const golden = (name) => JSON.parse(readFileSync(new URL(`../../golden/${name}.json`, import.meta.url), "utf8"));

/** Bytes out of base64. */
export const bytesOf = (text) => new Uint8Array(Buffer.from(text, "base64"));

export function mix(x, y, c, seed) {
  let h = Math.imul(x, 0x9E3779B1) ^ Math.imul(y, 0x85EBCA77) ^ Math.imul(c, 0xC2B2AE3D) ^ Math.imul(seed, 0x27D4EB2F);
  h = Math.imul(h ^ (h >>> 16), 0x7FEB352D);
  h = Math.imul(h ^ (h >>> 15), 0x846CA68B);
  return (h ^ (h >>> 16)) >>> 0;
}

/** RGBA of the photo. */
export function photo(height, width, seed) {
  const pixels = new Uint8ClampedArray(height * width * 4).fill(255);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const edges = (Math.floor(x / 24) + Math.floor(y / 16)) % 3 === 0 ? 40 : 0;
      for (let c = 0; c < 3; c++) {
        const zigzag = (x * (2 + c) + y * (4 - c)) % 256, grain = seed % 2 ? mix(x, y, c, seed) % 16 : 0;
        pixels[4 * (y * width + x) + c] = 32 + Math.min(zigzag, 255 - zigzag) + edges + grain;
      }
    }
  }
  return pixels;
}

/** [3, N, N] out of [3, N, N] and [N, N]. */
export function network(image, mask) {
  const area = mask.length, size = Math.sqrt(area), output = new Float32Array(3 * area);
  for (let y = 0, p = 0; y < size; y++) {
    for (let x = 0; x < size; x++, p++) {
      const opposite = area - 1 - p;
      for (let c = 0; c < 3; c++) {
        const byte = Math.floor(image[c * area + opposite] * 255 + 0.5);
        output[c * area + p] = (byte * 16 + mask[opposite] * 1024 + (mix(x, y, c, size) % 1280) - 384) / 4096;
      }
    }
  }
  return output;
}

export const holeOf = ({ width, height, hole }) => Mask.fromRuns(width, height, hole).hole;

/** RGB out of RGBA. */
export const rgb = (pixels) => pixels.filter((_, n) => n % 4 !== 3);

export const checksum = (bytes) => bytes.reduce((sum, value, n) => sum + value * ((n % 65521) + 1), 0);
