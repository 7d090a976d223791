package mobileinpaint.core

private const val OPAQUE = 0xFF shl 24

/**
 * What of a photo is seen through a window of [width] x [height] pixels, as ARGB; where the photo ends, 0.
 *
 * Each pixel of the window is the mean of up to 3 x 3 places of the photo that it covers; the hole of [mask] is half red.
 *
 * @param left column of the photo at the window's left edge, and [top] row at its upper one; they may lie outside.
 * @param step pixels of the photo that a pixel of the window spans.
 */
fun Pixels.seenThrough(mask: Mask?, left: Double, top: Double, step: Double, width: Int, height: Int): IntArray {
    val places = step.toInt().coerceIn(1, 3)
    val out = IntArray(width * height)
    val columns = IntArray(width * places) { Math.floor(left + (it + 0.5) * step / places).toInt() }
    for (v in 0 until height) {
        for (u in 0 until width) {
            var red = 0
            var green = 0
            var blue = 0
            var hidden = 0
            var count = 0
            for (down in 0 until places) {
                val y = Math.floor(top + (v * places + down + 0.5) * step / places).toInt()
                if (y !in 0 until this.height) continue
                for (across in 0 until places) {
                    val x = columns[u * places + across]
                    if (x !in 0 until this.width) continue
                    val at = y * this.width + x
                    red += rgb[3 * at].toInt() and 255
                    green += rgb[3 * at + 1].toInt() and 255
                    blue += rgb[3 * at + 2].toInt() and 255
                    if (mask != null && mask.hole[at]) hidden++
                    count++
                }
            }
            if (count == 0) continue
            val tint = 2 * hidden >= count && hidden > 0
            fun level(sum: Int, of: Int) = if (tint) (sum / count + of) / 2 else sum / count
            out[v * width + u] = OPAQUE or (level(red, 255) shl 16) or (level(green, 40) shl 8) or level(blue, 60)
        }
    }
    return out
}

/**
 * By which power of two a photo has to be made smaller, on each side, so that it has at most [mostPixels]; 1 for not at all.
 */
fun shrinkToFit(width: Int, height: Int, mostPixels: Long): Int {
    var by = 1
    while ((width / by).toLong() * (height / by) > mostPixels) by *= 2
    return by
}
