// golden/manifest.json: what an app takes, and the line that refuses everything else.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Compositor } from "../core/compositor.js";
import { ManifestError } from "../core/errors.js";
import { Inpainter } from "../core/inpainter.js";
import { Manifest } from "../core/manifest.js";
import { bytesOf, golden, network, photo } from "./scene.js";
import { Mask } from "../core/mask.js";

const NAME = "toy.onnx";
const load = async () => ({ run: async (image, mask) => network(image, mask), release: async () => {} });

const read = async ({ text, artifact }) => {
  if (artifact !== null) return (await Inpainter.open(bytesOf(artifact).buffer, text, NAME, load)).manifest;
  const manifest = Manifest.fromJson(text, `${NAME}.json`);
  manifest.checkForApp();
  Compositor.fromNumbers(manifest.compositor);
  return manifest;
};

for (const one of golden("manifest").cases) {
  test(`manifest: ${one.name}`, async () => {
    if (one.accepted) assert.deepEqual({ ...(await read(one)) }, one.accepted);
    else await assert.rejects(read(one), (error) => assert.equal(error.message, one.refused) ?? error instanceof ManifestError);
  });
}

test("an inpainter fills, times each call, and refuses once it is closed", async () => {
  const { text, artifact } = golden("manifest").cases[0];
  const inpainter = await Inpainter.open(bytesOf(artifact).buffer, text, NAME, load);
  const pixels = photo(30, 40, 2), mask = new Mask(40, 30);
  await assert.rejects(inpainter.fill(pixels, mask, 40, 30), /marks nothing to fill/);
  mask.paint({ points: [[20, 10]], radius: 5 });
  const { net_ms } = await inpainter.fill(pixels, mask, 40, 30);
  assert.equal(net_ms.length, 1);
  assert.notDeepEqual(pixels, photo(30, 40, 2));
  await inpainter.close();
  await assert.rejects(inpainter.fill(pixels, mask, 40, 30), /was closed/);
});
