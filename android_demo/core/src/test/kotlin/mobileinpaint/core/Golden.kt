package mobileinpaint.core

import java.io.File
import java.util.Base64

/** A record of golden/NAME.json; what the files hold stands in golden/README.md. */
class Case(private val table: Map<*, *>) {
    val name get() = text("name")

    operator fun contains(key: String) = table[key] != null

    operator fun get(key: String): Any? = table[key]

    fun text(key: String) = table.getValue(key) as String

    fun int(key: String) = (table.getValue(key) as Long).toInt()

    fun number(key: String) = (table.getValue(key) as Number).toDouble()

    fun flag(key: String) = table.getValue(key) as Boolean

    fun bytes(key: String): ByteArray = Base64.getDecoder().decode(text(key))

    fun ints(key: String) = (table.getValue(key) as List<*>).map { (it as Long).toInt() }.toIntArray()

    fun numbers(key: String) = (table.getValue(key) as List<*>).map { (it as Number).toDouble() }

    fun lists(key: String) = (table.getValue(key) as List<*>).map { list -> (list as List<*>).map { (it as Long).toInt() } }

    fun cases(key: String) = (table.getValue(key) as List<*>).map { Case(it as Map<*, *>) }

    fun numberTable(key: String) = (table.getValue(key) as Map<*, *>).entries.associate { (name, value) -> name as String to (value as Number).toDouble() }

    fun box(key: String) = ints(key).let { Box(it[0], it[1], it[2], it[3]) }

    fun mask(key: String, width: Int = int("width"), height: Int = int("height")) = Mask(width, height).apply {
        for ((y, start, end) in lists(key)) for (x in start until end) this[y, x] = true
    }

    private fun <V> Map<*, V>.getValue(key: String): V = checkNotNull(this[key]) { "no $key" }
}

/** The records of a section of golden/NAME.json; where golden/ lies, the system property `golden` says. */
fun golden(name: String, section: String): List<Case> =
    Case(parseJson(File(System.getProperty("golden"), "$name.json").readText()) as Map<*, *>).cases(section)

fun Mask.runs() = (0 until height).flatMap { y -> runs(y).map { listOf(y, it.first, it.last + 1) } }

fun checksum(bytes: ByteArray) = bytes.indices.sumOf { (bytes[it].toLong() and 255) * (it % 65521 + 1) }

/** Unsigned 32 bits that look like noise. */
private fun mix(x: Int, y: Int, c: Int, seed: Int): Long {
    var h = (x * 0x9E3779B1.toInt()) xor (y * 0x85EBCA77.toInt()) xor (c * 0xC2B2AE3D.toInt()) xor (seed * 0x27D4EB2F)
    h = (h xor (h ushr 16)) * 0x7FEB352D
    h = (h xor (h ushr 15)) * 0x846CA68B.toInt()
    return (h xor (h ushr 16)).toLong() and 0xFFFFFFFFL
}

fun syntheticPhoto(width: Int, height: Int, seed: Int) = Pixels(width, height, ByteArray(3 * width * height) {
    val (x, y, c) = Triple(it / 3 % width, it / 3 / width, it % 3)
    val zigzag = (x * (2 + c) + y * (4 - c)) % 256
    val edges = if ((x / 24 + y / 16) % 3 == 0) 40 else 0
    val grain = if (seed % 2 == 1) (mix(x, y, c, seed) % 16).toInt() else 0
    (32 + minOf(zigzag, 255 - zigzag) + edges + grain).toByte()
})

fun byteOf(value: Float) = Math.floor(value * 255f + 0.5).toInt()

/** A network of N x N whose answers are exact. */
fun syntheticNetwork(image: FloatArray, mask: FloatArray): FloatArray {
    val side = isqrt(mask.size)
    return FloatArray(3 * mask.size) {
        val (c, y, x) = Triple(it / mask.size, it % mask.size / side, it % side)
        val opposite = (side - 1 - y) * side + side - 1 - x
        val byte = byteOf(image[c * mask.size + opposite])
        (byte * 16 + mask[opposite].toInt() * 1024 + (mix(x, y, c, side) % 1280).toInt() - 384) / 4096f
    }
}
