package mobileinpaint.core

import kotlin.test.assertContentEquals
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertTrue
import org.junit.Test

/** An erase as the app runs it, and each way in which it can fail. */
class EraserTest {
    private val photo = syntheticPhoto(120, 40, 1)
    private val before = photo.rgb.copyOf()
    private val twoParts = Mask(120, 40).apply {
        paint(10, 10, 14, 10, 3)
        paint(100, 30, 104, 30, 3)
    }
    private val networks = mutableListOf<Network>()
    private var answer: Fill = ::syntheticNetwork
    private val eraser = Eraser { accelerator -> Loaded(Network(accelerator), Compositor(sizePx = 16, marginPx = 8)) }

    /** The synthetic network, or what [answer] is at the time. */
    private inner class Network(override val accelerator: String) : Inpainter {
        var closed = false
        override val sizePx = 16
        override val runtime = "synthetic"

        init {
            networks += this
        }

        override fun fill(image: FloatArray, mask: FloatArray): FloatArray {
            check(!closed)
            return answer(image, mask)
        }

        override fun close() {
            closed = true
        }
    }

    private fun erase(hole: Mask = twoParts, accelerator: String = "cpu", cancelled: () -> Boolean = { false }) =
        eraser.erase(photo, hole, accelerator, cancelled = cancelled)

    @Test
    fun `an erase gives a new photo, what brings the old one back, and its times`() {
        val erased = erase()
        assertContentEquals(Compositor(sizePx = 16, marginPx = 8)(photo, twoParts, ::syntheticNetwork).rgb, erased.photo.rgb)
        assertEquals(2, erased.calls)
        assertTrue(erased.networkMs in 0.0..erased.allMs)
        erased.photo.put(erased.before.box, erased.before.bytes)
        assertContentEquals(before, erased.photo.rgb)
    }

    @Test
    fun `the network is loaded once, and anew for another accelerator`() {
        repeat(2) { erase() }
        erase(accelerator = "xnnpack")
        assertEquals(listOf("cpu", "xnnpack"), networks.map { it.accelerator })
        assertEquals(listOf(true, false), networks.map { it.closed })
    }

    @Test
    fun `a cancelled erase stops before the next call, and the network stays`() {
        var calls = 0
        answer = { image, mask -> syntheticNetwork(image, mask).also { calls++ } }
        assertFailsWith<Cancelled> { erase { calls == 1 } }
        assertEquals(1, calls)
        assertContentEquals(before, photo.rgb)
        erase()
        assertEquals(1, networks.size)
    }

    @Test
    fun `while detail is added the fill is shown, and the erase can be cancelled or kept as it is`() {
        val compositor = Compositor(sizePx = 16, marginPx = 8, keepTone = true, detail = Detail())
        val detailed = Eraser { accelerator -> Loaded(Network(accelerator), compositor) }
        val hole = Mask(120, 40).apply { paint(60, 20, 66, 20, 9) }
        val plain = compositor.copy(detail = null)(photo, hole, ::syntheticNetwork)
        val shares = mutableListOf<Double>()
        val all = detailed.erase(photo, hole, "cpu", { now, box, share ->
            if (share == 0.0) assertContentEquals(plain.rgb, now.rgb)
            assertEquals(hole.box, box)
            shares.add(share)
        }) { false }
        assertContentEquals(compositor(photo, hole, ::syntheticNetwork).rgb, all.photo.rgb)
        assertTrue(shares.size > 2 && !all.photo.rgb.contentEquals(plain.rgb))
        assertContentEquals(plain.rgb, detailed.erase(photo, hole, "cpu", { _, _, _ -> false }) { false }.photo.rgb)
        var asked = 0
        assertFailsWith<Cancelled> { detailed.erase(photo, hole, "cpu") { asked++ == 3 } }
        assertContentEquals(before, photo.rgb)
    }

    @Test
    fun `cancelled during the last call it leaves no result`() {
        var calls = 0
        answer = { image, mask -> syntheticNetwork(image, mask).also { calls++ } }
        assertFailsWith<Cancelled> { erase { calls == 2 } }
        assertEquals(2, calls)
    }

    @Test
    fun `where memory ends the network is given up, and the next erase loads it anew`() {
        answer = { _, _ -> throw OutOfMemoryError() }
        val error = assertFailsWith<NoMemory> { erase() }
        assertTrue("the photo is as it was" in error.message.orEmpty())
        assertContentEquals(before, photo.rgb)
        assertTrue(networks.single().closed)
        answer = ::syntheticNetwork
        erase()
        assertEquals(2, networks.size)
    }

    @Test
    fun `memory that really ends is one clear line`() {
        assertFailsWith<NoMemory> { withinMemory { List(64) { LongArray(Int.MAX_VALUE - 8) } } }
    }

    @Test
    fun `a network that fails is given up, and its line goes through`() {
        answer = { _, _ -> throw EngineError("the driver is gone; choose another accelerator") }
        val error = assertFailsWith<EngineError> { erase() }
        assertEquals("the driver is gone; choose another accelerator", error.message)
        assertTrue(networks.single().closed)
        assertContentEquals(before, photo.rgb)
    }

    @Test
    fun `nothing is loaded where nothing, or everything, is marked`() {
        assertFailsWith<MaskError> { erase(Mask(120, 40)) }
        assertFailsWith<MaskError> { erase(Mask(120, 40).apply { hole.fill(true) }) }
        assertTrue(networks.isEmpty())
    }
}
