package mobileinpaint.core

import kotlin.math.abs
import kotlin.math.exp

/** From the centre of a patch of 7 x 7 pixels to its edge. */
internal const val REACH = 3
internal const val PATCH_SIDE = 2 * REACH + 1

/** The depth in the hole is counted up to here. */
internal const val DEPTHS = 24

/** The longer side, at most, of the grid on which the energy inside the hole is estimated. */
private const val ENERGY_CELLS = 48

/** How far the filter reaches that tells detail from the rest: (1, 8, 28, 56, 70, 56, 28, 8, 1) / 256. */
private const val FILTER_REACH = 4
private val BELL = intArrayOf(1, 8, 28, 56, 70, 56, 28, 8, 1)

/** 4096 exp(-k / 8). */
private val LIKENESS = table(64) { 4096 * exp(-it / 8.0) }

/** Real numbers, rounded. */
internal fun table(length: Int, of: (Int) -> Double) = IntArray(length) { Math.round(of(it)).toInt() }

/**
 * One picture of the pyramid of the detail step; step 8 of `docs/compositor.md`.
 *
 * @property picture `[h * w * 3]` bytes; in the hole, the fill so far.
 * @property hole not known: the wanted pixels, and those that another part of the hole fills later.
 * @property wanted the pixels that this step fills.
 */
class Level(val height: Int, val width: Int, val picture: ByteArray, val hole: BooleanArray, val wanted: BooleanArray) {
    /** `[(h + 2) * (w + 2) * 4]` with one more pixel on each side: RGB of the low band, and the energy of the detail. */
    var guide = ByteArray(0)
        internal set
}

internal fun ByteArray.level(at: Int) = this[at].toInt() and 255

/**
 * The pyramid, finest level first; it ends where a level would be smaller than two patches.
 *
 * @param finest its hole holds the network's fill, enlarged.
 * @param side of the square in the photo that the network saw.
 * @param size of the same square as the network saw it.
 * @param above how many levels coarser than the network the coarsest one is.
 * @param guidePx deviation of the low band's filter in pixels of the network.
 */
internal fun levels(finest: Level, side: Int, size: Int, above: Int, guidePx: Int): MutableList<Level> {
    val network = networkLevel(side, size)
    val found = mutableListOf(finest)
    while (found.size <= network + above && minOf(found.last().height, found.last().width) >= 4 * PATCH_SIDE) {
        val last = found.last()
        val (height, width) = last.height to last.width
        found += Level(
            (height + 1) / 2, (width + 1) / 2, halve(last.picture, height, width, 3),
            halve(last.hole, height, width), halve(last.wanted, height, width),
        )
    }
    val at = minOf(network, found.size - 1)
    val radius = maxOf(1, (guidePx.toLong() * side / (size.toLong() shl at)).toInt())
    val first = guide(found[at], detail(finest, at), radius)
    found[at].guide = padded(first, found[at])
    var guide = first
    for (n in at + 1 until found.size) {
        guide = halve(guide, found[n - 1].height, found[n - 1].width, 4)
        found[n].guide = padded(guide, found[n])
    }
    guide = first
    for (n in at - 1 downTo 0) {
        val (coarse, fine) = found[n + 1] to found[n]
        val wider = ByteArray(4 * fine.height * fine.width)
        doubled(coarse.height, coarse.width, 4, fine.height, fine.width, { guide.level(it) }, { p, value -> wider[p] = value.toByte() })
        guide = wider
        fine.guide = padded(guide, fine)
    }
    return found
}

/** The level whose pixels are nearest to the network's, by ratio: log2(side / size), rounded. */
internal fun networkLevel(side: Int, size: Int): Int {
    var level = 0
    while (side.toLong() * side >= (2L * size * size) shl (2 * level)) level++
    return level
}

/** Means of two by two pixels, rounded half up; a last odd line counts twice. */
internal inline fun halve(height: Int, width: Int, channels: Int, get: (Int) -> Int, put: (Int, Int) -> Unit) {
    var n = 0
    for (y in 0 until height step 2) {
        val down = if (y + 1 < height) width * channels else 0
        for (x in 0 until width step 2) {
            val right = if (x + 1 < width) channels else 0
            for (c in 0 until channels) {
                val p = (y * width + x) * channels + c
                put(n++, (get(p) + get(p + right) + get(p + down) + get(p + down + right) + 2) shr 2)
            }
        }
    }
}

private fun halve(bytes: ByteArray, height: Int, width: Int, channels: Int): ByteArray {
    val half = ByteArray((height + 1) / 2 * ((width + 1) / 2) * channels)
    halve(height, width, channels, { bytes.level(it) }, { p, value -> half[p] = value.toByte() })
    return half
}

/** Which squares of two by two pixels hold a flagged one. */
private fun halve(flags: BooleanArray, height: Int, width: Int): BooleanArray {
    val columns = (width + 1) / 2
    val half = BooleanArray((height + 1) / 2 * columns)
    for (at in flags.indices) if (flags[at]) half[at / width / 2 * columns + at % width / 2] = true
    return half
}

/** Sums of two by two, with 0 beyond the rim. */
internal fun four(values: IntArray, height: Int, width: Int): IntArray {
    val columns = (width + 1) / 2
    val sums = IntArray((height + 1) / 2 * columns)
    for (y in 0 until height) for (x in 0 until width) sums[y / 2 * columns + x / 2] += values[y * width + x]
    return sums
}

/** Values [rows] x [columns] twice as large, interpolated, cut to [height] x [width]. */
internal inline fun doubled(
    rows: Int, columns: Int, channels: Int, height: Int, width: Int, get: (Int) -> Int, put: (Int, Int) -> Unit,
) {
    val line = IntArray(columns * channels)
    for (y in 0 until height) {
        val own = y / 2 * line.size
        val beside = (y / 2 + if (y % 2 == 0) -1 else 1).coerceIn(0, rows - 1) * line.size
        for (k in line.indices) line[k] = 3 * get(own + k) + get(beside + k)
        for (x in 0 until width) {
            val at = x / 2 * channels
            val next = (x / 2 + if (x % 2 == 0) -1 else 1).coerceIn(0, columns - 1) * channels
            for (c in 0 until channels) put((y * width + x) * channels + c, (3 * line[at + c] + line[next + c] + 8) shr 4)
        }
    }
}

internal fun doubled(values: IntArray, rows: Int, columns: Int, channels: Int, height: Int, width: Int): IntArray {
    val result = IntArray(height * width * channels)
    doubled(rows, columns, channels, height, width, { values[it] }, { p, value -> result[p] = value })
    return result
}

/**
 * Three means over squares of `2 * radius + 1` pixels, each rounded half up, in place; the deviation is about radius + 1/2.
 *
 * Beyond the rim the pixel at the rim counts.
 */
internal fun blur(values: IntArray, height: Int, width: Int, channels: Int, radius: Int) {
    val line = IntArray(maxOf(height, width))
    val across = width * channels
    repeat(3) {
        for (k in 0 until across) mean(values, k, height, across, radius, line)
        for (y in 0 until height) for (c in 0 until channels) mean(values, y * across + c, width, channels, radius, line)
    }
}

private fun mean(values: IntArray, start: Int, length: Int, step: Int, radius: Int, line: IntArray) {
    val size = 2L * radius + 1
    for (k in 0 until length) line[k] = values[start + k * step]
    var sum = 0L
    for (k in -radius..radius) sum += line[k.coerceIn(0, length - 1)]
    for (k in 0 until length) {
        values[start + k * step] = Math.floorDiv(2 * sum + size, 2 * size).toInt()
        sum += line[minOf(k + radius + 1, length - 1)] - line[maxOf(k - radius, 0)]
    }
}

/** The flags, [by] pixels larger on each side, corners too. */
internal fun grown(flags: BooleanArray, height: Int, width: Int, by: Int): BooleanArray {
    val wider = BooleanArray(flags.size)
    val result = BooleanArray(flags.size)
    for (y in 0 until height) grow(flags, wider, y * width, width, 1, by)
    for (x in 0 until width) grow(wider, result, x, height, width, by)
    return result
}

private fun grow(flags: BooleanArray, wider: BooleanArray, start: Int, length: Int, step: Int, by: Int) {
    var done = 0 // what lies before has its answer
    for (k in 0 until length) {
        if (!flags[start + k * step]) continue
        val end = minOf(k + by + 1, length)
        for (n in maxOf(k - by, done) until end) wider[start + n * step] = true
        done = end
    }
}

/** How deep in the hole a pixel lies: 0 outside, 1 where one of its eight neighbours is known, at most [DEPTHS]. */
internal fun depths(hole: BooleanArray, height: Int, width: Int): ByteArray {
    val depth = ByteArray(hole.size)
    fun pass(step: Int) {
        for (k in 0 until height) {
            val y = if (step > 0) k else height - 1 - k
            for (n in 0 until width) {
                val x = if (step > 0) n else width - 1 - n
                val p = y * width + x
                if (!hole[p]) continue
                var least = if (step > 0) DEPTHS - 1 else depth[p] - 1
                if (x - step in 0 until width) least = minOf(least, depth[p - step].toInt())
                if (y - step in 0 until height) {
                    for (beside in maxOf(x - 1, 0)..minOf(x + 1, width - 1)) least = minOf(least, depth[(y - step) * width + beside].toInt())
                }
                depth[p] = (least + 1).toByte()
            }
        }
    }
    pass(1)
    pass(-1)
    return depth
}

/** The guide with one more pixel on each side. */
private fun padded(guide: ByteArray, level: Level): ByteArray {
    val row = 4 * (level.width + 2)
    val wider = ByteArray(row * (level.height + 2))
    for (y in 0 until level.height + 2) {
        val from = 4 * level.width * (y - 1).coerceIn(0, level.height - 1)
        System.arraycopy(guide, from, wider, y * row + 4, 4 * level.width)
        System.arraycopy(guide, from, wider, y * row, 4)
        System.arraycopy(guide, from + 4 * level.width - 4, wider, (y + 1) * row - 4, 4)
    }
    return wider
}

/** By pixels of a level: sums of the detail's size, and counts of the pixels where it can be told. */
private class Energy(val total: IntArray, val count: IntArray)

private fun detail(finest: Level, level: Int): Energy {
    val (height, width, picture) = Triple(finest.height, finest.width, finest.picture)
    val columns = (width + (1 shl level) - 1) shr level
    val rows = (height + (1 shl level) - 1) shr level
    val energy = Energy(IntArray(rows * columns), IntArray(rows * columns))
    val hidden = grown(finest.hole, height, width, FILTER_REACH)
    fun bright(p: Int) = picture.level(3 * p) + picture.level(3 * p + 1) + picture.level(3 * p + 2)
    val sums = IntArray(width)
    val line = IntArray(width + 2 * FILTER_REACH)
    for (y in 0 until height) {
        sums.fill(128)
        for ((k, weight) in BELL.withIndex()) {
            val from = (y + k - FILTER_REACH).coerceIn(0, height - 1) * width
            for (x in 0 until width) sums[x] += weight * bright(from + x)
        }
        for (x in line.indices) line[x] = sums[(x - FILTER_REACH).coerceIn(0, width - 1)] shr 8
        for (x in 0 until width) {
            if (hidden[y * width + x]) continue
            var smooth = 128
            for (k in BELL.indices) smooth += BELL[k] * line[x + k]
            val to = (y shr level) * columns + (x shr level)
            energy.total[to] += abs(bright(y * width + x) - (smooth shr 8))
            energy.count[to]++
        }
    }
    return energy
}

/** `[h * w * 4]`: the low band, and 4 times the local mean of the detail; inside the hole the detail of like places. */
private fun guide(level: Level, energy: Energy, radius: Int): ByteArray {
    val (height, width) = level.height to level.width
    val low = IntArray(level.picture.size) { level.picture.level(it) }
    val sums = IntArray(height * width) { energy.total[it] shl 6 }
    val counts = IntArray(height * width) { energy.count[it] shl 6 }
    blur(low, height, width, 3, radius)
    blur(sums, height, width, 1, radius)
    blur(counts, height, width, 1, radius)
    val usable = IntArray(height * width) { if (!level.hole[it] && counts[it] > 0) 1 else 0 }
    val known = IntArray(height * width) { if (usable[it] == 0) 0 else minOf(4L * sums[it] / (3L * counts[it]), 255L).toInt() }
    val inside = if (usable.any { it > 0 }) likely(low, known, usable, height, width) else known
    return ByteArray(4 * height * width) {
        val p = it / 4
        (if (it % 4 < 3) low[3 * p + it % 4] else if (usable[p] > 0) known[p] else inside[p]).toByte()
    }
}

/** The energy of each pixel as the known ones make it likely: found on a coarse grid, led back to the size. */
private fun likely(colour: IntArray, summed: IntArray, weight: IntArray, height: Int, width: Int): IntArray {
    if (maxOf(height, width) <= ENERGY_CELLS) return likelyCells(colour, summed, weight, height, width)
    val (rows, columns) = (height + 1) / 2 to (width + 1) / 2
    val half = IntArray(3 * rows * columns)
    halve(height, width, 3, { colour[it] }, { p, value -> half[p] = value })
    val cells = likely(half, four(summed, height, width), four(weight, height, width), rows, columns)
    return doubled(cells, rows, columns, 1, height, width)
}

/** The mean of the known energies for each cell, those of like colour and near by counting more. */
private fun likelyCells(colour: IntArray, summed: IntArray, weight: IntArray, height: Int, width: Int): IntArray {
    val known = weight.indices.filter { weight[it] > 0 }
    val gone = boundingBox(Mask(width, height, BooleanArray(weight.size) { weight[it] == 0 }))
    val length = gone?.side ?: 1
    return IntArray(height * width) {
        var total = 0L
        var says = 0L
        for (at in known) {
            val (down, right) = it / width - at / width to it % width - at % width
            val apart = (down * down + right * right) * 1600 / (49 * length * length)
            var unlike = 0
            for (c in 0..2) unlike += (colour[3 * it + c] - colour[3 * at + c]).let { off -> off * off }
            val say = LIKENESS[minOf(apart + unlike / 36, 63)]
            total += say.toLong() * (summed[at] / weight[at])
            says += say
        }
        (total / says).toInt()
    }
}
