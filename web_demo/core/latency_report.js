// LatencyReport: what one file did on one device. Raw times are kept; every statistic is derived from them.

import { BenchError } from "./errors.js";
import { SCHEMA, latencyReport } from "./report_records.js";
import { median, statisticsOf } from "./statistics.js";
import { read } from "./strict.js";

const SAYS = { notJson: "not a latency report; measure again", newer: "upgrade it" };
const MEGA = 1e6;

const known = (values) => values.filter((value) => value !== null);
const middle = (values) => (values.length ? median(values) : null);

export class LatencyReport {
  /** @param fields those of the file, each one; times in milliseconds, memory in bytes */
  constructor(fields) { Object.freeze(Object.assign(this, fields)); }

  /**
   * The report that `json` is.
   *
   * @param where the file's name
   * @throws {BenchError} not a report, without times, or of a newer schema
   */
  static fromJson(json, where) {
    const report = new LatencyReport(read(latencyReport, json, where, SCHEMA, SAYS, BenchError));
    if (!report.times_ms.length || !report.times_ms.every((time) => time > 0 && time < Infinity)) {
      throw new BenchError(`${where}: 'times_ms' must hold times above zero`);
    }
    return report;
  }

  /** The report as a document that {@link fromJson} reads, and every other language. */
  toJson() { return `${latencyReport.dump(this, 0)}\n`; }

  /** Of the timed runs. */
  get statistics() { return statisticsOf(this.times_ms); }

  /** Nobody saw the output change, and the unit is one whose calls may come back before it is done. */
  get may_be_unfinished() { return this.timed === "dispatch" && this.accelerator !== "cpu"; }

  get load_ms() { return middle(this.cold_starts.map((start) => start.load_ms)); }

  get first_ms() { return middle(this.cold_starts.map((start) => start.first_ms)); }

  get compile_ms() { return middle(known(this.cold_starts.map((start) => start.compile_ms))); }

  /** Median memory still held after the runs of a cold start, in millions of bytes. */
  get retained_mb() {
    const held = middle(known(this.cold_starts.map((start) => start.retained_bytes)));
    return held === null ? null : held / MEGA;
  }

  /** Largest memory of all cold starts, in millions of bytes. */
  get peak_mb() {
    const peaks = known(this.cold_starts.map((start) => start.peak_bytes));
    return peaks.length ? peaks.reduce((most, one) => Math.max(most, one)) / MEGA : null;
  }
}
