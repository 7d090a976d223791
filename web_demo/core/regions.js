// Which parts of a hole are filled together, and through which square of the photo: steps 1 and 2 of docs/compositor.md.
//
// A hole is a Uint8Array of height * width flags, 1 = to be filled. A Box is {top, bottom, left, right}, ends exclusive.

/** A hole whose mean width, or a gap whose width, is compared with this fraction of its longer side. */
const THIN = 8;

const sideOf = (box) => Math.max(box.bottom - box.top, box.right - box.left);

/** The box, `by` pixels larger on each side, as far as a picture of that size goes. */
export const grown = (box, by, height, width) => ({
  top: Math.max(box.top - by, 0),
  bottom: Math.min(box.bottom + by, height),
  left: Math.max(box.left - by, 0),
  right: Math.min(box.right + by, width),
});

/** The smallest box that holds every hole pixel within `loose`; null where there is none. */
export function boundingBox(hole, width, loose) {
  let top = -1, bottom = -1, left = loose.right, right = -1;
  for (let y = loose.top; y < loose.bottom; y++) {
    const row = y * width;
    let first = loose.left;
    while (first < loose.right && !hole[row + first]) first++;
    if (first === loose.right) continue;
    let last = loose.right - 1;
    while (!hole[row + last]) last--;
    if (top < 0) top = y;
    bottom = y + 1;
    left = Math.min(left, first);
    right = Math.max(right, last + 1);
  }
  return top < 0 ? null : { top, bottom, left, right };
}

/** Disjoint boxes, tight, that together hold the whole hole; each is filled through one crop, in this order. */
export function parts(hole, height, width, limit) {
  const found = [], waiting = [{ top: 0, bottom: height, left: 0, right: width }];
  while (waiting.length) {
    const box = boundingBox(hole, width, waiting.pop());
    if (!box) continue;
    const at = cut(hole, width, box, limit);
    if (at === null) found.push(box);
    else if (box.bottom - box.top === sideOf(box)) {
      waiting.push({ ...box, top: box.top + at }, { ...box, bottom: box.top + at });
    } else waiting.push({ ...box, left: box.left + at }, { ...box, right: box.left + at });
  }
  return found;
}

/** Pixels from the box's start along its longer side, or null for a part. */
function cut(hole, width, box, limit) {
  const side = sideOf(box);
  if (side <= limit) return null;
  const profile = lines(hole, width, box, box.bottom - box.top === side);
  let before = 0, gap = 1, at = 0, area = 0;
  profile.forEach((count, line) => {
    area += count;
    if (!count) return;
    if (line - before > gap) {
      gap = line - before;
      at = Math.floor((before + line + 1) / 2);
    }
    before = line;
  });
  if ((gap - 1) * THIN > side) return at;
  if (area * THIN >= side * side) return null;
  const quarter = Math.floor(side / 4);
  let thinnest = quarter;
  for (let line = quarter; line < side - quarter; line++) if (profile[line] < profile[thinnest]) thinnest = line;
  return thinnest;
}

/** Hole pixels of each row of the box, or of each column. */
function lines(hole, width, box, rows) {
  const counts = new Int32Array(rows ? box.bottom - box.top : box.right - box.left);
  for (let y = box.top; y < box.bottom; y++) {
    for (let x = box.left; x < box.right; x++) counts[rows ? y - box.top : x - box.left] += hole[y * width + x];
  }
  return counts;
}

/** The crop {top, left, side} for the box; where the photo is shorter it reaches beyond, into the photo's mirror images. */
export function squareRound(box, height, width, context, smallest) {
  const longer = sideOf(box);
  const widest = Math.max(longer + Math.floor(longer / 8), Math.floor(5 * Math.min(height, width) / 4));
  const side = Math.max(smallest, Math.min(Math.ceil(context * longer), widest, Math.max(height, width)));
  return { top: start(box.top, box.bottom, side, height), left: start(box.left, box.right, side, width), side };
}

function start(low, high, side, length) {
  if (side >= length) return Math.floor((length - side) / 2);
  return Math.min(Math.max(Math.floor((low + high - side) / 2), 0), length - side);
}
