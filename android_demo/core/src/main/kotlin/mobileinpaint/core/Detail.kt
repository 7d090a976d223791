package mobileinpaint.core

/** Sweeps and votes of a level, from the finest on; the last holds for all coarser ones. */
private val ROUNDS = intArrayOf(1, 2, 4, 6, 6)

/** Of the search in pixels, from the coarsest level on; the last holds for all finer ones. */
private val STEPS = listOf(intArrayOf(8, 2), intArrayOf(4, 1), intArrayOf(2), intArrayOf(1))

/** Sweeps of the coarsest level before the first vote. */
private const val FIRST_SWEEPS = 6

/**
 * The photo's own texture in place of an enlarged fill: patches of known pixels, led by what the network painted. Step 8 of
 * `docs/compositor.md`.
 *
 * @property shrink the step is taken where the crop was shrunk by this factor or more.
 * @property above how many levels coarser than the network the search begins.
 * @property guidePx deviation of the guide's low band, in pixels of the network.
 * @property weight of the guide beside the picture, in 1/16.
 * @property penalty for a source that is used more than twice its share.
 * @property margin in 1/64, how much less a source must cost that continues no neighbour's.
 * @property lowPx deviation of the low frequencies that are taken from the network's fill, in pixels of the network.
 */
data class Detail(
    val shrink: Double = 1.5, val above: Int = 2, val guidePx: Int = 4, val weight: Int = 16, val penalty: Int = 60,
    val margin: Int = 16, val lowPx: Int = 6,
) {
    /**
     * Gives the window's wanted pixels new colours, in place.
     *
     * @param window its hole holds the network's fill, enlarged.
     * @param plain what the wanted pixels get where nothing is copied.
     * @param side of the square in the photo that the network saw.
     * @param size of the same square as the network saw it.
     * @param told of the share that is done, often; what it throws ends the step.
     * @return whether there was anything to copy; if not, the picture is as it was.
     */
    internal fun rebuild(window: Level, plain: Cut, side: Int, size: Int, told: (Double) -> Unit): Boolean {
        if (minOf(window.height, window.width) < PATCH_SIDE) return false
        val before = Cut(plain.box, Pixels(window.width, window.height, window.picture).take(plain.box))
        val pyramid = levels(window, side, size, above, guidePx)
        var search = Search(pyramid.last(), this)
        while (!search.any && pyramid.size > 1) {
            pyramid.removeAt(pyramid.size - 1)
            search = Search(pyramid.last(), this)
        }
        if (!search.any) return false
        val network = minOf(networkLevel(side, size), pyramid.size - 1)
        val coarsest = pyramid.size - 1
        val progress = Progress(pyramid, told)
        var field = first(search, progress)
        for (number in coarsest downTo 0) {
            val steps = STEPS[minOf(coarsest - number, STEPS.size - 1)]
            repeat(rounds(number)) { turn ->
                field = search.sweep(field, steps) { progress.more(search, it) }
                if (number == 0 && turn == rounds(number) - 1) lastVote(search, field) else vote(search, field)
            }
            if (number == 0) break
            pyramid.removeAt(number) // a level that is done needs no memory
            val finer = Search(pyramid.last(), this)
            field = Field(doubled(search, field.sources, finer), IntArray(finer.targets.size))
            search = finer
            vote(search, field, fits = false)
        }
        repairLow(window, search.depth, before, network, scaled(side, size.toLong() shl network), scaled(side, 4L * size))
        goBack(search, field.sources, plain, scaled(side, 2L * size))
        return true
    }

    private fun scaled(side: Int, by: Long) = maxOf(1, (lowPx.toLong() * side / by).toInt())

    /** The field of the coarsest level after the first vote. */
    private fun first(search: Search, progress: Progress): Field {
        val proposed = Tree(search).nearest()
        var field = search.found(proposed[0])
        repeat(FIRST_SWEEPS) { turn ->
            field = search.sweep(field, STEPS[0], if (turn == 0) proposed else emptyList()) { progress.more(search, it) }
        }
        vote(search, field)
        return field
    }

    /** Tells the share of the step that is done, by the pixels that sweeps have gone over. */
    private class Progress(pyramid: List<Level>, private val told: (Double) -> Unit) {
        private var done = 0.0
        private val whole = pyramid.withIndex().sumOf { (number, level) ->
            level.height.toDouble() * level.width * (rounds(number) + if (number == pyramid.size - 1) FIRST_SWEEPS else 0)
        }

        fun more(search: Search, targets: Int) {
            done += targets.toDouble() / search.targets.size * search.height * search.width
            told(minOf(done / whole, 1.0))
        }
    }
}

private fun rounds(number: Int) = ROUNDS[minOf(number, ROUNDS.size - 1)]

/** For each target of the next finer level the source of the coarser target that it lies in, at twice the place. */
private fun doubled(search: Search, sources: IntArray, finer: Search) = IntArray(finer.targets.size) {
    val (row, column) = finer.targets[it] / finer.width to finer.targets[it] % finer.width
    val up = (row / 2).coerceIn(REACH, search.height - REACH - 1)
    val left = (column / 2).coerceIn(REACH, search.width - REACH - 1)
    val source = sources[search.number[search.spot(up, left)]]
    (2 * (source / search.width) + row - 2 * up) * finer.width + 2 * (source % search.width) + column - 2 * left
}
