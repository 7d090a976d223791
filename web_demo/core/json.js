// JSON as RFC 8259 has it, read and shown so that every language says the same of the same text.
//
// JSON.parse forgets the order of keys that look like numbers, and whether a number had a point; messages need both.

/** A number that was written with a point or an exponent. */
export class Real {
  constructor(value) { this.value = value; }
}

const NUMBER = /-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/y;
const TEXT = /"[^"\\\u0000-\u001f]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\u0000-\u001f]*)*"/y;
const BLANK = /[ \t\n\r]*/y;

// The limits of mobile_inpaint/documents.py.
const DEEPEST = 64;
const LONGEST_TEXT = 1_000_000;
const LARGEST_INTEGER = 2n ** 63n - 1n;
const MOST_DIGITS = 19;
const LONGEST_SHOWN = 80;

/**
 * The value that `text` is: null, booleans, strings, arrays, a Map for a table, a number (a BigInt beyond 2^53) for a whole
 * number, a Real for any other.
 *
 * @throws {SyntaxError} it is not JSON; nested deeper than 64; a whole number outside 64 bits, or another that is too large; a text
 *   with half of a surrogate pair, or of more than a million characters
 */
export function parse(text) {
  let at = 0;
  const refuse = () => { throw new SyntaxError(`not JSON at ${at}`); };
  const take = (pattern) => {
    pattern.lastIndex = at;
    const found = pattern.exec(text);
    if (found) at = pattern.lastIndex;
    return found;
  };
  const skip = () => take(BLANK);
  const expect = (sign) => (text.startsWith(sign, at) ? (at += sign.length) : refuse());

  const string = () => {
    const found = JSON.parse(take(TEXT)?.[0] ?? refuse());
    if (/\p{Surrogate}/u.test(found) || lengthOf(found, LONGEST_TEXT) > LONGEST_TEXT) refuse();
    return found;
  };
  const number = () => {
    const [written, point, exponent] = take(NUMBER) ?? refuse();
    if (point || exponent) return Number.isFinite(Number(written)) ? new Real(Number(written)) : refuse();
    if (Number.isSafeInteger(Number(written))) return Number(written);
    if (written.replace("-", "").length > MOST_DIGITS) refuse();
    const large = BigInt(written);
    return -LARGEST_INTEGER <= large && large <= LARGEST_INTEGER ? large : refuse();
  };
  const items = (open, close, one) => {
    expect(open);
    skip();
    if (text[at] !== close) {
      do {
        skip();
        one();
        skip();
      } while (text[at] === "," && ++at);
    }
    expect(close);
  };
  const value = (depth) => {
    if (depth > DEEPEST) refuse();
    const words = { n: ["null", null], t: ["true", true], f: ["false", false] };
    if (text[at] in words) {
      const [word, meant] = words[text[at]];
      expect(word);
      return meant;
    }
    if (text[at] === '"') return string();
    if (text[at] === "[") {
      const list = [];
      items("[", "]", () => list.push(value(depth + 1)));
      return list;
    }
    if (text[at] === "{") {
      const table = new Map();
      items("{", "}", () => {
        const key = string();
        skip();
        expect(":");
        skip();
        table.set(key, value(depth + 1));
      });
      return table;
    }
    return number();
  };

  skip();
  const whole = value(0);
  skip();
  return at === text.length ? whole : refuse();
}

/** A float as Python writes it: the fewest digits that read back the same, always with a point or an exponent. */
export function spellFloat(value) {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "nan" : value > 0 ? "inf" : "-inf";
  const sign = value < 0 || Object.is(value, -0) ? "-" : "";
  const [mantissa, power] = Math.abs(value).toExponential().split("e");
  const digits = mantissa.replace(".", ""), exponent = Number(power);
  if (exponent < -4 || exponent >= 16) {
    return `${sign}${mantissa}e${exponent < 0 ? "-" : "+"}${String(Math.abs(exponent)).padStart(2, "0")}`;
  }
  if (exponent < 0) return `${sign}0.${"0".repeat(-exponent - 1)}${digits}`;
  const padded = digits.padEnd(exponent + 2, "0");
  return `${sign}${padded.slice(0, exponent + 1)}.${padded.slice(exponent + 1)}`;
}

/** How many characters a text has; of one that has more than `most`, some number above it. */
const lengthOf = (text, most) => (text.length > 2 * most || text.length <= most ? text.length : [...text].length);

const firstOf = (text, count) => [...text.slice(0, 2 * count)].slice(0, count).join("");

/** A parsed value as a message shows it: as {@link show} has it, at most 80 characters of it. */
export function quote(value) {
  const shown = show(typeof value === "string" ? firstOf(value, LONGEST_SHOWN + 1) : value);
  return lengthOf(shown, LONGEST_SHOWN) > LONGEST_SHOWN ? `${firstOf(shown, LONGEST_SHOWN - 1)}…` : shown;
}

/** A parsed value as Python's repr shows it: `'text'`, `True`, `None`, `[1, 0.5]`, `{'key': 2}`. */
function show(value) {
  if (value === null) return "None";
  if (value === true) return "True";
  if (value === false) return "False";
  if (typeof value === "string") return showText(value);
  if (value instanceof Real) return spellFloat(value.value);
  if (Array.isArray(value)) return `[${value.map(show).join(", ")}]`;
  if (value instanceof Map) return `{${[...value].map(([key, item]) => `${show(key)}: ${show(item)}`).join(", ")}}`;
  return String(value);
}

const SHORT = { "\n": "\\n", "\r": "\\r", "\t": "\\t", "\\": "\\\\" };
/** Whether every character prints as itself; a blank does, no other kind of space. */
export const isPrintable = (text) => !/[\p{C}\p{Z}]/u.test(text.replaceAll(" ", ""));

function showText(text) {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const inside = text.replace(/[\p{C}\p{Z}\\'"]/gu, (letter) => {
    if (letter === "'" || letter === '"') return letter === quote ? `\\${letter}` : letter;
    return letter === " " ? letter : SHORT[letter] ?? code(letter);
  });
  return quote + inside + quote;
}

function code(letter) {
  const point = letter.codePointAt(0), digits = point.toString(16);
  if (point < 0x100) return `\\x${digits.padStart(2, "0")}`;
  return point < 0x10000 ? `\\u${digits.padStart(4, "0")}` : `\\U${digits.padStart(8, "0")}`;
}

const ESCAPED = { ...SHORT, '"': '\\"', "\b": "\\b", "\f": "\\f" };

/** A text as JSON has it: only quotes, backslashes and control characters are escaped. */
export const spellText = (text) =>
  `"${text.replace(/[\u0000-\u001f\\"]/g, (letter) => ESCAPED[letter] ?? `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`)}"`;
