package mobileinpaint.core

/** How far one pixel's difference counts from the median of all: beyond, it is a line or an edge that passes by, not a tint. */
private const val LIMIT = 24 shl 4

/** About so many pixels are looked at to measure grain, however large the hole. */
private const val SAMPLES = 1 shl 16

/**
 * [guess] with the colour of the known pixels round the hole, less and less so away from its edge.
 *
 * On the hole's outermost pixels the difference between the mean of the known among their eight neighbours and the guess is
 * taken, spread over the hole and added.
 *
 * @param guess [h * w * 3] in 1/16 grey levels, inside [hole]; elsewhere not read. It is changed in place.
 * @param truth [h * w * 3] in 1/16 grey levels, outside [hole]; elsewhere not read.
 * @param fade 0 to 256, what is left of the correction each time the distance to the edge doubles.
 */
fun match(guess: IntArray, truth: IntArray, hole: Mask, fade: Int) {
    val (height, width) = hole.height to hole.width
    val difference = IntArray(3 * height * width)
    val edge = BooleanArray(height * width)
    for (y in 0 until height) {
        for (x in 0 until width) {
            if (!hole[y, x]) continue
            var near = 0
            val total = IntArray(3)
            for (ny in maxOf(y - 1, 0)..minOf(y + 1, height - 1)) {
                for (nx in maxOf(x - 1, 0)..minOf(x + 1, width - 1)) {
                    if (hole[ny, nx]) continue
                    near++
                    for (c in 0..2) total[c] += truth[3 * (ny * width + nx) + c]
                }
            }
            if (near == 0) continue
            val at = y * width + x
            edge[at] = true
            for (c in 0..2) difference[3 * at + c] = (2 * total[c] + near) / (2 * near) - guess[3 * at + c]
        }
    }
    if (edge.none { it }) return
    for (c in 0..2) {
        val sorted = edge.indices.filter { edge[it] }.map { difference[3 * it + c] }.toIntArray().apply { sort() }
        val middle = sorted[(sorted.size - 1) / 2]
        for (at in edge.indices) {
            if (edge[at]) difference[3 * at + c] = difference[3 * at + c].coerceIn(middle - LIMIT, middle + LIMIT)
        }
    }
    val tint = spread(difference, edge, height, width, fade)
    for (at in hole.hole.indices) if (hole.hole[at]) for (c in 3 * at..3 * at + 2) guess[c] += tint[c]
}

/**
 * [difference], given where [edge] is, everywhere: averages over ever larger squares, faded towards zero.
 *
 * Push and pull over a pyramid: each level halves the one before, a square counts fully once one of its four is known, and on the
 * way back what a level does not know comes from the coarser one, interpolated and times [fade] / 256.
 *
 * Source: S. Gortler et al., "The Lumigraph", 1996, section 3.4 (push-pull), here in whole numbers and with a fade.
 *
 * @param difference [h * w * 3]; read where [edge].
 * @return [h * w * 3].
 */
fun spread(difference: IntArray, edge: BooleanArray, height: Int, width: Int, fade: Int): IntArray {
    if (height == 1 && width == 1) return if (edge[0]) difference.copyOf() else IntArray(3)
    val (rows, columns) = (height + 1) / 2 to (width + 1) / 2
    val mean = IntArray(3 * rows * columns)
    val count = IntArray(rows * columns)
    for (y in 0 until height) {
        for (x in 0 until width) {
            if (!edge[y * width + x]) continue
            val to = y / 2 * columns + x / 2
            count[to]++
            for (c in 0..2) mean[3 * to + c] += difference[3 * (y * width + x) + c]
        }
    }
    for (i in mean.indices) mean[i] = Math.floorDiv(2 * mean[i] + count[i / 3], maxOf(2 * count[i / 3], 1))
    val coarse = spread(mean, BooleanArray(count.size) { count[it] > 0 }, rows, columns, fade)
    val result = IntArray(3 * height * width)
    for (y in 0 until height) {
        val near = y / 2
        val far = (if (y % 2 == 0) near - 1 else near + 1).coerceIn(0, rows - 1)
        for (x in 0 until width) {
            val at = y * width + x
            val beside = x / 2
            val beyond = (if (x % 2 == 0) beside - 1 else beside + 1).coerceIn(0, columns - 1)
            for (c in 0..2) {
                result[3 * at + c] = if (edge[at]) difference[3 * at + c] else {
                    fun down(column: Int) = 3 * coarse[3 * (near * columns + column) + c] + coarse[3 * (far * columns + column) + c]
                    ((3 * down(beside) + down(beyond)) * fade + 2048) shr 12
                }
            }
        }
    }
    return result
}

/**
 * Variance of the noise of R, G, B and of R+G+B, in 1/4096 squared grey levels, among those pixels of [box] for which [inside]
 * says so, of row and column.
 *
 * From the median of |3x3 second difference of second difference|, over windows that lie wholly inside: edges and texture that
 * fill less than half of the area do not count, and clean graphics give 0.
 *
 * Source: J. Immerkaer, "Fast noise variance estimation", 1996, with the median in place of the mean.
 */
inline fun grainVariances(pixels: Pixels, box: Box, inside: (Int, Int) -> Boolean): IntArray {
    val histograms = GrainHistograms()
    for (y in box.top until box.bottom - 2 step histograms.step(box)) {
        for (x in box.left until box.right - 2) {
            if ((y..y + 2).all { row -> (x..x + 2).all { column -> inside(row, column) } }) histograms.add(pixels, y, x)
        }
    }
    return histograms.variances()
}

/** How often each response was seen, for R, G, B and their sum. */
@PublishedApi
internal class GrainHistograms {
    private val counts = Array(4) { IntArray(16 * 255 * 3 + 1) }
    private var seen = 0

    fun step(box: Box) = maxOf(1, (box.height.toLong() * box.width / SAMPLES).toInt())

    /** The window whose upper left pixel is row [y], column [x]. */
    fun add(pixels: Pixels, y: Int, x: Int) {
        seen++
        var sum = 0
        for (c in 0..2) {
            fun down(column: Int): Int {
                fun at(row: Int) = pixels.rgb[3 * (row * pixels.width + column) + c].toInt() and 255
                return at(y) - 2 * at(y + 1) + at(y + 2)
            }
            val response = down(x) - 2 * down(x + 1) + down(x + 2)
            sum += response
            counts[c][Math.abs(response)]++
        }
        counts[3][Math.abs(sum)]++
    }

    /** sigma = median / (0.6745 * 6), at most 32; 250 = 4096 / (0.6745 * 6)^2. */
    fun variances(): IntArray = IntArray(4) {
        val median = if (seen == 0) 0 else minOf(median(counts[it]), if (it == 3) 384 else 128)
        250 * median * median
    }

    private fun median(counts: IntArray): Int {
        var below = 0
        return counts.indices.first { value ->
            below += counts[value]
            below > seen / 2
        }
    }
}

/**
 * Noise in grey levels; that of a pixel depends on its place alone.
 *
 * @param missing four variances as [grainVariances] gives them; what R+G+B has beyond the sum of the three is shared by all
 *   channels, the rest is each channel's own.
 */
class Grain(missing: IntArray) {
    private val shared = minOf(maxOf((missing[3] - missing[0] - missing[1] - missing[2]) / 6, 0), missing.take(3).min())
    private val own = IntArray(3) { isqrt(missing[it] - shared) }
    private val common = isqrt(shared)

    /** For channel [c] of the photo's pixel in column [x] of row [y]. */
    fun noise(x: Int, y: Int, c: Int): Int {
        val total = bell(x, y, c) * own[c] + bell(x, y, 3) * common
        // The bell's deviation is 147.8 and the variances' unit 1/64 grey level: 443 / 2^22 = 1 / (147.8 * 64)
        return (total * 443 + (1 shl 21)) shr 22
    }
}

/** Nearly normal whole numbers, mean 0, deviation 147.8: four bytes of a hash, added. Products wrap. */
internal fun bell(x: Int, y: Int, channel: Int): Int {
    var h = (x * 0x9E3779B1.toInt()) xor (y * 0x85EBCA77.toInt()) xor (channel * 0xC2B2AE3D.toInt())
    h = (h xor (h ushr 16)) * 0x7FEB352D
    h = (h xor (h ushr 15)) * 0x846CA68B.toInt()
    h = h xor (h ushr 16)
    return (h and 255) + (h ushr 8 and 255) + (h ushr 16 and 255) + (h ushr 24) - 510
}

/** The whole part of the square root of [value], which is not negative. */
internal fun isqrt(value: Int): Int {
    var root = Math.sqrt(value.toDouble()).toInt()
    while (root.toLong() * root > value) root--
    while ((root + 1L) * (root + 1L) <= value) root++
    return root
}
