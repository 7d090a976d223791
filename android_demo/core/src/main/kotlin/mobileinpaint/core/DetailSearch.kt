package mobileinpaint.core

/** Squares that a patch's distance adds up. */
private const val TERMS = 3 * PATCH_SIDE * PATCH_SIDE

/** Of a patch, in the order in which they are compared: the first ones tell most. */
private val ROWS = intArrayOf(0, 3, 6, 1, 5, 2, 4)

/** Between the nine points at which the guide is compared. */
private const val SPACING = 4

/** Around the box of the targets: a neighbour lies up to 4 away, a pixel that is voted on 3, and a patch over that 3 more. */
private const val MARGIN = 2 * REACH

/** Sources are counted by cells of 8 x 8 pixels. */
private const val CELL_BITS = 3

/** The penalty ends here, so that a sum with a distance has 31 bits. */
private const val MOST = 1L shl 28

/** Targets between two looks at the progress. */
private const val PORTION = 8192

/**
 * A source for each target of a level, and how well it fits. Places are pixels of the level by number: row * width + column.
 *
 * @property sources centres of known patches.
 * @property distance of the patches, without a penalty.
 */
internal class Field(val sources: IntArray, val distance: IntArray)

/**
 * The patches of one level: where each patch over the hole finds its like among the known ones. Whole numbers; no order, no chance.
 * Step 8 of `docs/compositor.md`.
 *
 * A sweep reads the sources of the sweep before and nothing of its own, so that the targets can be visited in any order.
 *
 * @property level its picture is read anew in each sweep.
 */
internal class Search(val level: Level, private val numbers: Detail) {
    val height = level.height
    val width = level.width
    val usable = BooleanArray(height * width)
    val depth = depths(level.hole, height, width)

    /** Where the targets lie. */
    val box: Box
    val targets: IntArray

    /** Whether there is anything to fill, and anything to fill it from. */
    val any: Boolean

    /** The number of each target, -1 elsewhere; in [box] with a margin, by [spot]. */
    val number: IntArray
    val stride: Int
    private val columns = (width + 7) shr CELL_BITS
    private val cellCount = columns * ((height + 7) shr CELL_BITS)
    private val cells: Int
    private val factor = numbers.weight * TERMS

    init {
        val near = grown(level.hole, height, width, REACH)
        val over = grown(level.wanted, height, width, REACH)
        val held = BooleanArray(cellCount)
        val asked = Mask(width, height)
        for (y in REACH until height - REACH) {
            for (x in REACH until width - REACH) {
                val p = y * width + x
                if (!near[p]) {
                    usable[p] = true
                    held[cell(p)] = true
                }
                if (over[p]) asked.hole[p] = true
            }
        }
        cells = held.count { it }
        val found = boundingBox(asked)
        any = cells > 0 && found != null
        box = found ?: Box(0, 0, 0, 0)
        stride = box.width + 2 * MARGIN
        number = IntArray(stride * (box.height + 2 * MARGIN)).apply { fill(-1) }
        targets = IntArray(asked.area)
        var n = 0
        for (y in box.top until box.bottom) {
            for (x in box.left until box.right) {
                if (!asked[y, x]) continue
                number[spot(y, x)] = n
                targets[n++] = y * width + x
            }
        }
    }

    /** Where [number] has the pixel. */
    fun spot(y: Int, x: Int) = (y - box.top + MARGIN) * stride + x - box.left + MARGIN

    /** The field of these sources for the picture as it is now. */
    fun found(sources: IntArray) = Field(sources, IntArray(sources.size) { apart(targets[it], sources[it], Int.MAX_VALUE) })

    /**
     * A better field: sources of the neighbours, then steps around the best; of equals the first stays.
     *
     * A source that continues a neighbour's needs to cost less than the one before; any other must cost less by the margin.
     *
     * @param field its sources alone are read.
     * @param steps in pixels, from long to short.
     * @param more further sources to try, one of each for a target, -1 for none.
     * @param told how many targets more are done.
     */
    fun sweep(field: Field, steps: IntArray, more: List<IntArray> = emptyList(), told: (Int) -> Unit = {}): Field {
        val after = Field(IntArray(targets.size), IntArray(targets.size))
        val sweep = Sweep(field.sources, steps, more)
        for (n in targets.indices) {
            if (n > 0 && n % PORTION == 0) told(PORTION)
            sweep.visit(n)
            after.sources[n] = sweep.best
            after.distance[n] = sweep.distance
        }
        told((targets.size - 1) % PORTION + 1)
        return after
    }

    /** One sweep, and the best source of the target that it visits. */
    private inner class Sweep(private val sources: IntArray, private val steps: IntArray, private val more: List<IntArray>) {
        var best = 0
        var distance = 0
        private var target = 0
        private var cost = 0
        private val penalty = penalties(sources)
        private val around = NEIGHBOURS.map { (down, right) -> down * stride + right }.toIntArray()
        private val along = NEIGHBOURS.map { (down, right) -> down * width + right }.toIntArray()

        fun visit(n: Int) {
            target = targets[n]
            best = sources[n]
            distance = apart(target, best, Int.MAX_VALUE)
            cost = distance + penalty[cell(best)]
            val spot = spot(target / width, target % width)
            for (k in around.indices) {
                val beside = number[spot + around[k]]
                if (beside < 0) continue
                val candidate = sources[beside] - along[k]
                if (k >= 4) { // what lost when the neighbour further off proposed it loses again
                    val far = number[spot + around[k - 4]]
                    if (far >= 0 && sources[far] - along[k - 4] == candidate) continue
                }
                tryOut(candidate, 0)
            }
            for (proposed in more) tryOut(proposed[n], numbers.margin)
            for (step in steps) {
                val middle = best
                val column = middle % width
                if (column >= step) tryOut(middle - step, numbers.margin)
                tryOut(middle - step * width, numbers.margin)
                if (column + step < width) tryOut(middle + step, numbers.margin)
                tryOut(middle + step * width, numbers.margin)
            }
        }

        private fun tryOut(candidate: Int, margin: Int) {
            if (candidate == best || candidate < 0 || candidate >= usable.size || !usable[candidate]) return
            val extra = penalty[cell(candidate)]
            val limit = cost - (cost shr 6) * margin - extra
            val found = apart(target, candidate, limit)
            if (found >= limit) return
            best = candidate
            distance = found
            cost = found + extra
        }
    }

    private fun cell(place: Int): Int {
        val row = place / width
        return (row shr CELL_BITS) * columns + ((place - row * width) shr CELL_BITS)
    }

    /** By cell: what each use costs beyond twice the cell's share. */
    private fun penalties(sources: IntArray): IntArray {
        val uses = IntArray(cellCount)
        for (source in sources) uses[cell(source)]++
        return IntArray(cellCount) {
            val excess = maxOf(uses[it].toLong() * cells - 2L * sources.size, 0)
            minOf(excess * (numbers.penalty * TERMS) / sources.size, MOST).toInt()
        }
    }

    private val points = IntArray(9) { 4 * ((it / 3 - 1) * SPACING * (width + 2) + (it % 3 - 1) * SPACING) }
    private val lines = IntArray(ROWS.size) { 3 * ((ROWS[it] - REACH) * width - REACH) }

    /** The distance of the patches, or some part of it from [limit] on. */
    private fun apart(target: Int, source: Int, limit: Int): Int {
        val (picture, guide) = level.picture to level.guide
        val a = 4 * (target + 2 * (target / width) + width + 3)
        val b = 4 * (source + 2 * (source / width) + width + 3)
        var low = 0
        for (point in points) {
            val (i, j) = a + point to b + point
            val red = (guide[i].toInt() and 255) - (guide[j].toInt() and 255)
            val green = (guide[i + 1].toInt() and 255) - (guide[j + 1].toInt() and 255)
            val blue = (guide[i + 2].toInt() and 255) - (guide[j + 2].toInt() and 255)
            val energy = (guide[i + 3].toInt() and 255) - (guide[j + 3].toInt() and 255)
            low += red * red + green * green + blue * blue + 3 * energy * energy
        }
        var sum = (low.toLong() * factor / (16 * 27)).toInt()
        for (line in lines) {
            if (sum >= limit) return sum
            val (i, j) = 3 * target + line to 3 * source + line
            for (k in 0 until 3 * PATCH_SIDE) {
                val off = (picture[i + k].toInt() and 255) - (picture[j + k].toInt() and 255)
                sum += off * off
            }
        }
        return sum
    }

    private companion object {
        /** Left, up, right and down, first 4 pixels away, then 1. */
        val NEIGHBOURS = intArrayOf(SPACING, 1).flatMap { listOf(0 to -it, -it to 0, 0 to it, it to 0) }
    }
}
