package mobileinpaint.core

/**
 * A photo, upright.
 *
 * @property rgb `height` rows of `width` pixels of R, G, B bytes, 0 to 255, without gaps.
 */
class Pixels(val width: Int, val height: Int, val rgb: ByteArray) {
    init {
        require(width > 0 && height > 0) { "a photo has pixels" }
        require(rgb.size.toLong() == 3L * width * height) { "$width x $height pixels have ${3L * width * height} bytes" }
    }

    fun copy() = Pixels(width, height, rgb.copyOf())

    /** The bytes of [box], row by row, as [put] takes them. */
    fun take(box: Box): ByteArray {
        val row = 3 * box.width
        val bytes = ByteArray(row * box.height)
        for (y in 0 until box.height) System.arraycopy(rgb, offset(box, y), bytes, y * row, row)
        return bytes
    }

    /** Writes what [take] gave back into [box]. */
    fun put(box: Box, bytes: ByteArray) {
        val row = 3 * box.width
        for (y in 0 until box.height) System.arraycopy(bytes, y * row, rgb, offset(box, y), row)
    }

    private fun offset(box: Box, y: Int) = 3 * ((box.top + y) * width + box.left)
}
