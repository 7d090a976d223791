package mobileinpaint.core

private const val START = 0xD8
private const val SCAN = 0xDA
private const val JFIF = 0xE0
private const val EXIF = 0xE1
private const val PROFILE = 0xE2
private const val CAPTION = 0xED
private const val ORIENTATION = 0x0112
private const val THUMBNAIL_AT = 0x0201
private const val THUMBNAIL_BYTES = 0x0202

/**
 * [jpeg], a freshly encoded upright photo, with the EXIF and IPTC data of [original], the file that it was edited from.
 *
 * The orientation becomes 1. The thumbnail, which shows what was erased, is overwritten with zeros. XMP is left out, for it may hold
 * previews, depth and gain maps of the photo that was. A file that is no JPEG, or is damaged, gives nothing.
 *
 * @param withProfile take the colour profile along as well, where the pixels were not converted to sRGB.
 */
fun carryMetadata(original: ByteArray, jpeg: ByteArray, withProfile: Boolean): ByteArray {
    val kept = segments(original).filter { (marker, bytes) ->
        when (marker) {
            EXIF -> bytes.startsWith("Exif\u0000\u0000")
            PROFILE -> withProfile && bytes.startsWith("ICC_PROFILE\u0000")
            else -> marker == CAPTION
        }
    }
    for ((marker, bytes) in kept) if (marker == EXIF) renewExif(bytes)
    val head = 2 + (segments(jpeg).firstOrNull()?.takeIf { it.marker == JFIF }?.let { it.bytes.size + 4 } ?: 0)
    var out = jpeg.copyOf(head)
    for ((marker, bytes) in kept) {
        val length = bytes.size + 2
        out += byteArrayOf(0xFF.toByte(), marker.toByte(), (length shr 8).toByte(), length.toByte()) + bytes
    }
    return out + jpeg.copyOfRange(head, jpeg.size)
}

private data class Segment(val marker: Int, val bytes: ByteArray)

private fun ByteArray.startsWith(text: String) = size >= text.length && text.indices.all { this[it].toInt() == text[it].code }

/** What stands between the start and the first scan; copies. As far as the file is sound. */
private fun segments(file: ByteArray): List<Segment> = buildList {
    fun byte(at: Int) = file[at].toInt() and 255
    if (file.size < 4 || byte(0) != 0xFF || byte(1) != START) return@buildList
    var at = 2
    while (at + 4 <= file.size && byte(at) == 0xFF && byte(at + 1) != SCAN) {
        val end = at + 2 + (byte(at + 2) shl 8) + byte(at + 3)
        if (end < at + 4 || end > file.size) return@buildList
        add(Segment(byte(at + 1), file.copyOfRange(at + 4, end)))
        at = end
    }
}

/** A TIFF file behind six bytes: `Exif` and two zeros. */
private class Tiff(private val bytes: ByteArray) {
    private val little = bytes.size > TIFF && bytes[TIFF] == 'I'.code.toByte()

    /** A number of [size] bytes, or null where the file ends before. */
    fun number(at: Int, size: Int): Int? {
        if (at < 0 || at.toLong() + TIFF + size > bytes.size) return null
        val places = if (little) size - 1 downTo 0 else 0 until size
        return places.fold(0) { sum, place -> (sum shl 8) or (bytes[TIFF + at + place].toInt() and 255) }
    }

    fun write(at: Int, size: Int, value: Int) {
        for (place in 0 until size) {
            bytes[TIFF + at + place] = (value ushr 8 * if (little) place else size - 1 - place).toByte()
        }
    }

    /** Places of the twelve-byte entries of the directory at [at]. */
    fun entries(at: Int): List<Int> = List(number(at, 2) ?: 0) { at + 2 + 12 * it }.filter { number(it + 8, 4) != null }

    private companion object {
        const val TIFF = 6
    }
}

private fun renewExif(bytes: ByteArray) {
    val tiff = Tiff(bytes)
    val first = tiff.number(4, 4) ?: return
    val entries = tiff.entries(first)
    for (entry in entries) {
        if (tiff.number(entry, 2) == ORIENTATION) tiff.write(entry + 8, 2, 1)
    }
    val link = first + 2 + 12 * (tiff.number(first, 2) ?: return)
    val second = tiff.number(link, 4) ?: return
    tiff.write(link, 4, 0)
    if (second == 0) return
    val found = tiff.entries(second).associate { tiff.number(it, 2) to tiff.number(it + 8, 4) }
    val start = found[THUMBNAIL_AT] ?: return
    var at = start
    while (at - start < (found[THUMBNAIL_BYTES] ?: 0) && tiff.number(at, 1) != null) tiff.write(at++, 1, 0)
}
