// golden/names.json: which texts may name a file; and texts that no reader of JSON may choke on.

import assert from "node:assert/strict";
import { test } from "node:test";

import { parse, quote } from "../core/json.js";
import { isPlainName } from "../core/names.js";
import { golden } from "./scene.js";

test("plain names", () => {
  const { names } = golden("names");
  assert.ok(names.some(({ plain }) => plain) && names.some(({ plain }) => !plain));
  for (const { name, plain } of names) assert.equal(isPlainName(name), plain, JSON.stringify(name));
  for (const name of [null, undefined, 1, ["a"], "\ud800", "a\udc00"]) assert.equal(isPlainName(name), false);
});

test("what would exhaust a reader is refused, and soon", () => {
  const started = performance.now();
  const refused = ["[".repeat(5e6), '{"a":'.repeat(1e6), "9".repeat(5e6), `-${"9".repeat(20)}`, "1e999", "-1e999", "-9223372036854775808",
    `"${"a".repeat(1_000_001)}"`, `"${"\u{1F600}".repeat(1_000_001)}"`, '"\\ud800"', `"${"\\ud800".repeat(1e5)}"`];
  for (const text of refused) assert.throws(() => parse(text), SyntaxError, text.slice(0, 20));
  assert.ok(performance.now() - started < 60_000);
});

test("what is large and sound is read", () => {
  assert.equal(parse(`"${"a".repeat(1_000_000)}"`).length, 1_000_000);
  assert.equal(parse(`"${"\u{1F600}".repeat(1_000_000)}"`).length, 2_000_000);
  assert.equal(parse(`"${"\\u00e9".repeat(500_000)}"`).length, 500_000);
  assert.equal(parse(`[${"1,".repeat(500_000)}1]`).length, 500_001);
  assert.equal(parse("9223372036854775807"), 2n ** 63n - 1n);
  assert.equal(quote(parse(`[${'"a",'.repeat(500_000)}1]`)).length, 80);
});
