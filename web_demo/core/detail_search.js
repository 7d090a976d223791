// Where each patch over the hole finds its like among the known ones: step 8 of docs/compositor.md. Whole numbers; no order, no chance.
//
// A sweep reads the sources of the sweep before and nothing of its own, so that the targets can be visited in any order.
// Places are pixels of a level by number: row * width + column. A Field is {sources, distance}, one of each for a target.

import { REACH, SIDE, depths, grown } from "./detail_levels.js";

/** Squares that a patch's distance adds up. */
const TERMS = 3 * SIDE * SIDE;
/** Of a patch, in the order in which they are compared: the first ones tell most. */
const ROWS = [0, 3, 6, 1, 5, 2, 4];
/** Between the nine points at which the guide is compared. */
const SPACING = 4;
/** Around the box of the targets: a neighbour lies up to 4 away, a pixel that is voted on 3, and a patch over that 3 more. */
const MARGIN = 2 * REACH;
/** Sources are counted by cells of 8 x 8 pixels. */
const CELL_BITS = 3;
/** The penalty ends here, so that a sum with a distance has 31 bits. */
const MOST = 2 ** 28;
/** More than any distance with a penalty. Sums have 31 bits, which `imul` and `| 0` tell the compiler. */
const MOST_COST = 2 ** 31 - 1;
const { imul } = Math;

/** The patches of one level. */
export class Search {
  /**
   * @param level its picture is read anew in each sweep
   * @param weight of the guide beside the picture, in 1/16 of its share by number of terms
   * @param penalty for a source that is used too often, in squared grey levels a term and share
   * @param margin in 1/64, how much less a source must cost that continues no neighbour's
   */
  constructor(level, { weight, penalty, margin }) {
    const { height, width, hole, wanted } = level;
    Object.assign(this, { level, height, width, penalty, margin, factor: weight * TERMS });
    this.usable = new Uint8Array(height * width);
    this.depth = depths(hole, height, width);
    const over = grown(wanted, height, width, REACH), near = grown(hole, height, width, REACH);
    this.columns = (width + 7) >> CELL_BITS;
    const held = new Uint8Array(this.columns * ((height + 7) >> CELL_BITS));
    let sources = 0, targets = 0, top = height, bottom = 0, left = width, right = 0;
    for (let y = REACH; y < height - REACH; y++) {
      for (let x = REACH; x < width - REACH; x++) {
        const p = y * width + x;
        if (!near[p]) {
          this.usable[p] = held[(y >> CELL_BITS) * this.columns + (x >> CELL_BITS)] = 1;
          sources++;
        }
        if (!over[p]) continue;
        targets++;
        [top, bottom, left, right] = [Math.min(top, y), y + 1, Math.min(left, x), Math.max(right, x + 1)];
      }
    }
    this.any = sources > 0 && targets > 0;
    this.cells = held.reduce((sum, one) => sum + one, 0);
    this.cellCount = held.length;
    this.targets = new Int32Array(targets);
    /** Where the targets lie, and which of them, or -1; a margin without any around them. */
    this.box = { top, bottom, left, right, stride: right - left + 2 * MARGIN };
    this.number = new Int32Array(this.any ? this.box.stride * (bottom - top + 2 * MARGIN) : 0).fill(-1);
    for (let y = top, n = 0; y < bottom; y++) {
      for (let x = left; x < right; x++) {
        if (!over[y * width + x]) continue;
        if (this.any) this.number[this.spot(y, x)] = n;
        this.targets[n++] = y * width + x;
      }
    }
  }

  /** Where `number` has the pixel. */
  spot(y, x) { return (y - this.box.top + MARGIN) * this.box.stride + x - this.box.left + MARGIN; }

  cell(place) {
    const row = Math.floor(place / this.width);
    return (row >> CELL_BITS) * this.columns + ((place - row * this.width) >> CELL_BITS);
  }

  /** The field of these sources for the picture as it is now. */
  found(sources) {
    const apart = this.#comparison();
    return { sources, distance: sources.map((source, n) => apart(this.targets[n], source, MOST_COST)) };
  }

  /**
   * A better field: sources of the neighbours, then steps around the best; of equals the first stays.
   *
   * A source that continues a neighbour's needs to cost less than the one before; any other must cost less by the margin.
   * Yields how many targets more are done.
   *
   * @param field of the picture as it is now, or as it was: its sources alone are read
   * @param steps in pixels, from long to short
   * @param more further sources to try, each Int32Array, -1 for none
   * @returns the field, when done
   */
  *sweep(field, steps, more = []) {
    const count = this.targets.length, after = { sources: new Int32Array(count), distance: new Int32Array(count) };
    const better = this.#visitor(field, after, steps, more), portion = 8192;
    for (let first = 0; first < count; first += portion) {
      const last = Math.min(first + portion, count);
      for (let n = first; n < last; n++) better(n);
      yield last - first;
    }
    return after;
  }

  /** A function that finds the n-th target's better source. */
  #visitor(field, after, steps, more) {
    const { width, height, targets, number, usable, box, columns } = this, { sources } = field, margin = this.margin;
    const penalty = this.#penalties(sources), apart = this.#comparison(), end = width * height;
    let target = 0, best = 0, distance = 0, cost = 0;
    const tryOut = (candidate, share) => {
      if (candidate === best || candidate < 0 || candidate >= end || !usable[candidate]) return;
      const row = (candidate / width) | 0, extra = penalty[(row >> CELL_BITS) * columns + ((candidate - row * width) >> CELL_BITS)];
      const left = cost - (cost >> 6) * share - extra, found = apart(target, candidate, left);
      if (found >= left) return;
      [best, distance, cost] = [candidate, found, found + extra];
    };
    const around = [], along = [];
    for (const step of [4, 1]) {
      for (const [down, right] of [[0, -1], [-1, 0], [0, 1], [1, 0]]) {
        around.push((down * box.stride + right) * step);
        along.push((down * width + right) * step);
      }
    }
    return (n) => {
      target = targets[n];
      best = sources[n];
      distance = apart(target, best, MOST_COST);
      cost = distance + penalty[this.cell(best)];
      const row = (target / width) | 0, spot = this.spot(row, target - row * width);
      for (let k = 0; k < 8; k++) {
        const beside = number[spot + around[k]];
        if (beside < 0) continue;
        const candidate = sources[beside] - along[k];
        if (k > 3) { // what lost when the neighbour further off proposed it loses again
          const far = number[spot + around[k - 4]];
          if (far >= 0 && sources[far] - along[k - 4] === candidate) continue;
        }
        tryOut(candidate, 0);
      }
      for (const proposed of more) tryOut(proposed[n], margin);
      for (const step of steps) {
        const middle = best, column = middle % width;
        if (column >= step) tryOut(middle - step, margin);
        tryOut(middle - step * width, margin);
        if (column + step < width) tryOut(middle + step, margin);
        tryOut(middle + step * width, margin);
      }
      after.sources[n] = best;
      after.distance[n] = distance;
    };
  }

  /** By cell: what each use costs beyond twice the cell's share. */
  #penalties(sources) {
    const uses = new Int32Array(this.cellCount), count = sources.length;
    for (let n = 0; n < count; n++) uses[this.cell(sources[n])]++;
    return uses.map((used) => {
      const excess = Math.max(used * this.cells - 2 * count, 0);
      return Math.min(Math.floor(excess * (this.penalty * TERMS) / count), MOST);
    });
  }

  /** A function of a target, a source and a limit: their distance, or some part of it from the limit on. */
  #comparison() {
    const { level: { picture, guide }, width, factor } = this, line = 3 * width, points = [];
    for (const y of [-SPACING, 0, SPACING]) for (const x of [-SPACING, 0, SPACING]) points.push(4 * (y * (width + 2) + x));
    const spots = Int32Array.from(points), rows = Int32Array.from(ROWS, (row) => (row - REACH) * line - 3 * REACH);
    const middle = 4 * (width + 3);
    return (target, source, limit) => {
      const a = 4 * (target + 2 * ((target / width) | 0)) + middle, b = 4 * (source + 2 * ((source / width) | 0)) + middle;
      let low = 0;
      for (let k = 0; k < 9; k++) {
        const i = a + spots[k], j = b + spots[k];
        const red = guide[i] - guide[j], green = guide[i + 1] - guide[j + 1], blue = guide[i + 2] - guide[j + 2];
        const energy = guide[i + 3] - guide[j + 3];
        low = (low + imul(red, red) + imul(green, green) + imul(blue, blue) + 3 * imul(energy, energy)) | 0;
      }
      let sum = Math.floor(low * factor / (16 * 27)) | 0;
      for (let k = 0; k < 7 && sum < limit; k++) {
        let i = 3 * target + rows[k], j = 3 * source + rows[k];
        for (const end = i + 21; i < end; i += 3, j += 3) {
          const red = picture[i] - picture[j], green = picture[i + 1] - picture[j + 1], blue = picture[i + 2] - picture[j + 2];
          sum = (sum + imul(red, red) + imul(green, green) + imul(blue, blue)) | 0;
        }
      }
      return sum;
    };
  }
}
