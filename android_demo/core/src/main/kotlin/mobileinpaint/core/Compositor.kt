package mobileinpaint.core

/** Counts up whenever the same numbers give other bits. */
private const val RULES = 1

/** The rules of a compositor that keeps the tone or has the detail step; with neither it follows rules 1. */
private const val DETAIL_RULES = 2

/** The least and the greatest value of each number. */
private val BOUNDS = mapOf(
    "size_px" to 1.0..16_384.0, "context" to 1.0..1024.0, "fade" to 0.0..256.0, "margin_px" to 0.0..16_384.0,
    "keep_tone" to 0.0..1.0, "detail_shrink" to 0.0..1024.0, "detail_above" to 0.0..8.0, "detail_guide_px" to 1.0..64.0,
    "detail_weight" to 0.0..256.0, "detail_penalty" to 0.0..1024.0, "detail_margin" to 0.0..64.0, "detail_low_px" to 1.0..64.0,
)

/** How many of them a manifest of [RULES] has, in this order. */
private const val PLAIN_NUMBERS = 4
private val FRACTIONS = setOf("context", "detail_shrink")

/** Fraction bits of a grey level after the network. */
private const val FILL_BITS = 4
private const val WHITE = 255 shl FILL_BITS

/** What [Inpainter.fill] does: an image and its mask in, an image out. */
typealias Fill = (image: FloatArray, mask: FloatArray) -> FloatArray

/**
 * What is told while a part that the network has filled gets its detail.
 *
 * Its arguments: the photo as it is by then, the part's box, and the share of the step that is done, first 0. What it throws goes
 * through. Where it answers false, this part and all others stay as the network filled them.
 */
typealias Detailing = (photo: Pixels, box: Box, share: Double) -> Boolean

/**
 * `compositor(pixels, hole, fill) -> pixels`: the hole filled, all else as it was. The whole way, step by step and to the bit, is
 * `docs/compositor.md`.
 *
 * @property sizePx side of the square that the fill takes.
 * @property context side of the crop as a multiple of the hole's longer side, where that is more than [sizePx].
 * @property fade what is left of the colour correction, in 1/256, each time the distance to the hole's edge doubles.
 * @property marginPx how far round the hole grain is measured.
 * @property keepTone make the fill grey in a grey photo, and toned in a toned one.
 * @property detail the step that rebuilds large holes from the photo's own patches; null: enlarge the fill and add grain.
 */
data class Compositor(
    val sizePx: Int = 512, val context: Double = 2.0, val fade: Int = 240, val marginPx: Int = 32,
    val keepTone: Boolean = false, val detail: Detail? = null,
) {
    /** The same without being told of the detail step. */
    operator fun invoke(pixels: Pixels, hole: Mask, fill: Fill): Pixels = invoke(pixels, hole, { _, _, _ -> true }, fill)

    /**
     * A new photo in which every hole pixel comes from the fill and every other one is bit-identical.
     *
     * Parts of the hole that lie apart are filled one after the other; a later one sees the earlier as known.
     *
     * @param pixels what is under the hole has no influence on the result.
     * @param hole all hole is allowed.
     * @param detailing told while a part gets its detail.
     * @throws MaskError [hole] has another height or width than [pixels]. Whatever [fill] throws goes through.
     */
    operator fun invoke(pixels: Pixels, hole: Mask, detailing: Detailing, fill: Fill): Pixels {
        if (hole.width != pixels.width || hole.height != pixels.height) {
            throw MaskError(
                "the mask is ${hole.width}x${hole.height}, the photo ${pixels.width}x${pixels.height}: " +
                    "give a mask of the photo's size",
            )
        }
        val result = pixels.copy()
        val todo = hole.copy()
        var goesOn = true
        for (box in parts(hole, (sizePx / context).toInt())) {
            val square = squareRound(box, pixels.height, pixels.width, context, sizePx)
            val filled = filled(look(result, todo, square), fill)
            val window = if (detail != null && goesOn && square.side >= detail.shrink * sizePx) window(result, todo, box, square, filled) else null
            if (window == null) paste(result, todo, box, square, filled) else window.put(result)
            addGrain(result, todo, box)
            val plain = window?.let { result.take(box) }
            if (keepTone) keepTone(result, todo, box)
            if (detail != null && window != null && plain != null) {
                goesOn = rebuild(detail, window, plain, square) { share -> detailing(result, box, share) }
                if (window.done) {
                    window.put(result)
                    if (keepTone) keepTone(result, todo, box)
                }
            }
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

    /** The photo around a part, and the [part] in it. */
    private class Window(val level: Level, val around: Box, val part: Box) {
        /** Whether the detail step has rebuilt it. */
        var done = false

        /** Writes the wanted pixels into the photo. */
        fun put(photo: Pixels) {
            for (y in part.top until part.bottom) {
                for (x in part.left until part.right) {
                    val from = y * level.width + x
                    if (level.wanted[from]) {
                        val to = 3 * ((around.top + y) * photo.width + around.left + x)
                        level.picture.copyInto(photo.rgb, to, 3 * from, 3 * from + 3)
                    }
                }
            }
        }
    }

    /** What the detail step works on: the photo around the part, its hole filled by pasting without grain. */
    private fun window(photo: Pixels, todo: Mask, box: Box, square: Square, filled: IntArray): Window {
        val near = box.grown(box.side / 2, photo.height, photo.width)
        val around = Box(
            maxOf(near.top, square.top), minOf(near.bottom, square.top + square.side),
            maxOf(near.left, square.left), minOf(near.right, square.left + square.side),
        )
        val picture = Pixels(around.width, around.height, photo.take(around))
        val hole = Mask(around.width, around.height)
        val wanted = Mask(around.width, around.height)
        for (y in 0 until around.height) {
            for (x in 0 until around.width) {
                if (!todo[around.top + y, around.left + x]) continue
                hole[y, x] = true
                wanted[y, x] = around.top + y in box.top until box.bottom && around.left + x in box.left until box.right
            }
        }
        paste(picture, hole, hole.box, Square(square.top - around.top, square.left - around.left, square.side), filled)
        val part = Box(box.top - around.top, box.bottom - around.top, box.left - around.left, box.right - around.left)
        return Window(Level(around.height, around.width, picture.rgb, hole.hole, wanted.hole), around, part)
    }

    /** Ends the detail step early. */
    private class Enough : RuntimeException(null, null, false, false)

    /** Rebuilds the window; false where [goesOn], which is told of the share that is done, said so. */
    private fun rebuild(detail: Detail, window: Window, plain: ByteArray, square: Square, goesOn: (Double) -> Boolean): Boolean {
        if (!goesOn(0.0)) return false
        return try {
            window.done = detail.rebuild(window.level, Cut(window.part, plain), square.side, sizePx) { if (!goesOn(it)) throw Enough() }
            true
        } catch (_: Enough) {
            false
        }
    }

    /** Moves the part just filled onto the line in colour space that the known pixels near it lie on, if they do. */
    private fun keepTone(photo: Pixels, todo: Mask, box: Box) {
        val near = box.grown(maxOf(box.side / 2, 1), photo.height, photo.width)
        val rgb = photo.rgb
        val line = lineOf { visit ->
            for (y in near.top until near.bottom) {
                for (x in near.left until near.right) {
                    val at = 3 * (y * photo.width + x)
                    if (!todo[y, x]) visit(rgb.level(at), rgb.level(at + 1), rgb.level(at + 2))
                }
            }
        } ?: return
        for (y in box.top until box.bottom) {
            for (x in box.left until box.right) {
                if (!todo[y, x]) continue
                val at = 3 * (y * photo.width + x)
                val sum = rgb.level(at) + rgb.level(at + 1) + rgb.level(at + 2)
                for (c in 0..2) rgb[at + c] = line.level(c, sum).toByte()
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
    fun numbers(): Map<String, Double> {
        val plain = mapOf(
            "size_px" to sizePx.toDouble(), "context" to context, "fade" to fade.toDouble(), "margin_px" to marginPx.toDouble(),
        )
        if (detail == null && !keepTone) return mapOf("rules" to RULES.toDouble()) + plain
        val step = detail ?: Detail(shrink = 0.0)
        return mapOf("rules" to DETAIL_RULES.toDouble()) + plain + mapOf(
            "keep_tone" to if (keepTone) 1.0 else 0.0, "detail_shrink" to step.shrink, "detail_above" to step.above.toDouble(),
            "detail_guide_px" to step.guidePx.toDouble(), "detail_weight" to step.weight.toDouble(),
            "detail_penalty" to step.penalty.toDouble(), "detail_margin" to step.margin.toDouble(),
            "detail_low_px" to step.lowPx.toDouble(),
        )
    }

    companion object {
        /**
         * The compositor that wrote [numbers], of rules 1 or 2.
         *
         * @throws ManifestError other keys than [Compositor.numbers] writes, rules that this version does not follow, or a number
         *   that no compositor can have.
         */
        fun fromNumbers(numbers: Map<String, Double>): Compositor {
            val second = numbers["rules"] == DETAIL_RULES.toDouble() && "keep_tone" in numbers
            val rules = if (second) DETAIL_RULES else RULES
            val names = if (second) BOUNDS.keys else BOUNDS.keys.take(PLAIN_NUMBERS).toSet()
            if (numbers.keys != names + "rules" || numbers["rules"] != rules.toDouble()) {
                throw ManifestError(
                    "the manifest's compositor numbers are not those of rules $rules (${names.sorted().joinToString()}): " +
                        "export the artifact again with this version",
                )
            }
            val shrink = numbers["detail_shrink"] ?: 0.0
            val whole = (names - FRACTIONS).all { numbers.getValue(it) % 1.0 == 0.0 }
            val within = names.all { numbers.getValue(it) in BOUNDS.getValue(it) }
            if (!whole || !within || shrink != 0.0 && shrink < 1) {
                throw ManifestError("the manifest's compositor numbers are out of range: export the artifact again")
            }
            fun int(name: String) = numbers.getValue(name).toInt()
            val detail = if (shrink == 0.0) null else Detail(
                shrink, int("detail_above"), int("detail_guide_px"), int("detail_weight"), int("detail_penalty"),
                int("detail_margin"), int("detail_low_px"),
            )
            return Compositor(
                int("size_px"), numbers.getValue("context"), int("fade"), int("margin_px"), numbers["keep_tone"] == 1.0, detail,
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
