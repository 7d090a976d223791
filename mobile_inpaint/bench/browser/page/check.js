// Whether outputs are what they should be.

export const ALMOST_EQUAL_DB = 200;

/**
 * Looks at one output after another.
 *
 * @param expected two arrays: what the even and the odd runs should give
 * @param counted an array as long as those, 1 where a value counts
 * @param peak the largest magnitude that a value may have
 */
export function checker(expected, counted, peak) {
  let before = null, changed = true, seen = 0, worstDb = ALMOST_EQUAL_DB, largest = 0;
  return {
    see(i, output) {
      const wanted = expected[i % 2];
      if (output.length !== wanted.length) throw new Error(`the output has ${output.length} values, not ${wanted.length}`);
      let squares = 0, n = 0, differs = false;
      for (let k = 0; k < wanted.length; k++) {
        if (!counted[k]) continue;
        const value = Number(output[k]), error = Math.abs(value - wanted[k]) / peak;
        if (!(error <= largest)) largest = error; // so that NaN gets in
        squares += error * error;
        n += 1;
        differs ||= before !== null && value !== Number(before[k]);
      }
      const db = squares === 0 ? ALMOST_EQUAL_DB : 10 * Math.log10(n / squares);
      worstDb = Number.isFinite(db) ? Math.min(worstDb, db) : -ALMOST_EQUAL_DB;
      changed &&= before === null || differs;
      before = output;
      seen += 1;
    },
    get verdict() {
      return { changed: changed && seen > 1, psnr_db: worstDb, max_abs_error: Number.isFinite(largest) ? largest : 1e9 };
    },
  };
}
