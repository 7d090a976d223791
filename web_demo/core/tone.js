// Grey and toned photos: where all known pixels near a hole lie on one line in colour space, the fill does too.
// Step 9 of docs/compositor.md; whole numbers only.

/** Grey levels that rounding may move a channel of a toned photo off the line. */
const TOLERANCE = 2;
/** Levels of R + G + B between the ends of a toned photo's line, at least: a shorter one has no sure direction. */
const SHORTEST = 96;
const GREY = { dark: [0, 0, 0], bright: [255, 255, 255] };

/**
 * The line {dark, bright} on which colours lie; null where there is none.
 *
 * @param visit calls the function that it is given with red, green and blue of each, always in the same order
 */
export function lineOf(visit) {
  let known = 0, inner = 0, grey = true, low = Infinity, high = -Infinity, dark = null, bright = null;
  visit((red, green, blue) => {
    known++;
    if (red !== green || green !== blue) grey = false;
    if (!isInner(red, green, blue)) return;
    inner++;
    const sum = red + green + blue;
    if (sum < low) [low, dark] = [sum, [red, green, blue]];
    if (sum > high) [high, bright] = [sum, [red, green, blue]];
  });
  if (!known) return null;
  if (grey) return GREY;
  if (2 * inner < known || high - low < SHORTEST) return null;
  const line = { dark, bright }, move = projection(line);
  let most = 0;
  visit((...colour) => {
    if (!isInner(...colour)) return;
    const moved = move(...colour);
    for (let c = 0; c < 3; c++) most = Math.max(most, Math.abs(moved[c] - colour[c]));
  });
  return most <= TOLERANCE ? line : null;
}

const isInner = (red, green, blue) => red > 0 && red < 255 && green > 0 && green < 255 && blue > 0 && blue < 255;

/** A function of red, green and blue: the colour of the line with the same sum. */
export function projection({ dark, bright }) {
  const sumOf = ([red, green, blue]) => red + green + blue, start = sumOf(dark), span = sumOf(bright) - start;
  return (red, green, blue) => {
    const along = red + green + blue - start;
    return dark.map((value, c) => {
      const moved = value + Math.floor((2 * along * (bright[c] - value) + span) / (2 * span));
      return Math.min(Math.max(moved, 0), 255);
    });
  };
}
