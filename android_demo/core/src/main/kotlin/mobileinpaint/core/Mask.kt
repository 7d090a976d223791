package mobileinpaint.core

private const val AUTO_PERCENT = 6
private const val AUTO_LEAST_PX = 2

/** What marks a hole in a mask file: grey from 128 up, grey below 128, or alpha below 128. */
enum class Polarity { WHITE, BLACK, ALPHA }

/**
 * The hole in a photo.
 *
 * @property hole `height` rows of `width` flags, true = to be filled.
 */
class Mask(val width: Int, val height: Int, val hole: BooleanArray = BooleanArray(width * height)) {
    init {
        require(hole.size == width * height) { "$width x $height pixels have ${width * height} flags" }
    }

    operator fun get(y: Int, x: Int): Boolean = hole[y * width + x]

    operator fun set(y: Int, x: Int, value: Boolean) {
        hole[y * width + x] = value
    }

    fun copy() = Mask(width, height, hole.copyOf())

    /** Pixels to be filled. */
    val area get() = hole.count { it }

    /** The whole photo. */
    val everything get() = Box(0, height, 0, width)

    /**
     * The smallest rectangle that holds the hole.
     *
     * @throws MaskError there is no hole.
     */
    val box: Box get() = boundingBox(this) ?: throw MaskError("the mask is empty: it marks nothing to fill")

    /**
     * Returns if a photo of [width] x [height] can be filled through this mask.
     *
     * @param allowFull accept a mask that leaves no pixel to fill from.
     * @throws MaskError another size than the photo's; nothing to fill; everything to fill.
     */
    fun check(width: Int, height: Int, allowFull: Boolean = false) {
        if (this.width != width || this.height != height) {
            throw MaskError(
                "the mask is ${this.width} x ${this.height} pixels, the photo (upright) $width x $height: " +
                    "draw the mask on the photo at its own size",
            )
        }
        if (hole.none { it }) throw MaskError("the mask is empty: it marks nothing to fill; if it is inverted, say --hole black")
        if (!allowFull && hole.all { it }) {
            throw MaskError("the mask covers the whole photo: nothing is left to fill from; if you mean it, say --allow-full")
        }
    }

    /** Sets the pixels of [from] to [to] of row [y], as far as the photo goes. */
    private fun set(y: Int, from: Int, to: Int, value: Boolean) {
        if (y !in 0 until height || from >= width || to <= 0) return
        hole.fill(value, y * width + maxOf(from, 0), y * width + minOf(to, width))
    }

    /** Sets all within [radius] of ([x], [y]), which may lie outside. */
    private fun disc(x: Int, y: Int, radius: Int, value: Boolean) {
        for (dy in -radius..radius) {
            val half = isqrt(radius * radius - dy * dy)
            set(y + dy, x - half, x + half + 1, value)
        }
    }

    /**
     * Draws a line with a round brush, or takes it away.
     *
     * @param radius in pixels; 0 touches single pixels.
     * @param erase take away.
     */
    fun paint(fromX: Int, fromY: Int, toX: Int, toY: Int, radius: Int, erase: Boolean = false) {
        val steps = maxOf(Math.abs(toX - fromX), Math.abs(toY - fromY), 1)
        for (i in 0..steps) {
            val x = fromX + Math.floorDiv(2L * i * (toX - fromX) + steps, 2L * steps).toInt()
            val y = fromY + Math.floorDiv(2L * i * (toY - fromY) + steps, 2L * steps).toInt()
            disc(x, y, radius, !erase)
        }
    }

    /**
     * The mask with every pixel added whose centre lies within [px] of the centre of a hole pixel: a pixel `(dy, dx)` from the
     * hole joins it where `dy² + dx² <= px²`.
     */
    fun grow(px: Int): Mask {
        if (px <= 0) return this
        val grown = Mask(width, height)
        val half = IntArray(2 * px + 1) { isqrt(px * px - (it - px) * (it - px)) }
        for (y in 0 until height) {
            for (run in runs(y)) for (k in half.indices) grown.set(y + k - px, run.first - half[k], run.last + 1 + half[k], true)
        }
        return grown
    }

    /** The mask grown by [autoPx]. */
    fun growAuto(): Mask = grow(autoPx)

    /**
     * How far a mask drawn tightly round an object should grow, so that no edge peeks out for the network to paint on: 6 % of the
     * side of a square as large as the hole's largest connected part, at least 2 px.
     *
     * @throws MaskError there is no hole.
     */
    val autoPx: Int
        get() {
            box
            return maxOf(AUTO_LEAST_PX, (AUTO_PERCENT * isqrt(largestPart()) + 50) / 100)
        }

    /** The columns of row [y] that are hole, run by run. */
    fun runs(y: Int): List<IntRange> {
        val found = mutableListOf<IntRange>()
        var x = 0
        while (x < width) {
            if (!this[y, x]) {
                x++
                continue
            }
            val start = x
            while (x < width && this[y, x]) x++
            found += start until x
        }
        return found
    }

    /** Pixels of the largest 8-connected part: runs of a row, joined where those of the next row touch them. */
    private fun largestPart(): Int {
        val part = mutableListOf<Int>()
        val area = mutableListOf<Int>()
        fun root(of: Int): Int {
            var at = of
            while (part[at] != at) {
                part[at] = part[part[at]]
                at = part[at]
            }
            return at
        }
        var above = listOf<Pair<IntRange, Int>>()
        for (y in 0 until height) {
            above = runs(y).map { run ->
                val own = part.size
                part += own
                area += run.last - run.first + 1
                for ((other, its) in above) {
                    if (other.first > run.last + 1 || other.last < run.first - 1) continue
                    val joined = root(its)
                    if (joined == root(own)) continue
                    area[root(own)] += area[joined]
                    part[joined] = root(own)
                }
                run to own
            }
        }
        return part.indices.maxOf { area[root(it)] }
    }

    companion object {
        /**
         * The mask in a picture; colours count by their luma, and only [Polarity.ALPHA] looks at alpha.
         *
         * @param rgba four bytes a pixel, row by row.
         */
        fun read(rgba: ByteArray, width: Int, height: Int, polarity: Polarity) = Mask(width, height, BooleanArray(width * height) {
            fun channel(c: Int) = rgba[4 * it + c].toInt() and 255
            when (polarity) {
                Polarity.ALPHA -> channel(3) < 128
                else -> (luma(channel(0), channel(1), channel(2)) >= 128) == (polarity == Polarity.WHITE)
            }
        })

        /** Rec. 601 in 16 fraction bits, as Pillow has it. */
        private fun luma(red: Int, green: Int, blue: Int) = (red * 19595 + green * 38470 + blue * 7471 + 0x8000) shr 16
    }
}

/** A line for the user where [mask] looks inverted: most of the photo is hole, and so is nearly all of its border. */
fun polarityHint(mask: Mask): String? {
    val (width, height) = mask.width to mask.height
    val border = (0 until width).count { mask[0, it] } + (0 until width).count { mask[height - 1, it] } +
        (0 until height).count { mask[it, 0] } + (0 until height).count { mask[it, width - 1] }
    val area = mask.area.toLong()
    if (2 * area <= mask.hole.size || 20 * border < 19 * 2 * (width + height)) return null
    return "the mask marks ${100 * area / mask.hole.size} % of the photo and its border as hole: if it is inverted, say --hole black"
}
