package mobileinpaint.core

/** Weights of a pixel add up to two to the power of this. */
private const val WEIGHT_BITS = 14

/** Fraction bits of a value between the vertical and the horizontal pass. */
private const val MIDDLE_BITS = 6
private const val PHASE_BITS = 8

/**
 * Where the pixels of one line come from.
 *
 * @property count how many source pixels each target pixel has.
 * @property source [target * count] source pixels; beyond the line's ends, where the end pixel counts.
 * @property weight [target * count]; those of a pixel add up to 2^14. A weight of 0 means the pixel does not take part.
 */
class Taps(val count: Int, val source: IntArray, val weight: IntArray) {
    val size get() = source.size / count
}

/** Area averaging from [source] to [target] pixels, [source] >= [target]: antialiased, support one target pixel. */
fun shrinkTaps(source: Int, target: Int): Taps {
    val from = source.toLong()
    val count = (0 until target).maxOf { ((it + 1) * from + target - 1) / target - it * from / target }.toInt()
    val taps = Taps(count, IntArray(target * count), IntArray(target * count))
    for (i in 0 until target) {
        val first = i * from / target
        var before = 0L
        for (k in 0 until count) {
            val covered = ((first + k + 1) * target - i * from).coerceIn(0, from)
            val running = ((covered shl (WEIGHT_BITS + 1)) + from) / (2 * from)
            taps.source[i * count + k] = minOf(first + k, from - 1).toInt()
            taps.weight[i * count + k] = (running - before).toInt()
            before = running
        }
    }
    return taps
}

/**
 * Catmull-Rom interpolation from [source] to [target] pixels, for the target pixels [start] to [stop] alone.
 *
 * Source: E. Catmull and R. Rom, "A class of local interpolating splines", 1974; the positions are rounded to 1/256 pixel.
 */
fun enlargeTaps(source: Int, target: Int, start: Int, stop: Int): Taps {
    val taps = Taps(4, IntArray(4 * (stop - start)), IntArray(4 * (stop - start)))
    val one = 1L shl PHASE_BITS
    val shift = 3 * PHASE_BITS + 1 - WEIGHT_BITS
    for (i in 0 until stop - start) {
        val centre = (2L * (start + i) + 1) * source - target // in 1/(2 target) source pixels
        val position = Math.floorDiv((centre shl PHASE_BITS) + target, 2L * target)
        val t = position and (one - 1)
        // Twice the spline's weights times one^3, summed from the left.
        val w0 = t * (-t * t + 2 * t * one - one * one)
        val w1 = w0 + 3 * t * t * t - 5 * t * t * one + 2 * one * one * one
        val w2 = w1 + t * (-3 * t * t + 4 * t * one + one * one)
        val w3 = 2 * one * one * one
        var before = 0L
        longArrayOf(w0, w1, w2, w3).forEachIndexed { k, w ->
            val running = (w + (1L shl (shift - 1))) shr shift
            taps.source[4 * i + k] = ((position shr PHASE_BITS) - 1 + k).toInt()
            taps.weight[4 * i + k] = (running - before).toInt()
            before = running
        }
    }
    return taps
}

/**
 * Resamples by rows, then by columns, one target row at a time: memory does not grow with the picture. Sums are rounded half up:
 * `(sum + half) >> shift`. Overshoot of the interpolation is not clipped.
 *
 * @param bitsIn fraction bits of the values; the results have none.
 * @param height rows of the source, and [width] its columns.
 */
internal class Resampler(private val rows: Taps, private val columns: Taps, bitsIn: Int, private val height: Int, width: Int) {
    private val from = IntArray(columns.source.size) { 3 * columns.source[it].coerceIn(0, width - 1) }
    private val middle = IntArray(3 * width)
    private val down = WEIGHT_BITS + bitsIn - MIDDLE_BITS
    private val across = WEIGHT_BITS + MIDDLE_BITS

    /** Row [target] into [out], three values a pixel; [row] gives a source row's values and may reuse its array. */
    fun resample(target: Int, out: IntArray, row: (Int) -> IntArray) {
        middle.fill(1 shl (down - 1))
        for (k in target * rows.count until (target + 1) * rows.count) {
            val weight = rows.weight[k]
            if (weight == 0) continue
            val values = row(rows.source[k].coerceIn(0, height - 1))
            for (i in middle.indices) middle[i] += values[i] * weight
        }
        for (i in middle.indices) middle[i] = middle[i] shr down
        for (i in 0 until columns.size) {
            var red = 1 shl (across - 1)
            var green = red
            var blue = red
            for (k in i * columns.count until (i + 1) * columns.count) {
                val weight = columns.weight[k]
                val at = from[k]
                red += middle[at] * weight
                green += middle[at + 1] * weight
                blue += middle[at + 2] * weight
            }
            out[3 * i] = red shr across
            out[3 * i + 1] = green shr across
            out[3 * i + 2] = blue shr across
        }
    }
}
