package mobileinpaint.core

import kotlin.math.ceil

/** A hole whose mean width, or a gap whose width, is compared with this fraction of its longer side. */
private const val THIN = 8

/** Rows [top] to [bottom] and columns [left] to [right], the ends exclusive. */
data class Box(val top: Int, val bottom: Int, val left: Int, val right: Int) {
    val height get() = bottom - top
    val width get() = right - left

    /** The longer side in pixels. */
    val side get() = maxOf(height, width)

    /** [by] pixels larger on each side, as far as a photo of [height] x [width] goes. */
    fun grown(by: Int, height: Int, width: Int) =
        Box(maxOf(top - by, 0), minOf(bottom + by, height), maxOf(left - by, 0), minOf(right + by, width))
}

/** What the network sees; where the photo is shorter than [side] it reaches beyond, into the photo's mirror images. */
data class Square(val top: Int, val left: Int, val side: Int)

/**
 * Disjoint boxes, tight, that together hold the whole hole; each is filled through one crop, in this order.
 *
 * A box up to [limit] pixels long is one part. A longer one is cut across its longer side, again and again: in the middle of
 * its widest empty band if that is longer than 1/8 of the box, or else, where the hole is thin (its area is less than 1/8 of
 * the longer side's square), at the thinnest place of the middle half.
 */
fun parts(hole: Mask, limit: Int): Sequence<Box> = sequence {
    val waiting = ArrayDeque(listOf(hole.everything))
    while (waiting.isNotEmpty()) {
        val box = boundingBox(hole, waiting.removeLast()) ?: continue
        val cut = cut(hole, box, limit)
        if (cut == null) {
            yield(box)
        } else if (box.height == box.side) {
            waiting += listOf(box.copy(top = box.top + cut), box.copy(bottom = box.top + cut))
        } else {
            waiting += listOf(box.copy(left = box.left + cut), box.copy(right = box.left + cut))
        }
    }
}

/**
 * The crop for [box]: [context] times its longer side but at least [smallest], centred as far as the photo allows.
 *
 * It is moved inside the photo where it fits; on an axis on which it does not, the photo stands in its middle. Mirror images
 * are poor company: the crop stays below 5/4 of the photo's shorter side, unless the hole with an eighth to spare is longer.
 */
fun squareRound(box: Box, height: Int, width: Int, context: Double, smallest: Int): Square {
    val widest = maxOf(box.side + box.side / 8, (5L * minOf(height, width) / 4).toInt())
    val side = maxOf(smallest, minOf(ceil(context * box.side).toInt(), widest, maxOf(height, width)))
    return Square(start(box.top, box.bottom, side, height), start(box.left, box.right, side, width), side)
}

private fun start(low: Int, high: Int, side: Int, length: Int): Int {
    if (side >= length) return Math.floorDiv(length - side, 2)
    return Math.floorDiv(low + high - side, 2).coerceIn(0, length - side)
}

/** The smallest box that holds every hole pixel of those [within]; null where there is none. */
fun boundingBox(hole: Mask, within: Box = hole.everything): Box? {
    val top = (within.top until within.bottom).firstOrNull { hole.first(it, within) >= 0 } ?: return null
    val bottom = (within.bottom - 1 downTo top).first { hole.first(it, within) >= 0 } + 1
    var left = within.right
    var right = within.left
    for (y in top until bottom) {
        val first = hole.first(y, within)
        if (first < 0) continue
        left = minOf(left, first)
        var last = within.right - 1
        while (last >= right && !hole[y, last]) last--
        right = maxOf(right, last + 1)
    }
    return Box(top, bottom, left, right)
}

/** The first column of a hole in row [y] of [within], -1 for none. */
private fun Mask.first(y: Int, within: Box): Int {
    for (x in within.left until within.right) if (this[y, x]) return x
    return -1
}

/** Pixels from the box's start along its longer side, or null for a part. */
private fun cut(hole: Mask, box: Box, limit: Int): Int? {
    val side = box.side
    if (side <= limit) return null
    val tall = box.height == side
    val profile = IntArray(side)
    for (y in box.top until box.bottom) {
        for (x in box.left until box.right) if (hole[y, x]) profile[if (tall) y - box.top else x - box.left]++
    }
    var gap = 0
    var middle = 0
    var last = 0 // of the lines that hold something; the box is tight, so the first one does
    for (line in 1 until side) {
        if (profile[line] == 0) continue
        if (line - last > gap) {
            gap = line - last
            middle = (last + line + 1) / 2
        }
        last = line
    }
    if ((gap - 1).toLong() * THIN > side) return middle
    if (profile.sumOf(Int::toLong) * THIN < side.toLong() * side) {
        return (side / 4 until side - side / 4).minBy { profile[it] }
    }
    return null
}
