package mobileinpaint.core

import kotlin.test.assertContentEquals
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertTrue
import org.junit.Test

/** The detail step: whole photos, and each of its own steps alone. */
class DetailTest {
    private val numbers = Detail()

    private fun window(case: Case, picture: String = "picture") = Level(
        case.int("height"), case.int("width"), case.bytes(picture), case.mask("hole").hole, case.mask("wanted").hole,
    )

    private fun pyramid(case: Case) = levels(window(case), case.int("side"), case.int("size"), numbers.above, numbers.guidePx)

    @Test
    fun `the level nearest to the network`() {
        val file = java.io.File(System.getProperty("golden"), "detail.json").readText()
        val rows = (parseJson(file) as Map<*, *>)["network_level"] as List<*>
        for (row in rows) {
            val (side, size, level) = (row as List<*>).map { (it as Long).toInt() }
            assertEquals(level, networkLevel(side, size))
        }
        assertTrue(rows.isNotEmpty())
    }

    @Test
    fun `pictures are blurred, halved and doubled`() {
        for (case in golden("detail", "blurred")) {
            val (height, width, channels) = case.ints("shape").asList()
            val values = case.ints("values")
            blur(values, height, width, channels, case.int("radius"))
            assertContentEquals(case.ints("result"), values)
        }
        for (case in golden("detail", "halved")) {
            val (height, width, channels) = case.ints("shape").asList()
            val values = case.ints("values")
            val half = IntArray((height + 1) / 2 * ((width + 1) / 2) * channels)
            halve(height, width, channels, { values[it] }, { p, value -> half[p] = value })
            assertContentEquals(case.ints("half"), half)
            assertContentEquals(case.ints("doubled"), doubled(half, (height + 1) / 2, (width + 1) / 2, channels, height, width))
        }
    }

    @Test
    fun `the depth in a hole`() {
        for (case in golden("detail", "depths")) {
            val (height, width) = case.ints("shape").asList()
            val depth = depths(case.mask("hole", width, height).hole, height, width)
            assertContentEquals(case.ints("result"), IntArray(depth.size) { depth[it].toInt() })
        }
    }

    @Test
    fun `levels and their guides`() {
        for (case in golden("detail", "levels")) {
            val expected = case.cases("levels")
            val found = pyramid(case)
            assertEquals(expected.size, found.size)
            for ((one, level) in expected.zip(found)) {
                val (height, width) = one.ints("shape").asList()
                assertEquals(height to width, level.height to level.width)
                assertContentEquals(one.bytes("picture"), level.picture)
                assertContentEquals(one.mask("hole", width, height).hole, level.hole)
                assertContentEquals(one.mask("wanted", width, height).hole, level.wanted)
                assertContentEquals(one.bytes("guide"), level.guide)
            }
        }
    }

    @Test
    fun `search and votes`() {
        for (case in golden("detail", "search")) {
            val level = pyramid(case)[1]
            val search = Search(level, numbers)
            assertContentEquals(case.ints("targets"), search.targets)
            assertContentEquals(case.ints("descriptors"), descriptors(level, search.targets.copyOf(8)))
            val proposed = Tree(search).nearest()
            assertEquals(case.lists("proposed"), proposed.map { it.asList() })
            var field = search.found(proposed[0])
            assertContentEquals(case.ints("first_distance"), field.distance)
            for ((name, more) in listOf("swept" to proposed, "swept_again" to emptyList())) {
                field = search.sweep(field, case.ints("steps"), more)
                val expected = Case(case[name] as Map<*, *>)
                assertContentEquals(expected.ints("sources"), field.sources)
                assertContentEquals(expected.ints("distance"), field.distance)
            }
            vote(search, field)
            assertContentEquals(case.bytes("voted"), level.picture)
            lastVote(search, search.found(field.sources))
            assertContentEquals(case.bytes("last_voted"), level.picture)
        }
    }

    @Test
    fun `low frequencies, and the way back`() {
        for (case in golden("detail", "low")) {
            val level = window(case, "drawn")
            val before = Cut(Box(0, level.height, 0, level.width), case.bytes("picture"))
            val depth = depths(level.hole, level.height, level.width)
            repairLow(level, depth, before, case.int("at"), case.int("radius"), case.int("ramp_px"))
            assertContentEquals(case.bytes("result"), level.picture)
        }
        for (case in golden("detail", "back")) {
            val level = pyramid(case)[0]
            val plain = Cut(Box(0, level.height, 0, level.width), case.bytes("plain"))
            goBack(Search(level, numbers), case.ints("sources"), plain, case.int("radius"))
            assertContentEquals(case.bytes("result"), level.picture)
        }
    }

    @Test
    fun `colours on a line`() {
        for (case in golden("detail", "lines")) {
            fun each(colours: IntArray, act: (Int, Int, Int) -> Unit) {
                for (n in colours.indices step 3) act(colours[n], colours[n + 1], colours[n + 2])
            }
            val known = case.ints("known")
            val line = lineOf { each(known, it) }
            assertEquals("line" in case, line != null, case.name)
            if (line == null) continue
            assertEquals(case.lists("line"), listOf(line.dark.asList(), line.bright.asList()), case.name)
            val moved = mutableListOf<Int>()
            each(case.ints("asked")) { red, green, blue -> for (c in 0..2) moved += line.level(c, red + green + blue) }
            assertEquals(case.ints("projected").asList(), moved, case.name)
        }
    }

    private fun toned(photo: Pixels, tone: String) = photo.apply {
        val parts = mapOf("grey" to intArrayOf(256, 256, 256), "sepia" to intArrayOf(240, 205, 160))[tone] ?: return@apply
        for (at in rgb.indices step 3) {
            val green = rgb.level(at + 1)
            for (c in 0..2) rgb[at + c] = ((green * parts[c] + 128) shr 8).toByte()
        }
    }

    @Test
    fun `whole photos come out to the bit`() {
        for (case in golden("detail", "cases")) {
            val photo = toned(syntheticPhoto(case.int("width"), case.int("height"), case.int("seed")), case.text("tone"))
            val compositor = Compositor.fromNumbers(case.numberTable("numbers"))
            assertEquals(case.numberTable("numbers"), compositor.numbers())
            val shares = mutableListOf<Double>()
            val result = compositor(photo, case.mask("hole"), { _, _, share -> shares.add(share) }, ::syntheticNetwork)
            assertContentEquals(case.bytes("result"), result.rgb, case.name)
            assertEquals(case["checksum"], checksum(result.rgb), case.name)
            assertTrue(shares.zip(shares.drop(1)).all { (one, next) -> next > one || next == 0.0 }, case.name)
        }
    }

    @Test
    fun `the detail step can be ended with the network's fill, or with all as it was`() {
        val case = golden("detail", "cases").first()
        val photo = syntheticPhoto(case.int("width"), case.int("height"), case.int("seed"))
        val compositor = Compositor.fromNumbers(case.numberTable("numbers"))
        val plain = compositor.copy(detail = null)(photo, case.mask("hole"), ::syntheticNetwork)
        for (last in listOf(0.0, 0.5)) {
            lateinit var shown: ByteArray
            val ended = compositor(photo, case.mask("hole"), { now, _, share ->
                if (share == 0.0) shown = now.rgb.copyOf()
                share < last
            }, ::syntheticNetwork)
            assertContentEquals(plain.rgb, shown)
            assertContentEquals(plain.rgb, ended.rgb)
        }
        assertFailsWith<Cancelled> { compositor(photo, case.mask("hole"), { _, _, _ -> throw Cancelled() }, ::syntheticNetwork) }
    }
}
