// What the patches found make of the hole: votes, and repairs of its edge and of its low frequencies. Step 8 of docs/compositor.md.

import { DEPTHS, REACH, blurred, doubled, four, grown } from "./detail_levels.js";
import { boundingBox, grown as boxGrown } from "./regions.js";
import { spread } from "./seam.js";

const table = (length, of) => Int32Array.from({ length }, (_, k) => Math.round(of(k)));
const BY_DEPTH = table(DEPTHS + 1, (depth) => 256 / 1.15 ** depth);
/** 256 exp(-D / mean D) in quarters. */
const BY_FIT = table(17, (k) => 256 * Math.exp(-k / 4));
const AT_EDGE = table(DEPTHS + 1, (depth) => (depth > 0 && depth < 20 ? 256 * Math.exp((1 - depth) / 3) : 0));
const { imul } = Math;
const RING_PX = 2, FULL = 256;
/** Levels that a source's low band may be off before the fill goes back to the network's; 16 more, and all of it does. */
const UNLIKE = 40;

/** Of a patch: which pixels count, and the weight of each. */
const offsets = (reach, weights) => {
  const found = [];
  for (let y = -reach; y <= reach; y++) for (let x = -reach; x <= reach; x++) found.push({ y, x, times: weights(y) * weights(x) });
  return found;
};
const WHOLE = offsets(REACH, () => 1), MIDDLE = offsets(1, (k) => 2 - Math.abs(k));

const whole = ({ height, width }) => ({ top: 0, bottom: height, left: 0, right: width });

/**
 * Gives every wanted pixel of the level's picture the mean of what the patches over it propose.
 *
 * @param fits patches that fit better count more
 */
export function vote(search, field, fits = true) {
  const { picture, wanted } = search.level;
  voted(search, says(search, field, fits), field, WHOLE, wanted, (p, red, green, blue) => {
    picture[3 * p] = red;
    picture[3 * p + 1] = green;
    picture[3 * p + 2] = blue;
  });
}

/**
 * The same with the patches' middles alone, which is sharper; the edge is then led over to the known pixels.
 *
 * No middle reaches the two outermost lines of the window. What is wanted there keeps what the vote before gave it.
 */
export function lastVote(search, field) {
  const { level, depth } = search, { picture, wanted, hole, height, width } = level;
  const ring = grown(wanted, height, width, RING_PX);
  for (let p = 0; p < ring.length; p++) if (hole[p] && !wanted[p]) ring[p] = 0; // wanted, or known and near it
  const box = boundingBox(ring, width, whole(level)), across = box.right - box.left, down = box.bottom - box.top;
  const apart = new Int32Array(3 * across * down), edge = new Uint8Array(across * down);
  voted(search, says(search, field, true), field, MIDDLE, ring, (p, red, green, blue) => {
    if (wanted[p]) {
      picture[3 * p] = red;
      picture[3 * p + 1] = green;
      picture[3 * p + 2] = blue;
    } else {
      const at = (Math.floor(p / width) - box.top) * across + p % width - box.left;
      edge[at] = 1;
      apart[3 * at] = picture[3 * p] - red;
      apart[3 * at + 1] = picture[3 * p + 1] - green;
      apart[3 * at + 2] = picture[3 * p + 2] - blue;
    }
  });
  const bent = spread(apart, edge, down, across, FULL);
  for (let y = box.top, n = 0; y < box.bottom; y++) {
    for (let x = box.left, p = y * width + x; x < box.right; x++, p++, n += 3) {
      if (!wanted[p]) continue;
      const fading = AT_EDGE[depth[p]];
      for (let c = 0; c < 3; c++) picture[3 * p + c] = clip(picture[3 * p + c] + ((bent[n + c] * fading + 128) >> 8));
    }
  }
}

/**
 * Takes what the low frequencies of the hole have drifted away from the network's fill back, less so at the edge.
 *
 * @param search of the finest level; its picture is changed
 * @param before the network's fill: {box, pixels [h, w, 3]} of a box that holds all wanted pixels
 * @param at the drift is blurred at 1 / 2 ** at of the size
 * @param radius of the blur there
 * @param ramp_px from the edge to where all of it is taken back
 */
export function repairLow({ level, depth }, { box, pixels }, at, radius, ramp_px) {
  const { picture, wanted, height, width } = level, edge = 1 << at;
  // Beyond this area there is no drift, and none is led there by blurs.
  const wide = boxGrown(box, (3 * radius + 4) * edge, height, width), top = wide.top & -edge, left = wide.left & -edge;
  const down = wide.bottom - top, across = wide.right - left;
  for (let c = 0; c < 3; c++) { // a channel at a time, to keep memory small
    let drift = new Int16Array(down * across), rows = down, columns = across;
    const shapes = [];
    for (let y = box.top, n = c; y < box.bottom; y++) {
      let to = (y - top) * across + box.left - left;
      for (let x = box.left, p = 3 * (y * width + x) + c; x < box.right; x++, p += 3, n += 3) drift[to++] = pixels[n] - picture[p];
    }
    for (let k = 0; k < at; k++) {
      shapes.push([rows, columns]);
      drift = four(drift, rows, columns).map((sum) => (sum + 2) >> 2);
      [rows, columns] = [(rows + 1) >> 1, (columns + 1) >> 1];
    }
    drift = blurred(Int32Array.from(drift, (value) => value << 4), rows, columns, 1, radius);
    while (shapes.length) {
      const [h, w] = shapes.pop();
      drift = doubled(drift, rows, columns, 1, h, w, Int16Array);
      [rows, columns] = [h, w];
    }
    for (let y = box.top; y < box.bottom; y++) {
      for (let x = box.left, p = y * width + x; x < box.right; x++, p++) {
        if (!wanted[p]) continue;
        const share = Math.min(Math.floor(depth[p] * 256 / ramp_px), 256);
        picture[3 * p + c] = clip(picture[3 * p + c] + ((drift[(y - top) * across + x - left] * share + 2048) >> 12));
      }
    }
  }
}

/**
 * Gives the wanted pixels back what they get where nothing is copied, where no source has the network's colours.
 *
 * @param search of the finest level; its picture is changed
 * @param field the patches
 * @param plain the fill where nothing is copied: {box, pixels [h, w, 3]} of a box that holds all wanted pixels
 * @param radius of the blur that leads from one to the other
 */
export function goBack(search, { sources }, { box, pixels }, radius) {
  const { level: { picture, guide, wanted, height, width }, targets } = search;
  // Beyond this area the blurred weights of the wanted pixels do not reach.
  const area = boxGrown(search.box, 3 * radius + REACH, height, width), across = area.right - area.left, down = area.bottom - area.top;
  const weight = new Int32Array(across * down), at = (place) => 4 * (place + 2 * Math.floor(place / width) + width + 3);
  let any = false;
  targets.forEach((target, n) => {
    const here = at(target), there = at(sources[n]), row = Math.floor(target / width);
    let off = 0;
    for (let c = 0; c < 3; c++) off = Math.max(off, Math.abs(guide[here + c] - guide[there + c]));
    if (off <= UNLIKE) return;
    weight[(row - area.top) * across + target - row * width - area.left] = Math.min((off - UNLIKE) * 16, 256);
    any = true;
  });
  if (!any) return;
  blurred(weight, down, across, 1, radius);
  for (let y = box.top, n = 0; y < box.bottom; y++) {
    for (let x = box.left, p = y * width + x; x < box.right; x++, p++, n += 3) {
      if (!wanted[p]) continue;
      const share = weight[(y - area.top) * across + x - area.left];
      for (let c = 0; c < 3; c++) picture[3 * p + c] += ((pixels[n + c] - picture[3 * p + c]) * share + 128) >> 8;
    }
  }
}

const clip = (value) => Math.min(Math.max(value, 0), 255);

/** How much each patch counts. */
function says({ targets, depth }, { distance }, fits) {
  let total = 0;
  for (const one of distance) total += one;
  const mean = Math.max(Math.floor(total / distance.length), 1);
  return targets.map((target, n) => (
    BY_DEPTH[depth[target]] * (fits ? BY_FIT[Math.min(Math.floor(4 * distance[n] / mean), 16)] : 256)
  ));
}

/**
 * The means of the votes.
 *
 * @param say of each target
 * @param pixels the offsets of a patch's pixels that count
 * @param asked flags of the pixels that are
 * @param put told of each that is asked and that a patch proposes for: its place, red, green, blue
 */
function voted(search, say, { sources }, pixels, asked, put) {
  const { level: { picture, height, width }, number, box: { top, bottom, left, right, stride } } = search, reach = pixels.at(-1).y;
  const back = Int32Array.from(pixels, ({ y, x }) => y * stride + x), shift = Int32Array.from(pixels, ({ y, x }) => 3 * (y * width + x));
  const times = Int32Array.from(pixels, (pixel) => pixel.times), count = pixels.length;
  for (let y = Math.max(top - reach, 0); y < Math.min(bottom + reach, height); y++) {
    for (let x = Math.max(left - reach, 0); x < Math.min(right + reach, width); x++) {
      const p = y * width + x;
      if (!asked[p]) continue;
      const spot = search.spot(y, x);
      let red = 0, green = 0, blue = 0, weight = 0;
      for (let k = 0; k < count; k++) {
        const n = number[spot - back[k]];
        if (n < 0) continue;
        const counts = imul(say[n], times[k]), at = imul(3, sources[n]) + shift[k];
        weight = (weight + counts) | 0; // all sums stay below 2^31
        red = (red + imul(picture[at], counts)) | 0;
        green = (green + imul(picture[at + 1], counts)) | 0;
        blue = (blue + imul(picture[at + 2], counts)) | 0;
      }
      if (!weight) continue;
      const twice = 2 * weight;
      put(p, ((2 * red + weight) / twice) | 0, ((2 * green + weight) / twice) | 0, ((2 * blue + weight) / twice) | 0);
    }
  }
}
