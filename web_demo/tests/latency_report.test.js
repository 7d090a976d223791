// golden/report.json: statistics, doubts, and reports that read and write alike.

import assert from "node:assert/strict";
import { test } from "node:test";

import { BenchError } from "../core/errors.js";
import { LatencyReport } from "../core/latency_report.js";
import { doubts, isUnsteady, statisticsOf } from "../core/statistics.js";
import { golden } from "./scene.js";

const vectors = golden("report");

const near = (found, expected) => {
  for (const [name, value] of Object.entries(expected)) {
    assert.ok(Math.abs(found[name] - value) <= 1e-9 * Math.abs(value), `${name}: ${found[name]} for ${value}`);
  }
};

test("statistics and doubts", () => {
  for (const { name, times_ms, unsteady, ...expected } of vectors.statistics) {
    near(statisticsOf(times_ms), expected);
    assert.equal(isUnsteady(statisticsOf(times_ms)), unsteady, name);
  }
  for (const { times_ms, completed, doubts: expected } of vectors.doubts) assert.deepEqual(doubts(times_ms, completed), expected);
});

for (const { name, text, statistics, ...derived } of vectors.reports) {
  test(`report: ${name}`, () => {
    const report = LatencyReport.fromJson(text, "report.json");
    assert.equal(report.toJson(), text);
    near(report.statistics, statistics);
    for (const [key, value] of Object.entries(derived)) assert.equal(report[key], value, key);
  });
}

test("refused", () => {
  for (const { text, refused } of vectors.refused) {
    assert.throws(() => LatencyReport.fromJson(text, "report.json"),
      (error) => error instanceof BenchError && assert.equal(error.message, refused) === undefined);
  }
});
