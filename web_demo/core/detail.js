// The photo's own texture in place of an enlarged fill: patches of known pixels, led by what the network painted.
// Step 8 of docs/compositor.md.

import { SIDE, levels, networkLevel } from "./detail_levels.js";
import { Search } from "./detail_search.js";
import { Tree } from "./detail_tree.js";
import { goBack, lastVote, repairLow, vote } from "./detail_vote.js";

/** Sweeps and votes of a level, from the finest on; the last holds for all coarser ones. */
const ROUNDS = [1, 2, 4, 6, 6];
/** Of the search in pixels, from the coarsest level on; the last holds for all finer ones. */
const STEPS = [[8, 2], [4, 1], [2], [1]];
/** Sweeps of the coarsest level before the first vote. */
const FIRST_SWEEPS = 6;

const nth = (list, n) => list[Math.min(n, list.length - 1)];

export class Detail {
  /**
   * @param shrink the step is taken where the crop was shrunk by this factor or more
   * @param above how many levels coarser than the network the search begins
   * @param guide_px deviation of the guide's low band, in pixels of the network
   * @param weight of the guide beside the picture, in 1/16
   * @param penalty for a source that is used more than twice its share
   * @param margin in 1/64, how much less a source must cost that continues no neighbour's
   * @param low_px deviation of the low frequencies that are taken from the network's fill, in pixels of the network
   */
  constructor({ shrink = 1.5, above = 2, guide_px = 4, weight = 16, penalty = 60, margin = 16, low_px = 6 } = {}) {
    Object.freeze(Object.assign(this, { shrink, above, guide_px, weight, penalty, margin, low_px }));
  }

  /**
   * Gives the window's wanted pixels new colours, in place. Yields the share that is done, often.
   *
   * @param window {picture [h, w, 3], hole, wanted, height, width}, see {@link levels}
   * @param plain what the wanted pixels get where nothing is copied: {box, pixels [h, w, 3]} of the box of them
   * @param side of the square in the photo that the network saw
   * @param size of the same square as the network saw it
   * @returns whether there was anything to copy; if not, the picture is as it was
   */
  *rebuild(window, plain, side, size) {
    if (Math.min(window.height, window.width) < SIDE) return false;
    const before = { box: plain.box, pixels: cut(window.picture, 3, window.width, plain.box) }, pyramid = levels(window, side, size, this.above, this.guide_px);
    const at = (low_px, part) => Math.max(1, Math.floor(low_px * side / part));
    let search = new Search(pyramid.at(-1), this);
    while (!search.any && pyramid.length > 1) {
      pyramid.pop();
      search = new Search(pyramid.at(-1), this);
    }
    if (!search.any) return false;
    const network = Math.min(networkLevel(side, size), pyramid.length - 1), coarsest = pyramid.length - 1, progress = sharesOf(pyramid);
    let field = yield* this.#first(search, progress);
    for (let number = coarsest; number >= 0; number--) {
      const steps = nth(STEPS, coarsest - number), rounds = nth(ROUNDS, number);
      for (let turn = 0; turn < rounds; turn++) {
        field = yield* swept(search, field, steps, [], progress);
        if (number === 0 && turn === rounds - 1) lastVote(search, field);
        else vote(search, field);
      }
      if (number === 0) break;
      pyramid.pop(); // a level that is done needs no memory
      const finer = new Search(pyramid.at(-1), this), count = finer.targets.length;
      field = { sources: doubledSources(search, field.sources, finer), distance: new Int32Array(count) };
      search = finer;
      vote(search, field, false);
    }
    repairLow(search, before, network, at(this.low_px, size * 2 ** network), at(this.low_px, 4 * size));
    goBack(search, field, plain, at(this.low_px, 2 * size));
    return true;
  }

  /** The field of the coarsest level after the first vote. */
  *#first(search, progress) {
    const proposed = new Tree(search).nearest();
    let field = search.found(proposed[0]);
    for (let turn = 0; turn < FIRST_SWEEPS; turn++) field = yield* swept(search, field, STEPS[0], turn ? [] : proposed, progress);
    vote(search, field);
    return field;
  }
}

/** The colours [h, w, 3] of a box of a picture that is `width` pixels wide and has `step` bytes a pixel. */
export function cut(bytes, step, width, { top, bottom, left, right }) {
  const colours = new Uint8Array(3 * (bottom - top) * (right - left));
  for (let y = top, n = 0; y < bottom; y++) {
    for (let p = step * (y * width + left), end = step * (y * width + right); p < end; p += step) {
      for (let c = 0; c < 3; c++) colours[n++] = bytes[p + c];
    }
  }
  return colours;
}

/** A sweep that yields the share of the whole step that is done. */
function* swept(search, field, steps, more, progress) {
  const sweep = search.sweep(field, steps, more);
  for (;;) {
    const { done, value } = sweep.next();
    if (done) return value;
    yield progress(value / search.targets.length * search.height * search.width);
  }
}

/** A function that is told of the pixels of a level done in a sweep, and answers the share of all that are done. */
function sharesOf(pyramid) {
  const whole = pyramid.reduce((sum, { height, width }, number) => (
    sum + height * width * (nth(ROUNDS, number) + (number === pyramid.length - 1 ? FIRST_SWEEPS : 0))
  ), 0);
  let done = 0;
  return (more) => Math.min((done += more) / whole, 1);
}

/** For each target of the next finer level the source of the coarser target that it lies in, at twice the place. */
function doubledSources(search, sources, finer) {
  const parent = (line, length) => Math.min(Math.max(line >> 1, 3), length - 4);
  return finer.targets.map((target) => {
    const row = Math.floor(target / finer.width), column = target - row * finer.width;
    const up = parent(row, search.height), left = parent(column, search.width), source = sources[search.number[search.spot(up, left)]];
    const from = Math.floor(source / search.width);
    return (2 * from + row - 2 * up) * finer.width + 2 * (source - from * search.width) + column - 2 * left;
  });
}
