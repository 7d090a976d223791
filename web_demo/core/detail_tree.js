// A first source for each patch: its nearest among the coarsest level's patches, found through a tree of descriptors.
// Step 8 of docs/compositor.md.

/** Members of a leaf, at most; leaves looked at for each target, and sources proposed; pixels between two of those. */
const LEAF = 32, LEAVES = 8, KEPT = 8, APART = 4;
const BLOCK = 345, GUIDE = 463, ENERGY = 3104, OPPONENT = [1267, 732];
/** Numbers of a descriptor. */
const LENGTH = 19;

/** The known patches of a level. */
export class Tree {
  #search; #members = []; #described; #splits = []; #leaves;
  #near = new Int32Array(LEAVES * LEAF); #distance = new Float64Array(LEAVES * LEAF);

  /** @param search of the coarsest level */
  constructor(search) {
    this.#search = search;
    const { usable, width } = search, every = [];
    usable.forEach((one, place) => { if (one) every.push(place); });
    const board = every.filter((place) => (Math.floor(place / width) + place % width) % 2 === 0);
    this.#members = Int32Array.from(board.length ? board : every);
    const described = this.#described = descriptors(search.level, this.#members), count = this.#members.length;
    let parts = [Array.from({ length: count }, (_, n) => n)];
    for (let depth = 0; ((count - 1) >> depth) + 1 > LEAF; depth++) {
      const halves = [];
      this.#splits.push(parts.map((part) => {
        const along = widest(described, part), at = (n) => described[n * LENGTH + along];
        const order = [...part].sort((a, b) => at(a) - at(b) || a - b), middle = part.length >> 1;
        halves.push(order.slice(0, middle).sort((a, b) => a - b), order.slice(middle).sort((a, b) => a - b));
        return { along, value: at(order[middle]) };
      }));
      parts = halves;
    }
    this.#leaves = parts.map((part) => Int32Array.from(part));
  }

  /** Eight arrays of sources, one of each for a target of the search, the nearest first; -1 where there are fewer. */
  nearest() {
    const { targets, level } = this.#search, found = Array.from({ length: KEPT }, () => new Int32Array(targets.length));
    const asked = descriptors(level, targets);
    targets.forEach((target, n) => {
      this.#query(asked.subarray(n * LENGTH, (n + 1) * LENGTH)).forEach((source, k) => { found[k][n] = this.#even(source, target); });
    });
    return found;
  }

  /** The source moved by a row and a column at most, so that it lies an even number of both from its target. */
  #even(source, target) {
    if (source < 0) return source;
    const { usable, width } = this.#search, row = Math.floor(source / width), column = source % width;
    const down = Math.abs(Math.floor(target / width) - row) % 2, right = Math.abs(target % width - column) % 2;
    for (const [rows, columns] of [[down, right], [-down, right], [down, -right], [-down, -right]]) {
      const there = source + rows * width + columns;
      if (there >= 0 && usable[there]) return there;
    }
    return source;
  }

  #query(asked) {
    const described = this.#described, members = this.#members, width = this.#search.width;
    const near = this.#near, distance = this.#distance, found = new Array(KEPT).fill(-1);
    let count = 0;
    for (const node of this.#descend(asked)) {
      for (const n of this.#leaves[node]) {
        let sum = 0;
        for (let k = 0, p = n * LENGTH; k < LENGTH; k++, p++) sum += (described[p] - asked[k]) * (described[p] - asked[k]);
        near[count] = members[n];
        distance[count++] = sum;
      }
    }
    for (let k = 0; k < KEPT && count; k++) {
      let best = 0;
      for (let n = 1; n < count; n++) { // of equals the first in the picture
        if (distance[n] < distance[best] || (distance[n] === distance[best] && near[n] < near[best])) best = n;
      }
      const place = found[k] = near[best], row = (place / width) | 0, column = place - row * width, all = count;
      count = 0;
      for (let n = 0; n < all; n++) { // those that are not too close stay
        const other = (near[n] / width) | 0, down = other - row, right = near[n] - other * width - column;
        if (down < APART && down > -APART && right < APART && right > -APART) continue;
        near[count] = near[n];
        distance[count++] = distance[n];
      }
    }
    return found;
  }

  /** The leaves nearest by the splits on the way; of equals those with the lower number. */
  #descend(asked) {
    let nodes = [0], away = [0];
    for (const splits of this.#splits) {
      const next = [], apart = [];
      const add = (node, squared) => {
        let at = next.length;
        while (at > 0 && (apart[at - 1] > squared || (apart[at - 1] === squared && next[at - 1] > node))) at--;
        if (at === LEAVES) return;
        next.splice(at, 0, node);
        apart.splice(at, 0, squared);
        next.length = apart.length = Math.min(next.length, LEAVES);
      };
      nodes.forEach((node, n) => {
        const { along, value } = splits[node], beyond = asked[along] - value, squared = beyond * beyond;
        add(2 * node, away[n] + (beyond >= 0 ? squared : 0));
        add(2 * node + 1, away[n] + (beyond >= 0 ? 0 : squared));
      });
      [nodes, away] = [next, apart];
    }
    return nodes;
  }
}

/** The number whose range is largest, of equals the first. */
function widest(described, part) {
  let along = 0, most = -1;
  for (let k = 0; k < LENGTH; k++) {
    let low = Infinity, high = -Infinity;
    for (const n of part) {
      const value = described[n * LENGTH + k];
      if (value < low) low = value;
      if (value > high) high = value;
    }
    if (high - low > most) [along, most] = [k, high - low];
  }
  return along;
}

/** 19 numbers for each place: nine means of brightness, two of colour, the guide's brightness at five points, its colour and energy. */
export function descriptors({ picture, guide, height, width }, places) {
  const result = new Int32Array(places.length * LENGTH);
  const summed = (row, column, reach, of) => {
    let sum = 0;
    for (let y = row - reach; y <= row + reach; y++) {
      for (let x = column - reach, p = 3 * (y * width + x); x <= column + reach; x++, p += 3) {
        sum += of(picture[p], picture[p + 1], picture[p + 2]);
      }
    }
    return sum;
  };
  const bright = (r, g, b) => r + g + b, opponents = [(r, g, b) => r - b, (r, g, b) => r - 2 * g + b];
  const guided = (row, column) => 4 * (Math.min(Math.max(row, 0), height + 1) * (width + 2) + Math.min(Math.max(column, 0), width + 1));
  let n = 0;
  for (const place of places) {
    const row = Math.floor(place / width), column = place % width;
    for (const y of [-2, 0, 2]) {
      for (const x of [-2, 0, 2]) result[n++] = Math.floor(summed(row + y, column + x, 1, bright) * BLOCK / (9 * 256));
    }
    opponents.forEach((of, k) => { result[n++] = Math.floor(summed(row, column, 3, of) * OPPONENT[k] / (49 * 256)); });
    for (const [y, x] of [[0, 0], [-4, -4], [-4, 4], [4, -4], [4, 4]]) {
      const p = guided(row + 1 + y, column + 1 + x);
      result[n++] = Math.floor(bright(guide[p], guide[p + 1], guide[p + 2]) * GUIDE / 256);
    }
    const p = guided(row + 1, column + 1);
    opponents.forEach((of, k) => { result[n++] = Math.floor(of(guide[p], guide[p + 1], guide[p + 2]) * OPPONENT[k] / 256); });
    result[n++] = Math.floor(guide[p + 3] * ENERGY / 256);
  }
  return result;
}
