// The pictures that the detail step works on: one a level, each half the size of the one before. Step 8 of docs/compositor.md.
//
// Pictures are arrays [height, width, channels], flags Uint8Array [height, width]. Whole numbers only.

/** From the centre of a patch of 7 x 7 pixels to its edge. */
export const REACH = 3;
export const SIDE = 2 * REACH + 1;
/** The depth in the hole is counted up to here. */
export const DEPTHS = 24;
const ENERGY_CELLS = 48;
const BELL = [1, 8, 28, 56, 70, 56, 28, 8, 1], SEEN = 4;
const LIKENESS = Int32Array.from({ length: 64 }, (_, k) => Math.round(4096 * Math.exp(-k / 8)));

const clip = (value, low, high) => Math.min(Math.max(value, low), high);

/**
 * The pyramid, finest level first: {height, width, picture [h, w, 3], guide [h + 2, w + 2, 4], hole, wanted}.
 *
 * It ends where a level would be smaller than two patches. The finest level's picture is `picture` itself.
 *
 * @param picture Uint8Array [h, w, 3]; the hole holds the network's fill, enlarged
 * @param hole not known: the wanted pixels, and those that another part of the hole fills later
 * @param wanted the pixels that this step fills
 * @param side of the square in the photo that the network saw
 * @param size of the same square as the network saw it
 * @param above how many levels coarser than the network the coarsest one is
 * @param guide_px deviation of the low band's filter in pixels of the network
 */
export function levels({ picture, hole, wanted, height, width }, side, size, above, guide_px) {
  const network = networkLevel(side, size), found = [{ height, width, picture, hole, wanted }];
  for (let last = found[0]; found.length <= network + above && Math.min(last.height, last.width) >= 4 * SIDE;) {
    const { height: h, width: w } = last;
    last = {
      height: (h + 1) >> 1,
      width: (w + 1) >> 1,
      picture: halve(last.picture, h, w, 3),
      hole: halveFlags(last.hole, h, w),
      wanted: halveFlags(last.wanted, h, w),
    };
    found.push(last);
  }
  const at = Math.min(network, found.length - 1), radius = Math.max(1, Math.floor(guide_px * side / (size * 2 ** at)));
  let own = guideOf(found[at], detailOf(found[0], at), radius);
  found[at].guide = padded(own, found[at]);
  for (let n = at + 1, guide = own; n < found.length; n++) {
    guide = halve(guide, found[n - 1].height, found[n - 1].width, 4);
    found[n].guide = padded(guide, found[n]);
  }
  for (let n = at - 1; n >= 0; n--) {
    own = doubled(own, found[n + 1].height, found[n + 1].width, 4, found[n].height, found[n].width, Uint8Array);
    found[n].guide = padded(own, found[n]);
  }
  return found;
}

/** The level whose pixels are nearest to the network's, by ratio: log2(side / size), rounded. */
export function networkLevel(side, size) {
  let level = 0;
  while (side * side >= 2 * size * size * 4 ** level) level++;
  return level;
}

/** Means of two by two pixels, rounded half up; a last odd line counts twice. */
export function halve(values, height, width, channels) {
  const rows = (height + 1) >> 1, columns = (width + 1) >> 1, result = new values.constructor(rows * columns * channels);
  for (let y = 0, n = 0; y < rows; y++) {
    const up = 2 * y * width * channels, down = 2 * y + 1 < height ? width * channels : 0;
    for (let x = 0; x < columns; x++) {
      const right = 2 * x + 1 < width ? channels : 0;
      for (let p = up + 2 * x * channels, end = p + channels; p < end; p++) {
        result[n++] = (values[p] + values[p + right] + values[p + down] + values[p + down + right] + 2) >> 2;
      }
    }
  }
  return result;
}

/** Which squares of two by two pixels hold a flagged one. */
function halveFlags(flags, height, width) {
  const columns = (width + 1) >> 1, result = new Uint8Array(((height + 1) >> 1) * columns);
  for (let y = 0, p = 0; y < height; y++) {
    for (let x = 0, to = (y >> 1) * columns; x < width; x++, p++) result[to + (x >> 1)] |= flags[p];
  }
  return result;
}

/** Twice as large, interpolated, cut to `height` x `width`. */
export function doubled(values, rows, columns, channels, height, width, Type = Int32Array) {
  const result = new Type(height * width * channels), across = columns * channels, even = 2 * (columns - 1) < width - 1;
  const line = new Int32Array(across + 2 * channels); // with one pixel more at each end
  for (let y = 0; y < height; y++) {
    const own = (y >> 1) * across, beside = clip((y >> 1) + (y & 1 ? 1 : -1), 0, rows - 1) * across;
    for (let k = 0; k < across; k++) line[channels + k] = 3 * values[own + k] + values[beside + k];
    for (let c = 0; c < channels; c++) {
      line[c] = line[channels + c];
      line[channels + across + c] = line[across + c];
    }
    for (let k = channels, n = y * width * channels; k <= across; n += channels) {
      const last = k === across && !even; // of an odd width the last pixel has none beside it
      for (const end = k + channels; k < end; k++, n++) {
        const value = 3 * line[k] + 8;
        result[n] = (value + line[k - channels]) >> 4;
        if (!last) result[n + channels] = (value + line[k + channels]) >> 4;
      }
    }
  }
  return result;
}

/**
 * Three means over squares of `2 * radius + 1` pixels, each rounded half up, in place; the deviation is about radius + 1/2.
 *
 * Beyond the rim the pixel at the rim counts.
 */
export function blurred(values, height, width, channels, radius) {
  const line = new Int32Array(Math.max(height, width)), across = width * channels;
  for (let turn = 0; turn < 3; turn++) {
    for (let k = 0; k < across; k++) meanAlong(values, k, height, across, radius, line);
    for (let y = 0; y < height; y++) {
      for (let c = 0; c < channels; c++) meanAlong(values, y * across + c, width, channels, radius, line);
    }
  }
  return values;
}

function meanAlong(values, start, length, step, radius, line) {
  const last = length - 1, size = 2 * radius + 1;
  for (let k = 0, p = start; k < length; k++, p += step) line[k] = values[p];
  let sum = 0;
  for (let k = -radius; k <= radius; k++) sum += line[clip(k, 0, last)];
  for (let k = 0, p = start; k < length; k++, p += step) {
    values[p] = Math.floor((2 * sum + size) / (2 * size));
    sum += line[Math.min(k + radius + 1, last)] - line[Math.max(k - radius, 0)];
  }
}

/** The flags, `by` pixels larger on each side, corners too. */
export function grown(flags, height, width, by) {
  const wider = new Uint8Array(flags.length), result = new Uint8Array(flags.length), until = new Int32Array(width);
  for (let y = 0, row = 0; y < height; y++, row += width) {
    let ends = -1;
    for (let x = 0; x < width; x++) {
      if (flags[row + x]) {
        for (let k = Math.max(x - by, ends + 1, 0); k < x; k++) wider[row + k] = 1;
        ends = x + by;
      }
      if (x <= ends) wider[row + x] = 1;
    }
  }
  until.fill(-1);
  for (let y = 0, row = 0; y < height; y++, row += width) {
    for (let x = 0; x < width; x++) {
      if (wider[row + x]) {
        for (let k = Math.max(y - by, until[x] + 1, 0); k < y; k++) result[k * width + x] = 1;
        until[x] = y + by;
      }
      if (y <= until[x]) result[row + x] = 1;
    }
  }
  return result;
}

/** How deep in the hole a pixel lies: 0 outside, 1 where one of its eight neighbours is known, at most `DEPTHS`. */
export function depths(hole, height, width) {
  const depth = new Uint8Array(hole.length);
  const pass = (from, step) => {
    for (let k = 0; k < height; k++) {
      const y = from + step * k, before = y - step, inside = before >= 0 && before < height;
      for (let n = 0; n < width; n++) {
        const x = step > 0 ? n : width - 1 - n, p = y * width + x;
        if (!hole[p]) continue;
        let least = step > 0 ? DEPTHS - 1 : depth[p] - 1;
        const behind = x - step;
        if (behind >= 0 && behind < width) least = Math.min(least, depth[p - step]);
        if (inside) {
          const up = before * width + x;
          least = Math.min(least, depth[up], x > 0 ? depth[up - 1] : DEPTHS, x < width - 1 ? depth[up + 1] : DEPTHS);
        }
        depth[p] = least + 1;
      }
    }
  };
  pass(0, 1);
  pass(height - 1, -1);
  return depth;
}

/** The guide with one more pixel on each side. */
function padded(guide, { height, width }) {
  const from = new Uint32Array(guide.buffer), result = new Uint32Array((height + 2) * (width + 2));
  for (let y = 0, n = 0; y < height + 2; y++) {
    const row = clip(y - 1, 0, height - 1) * width;
    for (let x = 0; x < width + 2; x++) result[n++] = from[row + clip(x - 1, 0, width - 1)];
  }
  return new Uint8Array(result.buffer);
}

/** {total, count} by pixels of `level`: sums of the detail's size, and the pixels where it can be told. */
function detailOf({ picture, hole, height, width }, level) {
  const columns = (width + (1 << level) - 1) >> level, rows = (height + (1 << level) - 1) >> level;
  const total = new Int32Array(rows * columns), count = new Int32Array(rows * columns);
  const hidden = grown(hole, height, width, SEEN), sums = new Int32Array(width), line = new Int32Array(width + 2 * SEEN);
  for (let y = 0; y < height; y++) {
    sums.fill(128);
    BELL.forEach((weight, k) => {
      for (let x = 0, p = 3 * clip(y + k - SEEN, 0, height - 1) * width; x < width; x++, p += 3) {
        sums[x] += weight * (picture[p] + picture[p + 1] + picture[p + 2]);
      }
    });
    for (let x = 0; x < line.length; x++) line[x] = sums[clip(x - SEEN, 0, width - 1)] >> 8;
    for (let x = 0, p = y * width; x < width; x++, p++) {
      if (hidden[p]) continue;
      const smooth = (128 + line[x] + line[x + 8] + 8 * (line[x + 1] + line[x + 7]) + 28 * (line[x + 2] + line[x + 6])
        + 56 * (line[x + 3] + line[x + 5]) + 70 * line[x + 4]) >> 8;
      const to = (y >> level) * columns + (x >> level);
      total[to] += Math.abs(picture[3 * p] + picture[3 * p + 1] + picture[3 * p + 2] - smooth);
      count[to]++;
    }
  }
  return { total, count };
}

/** Uint8Array [h, w, 4]: the low band, and 4 times the local mean of the detail; inside the hole the detail of like places. */
function guideOf({ picture, hole, height, width }, { total, count }, radius) {
  const area = height * width, low = blurred(Int32Array.from(picture), height, width, 3, radius);
  const sums = blurred(total.map((value) => value << 6), height, width, 1, radius);
  const counts = blurred(count.map((value) => value << 6), height, width, 1, radius);
  const energy = new Int32Array(area), summed = new Int32Array(area), usable = new Int32Array(area);
  let any = false;
  for (let p = 0; p < area; p++) {
    if (hole[p] || !(counts[p] > 0)) continue;
    energy[p] = summed[p] = Math.min(Math.floor(4 * sums[p] / (3 * counts[p])), 255);
    usable[p] = 1;
    any = true;
  }
  const inside = any ? likely(low, summed, usable, height, width) : null, guide = new Uint8Array(4 * area);
  for (let p = 0; p < area; p++) {
    for (let c = 0; c < 3; c++) guide[4 * p + c] = low[3 * p + c];
    guide[4 * p + 3] = usable[p] || !any ? energy[p] : inside[p];
  }
  return guide;
}

/** The energy of each pixel as the known ones make it likely: found on a coarse grid, led back to the size. */
function likely(colour, summed, weight, height, width) {
  if (Math.max(height, width) <= ENERGY_CELLS) return likelyCells(colour, summed, weight, height, width);
  const rows = (height + 1) >> 1, columns = (width + 1) >> 1;
  const cells = likely(halve(colour, height, width, 3), four(summed, height, width), four(weight, height, width), rows, columns);
  return doubled(cells, rows, columns, 1, height, width);
}

/** Sums of two by two, with 0 beyond the rim. */
export function four(values, height, width) {
  const columns = (width + 1) >> 1, result = new values.constructor(((height + 1) >> 1) * columns);
  for (let y = 0, p = 0; y < height; y++) {
    for (let x = 0, to = (y >> 1) * columns; x < width; x++, p++) result[to + (x >> 1)] += values[p];
  }
  return result;
}

/** The mean of the known energies for each cell, those of like colour and near by counting more. */
function likelyCells(colour, summed, weight, height, width) {
  const known = [], result = new Int32Array(height * width);
  const gone = { top: height, bottom: -1, left: width, right: -1 };
  for (let y = 0, p = 0; y < height; y++) {
    for (let x = 0; x < width; x++, p++) {
      if (weight[p]) known.push({ y, x, p, mean: Math.floor(summed[p] / weight[p]) });
      else {
        [gone.top, gone.bottom] = [Math.min(gone.top, y), Math.max(gone.bottom, y)];
        [gone.left, gone.right] = [Math.min(gone.left, x), Math.max(gone.right, x)];
      }
    }
  }
  const length = gone.bottom < 0 ? 1 : Math.max(gone.bottom - gone.top, gone.right - gone.left) + 1;
  for (let y = 0, p = 0; y < height; y++) {
    for (let x = 0; x < width; x++, p++) {
      let total = 0, says = 0;
      for (const { y: row, x: column, p: at, mean } of known) {
        const apart = Math.floor(((y - row) ** 2 + (x - column) ** 2) * 1600 / (49 * length * length));
        let unlike = 0;
        for (let c = 0; c < 3; c++) unlike += (colour[3 * p + c] - colour[3 * at + c]) ** 2;
        const say = LIKENESS[Math.min(apart + Math.floor(unlike / 36), 63)];
        total += say * mean;
        says += say;
      }
      result[p] = Math.floor(total / says);
    }
  }
  return result;
}
