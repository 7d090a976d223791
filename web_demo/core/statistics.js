// What a series of times says, and whether to doubt it.

const UNSTEADY = 0.1, SLOWED = 0.1;

const ascending = (values) => [...values].sort((a, b) => a - b);

/** The `percent`-th percentile: linear between the two nearest values. */
export function percentile(values, percent) {
  const sorted = ascending(values), at = (percent / 100) * (sorted.length - 1), low = Math.floor(at);
  return sorted[low] + (sorted[Math.min(low + 1, sorted.length - 1)] - sorted[low]) * (at - low);
}

export const median = (values) => percentile(values, 50);

/** Of at least one time in milliseconds; the deviation is that of a sample (n - 1). */
export function statisticsOf(times_ms) {
  const n = times_ms.length, mean_ms = times_ms.reduce((sum, time) => sum + time, 0) / n;
  const squares = times_ms.reduce((sum, time) => sum + (time - mean_ms) ** 2, 0);
  const at = (percent) => percentile(times_ms, percent);
  return {
    n,
    p50_ms: at(50),
    p90_ms: at(90),
    p95_ms: at(95),
    p99_ms: at(99),
    mean_ms,
    std_ms: n > 1 ? Math.sqrt(squares / (n - 1)) : 0,
    iqr_ms: at(75) - at(25),
    min_ms: Math.min(...times_ms),
    max_ms: Math.max(...times_ms),
  };
}

/** The middle half of the times spans more than a tenth of their median. */
export const isUnsteady = ({ iqr_ms, p50_ms }) => iqr_ms > UNSTEADY * p50_ms;

const percent = (share) => `${(100 * share).toFixed(0)}%`;

/**
 * Why to doubt these times: lines for a report's warnings.
 *
 * @param completed the output was seen to change each time that the input did
 */
export function doubts(times_ms, completed) {
  const lines = [], its = statisticsOf(times_ms), third = Math.floor(times_ms.length / 3);
  if (isUnsteady(its)) lines.push(`unsteady: the middle half of the times spans ${percent(its.iqr_ms / its.p50_ms)} of their median`);
  if (third) {
    const rise = percentile(times_ms.slice(-third), 25) / median(times_ms.slice(0, third)) - 1;
    if (rise > SLOWED) {
      lines.push(`slower towards the end: the last third of the runs took ${percent(rise)} longer than the first, as when throttled`);
    }
  }
  if (!completed) {
    lines.push("the output did not change with the input, so these may be times of a dispatch, not of finished work");
  }
  return lines;
}
