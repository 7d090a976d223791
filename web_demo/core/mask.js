// Mask: which pixels of a photo are to be filled.

import { MaskError } from "./errors.js";
import { boundingBox } from "./regions.js";
import { isqrt } from "./seam.js";

const AUTO_PERCENT = 6, AUTO_LEAST_PX = 2;

const MARKS = {
  white: (r, g, b) => (19595 * r + 38470 * g + 7471 * b + 32768) >> 16 >= 128,
  black: (r, g, b) => (19595 * r + 38470 * g + 7471 * b + 32768) >> 16 < 128,
  alpha: (r, g, b, a) => a < 128,
};

export class Mask {
  /** @param hole Uint8Array of height * width, 1 = to be filled; nothing where it is left out */
  constructor(width, height, hole = new Uint8Array(width * height)) {
    Object.freeze(Object.assign(this, { width, height, hole }));
  }

  /** The mask in a picture's RGBA bytes; `polarity` is what marks a hole: white, black or alpha. */
  static fromPicture(rgba, width, height, polarity = "white") {
    const marks = MARKS[polarity];
    return new Mask(width, height, Uint8Array.from({ length: width * height }, (_, p) =>
      (marks(rgba[4 * p], rgba[4 * p + 1], rgba[4 * p + 2], rgba[4 * p + 3]) ? 1 : 0)));
  }

  /** Pixels to be filled. */
  get area() {
    let area = 0;
    for (const flag of this.hole) area += flag;
    return area;
  }

  /** The smallest box {top, bottom, left, right} that holds the hole; null where there is none. */
  get box() {
    return boundingBox(this.hole, this.width, { top: 0, bottom: this.height, left: 0, right: this.width });
  }

  /**
   * Returns if a photo of that size can be filled through this mask.
   *
   * @throws {MaskError} another size; nothing to fill; everything to fill, unless `allowFull`
   */
  check(width, height, allowFull = false) {
    if (this.width !== width || this.height !== height) {
      throw new MaskError(`the mask is ${this.width} x ${this.height} pixels, the photo (upright) ${width} x ${height}: ` +
        "draw the mask on the photo at its own size");
    }
    const area = this.area;
    if (!area) throw new MaskError("the mask is empty: it marks nothing to fill; if it is inverted, say --hole black");
    if (area === this.hole.length && !allowFull) {
      throw new MaskError("the mask covers the whole photo: nothing is left to fill from; if you mean it, say --allow-full");
    }
  }

  /**
   * Paints one stroke of a round brush, or clears it, in place.
   *
   * @param points [x, y] of pixels, whole numbers, which may lie outside
   * @param radius in pixels: a pixel is touched where dx² + dy² <= radius² from a pixel of the line
   */
  paint({ points, radius, erase = false }) {
    const reach = reachOf(radius), value = erase ? 0 : 1;
    const dot = (x, y) => {
      for (let dy = Math.max(-radius, -y); dy <= Math.min(radius, this.height - 1 - y); dy++) {
        this.#fillRow(y + dy, x - reach[Math.abs(dy)], x + reach[Math.abs(dy)] + 1, value);
      }
    };
    points.forEach(([x0, y0], at) => {
      const [x1, y1] = points[Math.min(at + 1, points.length - 1)];
      if (at && at === points.length - 1) return;
      const steps = Math.max(Math.abs(x1 - x0), Math.abs(y1 - y0), 1);
      for (let i = 0; i <= steps; i++) {
        dot(x0 + Math.floor((2 * i * (x1 - x0) + steps) / (2 * steps)), y0 + Math.floor((2 * i * (y1 - y0) + steps) / (2 * steps)));
      }
    });
  }

  /** The mask with every pixel added that lies within `px` of a hole pixel. */
  grow(px) {
    const result = new Mask(this.width, this.height, this.hole.slice());
    if (px <= 0) return result;
    const reach = reachOf(px);
    for (const [y, start, end] of this.runs()) {
      for (let dy = Math.max(-px, -y); dy <= Math.min(px, this.height - 1 - y); dy++) {
        result.#fillRow(y + dy, start - reach[Math.abs(dy)], end + reach[Math.abs(dy)], 1);
      }
    }
    return result;
  }

  /** How far a mask drawn tightly round an object should grow: 6 % of its largest part's side, at least 2 px. */
  get autoPx() {
    return Math.max(AUTO_LEAST_PX, Math.floor((AUTO_PERCENT * isqrt(largestPart(this.runs())) + 50) / 100));
  }

  /** The hole as [y, first column, column behind the last], rows in order. */
  runs() {
    const found = [];
    for (let y = 0; y < this.height; y++) {
      const row = y * this.width, end = row + this.width;
      for (let p = this.hole.indexOf(1, row); p >= 0 && p < end;) {
        let stop = this.hole.indexOf(0, p);
        stop = stop < 0 || stop > end ? end : stop;
        found.push([y, p - row, stop - row]);
        if (stop === end) break;
        p = this.hole.indexOf(1, stop);
      }
    }
    return found;
  }

  /** The mask whose hole has these {@link runs}. */
  static fromRuns(width, height, runs) {
    const mask = new Mask(width, height);
    for (const [y, start, end] of runs) mask.#fillRow(y, start, end, 1);
    return mask;
  }

  /** A line for the user where the mask looks inverted: most of the photo is hole, and so is nearly all of its border. */
  get polarityHint() {
    const { width, height, hole, area } = this;
    let border = 0;
    for (let x = 0; x < width; x++) border += hole[x] + hole[(height - 1) * width + x];
    for (let y = 0; y < height; y++) border += hole[y * width] + hole[y * width + width - 1];
    if (2 * area <= hole.length || 20 * border < 19 * 2 * (width + height)) return null;
    const percent = Math.floor((100 * area) / hole.length);
    return `the mask marks ${percent} % of the photo and its border as hole: if it is inverted, say --hole black`;
  }

  #fillRow(y, start, end, value) {
    const from = Math.max(start, 0), to = Math.min(end, this.width);
    if (from < to) this.hole.fill(value, y * this.width + from, y * this.width + to);
  }
}

/** How far a disc reaches along a row, by the row's distance from its centre. */
const reachOf = (radius) => Array.from({ length: radius + 1 }, (_, dy) => isqrt(radius * radius - dy * dy));

/** Pixels of the largest 8-connected part: runs of a row, joined where those of the next row touch them. */
function largestPart(runs) {
  const parent = runs.map((_, at) => at), area = runs.map(([, start, end]) => end - start);
  const root = (at) => {
    while (parent[at] !== at) at = parent[at] = parent[parent[at]];
    return at;
  };
  let above = 0;
  runs.forEach(([y, start, end], at) => {
    while (runs[above][0] < y - 1 || (runs[above][0] === y - 1 && runs[above][2] < start)) above++;
    for (let other = above; runs[other][0] === y - 1 && runs[other][1] <= end; other++) {
      const one = root(at), two = root(other);
      if (one === two) continue;
      parent[two] = one;
      area[one] += area[two];
    }
  });
  return runs.reduce((most, _, at) => Math.max(most, parent[at] === at ? area[at] : 0), 0);
}
