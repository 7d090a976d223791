// golden/detail.json: whole photos through the detail step, to the bit, and each step alone.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Compositor } from "../core/compositor.js";
import { Detail } from "../core/detail.js";
import { blurred, depths, doubled, halve, levels, networkLevel } from "../core/detail_levels.js";
import { Search } from "../core/detail_search.js";
import { Tree, descriptors } from "../core/detail_tree.js";
import { goBack, lastVote, repairLow, vote } from "../core/detail_vote.js";
import { lineOf, projection } from "../core/tone.js";
import { bytesOf, checksum, golden, holeOf, network, photo, rgb } from "./scene.js";

const vectors = golden("detail");
const NUMBERS = new Detail();

const windowOf = ({ width, height, picture, hole, wanted }) => ({
  width, height, picture: bytesOf(picture), hole: holeOf({ width, height, hole }), wanted: holeOf({ width, height, hole: wanted }),
});
const levelsOf = (one) => levels(windowOf(one), one.side, one.size, NUMBERS.above, NUMBERS.guide_px);
const swept = (sweep) => {
  for (;;) {
    const { done, value } = sweep.next();
    if (done) return value;
  }
};

test("helpers", () => {
  for (const [side, size, level] of vectors.network_level) assert.equal(networkLevel(side, size), level);
  for (const { shape: [height, width, channels], radius, values, result } of vectors.blurred) {
    assert.deepEqual([...blurred(Int32Array.from(values), height, width, channels, radius)], result);
  }
  for (const { shape: [height, width, channels], values, half, doubled: twice } of vectors.halved) {
    const small = halve(Int32Array.from(values), height, width, channels);
    assert.deepEqual([...small], half);
    assert.deepEqual([...doubled(small, (height + 1) >> 1, (width + 1) >> 1, channels, height, width)], twice);
  }
  for (const { shape: [height, width], hole, result } of vectors.depths) {
    assert.deepEqual([...depths(holeOf({ height, width, hole }), height, width)], result);
  }
});

test("levels", () => {
  for (const one of vectors.levels) {
    const found = levelsOf(one);
    assert.equal(found.length, one.levels.length);
    one.levels.forEach(({ shape: [height, width], picture, guide, hole, wanted }, n) => {
      assert.deepEqual([found[n].height, found[n].width], [height, width]);
      assert.deepEqual(found[n].picture, bytesOf(picture), `picture ${n}`);
      assert.deepEqual(found[n].hole, holeOf({ height, width, hole }));
      assert.deepEqual(found[n].wanted, holeOf({ height, width, hole: wanted }));
      assert.deepEqual(found[n].guide, bytesOf(guide), `guide ${n}`);
    });
  }
});

test("search and vote", () => {
  for (const one of vectors.search) {
    const level = levelsOf(one)[1], search = new Search(level, NUMBERS);
    assert.deepEqual([...search.targets], one.targets);
    assert.deepEqual([...descriptors(level, search.targets.subarray(0, 8))], one.descriptors);
    const proposed = new Tree(search).nearest();
    assert.deepEqual(proposed.map((sources) => [...sources]), one.proposed);
    const first = search.found(proposed[0]);
    assert.deepEqual([...first.distance], one.first_distance);
    let field = first;
    for (const [more, expected] of [[proposed, one.swept], [[], one.swept_again]]) {
      field = swept(search.sweep(field, one.steps, more));
      assert.deepEqual([...field.sources], expected.sources);
      assert.deepEqual([...field.distance], expected.distance);
    }
    vote(search, field);
    assert.deepEqual(level.picture, bytesOf(one.voted));
    lastVote(search, search.found(field.sources));
    assert.deepEqual(level.picture, bytesOf(one.last_voted));
  }
});

test("low frequencies", () => {
  for (const one of vectors.low) {
    const window = windowOf(one), box = { top: 0, bottom: one.height, left: 0, right: one.width };
    const level = { ...window, picture: bytesOf(one.drawn) };
    repairLow({ level, depth: depths(window.hole, one.height, one.width) }, { box, pixels: window.picture }, one.at, one.radius, one.ramp_px);
    assert.deepEqual(level.picture, bytesOf(one.result));
  }
});

test("going back", () => {
  for (const one of vectors.back) {
    const level = levelsOf(one)[0], search = new Search(level, NUMBERS), box = { top: 0, bottom: one.height, left: 0, right: one.width };
    goBack(search, { sources: Int32Array.from(one.sources) }, { box, pixels: bytesOf(one.plain) }, one.radius);
    assert.deepEqual(level.picture, bytesOf(one.result));
  }
});

const SEPIA = [240, 205, 160];
const toned = (pixels, tone) => pixels.map((value, n) => {
  if (!tone || n % 4 === 3) return value;
  const green = pixels[n - n % 4 + 1];
  return tone === "grey" ? green : (green * SEPIA[n % 4] + 128) >> 8;
});

for (const one of vectors.cases) {
  test(`photo: ${one.name}`, async () => {
    const { width, height } = one, pixels = toned(photo(height, width, one.seed), one.tone), shares = [];
    const before = pixels.slice(), hole = holeOf(one);
    const detailing = (box, share) => { shares.push(share); };
    await Compositor.fromNumbers(one.numbers).fill(pixels, hole, height, width, network, undefined, detailing);
    const result = new Uint8Array(rgb(pixels));
    assert.equal(checksum(result), one.checksum);
    assert.deepEqual(result, bytesOf(one.result));
    assert.ok(pixels.every((value, n) => hole[n >> 2] && n % 4 !== 3 || value === before[n]), "known pixels and alpha are left alone");
    assert.ok(shares.every((share, n) => share >= 0 && share <= 1 && (share === 0 || share > shares[n - 1])), "shares rise to 1");
  });
}

test("tone", () => {
  const eachOf = (colours) => (visit) => {
    for (let n = 0; n < colours.length; n += 3) visit(colours[n], colours[n + 1], colours[n + 2]);
  };
  for (const { name, known, line, asked, projected } of vectors.lines) {
    const found = lineOf(eachOf(known));
    assert.deepEqual(found && [found.dark, found.bright], line, name);
    if (!found) continue;
    const move = projection(found), moved = [];
    eachOf(asked)((...colour) => moved.push(...move(...colour)));
    assert.deepEqual(moved, projected, name);
  }
});
