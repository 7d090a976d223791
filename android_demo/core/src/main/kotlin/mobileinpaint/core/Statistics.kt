package mobileinpaint.core

import kotlin.math.sqrt

/** The interquartile range, as a share of the median, above which a timing is called unsteady. */
private const val UNSTEADY = 0.10

/** The rise from the first third of the runs to the last above which a device is suspected of throttling. */
private const val SLOWED = 0.10

/**
 * Of a series of times in milliseconds. Percentiles interpolate linearly between the two nearest times (Hyndman and Fan's
 * definition 7); the deviation is that of a sample (n - 1).
 */
data class Statistics(
    val n: Int, val p50Ms: Double, val p90Ms: Double, val p95Ms: Double, val p99Ms: Double, val meanMs: Double, val stdMs: Double,
    val iqrMs: Double, val minMs: Double, val maxMs: Double,
) {
    /** The middle half of the times spans more than a tenth of their median. */
    val unsteady get() = iqrMs > UNSTEADY * p50Ms

    companion object {
        /** The statistics of [timesMs], which holds at least one. */
        fun of(timesMs: List<Double>): Statistics {
            val mean = timesMs.sum() / timesMs.size
            val std = if (timesMs.size > 1) sqrt(timesMs.sumOf { (it - mean) * (it - mean) } / (timesMs.size - 1)) else 0.0
            fun p(percent: Int) = percentile(timesMs, percent)
            return Statistics(
                timesMs.size, p(50), p(90), p(95), p(99), mean, std, p(75) - p(25), timesMs.min(), timesMs.max(),
            )
        }
    }
}

internal fun median(values: List<Double>): Double = percentile(values, 50)

private fun percentile(values: List<Double>, percent: Int): Double {
    val sorted = values.sorted()
    val position = percent / 100.0 * (sorted.size - 1)
    val below = position.toInt()
    val share = position - below
    val (low, high) = sorted[below] to sorted[minOf(below + 1, sorted.size - 1)]
    return if (share < 0.5) low + (high - low) * share else high - (high - low) * (1 - share)
}

/**
 * Why to doubt these times: a line each, for a report's `warnings`.
 *
 * @param timesMs of the timed runs, in order.
 * @param completed the output was seen to change each time that the input did.
 */
fun doubts(timesMs: List<Double>, completed: Boolean): List<String> = buildList {
    val its = Statistics.of(timesMs)
    if (its.unsteady) add("unsteady: the middle half of the times spans ${percent(its.iqrMs / its.p50Ms)} of their median")
    val third = timesMs.size / 3
    if (third > 0) {
        val rise = percentile(timesMs.takeLast(third), 25) / median(timesMs.take(third)) - 1
        if (rise > SLOWED) { // of nearly all of them, for times that jump to and fro are unsteady and nothing else
            add("slower towards the end: the last third of the runs took ${percent(rise)} longer than the first, as when throttled")
        }
    }
    if (!completed) add("the output did not change with the input, so these may be times of a dispatch, not of finished work")
}

private fun percent(share: Double) = "${java.math.BigDecimal(share * 100).setScale(0, java.math.RoundingMode.HALF_EVEN)}%"
