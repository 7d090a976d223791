package mobileinpaint.core

import kotlin.math.abs
import kotlin.math.exp
import kotlin.math.pow

private val BY_DEPTH = table(DEPTHS + 1) { 256 / 1.15.pow(it) }

/** 256 exp(-D / mean D) in quarters. */
private val BY_FIT = table(17) { 256 * exp(-it / 4.0) }
private val AT_EDGE = table(DEPTHS + 1) { if (it in 1..19) 256 * exp((1 - it) / 3.0) else 0.0 }
private const val RING_PX = 2
private const val FULL = 256

/** Levels that a source's low band may be off before the fill goes back to the network's; 16 more, and all of it does. */
private const val UNLIKE = 40

/**
 * Colours of a box that holds all wanted pixels.
 *
 * @property colours `[h * w * 3]` bytes.
 */
internal class Cut(val box: Box, val colours: ByteArray)

/**
 * Gives every wanted pixel of the level's picture the mean of what the patches over it propose.
 *
 * @param fits patches that fit better count more.
 */
internal fun vote(search: Search, field: Field, fits: Boolean = true) {
    val level = search.level
    voted(search, says(search, field, fits), field, REACH, { 1 }, level.wanted) { p, red, green, blue ->
        level.picture.set(p, red, green, blue)
    }
}

/**
 * The same with the patches' middles alone, which is sharper; the edge is then led over to the known pixels.
 *
 * No middle reaches the two outermost lines of the window. What is wanted there keeps what the vote before gave it.
 */
internal fun lastVote(search: Search, field: Field) {
    val level = search.level
    val (width, picture, wanted) = Triple(level.width, level.picture, level.wanted)
    val ring = Mask(width, level.height, grown(wanted, level.height, width, RING_PX)) // wanted, or known and near it
    for (p in ring.hole.indices) if (level.hole[p] && !wanted[p]) ring.hole[p] = false
    val box = ring.box
    val apart = IntArray(3 * box.width * box.height)
    val edge = BooleanArray(box.width * box.height)
    voted(search, says(search, field, true), field, 1, { 2 - abs(it) }, ring.hole) { p, red, green, blue ->
        if (wanted[p]) {
            picture.set(p, red, green, blue)
        } else {
            val at = (p / width - box.top) * box.width + p % width - box.left
            edge[at] = true
            apart[3 * at] = picture.level(3 * p) - red
            apart[3 * at + 1] = picture.level(3 * p + 1) - green
            apart[3 * at + 2] = picture.level(3 * p + 2) - blue
        }
    }
    val bent = spread(apart, edge, box.height, box.width, FULL)
    eachWanted(level, box) { p, n ->
        val fading = AT_EDGE[search.depth[p].toInt()]
        for (c in 0..2) picture.add(3 * p + c, (bent[3 * n + c] * fading + 128) shr 8)
    }
}

/**
 * Takes what the low frequencies of the hole have drifted away from the network's fill back, less so at the edge.
 *
 * @param level the finest; its picture is changed.
 * @param depth of its pixels.
 * @param before the network's fill.
 * @param at the drift is blurred at 1 / 2^at of the size.
 * @param radius of the blur there.
 * @param rampPx from the edge to where all of it is taken back.
 */
internal fun repairLow(level: Level, depth: ByteArray, before: Cut, at: Int, radius: Int, rampPx: Int) {
    val picture = level.picture
    // Beyond this area there is no drift, and none is led there by blurs.
    val wide = before.box.grown((3 * radius + 4) shl at, level.height, level.width)
    val area = wide.copy(top = wide.top and -(1 shl at), left = wide.left and -(1 shl at))
    for (c in 0..2) { // a channel at a time, to keep memory small
        var drift = IntArray(area.height * area.width)
        eachWanted(level, before.box) { p, n ->
            drift[area.spot(p, level.width)] = before.colours.level(3 * n + c) - picture.level(3 * p + c)
        }
        val shapes = mutableListOf(area.height to area.width)
        repeat(at) {
            val (rows, columns) = shapes.last()
            drift = four(drift, rows, columns).also { for (k in it.indices) it[k] = (it[k] + 2) shr 2 }
            shapes += (rows + 1) / 2 to (columns + 1) / 2
        }
        for (k in drift.indices) drift[k] = drift[k] shl 4
        blur(drift, shapes.last().first, shapes.last().second, 1, radius)
        for (k in at - 1 downTo 0) {
            drift = doubled(drift, shapes[k + 1].first, shapes[k + 1].second, 1, shapes[k].first, shapes[k].second)
        }
        eachWanted(level, before.box) { p, _ ->
            val share = minOf(depth[p] * 256 / rampPx, 256)
            picture.add(3 * p + c, (drift[area.spot(p, level.width)] * share + 2048) shr 12)
        }
    }
}

/**
 * Gives the wanted pixels back what they get where nothing is copied, where no source has the network's colours.
 *
 * @param search of the finest level; its picture is changed.
 * @param sources of its targets.
 * @param plain the fill where nothing is copied.
 * @param radius of the blur that leads from one to the other.
 */
internal fun goBack(search: Search, sources: IntArray, plain: Cut, radius: Int) {
    val level = search.level
    val (width, guide, picture) = Triple(level.width, level.guide, level.picture)
    // Beyond this area the blurred weights of the wanted pixels do not reach.
    val area = search.box.grown(3 * radius + REACH, level.height, width)
    val weight = IntArray(area.width * area.height)
    var any = false
    fun guided(place: Int) = 4 * (place + 2 * (place / width) + width + 3)
    for ((n, target) in search.targets.withIndex()) {
        val (here, there) = guided(target) to guided(sources[n])
        val off = (0..2).maxOf { abs(guide.level(here + it) - guide.level(there + it)) }
        if (off <= UNLIKE) continue
        weight[area.spot(target, width)] = minOf((off - UNLIKE) * 16, 256)
        any = true
    }
    if (!any) return
    blur(weight, area.height, area.width, 1, radius)
    eachWanted(level, plain.box) { p, n ->
        val share = weight[area.spot(p, width)]
        for (c in 0..2) {
            val value = picture.level(3 * p + c)
            picture[3 * p + c] = (value + (((plain.colours.level(3 * n + c) - value) * share + 128) shr 8)).toByte()
        }
    }
}

/** [act] on each wanted pixel of [box]: its number in the level, and in the box. */
private inline fun eachWanted(level: Level, box: Box, act: (Int, Int) -> Unit) {
    for (y in box.top until box.bottom) {
        for (x in box.left until box.right) {
            val p = y * level.width + x
            if (level.wanted[p]) act(p, (y - box.top) * box.width + x - box.left)
        }
    }
}

/** Where in the box the pixel with that number of a picture is. */
private fun Box.spot(place: Int, width: Int) = (place / width - top) * this.width + place % width - left

private fun ByteArray.set(p: Int, red: Int, green: Int, blue: Int) {
    this[3 * p] = red.toByte()
    this[3 * p + 1] = green.toByte()
    this[3 * p + 2] = blue.toByte()
}

private fun ByteArray.add(at: Int, more: Int) {
    this[at] = (level(at) + more).coerceIn(0, 255).toByte()
}

/** How much each patch counts. */
private fun says(search: Search, field: Field, fits: Boolean): IntArray {
    val mean = maxOf(field.distance.sumOf { it.toLong() } / field.distance.size, 1)
    return IntArray(search.targets.size) {
        val byFit = if (fits) BY_FIT[minOf(4L * field.distance[it] / mean, 16).toInt()] else 256
        BY_DEPTH[search.depth[search.targets[it]].toInt()] * byFit
    }
}

/**
 * The means of the votes.
 *
 * @param say of each target.
 * @param reach of a patch's pixels that count from its middle, and [times] how often, by rows times by columns.
 * @param asked the pixels that get one.
 * @param put told of each that is asked and that a patch proposes for: its place, red, green, blue.
 */
private inline fun voted(
    search: Search, say: IntArray, field: Field, reach: Int, times: (Int) -> Int, asked: BooleanArray, put: (Int, Int, Int, Int) -> Unit,
) {
    val (height, width, picture) = Triple(search.height, search.width, search.level.picture)
    val side = 2 * reach + 1
    val back = IntArray(side * side) { (it / side - reach) * search.stride + it % side - reach }
    val shift = IntArray(side * side) { 3 * ((it / side - reach) * width + it % side - reach) }
    val count = IntArray(side * side)
    for (k in count.indices) count[k] = times(k / side - reach) * times(k % side - reach)
    val box = search.box.grown(reach, height, width)
    for (y in box.top until box.bottom) {
        for (x in box.left until box.right) {
            val p = y * width + x
            if (!asked[p]) continue
            val spot = search.spot(y, x)
            var weight = 0 // all sums stay below 2^31
            var red = 0
            var green = 0
            var blue = 0
            for (k in back.indices) {
                val n = search.number[spot - back[k]]
                if (n < 0) continue
                val counts = say[n] * count[k]
                val at = 3 * field.sources[n] + shift[k]
                weight += counts
                red += (picture[at].toInt() and 255) * counts
                green += (picture[at + 1].toInt() and 255) * counts
                blue += (picture[at + 2].toInt() and 255) * counts
            }
            if (weight == 0) continue
            val twice = 2 * weight
            put(p, (2 * red + weight) / twice, (2 * green + weight) / twice, (2 * blue + weight) / twice)
        }
    }
}
