// JSON as RFC 8259 has it, read and shown so that every language says the same of the same text.
//
// JSON.parse forgets the order of keys that look like numbers, and whether a number had a point; messages need both.

/** A number that was written with a point or an exponent. */
export class Real {
  constructor(value) { this.value = value; }
}

const NUMBER = /-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/y;
const TEXT = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const BLANK = /[ \t\n\r]*/y;
const DEEPEST = 500;

/**
 * The value that `text` is: null, booleans, strings, arrays, a Map for a table, a number (a BigInt beyond 2^53) for a whole
 * number, a Real for any other.
 *
 * @throws {SyntaxError} it is not JSON
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

  const string = () => JSON.parse(take(TEXT)?.[0] ?? refuse());
  const number = () => {
    const [written, point, exponent] = take(NUMBER) ?? refuse();
    if (point || exponent) return new Real(Number(written));
    return Number.isSafeInteger(Number(written)) ? Number(written) : BigInt(written);
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

/** A parsed value as Python's repr shows it: `'text'`, `True`, `None`, `[1, 0.5]`, `{'key': 2}`. */
export function show(value) {
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
const code = (letter, prefix, length) => `\\${prefix}${letter.charCodeAt(0).toString(16).padStart(length, "0")}`;

function showText(text) {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const inside = text.replace(/[\u0000-\u001f\u007f-\u00a0\u00ad\\'"]/g, (letter) => {
    if (letter === "'" || letter === '"') return letter === quote ? `\\${letter}` : letter;
    return SHORT[letter] ?? code(letter, "x", 2);
  });
  return quote + inside + quote;
}

const ESCAPED = { ...SHORT, '"': '\\"', "\b": "\\b", "\f": "\\f" };

/** A text as JSON has it: only quotes, backslashes and control characters are escaped. */
export const spellText = (text) =>
  `"${text.replace(/[\u0000-\u001f\\"]/g, (letter) => ESCAPED[letter] ?? code(letter, "u", 4))}"`;
