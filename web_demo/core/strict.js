// A record out of a JSON table, and back: unknown keys and wrong types are faults, all named at once.

import { Real, parse, quote, spellFloat, spellText } from "./json.js";

const MOST_FAULTS = 20;

const fault = (faults, key, expected, value) => { faults.push(`${quote(key)} must be ${expected}, not ${quote(value)}`); };
const isWhole = (value) => typeof value === "number" || typeof value === "bigint";

const simple = (expected, fits, spell, convert = (value) => value) => ({
  load: (value, key, faults) => (fits(value) ? convert(value) : fault(faults, key, expected, value)),
  dump: spell,
});

/** What a field may hold; each kind has load(value, key, faults) and dump(value, indent). */
export const text = simple("text", (value) => typeof value === "string", spellText);
export const whole = simple("a whole number", isWhole, String, Number);
export const number = simple("a number", (value) => isWhole(value) || value instanceof Real, spellFloat,
  (value) => Number(value instanceof Real ? value.value : value));
export const truth = simple("true or false", (value) => typeof value === "boolean", String);
export const oneOf = (...names) => simple(`one of ${names.join(", ")}`, (value) => names.includes(value), spellText);

export const optional = (kind) => ({
  load: (value, key, faults) => (value === null ? null : kind.load(value, key, faults)),
  dump: (value, indent) => (value === null ? "null" : kind.dump(value, indent)),
});

export const list = (kind) => ({
  load: (value, key, faults) => (Array.isArray(value)
    ? value.map((item, i) => kind.load(item, `${key}[${i}]`, faults))
    : fault(faults, key, "a list", value)),
  dump: (value, indent) => enclosed("[", "]", value.map((item) => kind.dump(item, indent + 1)), indent),
});

export const table = (kind) => ({
  load: (value, key, faults) => (value instanceof Map
    ? Object.fromEntries([...value].map(([name, item]) => [name, kind.load(item, `${key}.${name}`, faults)]))
    : fault(faults, key, "a table", value)),
  dump: (value, indent) => enclosed("{", "}",
    Object.entries(value).map(([name, item]) => `${spellText(name)}: ${kind.dump(item, indent + 1)}`), indent),
});

/**
 * @param fields a kind for each name, or [kind, default] where it may be left out; in the order they are written
 */
export function record(fields) {
  const names = Object.keys(fields);
  const kindOf = (name) => (Array.isArray(fields[name]) ? fields[name][0] : fields[name]);
  return {
    load(value, key, faults) {
      if (!(value instanceof Map)) return fault(faults, key || "the file", "a table", value);
      const prefix = key ? `${key}.` : "";
      for (const name of value.keys()) {
        if (!names.includes(name)) faults.push(`unknown key ${quote(prefix + name)} (there are ${names.join(", ")})`);
      }
      const loaded = {};
      for (const name of names) {
        if (value.has(name)) loaded[name] = kindOf(name).load(value.get(name), prefix + name, faults);
        else if (Array.isArray(fields[name])) loaded[name] = fields[name][1];
        else faults.push(`key ${quote(prefix + name)} is missing`);
      }
      return loaded;
    },
    dump: (value, indent) => enclosed("{", "}",
      names.map((name) => `${spellText(name)}: ${kindOf(name).dump(value[name], indent + 1)}`), indent),
  };
}

const enclosed = (open, close, items, indent) => (items.length
  ? `${open}\n${items.map((item) => " ".repeat(indent + 1) + item).join(",\n")}\n${" ".repeat(indent)}${close}`
  : open + close);

/**
 * The record that a JSON text is.
 *
 * @param kind what {@link record} gave
 * @param where the file's name, to open messages with
 * @param newest the schema that this app reads
 * @param says {notJson, newer}: what to do in either case
 * @param Refusal the class to throw: one line that names every fault, up to twenty of them
 */
export function read(kind, json, where, newest, says, Refusal) {
  let found;
  try {
    found = parse(json);
  } catch {
    throw new Refusal(`${where}: ${says.notJson}`);
  }
  const schema = found instanceof Map ? found.get("schema") : undefined;
  if (isWhole(schema) && schema > newest) {
    throw new Refusal(`${where}: schema ${schema} is newer than this package reads (${newest}); ${says.newer}`);
  }
  const faults = [], loaded = kind.load(found, "", faults);
  const more = faults.length > MOST_FAULTS ? [`and ${faults.length - MOST_FAULTS} more`] : [];
  if (faults.length) throw new Refusal(`${where}: ${[...faults.slice(0, MOST_FAULTS), ...more].join("; ")}`);
  return loaded;
}
