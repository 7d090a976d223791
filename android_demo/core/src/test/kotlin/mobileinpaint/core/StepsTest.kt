package mobileinpaint.core

import kotlin.test.assertContentEquals
import kotlin.test.assertEquals
import org.junit.Test

/** Each step of the compositor alone. */
class StepsTest {
    @Test
    fun `parts of a hole`() {
        for (case in golden("compositor", "parts")) {
            val boxes = parts(case.mask("hole"), case.int("limit")).map { listOf(it.top, it.bottom, it.left, it.right) }
            assertEquals(case.lists("boxes"), boxes.toList())
        }
    }

    @Test
    fun `the square round a box`() {
        for (case in golden("compositor", "squares")) {
            val square = squareRound(case.box("box"), case.int("height"), case.int("width"), case.number("context"), case.int("size_px"))
            assertContentEquals(case.ints("square"), intArrayOf(square.top, square.left, square.side))
        }
    }

    @Test
    fun `taps that shrink`() {
        for (case in golden("compositor", "shrink_taps")) compare(case, shrinkTaps(case.int("source"), case.int("target")))
    }

    @Test
    fun `taps that enlarge`() {
        for (case in golden("compositor", "enlarge_taps")) {
            compare(case, enlargeTaps(case.int("source"), case.int("target"), case.int("start"), case.int("stop")))
        }
    }

    private fun compare(case: Case, taps: Taps) {
        val lines = (0 until taps.size).map { line -> (line * taps.count until (line + 1) * taps.count).filter { taps.weight[it] != 0 } }
        assertEquals(case.lists("source_of"), lines.map { line -> line.map { taps.source[it] } })
        assertEquals(case.lists("weight"), lines.map { line -> line.map { taps.weight[it] } })
    }

    @Test
    fun `colour at the seam`() {
        for (case in golden("compositor", "match")) {
            val hole = case.mask("hole")
            val truth = case.ints("truth")
            val guess = case.ints("guess")
            match(guess, truth, hole, case.int("fade"))
            assertContentEquals(case.ints("result"), IntArray(guess.size) { if (hole.hole[it / 3]) guess[it] else truth[it] })
        }
    }

    @Test
    fun `differences spread`() {
        for (case in golden("compositor", "spread")) {
            val edge = case.mask("edge")
            val spread = spread(case.ints("difference"), edge.hole, edge.height, edge.width, case.int("fade"))
            assertContentEquals(case.ints("result"), spread)
        }
    }

    @Test
    fun `variances of grain`() {
        for (case in golden("compositor", "variances")) {
            val where = case.mask("where")
            val photo = syntheticPhoto(where.width, where.height, case.int("seed"))
            assertContentEquals(case.ints("result"), grainVariances(photo, where.everything) { y, x -> where[y, x] })
        }
    }

    @Test
    fun `grain itself`() {
        for (case in golden("compositor", "grain")) {
            val grain = Grain(case.ints("missing"))
            val box = case.box("box")
            val noise = (box.top until box.bottom).flatMap { y -> (box.left until box.right).flatMap { x -> (0..2).map { grain.noise(x, y, it) } } }
            assertEquals(case.ints("noise").toList(), noise)
        }
    }

    @Test
    fun `whole square roots`() {
        for ((value, root) in Case(mapOf("isqrt" to goldenPairs())).lists("isqrt")) assertEquals(root, isqrt(value))
    }

    private fun goldenPairs() = (parseJson(java.io.File(System.getProperty("golden"), "compositor.json").readText()) as Map<*, *>)["isqrt"]
}
