// What makes a fill belong to its surroundings: steps 5 and 7 of docs/compositor.md. Whole numbers only.

/** How far one pixel's difference counts from the median of all, in 1/16 grey levels. */
const LIMIT = 24 << 4;
const SAMPLES = 1 << 16;

const clip = (value, low, high) => Math.min(Math.max(value, low), high);
const floorDivide = (a, b) => Math.floor(a / b);

/**
 * The guess with the colour of the known pixels round the hole, less and less so away from its edge.
 *
 * @param guess, truth Int32Array [h, w, 3] in 1/16 grey levels; read in the hole and outside it respectively
 * @param hole Uint8Array [h, w]
 * @returns {Int32Array} the corrected guess in the hole, not clipped; elsewhere without meaning
 */
export function match(guess, truth, hole, height, width, fade) {
  const edge = new Uint8Array(height * width), difference = new Int32Array(height * width * 3);
  const found = [[], [], []];
  for (let y = 0, p = 0; y < height; y++) {
    for (let x = 0; x < width; x++, p++) {
      if (!hole[p]) continue;
      let near = 0;
      const total = [0, 0, 0];
      for (let ny = Math.max(y - 1, 0); ny <= Math.min(y + 1, height - 1); ny++) {
        for (let nx = Math.max(x - 1, 0); nx <= Math.min(x + 1, width - 1); nx++) {
          const n = ny * width + nx;
          if (hole[n]) continue;
          near++;
          for (let c = 0; c < 3; c++) total[c] += truth[3 * n + c];
        }
      }
      if (!near) continue;
      edge[p] = 1;
      for (let c = 0; c < 3; c++) {
        difference[3 * p + c] = floorDivide(2 * total[c] + near, 2 * near) - guess[3 * p + c];
        found[c].push(difference[3 * p + c]);
      }
    }
  }
  const edges = found[0].length;
  if (!edges) return guess;
  const middle = found.map((values) => Int32Array.from(values).sort()[(edges - 1) >> 1]);
  for (let p = 0; p < edge.length; p++) {
    if (!edge[p]) continue;
    for (let c = 0; c < 3; c++) {
      difference[3 * p + c] = clip(difference[3 * p + c], middle[c] - LIMIT, middle[c] + LIMIT);
    }
  }
  return spread(difference, edge, height, width, fade).map((value, n) => value + guess[n]);
}

/** The difference [h, w, 3], given where `edge` is, everywhere: averages over ever larger squares, faded towards zero. */
export function spread(difference, edge, height, width, fade) {
  const known = difference.map((value, n) => (edge[(n / 3) | 0] ? value : 0));
  if (Math.max(height, width) === 1) return known;
  const rows = (height + 1) >> 1, columns = (width + 1) >> 1;
  const mean = new Int32Array(rows * columns * 3), counted = new Uint8Array(rows * columns);
  for (let y = 0; y < rows; y++) {
    for (let x = 0; x < columns; x++) {
      const p = y * columns + x;
      let count = 0, red = 0, green = 0, blue = 0;
      for (let ny = 2 * y; ny < Math.min(2 * y + 2, height); ny++) {
        for (let nx = 2 * x; nx < Math.min(2 * x + 2, width); nx++) {
          const n = ny * width + nx;
          if (!edge[n]) continue;
          count++;
          red += known[3 * n];
          green += known[3 * n + 1];
          blue += known[3 * n + 2];
        }
      }
      if (!count) continue;
      mean[3 * p] = floorDivide(2 * red + count, 2 * count);
      mean[3 * p + 1] = floorDivide(2 * green + count, 2 * count);
      mean[3 * p + 2] = floorDivide(2 * blue + count, 2 * count);
      counted[p] = count > 0 ? 1 : 0;
    }
  }
  const coarse = spread(mean, counted, rows, columns, fade);
  for (let y = 0; y < height; y++) {
    const row = y >> 1, beside = clip(row + (y & 1 ? 1 : -1), 0, rows - 1);
    for (let x = 0; x < width; x++) {
      if (edge[y * width + x]) continue;
      const column = x >> 1, next = clip(column + (x & 1 ? 1 : -1), 0, columns - 1);
      for (let c = 0; c < 3; c++) {
        const at = (r, k) => coarse[3 * (r * columns + k) + c];
        const doubled = 3 * (3 * at(row, column) + at(beside, column)) + 3 * at(row, next) + at(beside, next);
        known[3 * (y * width + x) + c] = (doubled * fade + 2048) >> 12;
      }
    }
  }
  return known;
}

/**
 * The variance of the noise of R, G, B and of R+G+B, in 1/4096 squared grey levels.
 *
 * @param pixels RGBA of a picture `stride` pixels wide
 * @param box the rectangle looked at
 * @param counts tells of a pixel's index y * stride + x whether it takes part
 */
export function grainVariances(pixels, stride, box, counts) {
  const height = box.bottom - box.top, width = box.right - box.left;
  const step = Math.max(1, floorDivide(height * width, SAMPLES));
  const seen = [4081, 4081, 4081, 12241].map((levels) => new Uint32Array(levels));
  const clear = new Uint8Array(width);
  let n = 0;
  for (let y = box.top + 1; y < box.bottom - 1; y += step) {
    for (let x = 0; x < width; x++) {
      const p = y * stride + box.left + x;
      clear[x] = counts(p - stride) && counts(p) && counts(p + stride) ? 1 : 0;
    }
    for (let x = 1; x < width - 1; x++) {
      if (!clear[x - 1] || !clear[x] || !clear[x + 1]) continue;
      const p = 4 * (y * stride + box.left + x), up = p - 4 * stride, under = p + 4 * stride;
      let sum = 0;
      for (let c = 0; c < 3; c++) {
        const down = (k) => pixels[up + k + c] - 2 * pixels[p + k + c] + pixels[under + k + c];
        const response = down(-4) - 2 * down(0) + down(4);
        seen[c][Math.abs(response)]++;
        sum += response;
      }
      seen[3][Math.abs(sum)]++;
      n++;
    }
  }
  return seen.map((counted, c) => (n ? 250 * Math.min(median(counted, n), c < 3 ? 128 : 384) ** 2 : 0));
}

/** Element `n >> 1` of n sorted values, of which each occurs `counted` times. */
function median(counted, n) {
  let value = 0;
  for (let below = counted[0]; below <= n >> 1; below += counted[value]) value++;
  return value;
}

/** `noise(x, y, c)` in grey levels for the photo's pixels, from the four variances that are missing. */
export function grain(missing) {
  const [red, green, blue, all] = missing;
  const shared = Math.min(Math.max(floorDivide(all - red - green - blue, 6), 0), red, green, blue);
  const own = [red, green, blue].map((variance) => isqrt(variance - shared)), common = isqrt(shared);
  return (x, y, c) => ((bell(x, y, c) * own[c] + bell(x, y, 3) * common) * 443 + (1 << 21)) >> 22;
}

/** Nearly normal whole numbers, mean 0, deviation 147.8: four bytes of a hash, added. */
function bell(x, y, c) {
  let h = Math.imul(x, 0x9E3779B1) ^ Math.imul(y, 0x85EBCA77) ^ Math.imul(c, 0xC2B2AE3D);
  h = Math.imul(h ^ (h >>> 16), 0x7FEB352D);
  h = Math.imul(h ^ (h >>> 15), 0x846CA68B);
  h ^= h >>> 16;
  return (h & 255) + ((h >>> 8) & 255) + ((h >>> 16) & 255) + (h >>> 24) - 510;
}

/** The whole part of the square root of a whole number below 2^52; rounding cannot lift a root of such to the next one. */
export const isqrt = (value) => Math.floor(Math.sqrt(value));
