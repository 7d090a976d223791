// golden/mask.json: reading, painting, growing, refusing.

import assert from "node:assert/strict";
import { test } from "node:test";

import { MaskError } from "../core/errors.js";
import { Mask } from "../core/mask.js";
import { bytesOf, golden } from "./scene.js";

const vectors = golden("mask");

test("read", () => {
  for (const { polarity, width, height, rgba, hole } of vectors.read) {
    assert.deepEqual(Mask.fromPicture(bytesOf(rgba), width, height, polarity).runs(), hole, polarity);
  }
});

test("painted", () => {
  for (const { width, height, strokes, hole } of vectors.painted) {
    const mask = new Mask(width, height);
    for (const stroke of strokes) mask.paint(stroke);
    assert.deepEqual(mask.runs(), hole);
  }
});

test("grown", () => {
  for (const { width, height, hole, px, auto_px, grown } of vectors.grown) {
    const mask = Mask.fromRuns(width, height, hole);
    assert.deepEqual(mask.grow(px).runs(), grown);
    assert.equal(mask.autoPx, auto_px);
    assert.deepEqual(mask.runs(), hole);
  }
});

test("refused", () => {
  for (const { width, height, hole, photo, allow_full, refused } of vectors.refused) {
    const check = () => Mask.fromRuns(width, height, hole).check(...photo, allow_full);
    if (refused === null) check();
    else assert.throws(check, (error) => error instanceof MaskError && error.message === refused);
  }
});

test("hints", () => {
  for (const { width, height, hole, hint } of vectors.hints) {
    assert.equal(Mask.fromRuns(width, height, hole).polarityHint, hint);
  }
});
