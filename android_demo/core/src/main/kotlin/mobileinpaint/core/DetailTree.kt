package mobileinpaint.core

/** Members of a leaf, at most. */
private const val LEAF = 32

/** Looked at for each target. */
private const val LEAVES = 8

/** Sources proposed for each target. */
private const val KEPT = 8

/** Pixels between two sources proposed, at least, along rows or columns. */
private const val APART = 4
private const val BLOCK = 345
private const val GUIDE = 463
private const val ENERGY = 3104

/** Weights in 1/256 of R - B and R - 2G + B. */
private val OPPONENT = intArrayOf(1267, 732)

/** Numbers of a descriptor. */
private const val LENGTH = 19

/**
 * The known patches of a level: a first source for each target is its nearest among them, found through a tree of descriptors.
 * Step 8 of `docs/compositor.md`.
 */
internal class Tree(private val search: Search) {
    private class Split(val along: Int, val value: Int)

    private val members: IntArray
    private val described: IntArray
    private val splits = mutableListOf<List<Split>>()
    private val leaves: List<IntArray>

    init {
        val every = search.usable.indices.filter { search.usable[it] }
        members = every.filter { (it / search.width + it % search.width) % 2 == 0 }.ifEmpty { every }.toIntArray()
        described = descriptors(search.level, members)
        var parts = listOf(members.indices.toList())
        var depth = 0
        while (((members.size - 1) shr depth) + 1 > LEAF) {
            val halves = mutableListOf<List<Int>>()
            splits += parts.map { part ->
                val along = widest(part)
                val order = part.sortedBy { described[it * LENGTH + along] } // keeps the order of equals
                val middle = part.size / 2
                halves += listOf(order.take(middle).sorted(), order.drop(middle).sorted())
                Split(along, described[order[middle] * LENGTH + along])
            }
            parts = halves
            depth++
        }
        leaves = parts.map { it.toIntArray() }
    }

    /** Eight arrays of sources, one of each for a target of the search, the nearest first; -1 where there are fewer. */
    fun nearest(): List<IntArray> {
        val found = List(KEPT) { IntArray(search.targets.size) }
        val asked = descriptors(search.level, search.targets)
        for ((n, target) in search.targets.withIndex()) {
            for ((k, source) in query(asked, n * LENGTH).withIndex()) found[k][n] = even(source, target)
        }
        return found
    }

    /** The source moved by a row and a column at most, so that it lies an even number of both from its target. */
    private fun even(source: Int, target: Int): Int {
        if (source < 0) return source
        val width = search.width
        val down = Math.floorMod(target / width - source / width, 2)
        val right = Math.floorMod(target % width - source % width, 2)
        for ((rows, columns) in listOf(down to right, -down to right, down to -right, -down to -right)) {
            val there = source + rows * width + columns
            if (there in search.usable.indices && search.usable[there]) return there
        }
        return source
    }

    private fun query(asked: IntArray, from: Int): IntArray {
        val near = descend(asked, from).flatMap { leaves[it].asList() }
        val distance = LongArray(near.size) { at ->
            var sum = 0L
            for (k in 0 until LENGTH) {
                val off = (described[near[at] * LENGTH + k] - asked[from + k]).toLong()
                sum += off * off
            }
            sum
        }
        val left = BooleanArray(near.size) { true }
        val found = IntArray(KEPT) { -1 }
        val width = search.width
        for (k in 0 until KEPT) {
            var best = -1
            for (n in near.indices) { // of equals the first in the picture
                if (!left[n]) continue
                if (best < 0 || distance[n] < distance[best] || distance[n] == distance[best] && near[n] < near[best]) best = n
            }
            if (best < 0) break
            val place = members[near[best]]
            found[k] = place
            for (n in near.indices) {
                val other = members[near[n]]
                val close = Math.abs(other / width - place / width) < APART && Math.abs(other % width - place % width) < APART
                if (close) left[n] = false
            }
        }
        return found
    }

    /** The leaves nearest by the splits on the way; of equals those with the lower number. */
    private fun descend(asked: IntArray, from: Int): List<Int> {
        var nodes = listOf(0L to 0) // how far away, and which
        for (split in splits) {
            nodes = nodes.flatMap { (away, node) ->
                val beyond = (asked[from + split[node].along] - split[node].value).toLong()
                val squared = beyond * beyond
                listOf(
                    away + (if (beyond >= 0) squared else 0) to 2 * node,
                    away + (if (beyond >= 0) 0 else squared) to 2 * node + 1,
                )
            }.sortedWith(compareBy({ it.first }, { it.second })).take(LEAVES)
        }
        return nodes.map { it.second }
    }

    /** The number whose range is largest, of equals the first. */
    private fun widest(part: List<Int>) = (0 until LENGTH).maxBy { k ->
        part.maxOf { described[it * LENGTH + k] } - part.minOf { described[it * LENGTH + k] }
    }
}

/**
 * 19 numbers for each place: nine means of brightness, two of colour, the guide's brightness at five points, its colour and its
 * energy.
 */
internal fun descriptors(level: Level, places: IntArray): IntArray {
    val (height, width, picture) = Triple(level.height, level.width, level.picture)
    val guide = level.guide
    val numbers = IntArray(places.size * LENGTH)
    var n = 0
    fun add(value: Int, by: Int) {
        numbers[n++] = Math.floorDiv(value, by)
    }

    fun summed(row: Int, column: Int, reach: Int, of: (ByteArray, Int) -> Int): Int {
        var sum = 0
        for (y in row - reach..row + reach) for (x in column - reach..column + reach) sum += of(picture, 3 * (y * width + x))
        return sum
    }
    for (place in places) {
        val (row, column) = place / width to place % width
        for (k in 0..8) add(summed(row + 2 * (k / 3) - 2, column + 2 * (k % 3) - 2, 1, ::bright) * BLOCK, 9 * 256)
        add(summed(row, column, 3, ::redBlue) * OPPONENT[0], 49 * 256)
        add(summed(row, column, 3, ::greenOther) * OPPONENT[1], 49 * 256)
        fun guided(y: Int, x: Int) = 4 * ((row + 1 + y).coerceIn(0, height + 1) * (width + 2) + (column + 1 + x).coerceIn(0, width + 1))
        add(bright(guide, guided(0, 0)) * GUIDE, 256)
        for (k in 0..3) add(bright(guide, guided(if (k < 2) -4 else 4, if (k % 2 == 0) -4 else 4)) * GUIDE, 256)
        add(redBlue(guide, guided(0, 0)) * OPPONENT[0], 256)
        add(greenOther(guide, guided(0, 0)) * OPPONENT[1], 256)
        add(guide.level(guided(0, 0) + 3) * ENERGY, 256)
    }
    return numbers
}

private fun bright(bytes: ByteArray, at: Int) = bytes.level(at) + bytes.level(at + 1) + bytes.level(at + 2)

private fun redBlue(bytes: ByteArray, at: Int) = bytes.level(at) - bytes.level(at + 2)

private fun greenOther(bytes: ByteArray, at: Int) = bytes.level(at) - 2 * bytes.level(at + 1) + bytes.level(at + 2)
