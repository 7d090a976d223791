package mobileinpaint.core

import java.io.FileNotFoundException
import kotlin.test.assertContentEquals
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import org.junit.Test

/** What the app reads out of its assets before it loads anything. */
class BundleTest {
    private val sound = golden("manifest", "cases").first { "accepted" in it && "artifact" in it }
    private val files = mutableMapOf(
        "bundle.json" to """{"artifact": "toy.onnx"}""".toByteArray(),
        "toy.onnx" to sound.bytes("artifact"),
        "toy.onnx.json" to sound.text("text").toByteArray(),
    )

    private fun read(name: String) = files[name] ?: throw FileNotFoundException(name)

    private fun refusal() = assertFailsWith<ManifestError> { bundledArtifact(::read) }.message

    @Test
    fun `a sound artifact is opened`() {
        assertContentEquals(sound.bytes("artifact"), bundledArtifact(::read).bytes)
    }

    @Test
    fun `an app without an artifact, or without a part of it, says how to get one`() {
        for (name in listOf("toy.onnx.json", "toy.onnx", "bundle.json")) {
            files.remove(name)
            assertEquals("this app carries no network; build it again after: mobile-inpaint bundle --app android", refusal(), name)
        }
    }

    @Test
    fun `an index that is damaged is one clear line`() {
        val deep = "[".repeat(1_000_000)
        for (index in listOf("", "{", "[]", "{}", """{"artifact": null}""", """{'artifact': 'toy.onnx'}""", deep)) {
            files["bundle.json"] = index.toByteArray()
            val again = "build it again after: mobile-inpaint bundle --app android"
            assertEquals("bundle.json of this app names no artifact; $again", refusal(), index)
        }
    }

    @Test
    fun `an index that names no file of its folder is one clear line, and nothing is read`() {
        val named = mapOf(
            "\"../toy.onnx\"" to "'../toy.onnx'", "\"/toy.onnx\"" to "'/toy.onnx'", "\"..\"" to "'..'", "\"\"" to "''", "7" to "7",
            "\"a\\\\b\"" to "'a\\\\b'", "\"C:a\"" to "'C:a'", "[\"toy.onnx\"]" to "['toy.onnx']", "\"\\u0000\"" to "'\\x00'",
        )
        for ((written, shown) in named) {
            files["bundle.json"] = """{"artifact": $written}""".toByteArray()
            val again = "build it again after: mobile-inpaint bundle --app android"
            assertEquals("bundle.json of this app: 'artifact' must be a file's name, not $shown; $again", refusal())
        }
    }

    @Test
    fun `what is not UTF-8 is one clear line`() {
        files["toy.onnx.json"] = byteArrayOf(0xFF.toByte(), 0xFE.toByte())
        assertEquals(
            "toy.onnx.json: cannot be read (not UTF-8); build it again after: mobile-inpaint bundle --app android", refusal(),
        )
    }

    @Test
    fun `an artifact that was swapped or damaged is refused in Python's words`() {
        files["toy.onnx"] = sound.bytes("artifact").apply { this[0] = (this[0] + 1).toByte() }
        val python = golden("manifest", "cases").first { it.name == "a bit flipped" }.text("refused")
        assertEquals(python.substringBefore("(sha256 "), refusal().orEmpty().substringBefore("(sha256 "))
    }
}
