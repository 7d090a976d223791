// Resampling in whole numbers: steps 3 and 6 of docs/compositor.md.
//
// Taps say where the pixels of one line come from: {count, source, weight}, both arrays of target * count; the weights of one
// pixel add up to 2^14. A weight of 0 means that the source does not take part. Every product below stays exact in a double,
// and every sum that is shifted stays within 32 bits.

const WEIGHT_BITS = 14, MIDDLE_BITS = 6, PHASE_BITS = 8;

/** Area averaging from `source` to `target` pixels, source >= target. */
export function shrinkTaps(source, target) {
  let count = 0;
  for (let i = 0; i < target; i++) {
    count = Math.max(count, Math.ceil((i + 1) * source / target) - Math.floor(i * source / target));
  }
  const taps = { count, source: new Int32Array(target * count), weight: new Int32Array(target * count) };
  for (let i = 0; i < target; i++) {
    const first = Math.floor(i * source / target);
    let before = 0;
    for (let k = 0; k < count; k++) {
      const covered = Math.min(Math.max((first + k + 1) * target - i * source, 0), source);
      const running = Math.floor((covered * 2 ** (WEIGHT_BITS + 1) + source) / (2 * source));
      taps.source[i * count + k] = Math.min(first + k, source - 1);
      taps.weight[i * count + k] = running - before;
      before = running;
    }
  }
  return taps;
}

/** Catmull-Rom interpolation from `source` to `target` pixels, for the target pixels `start` to `stop` alone. */
export function enlargeTaps(source, target, start, stop) {
  const one = 1 << PHASE_BITS, shift = 3 * PHASE_BITS + 1 - WEIGHT_BITS, half = 1 << (shift - 1);
  const taps = { count: 4, source: new Int32Array((stop - start) * 4), weight: new Int32Array((stop - start) * 4) };
  for (let p = start; p < stop; p++) {
    const centre = (2 * p + 1) * source - target;
    const position = Math.floor((centre * one + target) / (2 * target));
    const first = (position >> PHASE_BITS) - 1, t = position & (one - 1);
    const w0 = t * (-t * t + 2 * t * one - one * one);
    const w1 = w0 + 3 * t ** 3 - 5 * t * t * one + 2 * one ** 3;
    const w2 = w1 + t * (-3 * t * t + 4 * t * one + one * one);
    let before = 0;
    [w0, w1, w2, 2 * one ** 3].forEach((sum, k) => {
      const running = (sum + half) >> shift;
      taps.source[(p - start) * 4 + k] = first + k;
      taps.weight[(p - start) * 4 + k] = running - before;
      before = running;
    });
  }
  return taps;
}

/**
 * Adds up lines of `length` values, each times its weight: the vertical pass for the target row `i`.
 *
 * @param lineOf gives the line of a source row, an array of `length` values
 * @param out Int32Array of `length`; afterwards with 6 fraction bits
 */
export function weighRows(taps, i, lineOf, length, bitsIn, out) {
  const shift = WEIGHT_BITS + bitsIn - MIDDLE_BITS;
  out.fill(1 << (shift - 1));
  for (let k = 0; k < taps.count; k++) {
    const weight = taps.weight[i * taps.count + k];
    if (!weight) continue;
    const line = lineOf(taps.source[i * taps.count + k]);
    for (let n = 0; n < length; n++) out[n] += weight * line[n];
  }
  for (let n = 0; n < length; n++) out[n] >>= shift;
}

/**
 * The horizontal pass over one row of RGB values with 6 fraction bits, which become whole values.
 *
 * @param middle the row, `width` pixels; beyond its ends the end pixel counts
 * @param out three values for each target pixel
 */
export function weighColumns(taps, middle, width, bitsOut, out) {
  const shift = WEIGHT_BITS + MIDDLE_BITS - bitsOut, half = 1 << (shift - 1), last = width - 1;
  const target = taps.source.length / taps.count;
  for (let i = 0; i < target; i++) {
    let red = half, green = half, blue = half;
    for (let n = i * taps.count; n < (i + 1) * taps.count; n++) {
      const weight = taps.weight[n], from = 3 * Math.min(Math.max(taps.source[n], 0), last);
      red += weight * middle[from];
      green += weight * middle[from + 1];
      blue += weight * middle[from + 2];
    }
    out[3 * i] = red >> shift;
    out[3 * i + 1] = green >> shift;
    out[3 * i + 2] = blue >> shift;
  }
}
