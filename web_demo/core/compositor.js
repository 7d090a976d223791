// Compositor: a photo of any size through a network of one size, and back; pixels under the mask are never read.
//
// docs/compositor.md is the specification, to the bit; the steps below carry its numbers.

import { Detail, cut } from "./detail.js";
import { ManifestError, MaskError, NetworkError } from "./errors.js";
import { boundingBox, grown, parts, squareRound } from "./regions.js";
import { enlargeTaps, shrinkTaps, weighColumns, weighRows } from "./resample.js";
import { grain, grainVariances, match } from "./seam.js";
import { lineOf, projection } from "./tone.js";

/** The rules, and those of a compositor that keeps the tone or has the detail step. */
const RULES = 1, DETAIL_RULES = 2;
/** The least and the greatest value of each number; a manifest of rules 1 has the first four. */
const BOUNDS = {
  context: [1, 1024],
  fade: [0, 256],
  margin_px: [0, 16_384],
  size_px: [1, 16_384],
  detail_above: [0, 8],
  detail_guide_px: [1, 64],
  detail_low_px: [1, 64],
  detail_margin: [0, 64],
  detail_penalty: [0, 1024],
  detail_shrink: [0, 1024],
  detail_weight: [0, 256],
  keep_tone: [0, 1],
};
const FRACTIONS = ["context", "detail_shrink"];
const WHITE = 255 << 4;

const inRange = (name, value) => value >= BOUNDS[name][0] && value <= BOUNDS[name][1]
  && (FRACTIONS.includes(name) || Number.isInteger(value)) && !(name === "detail_shrink" && value > 0 && value < 1);

export class Compositor {
  /**
   * @param size_px side of the square that the network takes
   * @param context side of the crop as a multiple of the hole's longer side
   * @param fade what is left of the colour correction, in 1/256, each time the distance to the edge doubles
   * @param margin_px how far round the hole grain is measured
   * @param keep_tone make the fill grey in a grey photo, and toned in a toned one
   * @param detail the {@link Detail} that rebuilds large holes from the photo's own patches, or null
   */
  constructor({ size_px, context = 2, fade = 240, margin_px = 32, keep_tone = false, detail = null }) {
    Object.freeze(Object.assign(this, { size_px, context, fade, margin_px, keep_tone, detail }));
  }

  /**
   * The compositor that a manifest asks for, of rules 1 or 2.
   *
   * @throws {ManifestError} other keys, other rules, or numbers that no compositor can have
   */
  static fromNumbers(numbers) {
    const rules = numbers.rules === DETAIL_RULES && "keep_tone" in numbers ? DETAIL_RULES : RULES;
    const names = Object.keys(BOUNDS).slice(0, rules === RULES ? 4 : undefined).sort();
    if (Object.keys(numbers).sort().join() !== [...names, "rules"].sort().join() || numbers.rules !== rules) {
      throw new ManifestError(`the manifest's compositor numbers are not those of rules ${rules} (${names.join(", ")}): ` +
        "export the artifact again with this version");
    }
    if (!names.every((name) => inRange(name, numbers[name]))) {
      throw new ManifestError("the manifest's compositor numbers are out of range: export the artifact again");
    }
    const { size_px, context, fade, margin_px, keep_tone = 0, detail_shrink: shrink = 0 } = numbers;
    const detail = shrink ? new Detail({
      shrink,
      above: numbers.detail_above,
      guide_px: numbers.detail_guide_px,
      weight: numbers.detail_weight,
      penalty: numbers.detail_penalty,
      margin: numbers.detail_margin,
      low_px: numbers.detail_low_px,
    }) : null;
    return new Compositor({ size_px, context, fade, margin_px, keep_tone: keep_tone === 1, detail });
  }

  /**
   * Fills the hole of a photo in place; every other byte stays as it was.
   *
   * @param pixels RGBA bytes, height * width * 4; what is under the hole has no influence, alpha is left alone
   * @param hole Uint8Array of height * width, 1 = fill
   * @param fill async (image, mask) => output: Float32Array [3, N, N] RGB in [0,1] with 0 in the hole, and [N, N], 1 = hole;
   *   only the answer inside the hole is used
   * @param progress told (done, parts) before each part and at the end, and waited for; what it throws stops the work there
   * @param detailing told (box, share) while a part that the network has filled gets its detail, first with share 0, and waited
   *   for; what it throws stops the work there; where it answers false, this part and all others stay as the network filled them
   * @throws {MaskError} the hole is not of the photo's size
   */
  async fill(pixels, hole, height, width, fill, progress = () => {}, detailing = () => true) {
    if (hole.length * 4 !== pixels.length || hole.length !== height * width) {
      throw new MaskError("the mask and the photo differ in size: give a mask of the photo's size");
    }
    const todo = hole.slice(), boxes = parts(hole, height, width, Math.floor(this.size_px / this.context));
    const photo = { bytes: pixels, step: 4, todo, height, width };
    let detail = this.detail;
    for (const [done, box] of boxes.entries()) {
      await progress(done, boxes.length);
      const square = squareRound(box, height, width, this.context, this.size_px);
      const filled = await this.#filled(this.#look(pixels, todo, height, width, square), fill);
      const window = detail && square.side >= detail.shrink * this.size_px ? this.#window(photo, box, square, filled) : null;
      if (window) put(photo, box, window);
      else this.#paste(photo, box, square, filled);
      this.#addGrain(pixels, todo, height, width, box);
      const plain = window && { box: window.box, pixels: cut(pixels, 4, width, box) };
      if (this.keep_tone) keepTone(photo, box);
      if (window) {
        let goesOn = await detailing(box, 0);
        const work = detail.rebuild(window, plain, square.side, this.size_px);
        for (let step; goesOn !== false;) {
          step = work.next();
          if (step.done) {
            if (step.value) put(photo, box, window);
            if (step.value && this.keep_tone) keepTone(photo, box);
            break;
          }
          goesOn = await detailing(box, step.value);
        }
        if (goesOn === false) detail = null;
      }
      for (let y = box.top; y < box.bottom; y++) todo.fill(0, y * width + box.left, y * width + box.right);
    }
    await progress(boxes.length, boxes.length);
  }

  /** 3. The square at the network's size: {seen: bytes [N, N, 3], 0 where unseen; unseen: [N, N]}. */
  #look(pixels, todo, height, width, { top, left, side }) {
    const size = this.size_px, taps = shrinkTaps(side, size);
    const rows = folded(top, side, height), columns = folded(left, side, width);
    const seen = new Uint8Array(size * size * 3), unseen = new Uint8Array(size * size);
    const line = new Uint8Array(side * 3), hidden = new Uint8Array(side), reached = new Uint8Array(side);
    const middle = new Int32Array(side * 3), small = new Int32Array(size * 3);
    const lineOf = (row) => {
      const from = rows[row] * width;
      for (let x = 0; x < side; x++) {
        const p = from + columns[x], covered = todo[p];
        hidden[x] = covered;
        line[3 * x] = covered ? 0 : pixels[4 * p];
        line[3 * x + 1] = covered ? 0 : pixels[4 * p + 1];
        line[3 * x + 2] = covered ? 0 : pixels[4 * p + 2];
      }
      for (let x = 0; x < side; x++) reached[x] |= hidden[x];
      return line;
    };
    for (let y = 0; y < size; y++) {
      reached.fill(0);
      if (side === size) small.set(lineOf(y));
      else {
        weighRows(taps, y, lineOf, side * 3, 0, middle);
        weighColumns(taps, middle, side, 0, small);
      }
      for (let x = 0; x < size; x++) {
        for (let n = x * taps.count; n < (x + 1) * taps.count; n++) {
          if (taps.weight[n] && reached[taps.source[n]]) unseen[y * size + x] = 1;
        }
        if (!unseen[y * size + x]) seen.set(small.subarray(3 * x, 3 * x + 3), 3 * (y * size + x));
      }
    }
    return { seen, unseen };
  }

  /** 4 and 5. The square without a hole, in 1/16 grey levels: known pixels as they were, the rest filled and matched. */
  async #filled({ seen, unseen }, fill) {
    const size = this.size_px, area = size * size;
    const image = new Float32Array(3 * area), mask = Float32Array.from(unseen);
    for (let p = 0; p < area; p++) for (let c = 0; c < 3; c++) image[c * area + p] = seen[3 * p + c] / 255;
    const answer = await fill(image, mask);
    if (answer.length !== 3 * area) throw new NetworkError(`the network answered ${answer.length} values, not ${3 * area}`);
    const filled = Int32Array.from(seen, (byte) => byte << 4);
    const tight = boundingBox(unseen, size, { top: 0, bottom: size, left: 0, right: size });
    if (!tight) return filled;
    const box = grown(tight, 1, size, size), height = box.bottom - box.top, width = box.right - box.left;
    const guess = new Int32Array(height * width * 3), truth = guess.slice(), hole = new Uint8Array(height * width);
    for (let y = 0, n = 0; y < height; y++) {
      for (let x = 0; x < width; x++, n++) {
        const p = (box.top + y) * size + box.left + x;
        hole[n] = unseen[p];
        for (let c = 0; c < 3; c++) {
          const value = answer[c * area + p];
          if (unseen[p] && Number.isNaN(value)) throw new NetworkError("the network answered no numbers here: choose another backend");
          guess[3 * n + c] = Math.floor(Math.min(Math.max(value, 0), 1) * WHITE + 0.5);
          truth[3 * n + c] = filled[3 * p + c];
        }
      }
    }
    const matched = match(guess, truth, hole, height, width, this.fade);
    for (let y = 0, n = 0; y < height; y++) {
      for (let x = 0; x < width; x++, n++) {
        if (!hole[n]) continue;
        const p = (box.top + y) * size + box.left + x;
        for (let c = 0; c < 3; c++) filled[3 * p + c] = Math.min(Math.max(matched[3 * n + c], 0), WHITE);
      }
    }
    return filled;
  }

  /** 6. Back to the square's size, written where `todo`; a photo has `step` bytes a pixel. */
  #paste({ bytes, step, todo, width }, box, { top, left, side }, filled) {
    const size = this.size_px;
    const columns = enlargeTaps(size, side, box.left - left, box.right - left);
    const rows = enlargeTaps(size, side, box.top - top, box.bottom - top);
    const middle = new Int32Array(size * 3), values = new Int32Array((box.right - box.left) * 3);
    const lineOf = (row) => {
      const inside = Math.min(Math.max(row, 0), size - 1);
      return filled.subarray(inside * size * 3, (inside + 1) * size * 3);
    };
    for (let y = box.top; y < box.bottom; y++) {
      weighRows(rows, y - box.top, lineOf, size * 3, 4, middle);
      weighColumns(columns, middle, size, 0, values);
      for (let x = box.left, n = 0; x < box.right; x++, n += 3) {
        const p = y * width + x;
        if (!todo[p]) continue;
        for (let c = 0; c < 3; c++) bytes[step * p + c] = Math.min(Math.max(values[n + c], 0), 255);
      }
    }
  }

  /** 8. What the detail step works on: the photo around the part, its hole filled by step 6 without grain. */
  #window({ bytes, todo, height: rows, width: columns }, box, square, filled) {
    const around = grown(box, Math.max(box.bottom - box.top, box.right - box.left) >> 1, rows, columns);
    const top = Math.max(around.top, square.top), bottom = Math.min(around.bottom, square.top + square.side);
    const left = Math.max(around.left, square.left), right = Math.min(around.right, square.left + square.side);
    const height = bottom - top, width = right - left;
    const picture = new Uint8Array(3 * height * width), hole = new Uint8Array(height * width), wanted = new Uint8Array(height * width);
    for (let y = 0, p = 0; y < height; y++) {
      for (let x = 0, from = (top + y) * columns + left; x < width; x++, p++, from++) {
        if (todo[from]) {
          const inside = top + y >= box.top && top + y < box.bottom && left + x >= box.left && left + x < box.right;
          hole[p] = 1;
          wanted[p] = inside ? 1 : 0;
        } else for (let c = 0; c < 3; c++) picture[3 * p + c] = bytes[4 * from + c];
      }
    }
    const gone = boundingBox(hole, width, { top: 0, bottom: height, left: 0, right: width });
    const seen = { top: square.top - top, left: square.left - left, side: square.side };
    this.#paste({ bytes: picture, step: 3, todo: hole, width }, gone, seen, filled);
    const moved = { top: box.top - top, bottom: box.bottom - top, left: box.left - left, right: box.right - left };
    return { picture, hole, wanted, height, width, box: moved };
  }

  /** 7. Gives the part just filled the noise that the known pixels round it have and it has not. */
  #addGrain(pixels, todo, height, width, box) {
    const around = grown(box, this.margin_px, height, width);
    const known = grainVariances(pixels, width, around, (p) => !todo[p]);
    const own = grainVariances(pixels, width, box, (p) => todo[p]);
    const missing = known.map((variance, c) => Math.max(variance - own[c], 0));
    if (!missing[0] && !missing[1] && !missing[2]) return;
    const noise = grain(missing);
    for (let y = box.top; y < box.bottom; y++) {
      for (let x = box.left; x < box.right; x++) {
        const p = y * width + x;
        if (!todo[p]) continue;
        for (let c = 0; c < 3; c++) pixels[4 * p + c] = Math.min(Math.max(pixels[4 * p + c] + noise(x, y, c), 0), 255);
      }
    }
  }
}

/** The window's wanted pixels into the photo. */
function put({ bytes, width: columns }, box, { picture, wanted, width, box: { top, left } }) {
  for (let y = box.top; y < box.bottom; y++) {
    for (let x = box.left, p = (y - box.top + top) * width + left; x < box.right; x++, p++) {
      if (!wanted[p]) continue;
      for (let c = 0; c < 3; c++) bytes[4 * (y * columns + x) + c] = picture[3 * p + c];
    }
  }
}

/** 9. Moves the part just filled onto the line in colour space that the known pixels near it lie on, if they do. */
function keepTone({ bytes, todo, height, width }, box) {
  const near = grown(box, Math.max(Math.max(box.bottom - box.top, box.right - box.left) >> 1, 1), height, width);
  const line = lineOf((visit) => {
    for (let y = near.top; y < near.bottom; y++) {
      for (let x = near.left, p = y * width + x; x < near.right; x++, p++) {
        if (!todo[p]) visit(bytes[4 * p], bytes[4 * p + 1], bytes[4 * p + 2]);
      }
    }
  });
  if (!line) return;
  const move = projection(line);
  for (let y = box.top; y < box.bottom; y++) {
    for (let x = box.left, p = y * width + x; x < box.right; x++, p++) {
      if (todo[p]) bytes.set(move(bytes[4 * p], bytes[4 * p + 1], bytes[4 * p + 2]), 4 * p);
    }
  }
}

/** Pixels `start` to `start + side` of a line that is mirrored at its ends, the end pixel repeated. */
function folded(start, side, length) {
  return Int32Array.from({ length: side }, (_, n) => {
    const turn = (((start + n) % (2 * length)) + 2 * length) % (2 * length);
    return turn < length ? turn : 2 * length - 1 - turn;
  });
}
