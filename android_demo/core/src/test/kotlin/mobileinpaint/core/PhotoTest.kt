package mobileinpaint.core

import java.util.Base64
import kotlin.test.assertContentEquals
import kotlin.test.assertEquals
import kotlin.test.assertFalse
import kotlin.test.assertTrue
import org.junit.Test

class PhotoTest {
    @Test
    fun `each orientation puts every pixel somewhere, sideways or not`() {
        for (orientation in Orientation.entries) {
            val places = (0 until 3).flatMap { y -> (0 until 5).map { x -> orientation.place(x, y, 5, 3) } }
            assertEquals((0 until 15).toList(), places.sorted(), "$orientation")
        }
        // A camera held upright: the file's upper left corner is the photo's upper right.
        assertEquals(2, Orientation.of(6).place(0, 0, 5, 3))
        assertTrue(Orientation.of(6).isSideways)
        assertEquals(12, Orientation.of(8).place(0, 0, 5, 3))
        assertEquals(Orientation.UPRIGHT, Orientation.of(0))
    }

    @Test
    fun `erases are taken back and done again`() {
        val photo = syntheticPhoto(9, 7, 1)
        val states = mutableListOf(photo.rgb.copyOf())
        val history = History(1000)
        for (box in listOf(Box(1, 3, 2, 6), Box(2, 7, 0, 3))) {
            history.add(Patch(box, photo.take(box)))
            photo.put(box, ByteArray(3 * box.width * box.height) { (it * 31).toByte() })
            states += photo.rgb.copyOf()
        }
        for (state in listOf(1, 0)) {
            history.undo(photo)
            assertContentEquals(states[state], photo.rgb)
        }
        assertFalse(history.canUndo)
        for (state in listOf(1, 2)) {
            history.redo(photo)
            assertContentEquals(states[state], photo.rgb)
        }
        assertFalse(history.canRedo)
    }

    @Test
    fun `the oldest erases are forgotten where memory ends`() {
        val history = History(50)
        repeat(3) { history.add(Patch(Box(0, 2, 0, 4), ByteArray(24))) }
        val photo = syntheticPhoto(4, 2, 0)
        repeat(2) { history.undo(photo) }
        assertFalse(history.canUndo)
    }

    @Test
    fun `times are those of the clock, and an output that stays is noticed`() {
        var now = 0L
        val timing = measure(1, 3, { now }) { i ->
            now += 1_500_000L * (i + 1)
            floatArrayOf(i.toFloat())
        }
        assertEquals(listOf(1.5), timing.warmupMs)
        assertEquals(listOf(3.0, 4.5, 6.0), timing.timesMs)
        assertTrue(timing.completed)
        assertFalse(measure(1, 3) { floatArrayOf(2f) }.completed)
    }

    @Test
    fun `a photo too large for the memory is halved until it fits`() {
        assertEquals(1, shrinkToFit(4000, 3000, 12_000_000))
        assertEquals(2, shrinkToFit(4000, 3000, 11_999_999))
        assertEquals(8, shrinkToFit(40_000, 30_000, 20_000_000))
    }

    @Test
    fun `what is seen at its own size is the photo, the hole is red, and beyond is nothing`() {
        val photo = syntheticPhoto(6, 4, 1)
        val hole = Mask(6, 4).apply { this[1, 2] = true }
        val seen = photo.seenThrough(hole, -1.0, 0.0, 1.0, 8, 4)
        assertEquals(0, seen[0])
        val at = 3 * (2 * 6 + 4)
        val bytes = IntArray(3) { photo.rgb[at + it].toInt() and 255 }
        assertEquals((0xFF shl 24) or (bytes[0] shl 16) or (bytes[1] shl 8) or bytes[2], seen[2 * 8 + 5])
        assertTrue((seen[1 * 8 + 3] shr 16 and 255) > (seen[1 * 8 + 3] shr 8 and 255))
    }

    @Test
    fun `EXIF goes along, turned upright, without the thumbnail that shows what was erased`() {
        val exif = tiff()
        val original = jpeg(0xE0 to "JFIF".toByteArray(), 0xE1 to exif, 0xE2 to "ICC_PROFILE\u0000p".toByteArray())
        val fresh = jpeg(0xE0 to "JFIF".toByteArray())
        val carried = carryMetadata(original, fresh, withProfile = false)
        val expected = exif.copyOf().apply {
            this[6 + 18] = 1
            fill(0, 6 + 22, 6 + 26)
            fill(0, 6 + 56, 6 + 60)
        }
        assertContentEquals(jpeg(0xE0 to "JFIF".toByteArray(), 0xE1 to expected), carried)
        assertTrue(String(carryMetadata(original, fresh, withProfile = true), Charsets.ISO_8859_1).contains("ICC_PROFILE"))
    }

    @Test
    fun `a file without EXIF, or a damaged one, gives nothing and harms nothing`() {
        val fresh = jpeg(0xE0 to "JFIF".toByteArray())
        val whole = jpeg(0xE1 to tiff())
        assertContentEquals(fresh, carryMetadata(Base64.getDecoder().decode("iVBORw0KGgo="), fresh, withProfile = true))
        for (end in whole.indices) carryMetadata(whole.copyOf(end), fresh, withProfile = true)
        for (at in whole.indices) carryMetadata(whole.copyOf().apply { this[at] = -1 }, fresh, withProfile = true)
    }

    /** One entry that says 6, a second directory that says where four bytes of thumbnail are. */
    private fun tiff(): ByteArray {
        fun short(value: Int) = byteArrayOf(value.toByte(), (value shr 8).toByte())
        fun long(value: Int) = short(value) + short(value shr 16)
        fun entry(tag: Int, kind: Int, value: Int) = short(tag) + short(kind) + long(1) + long(value)
        val first = short(1) + entry(0x0112, 3, 6) + long(26)
        val second = short(2) + entry(0x0201, 4, 56) + entry(0x0202, 4, 4) + long(0)
        return "Exif\u0000\u0000II".toByteArray() + short(42) + long(8) + first + second + byteArrayOf(1, 2, 3, 4)
    }

    private fun jpeg(vararg segments: Pair<Int, ByteArray>): ByteArray {
        val head = segments.map { (marker, bytes) -> byteArrayOf(-1, marker.toByte(), 0, (bytes.size + 2).toByte()) + bytes }
        return byteArrayOf(-1, 0xD8.toByte()) + head.fold(ByteArray(0), ByteArray::plus) + byteArrayOf(-1, 0xDA.toByte(), 0, 2, 7, -1, 0xD9.toByte())
    }
}
