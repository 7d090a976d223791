package mobileinpaint.core

import kotlin.test.assertContentEquals
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertTrue
import org.junit.Test

class CompositorTest {
    @Test
    fun `the synthetic photo is Python's`() {
        for (case in golden("compositor", "photos")) {
            assertContentEquals(case.bytes("pixels"), syntheticPhoto(case.int("width"), case.int("height"), case.int("seed")).rgb)
        }
    }

    @Test
    fun `whole photos come out to the bit`() {
        for (case in golden("compositor", "cases")) {
            val photo = syntheticPhoto(case.int("width"), case.int("height"), case.int("seed"))
            val calls = ArrayDeque(case.cases("calls"))
            val result = Compositor.fromNumbers(case.numberTable("numbers"))(photo, case.mask("hole")) { image, mask ->
                compare("${case.name}, a call", calls.removeFirst(), image, mask)
                syntheticNetwork(image, mask)
            }
            assertTrue(calls.isEmpty(), "${case.name}: too few calls")
            if ("result" in case) assertContentEquals(case.bytes("result"), result.rgb, case.name)
            if ("checksum" in case) assertEquals(case["checksum"], checksum(result.rgb), case.name)
        }
    }

    private fun compare(name: String, call: Case, image: FloatArray, mask: FloatArray) {
        val side = isqrt(mask.size)
        assertEquals(call.lists("hole"), Mask(side, side, BooleanArray(mask.size) { mask[it] > 0 }).runs(), name)
        val seen = ByteArray(image.size) { byteOf(image[it % 3 * mask.size + it / 3]).toByte() }
        if ("seen" in call) assertContentEquals(call.bytes("seen"), seen, name)
        if ("checksum" in call) assertEquals(call["checksum"], checksum(seen), name)
    }

    @Test
    fun `what lies under the hole has no influence, and outside not a bit changes`() {
        val photo = syntheticPhoto(70, 50, 3)
        val hole = Mask(70, 50).apply { paint(20, 20, 44, 31, 6) }
        val other = photo.copy().apply { hole.hole.forEachIndexed { at, it -> if (it) rgb.fill(at.toByte(), 3 * at, 3 * at + 3) } }
        val compositor = Compositor(sizePx = 32, marginPx = 8)
        val result = compositor(photo, hole, ::syntheticNetwork)
        assertContentEquals(result.rgb, compositor(other, hole, ::syntheticNetwork).rgb)
        for (i in photo.rgb.indices) if (!hole.hole[i / 3]) assertEquals(photo.rgb[i], result.rgb[i])
    }

    @Test
    fun `what the network throws goes through, and the photo is as it was`() {
        val photo = syntheticPhoto(40, 40, 1)
        val before = photo.rgb.copyOf()
        val hole = Mask(40, 40).apply { paint(20, 20, 20, 20, 5) }
        assertFailsWith<Cancelled> { Compositor(sizePx = 16)(photo, hole) { _, _ -> throw Cancelled() } }
        assertFailsWith<OutOfMemoryError> { Compositor(sizePx = 16)(photo, hole) { _, _ -> throw OutOfMemoryError() } }
        assertContentEquals(before, photo.rgb)
    }

    @Test
    fun `a mask of another size is refused`() {
        val error = assertFailsWith<MaskError> { Compositor()(syntheticPhoto(4, 4, 0), Mask(4, 3), ::syntheticNetwork) }
        assertEquals("the mask is 4x3, the photo 4x4: give a mask of the photo's size", error.message)
    }
}
