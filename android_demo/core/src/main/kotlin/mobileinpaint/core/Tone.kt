package mobileinpaint.core

import kotlin.math.abs

/** Grey levels that rounding may move a channel of a toned photo off the line. */
private const val TOLERANCE = 2

/** Levels of R + G + B between the ends of a toned photo's line, at least: a shorter one has no sure direction. */
private const val SHORTEST = 96

/** A line in colour space: two of its colours R, G, B, the darker one first by their sum. */
internal class Line(val dark: IntArray, val bright: IntArray) {
    private val start = dark.sum()
    private val span = bright.sum() - start

    /** The level of channel [c] of the line's colour with the same R + G + B, [sum]. */
    fun level(c: Int, sum: Int) =
        (dark[c] + Math.floorDiv(2 * (sum - start) * (bright[c] - dark[c]) + span, 2 * span)).coerceIn(0, 255)
}

private val GREY = Line(intArrayOf(0, 0, 0), intArrayOf(255, 255, 255))

/**
 * The line on which colours lie; null where there is none. Step 9 of `docs/compositor.md`.
 *
 * Grey must be exact. On another line a channel may be off by two levels, and pixels with a channel at 0 or 255 do not count, as
 * toning clips there; at least half of the pixels must count.
 *
 * @param visit calls what it is given with R, G and B of each, in the same order each time.
 */
internal fun lineOf(visit: ((Int, Int, Int) -> Unit) -> Unit): Line? {
    var known = 0L
    var inner = 0L
    var grey = true
    var dark: IntArray? = null
    var bright: IntArray? = null
    var low = Int.MAX_VALUE
    var high = Int.MIN_VALUE
    visit { red, green, blue ->
        known++
        if (red != green || green != blue) grey = false
        if (isInner(red, green, blue)) {
            inner++
            val sum = red + green + blue
            if (sum < low) {
                low = sum
                dark = intArrayOf(red, green, blue)
            }
            if (sum > high) {
                high = sum
                bright = intArrayOf(red, green, blue)
            }
        }
    }
    if (known == 0L) return null
    if (grey) return GREY
    if (2 * inner < known || inner == 0L || high - low < SHORTEST) return null
    val line = Line(checkNotNull(dark), checkNotNull(bright))
    var most = 0
    visit { red, green, blue ->
        if (isInner(red, green, blue)) {
            val sum = red + green + blue
            most = maxOf(most, abs(line.level(0, sum) - red), maxOf(abs(line.level(1, sum) - green), abs(line.level(2, sum) - blue)))
        }
    }
    return if (most <= TOLERANCE) line else null
}

private fun isInner(red: Int, green: Int, blue: Int) = red in 1..254 && green in 1..254 && blue in 1..254
