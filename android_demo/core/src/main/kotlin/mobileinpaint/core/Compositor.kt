package mobileinpaint.core

/** Counts up whenever the same numbers give other bits. */
private const val RULES = 1

/** Fraction bits of a grey level after the network. */
private const val FILL_BITS = 4
private const val WHITE = 255 shl FILL_BITS

/** What [Inpainter.fill] does: an image and its mask in, an image out. */
typealias Fill = (image: FloatArray, mask: FloatArray) -> FloatArray

/**
 * `compositor(pixels, hole, fill) -> pixels`: the hole filled, all else as it was. The whole way, step by step and to the bit, is
 * `docs/compositor.md`.
 *
 * @property sizePx side of the square that the fill takes.
 * @property context side of the crop as a multiple of the hole's longer side, where that is more than [sizePx].
 * @property fade what is left of the colour correction, in 1/256, each time the distance to the hole's edge doubles.
 * @property marginPx how far round the hole grain is measured.
 */
data class Compositor(val sizePx: Int = 512, val context: Double = 2.0, val fade: Int = 240, val marginPx: Int = 32) {
    /**
     * A new photo in which every hole pixel comes from the fill and every other one is bit-identical.
     *
     * Parts of the hole that lie apart are filled one after the other; a later one sees the earlier as known.
     *
     * @param pixels what is under the hole has no influence on the result.
     * @param hole all hole is allowed.
     * @throws MaskError [hole] has another height or width than [pixels]. Whatever [fill] throws goes through.
     */
    operator fun invoke(pixels: Pixels, hole: Mask, fill: Fill): Pixels {
        if (hole.width != pixels.width || hole.height != pixels.height) {
            throw MaskError(
                "the mask is ${hole.width}x${hole.height}, the photo ${pixels.width}x${pixels.height}: " +
                    "give a mask of the photo's size",
            )
        }
        val result = pixels.copy()
        val todo = hole.copy()
        for (box in parts(hole, (sizePx / context).toInt())) {
            val square = squareRound(box, pixels.height, pixels.width, context, sizePx)
            val seen = look(result, todo, square)
            paste(result, todo, box, square, filled(seen, fill))
            addGrain(result, todo, box)
            for (y in box.top until box.bottom) todo.hole.fill(false, y * todo.width + box.left, y * todo.width + box.right)
        }
        return result
    }

    /** The square at the network's size: bytes, and which pixels take in a hole pixel. */
    private class Seen(val levels: IntArray, val unseen: Mask)

    private fun look(photo: Pixels, todo: Mask, square: Square): Seen {
        val taps = shrinkTaps(square.side, sizePx)
        val columns = folded(square.left, square.side, photo.width)
        val seen = Seen(IntArray(3 * sizePx * sizePx), Mask(sizePx, sizePx))
        val resampler = Resampler(taps, taps, 0, square.side, square.side)
        val given = IntArray(3 * square.side)
        val line = IntArray(3 * sizePx)
        for (target in 0 until sizePx) {
            val hidden = BooleanArray(square.side)
            resampler.resample(target, line) { source ->
                val row = folded(square.top + source, photo.height) * photo.width
                for (i in columns.indices) {
                    val at = row + columns[i]
                    val hides = todo.hole[at]
                    hidden[i] = hidden[i] || hides
                    for (c in 0..2) given[3 * i + c] = if (hides) 0 else photo.rgb[3 * at + c].toInt() and 255
                }
                given
            }
            line.copyInto(seen.levels, 3 * target * sizePx)
            for (k in taps.weight.indices) {
                if (taps.weight[k] != 0 && hidden[taps.source[k]]) seen.unseen[target, k / taps.count] = true
            }
        }
        return seen
    }

    /** The square without a hole, in 1/16 grey levels: known pixels as they were, the rest filled and colour-matched. */
    private fun filled(seen: Seen, fill: Fill): IntArray {
        val area = sizePx * sizePx
        val image = FloatArray(3 * area)
        val mask = FloatArray(area)
        for (at in 0 until area) {
            if (seen.unseen.hole[at]) mask[at] = 1f else for (c in 0..2) image[c * area + at] = seen.levels[3 * at + c] / 255f
        }
        val answer = fill(image, mask)
        val values = IntArray(3 * area) { seen.levels[it] shl FILL_BITS }
        val box = boundingBox(seen.unseen)?.grown(1, sizePx, sizePx) ?: return values
        val guess = IntArray(3 * box.height * box.width)
        val truth = IntArray(guess.size)
        val hole = Mask(box.width, box.height)
        for (y in 0 until box.height) {
            for (x in 0 until box.width) {
                val at = (box.top + y) * sizePx + box.left + x
                val to = 3 * (y * box.width + x)
                hole[y, x] = seen.unseen.hole[at]
                for (c in 0..2) {
                    truth[to + c] = values[3 * at + c]
                    guess[to + c] = Math.floor(answer[c * area + at].toDouble().coerceIn(0.0, 1.0) * WHITE + 0.5).toInt()
                }
            }
        }
        match(guess, truth, hole, fade)
        for (y in 0 until box.height) {
            for (x in 0 until box.width) {
                if (!hole[y, x]) continue
                val at = (box.top + y) * sizePx + box.left + x
                for (c in 0..2) values[3 * at + c] = guess[3 * (y * box.width + x) + c].coerceIn(0, WHITE)
            }
        }
        return values
    }

    private fun paste(photo: Pixels, todo: Mask, box: Box, square: Square, filled: IntArray) {
        val rows = enlargeTaps(sizePx, square.side, box.top - square.top, box.bottom - square.top)
        val columns = enlargeTaps(sizePx, square.side, box.left - square.left, box.right - square.left)
        val resampler = Resampler(rows, columns, FILL_BITS, sizePx, sizePx)
        val given = IntArray(3 * sizePx)
        val line = IntArray(3 * box.width)
        for (y in 0 until box.height) {
            resampler.resample(y, line) { filled.copyInto(given, 0, 3 * it * sizePx, 3 * (it + 1) * sizePx) }
            for (x in 0 until box.width) {
                val at = (box.top + y) * photo.width + box.left + x
                if (todo.hole[at]) for (c in 0..2) photo.rgb[3 * at + c] = line[3 * x + c].coerceIn(0, 255).toByte()
            }
        }
    }

    /** Gives the part just filled the noise that the known pixels round it have and it has not. */
    private fun addGrain(photo: Pixels, todo: Mask, box: Box) {
        val known = grainVariances(photo, box.grown(marginPx, photo.height, photo.width)) { y, x -> !todo[y, x] }
        val own = grainVariances(photo, box) { y, x -> todo[y, x] }
        val missing = IntArray(4) { maxOf(known[it] - own[it], 0) }
        if (missing.take(3).all { it == 0 }) return
        val grain = Grain(missing)
        for (y in box.top until box.bottom) {
            for (x in box.left until box.right) {
                val at = y * photo.width + x
                if (!todo.hole[at]) continue
                for (c in 0..2) {
                    val level = photo.rgb[3 * at + c].toInt() and 255
                    photo.rgb[3 * at + c] = (level + grain.noise(x, y, c)).coerceIn(0, 255).toByte()
                }
            }
        }
    }

    /** What a manifest carries, so that another compositor does the same. */
    fun numbers(): Map<String, Double> = mapOf(
        "rules" to RULES.toDouble(), "size_px" to sizePx.toDouble(), "context" to context,
        "fade" to fade.toDouble(), "margin_px" to marginPx.toDouble(),
    )

    companion object {
        private val LEAST = mapOf("size_px" to 1.0, "context" to 1.0, "fade" to 0.0, "margin_px" to 0.0)

        /**
         * The compositor that wrote [numbers].
         *
         * @throws ManifestError other keys than [Compositor.numbers] writes, rules that this version does not follow, or a number
         *   that no compositor can have.
         */
        fun fromNumbers(numbers: Map<String, Double>): Compositor {
            if (numbers.keys != LEAST.keys + "rules" || numbers["rules"] != RULES.toDouble()) {
                throw ManifestError(
                    "the manifest's compositor numbers are not those of rules $RULES (${LEAST.keys.sorted().joinToString()}): " +
                        "export the artifact again with this version",
                )
            }
            val whole = (LEAST.keys - "context").all { numbers.getValue(it) % 1.0 == 0.0 }
            val within = LEAST.all { (name, least) -> numbers.getValue(name) >= least && numbers.getValue(name) < Double.POSITIVE_INFINITY }
            if (!whole || !within || numbers.getValue("fade") > 256) {
                throw ManifestError("the manifest's compositor numbers are out of range: export the artifact again")
            }
            return Compositor(
                numbers.getValue("size_px").toInt(), numbers.getValue("context"),
                numbers.getValue("fade").toInt(), numbers.getValue("margin_px").toInt(),
            )
        }
    }
}

/** Pixel [position] of a line that is mirrored at its ends, the end pixel repeated, as often as it takes. */
private fun folded(position: Int, length: Int): Int {
    val turn = Math.floorMod(position.toLong(), 2L * length).toInt()
    return if (turn < length) turn else 2 * length - 1 - turn
}

private fun folded(start: Int, count: Int, length: Int) = IntArray(count) { folded(start + it, length) }
