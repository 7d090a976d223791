// golden/compositor.json: whole photos, to the bit, and each step alone.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Compositor } from "../core/compositor.js";
import { MaskError, NetworkError } from "../core/errors.js";
import { parts, squareRound } from "../core/regions.js";
import { enlargeTaps, shrinkTaps } from "../core/resample.js";
import { grain, grainVariances, isqrt, match, spread } from "../core/seam.js";
import { bytesOf, checksum, golden, holeOf, network, photo, rgb } from "./scene.js";

const vectors = golden("compositor");
const boxOf = ([top, bottom, left, right]) => ({ top, bottom, left, right });

test("the photo's formula", () => {
  for (const { seed, height, width, pixels } of vectors.photos) {
    assert.deepEqual(new Uint8Array(rgb(photo(height, width, seed))), bytesOf(pixels));
  }
});

for (const one of vectors.cases) {
  test(`photo: ${one.name}`, async () => {
    const { width, height } = one, pixels = photo(height, width, one.seed), hole = holeOf(one), size = one.numbers.size_px;
    const calls = [];
    await Compositor.fromNumbers(one.numbers).fill(pixels, hole, height, width, async (image, mask) => {
      calls.push([image, mask]);
      return network(image, mask);
    });
    assert.equal(calls.length, one.calls.length);
    one.calls.forEach((expected, at) => {
      const [image, mask] = calls[at], area = size * size;
      assert.deepEqual(Uint8Array.from(mask), holeOf({ width: size, height: size, hole: expected.hole }), `hole of call ${at}`);
      const seen = new Uint8Array(3 * area);
      for (let n = 0; n < 3 * area; n++) seen[n] = Math.floor(image[(n % 3) * area + Math.floor(n / 3)] * 255 + 0.5);
      if (expected.seen) assert.deepEqual(seen, bytesOf(expected.seen), `seen by call ${at}`);
      else assert.equal(checksum(seen), expected.checksum);
    });
    const result = new Uint8Array(rgb(pixels));
    if (one.result) assert.deepEqual(result, bytesOf(one.result));
    else assert.equal(checksum(result), one.checksum);
    assert.ok(pixels.every((value, n) => n % 4 !== 3 || value === 255), "alpha is left alone");
  });
}

test("parts", () => {
  for (const one of vectors.parts) {
    assert.deepEqual(parts(holeOf(one), one.height, one.width, one.limit), one.boxes.map(boxOf));
  }
});

test("squares", () => {
  for (const { height, width, box, context, size_px, square } of vectors.squares) {
    const { top, left, side } = squareRound(boxOf(box), height, width, context, size_px);
    assert.deepEqual([top, left, side], square);
  }
});

const kept = ({ count, source, weight }) => {
  const rows = Array.from({ length: source.length / count }, (_, i) => [...weight.subarray(i * count, (i + 1) * count)]);
  const pick = (values) => rows.map((row, i) => row.flatMap((w, k) => (w ? [values[i * count + k]] : [])));
  return { source_of: pick(source), weight: pick(weight) };
};

test("taps", () => {
  for (const { source, target, ...expected } of vectors.shrink_taps) assert.deepEqual(kept(shrinkTaps(source, target)), expected);
  for (const { source, target, start, stop, ...expected } of vectors.enlarge_taps) {
    assert.deepEqual(kept(enlargeTaps(source, target, start, stop)), expected);
  }
});

test("colour match", () => {
  for (const { height, width, fade, guess, truth, result, ...scene } of vectors.match) {
    const hole = holeOf({ height, width, ...scene });
    const matched = match(Int32Array.from(guess), Int32Array.from(truth), hole, height, width, fade);
    assert.deepEqual(truth.map((value, n) => (hole[Math.floor(n / 3)] ? matched[n] : value)), result);
  }
  for (const { height, width, fade, edge, difference, result } of vectors.spread) {
    const flags = holeOf({ height, width, hole: edge });
    assert.deepEqual([...spread(Int32Array.from(difference), flags, height, width, fade)], result);
  }
});

test("grain", () => {
  for (const { height, width, seed, where, result } of vectors.variances) {
    const flags = holeOf({ height, width, hole: where }), box = { top: 0, bottom: height, left: 0, right: width };
    assert.deepEqual(grainVariances(photo(height, width, seed), width, box, (p) => flags[p]), result);
  }
  for (const { missing, box, noise } of vectors.grain) {
    const at = grain(missing), { top, bottom, left, right } = boxOf(box), found = [];
    for (let y = top; y < bottom; y++) for (let x = left; x < right; x++) for (let c = 0; c < 3; c++) found.push(at(x, y, c));
    assert.deepEqual(found, noise);
  }
  for (const [value, root] of vectors.isqrt) assert.equal(isqrt(value), root);
});

test("what is under the hole has no influence", async () => {
  const hole = new Uint8Array(60 * 60).fill(1, 900, 1500), results = [];
  for (const under of [0, 255]) {
    const pixels = photo(60, 60, 1).map((value, n) => (hole[n >> 2] && n % 4 !== 3 ? under : value));
    await new Compositor({ size_px: 16 }).fill(pixels, hole, 60, 60, network);
    results.push(pixels);
  }
  assert.deepEqual(results[0], results[1]);
});

test("a mask of another size, and answers that are none", async () => {
  const compositor = new Compositor({ size_px: 16 }), hole = new Uint8Array(100).fill(1, 0, 9);
  await assert.rejects(compositor.fill(photo(10, 9, 1), hole, 10, 9, network), MaskError);
  for (const answer of [new Float32Array(3), new Float32Array(3 * 256).fill(NaN)]) {
    await assert.rejects(compositor.fill(photo(10, 10, 1), hole, 10, 10, async () => answer), NetworkError);
  }
});

test("what progress throws stops the work", async () => {
  const hole = new Uint8Array(400).fill(1, 0, 9), pixels = photo(20, 20, 1);
  const stop = () => { throw new Error("stopped"); };
  await assert.rejects(new Compositor({ size_px: 16 }).fill(pixels, hole, 20, 20, network, stop), /stopped/);
  assert.deepEqual(pixels, photo(20, 20, 1));
});
