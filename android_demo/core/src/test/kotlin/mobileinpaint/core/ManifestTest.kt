package mobileinpaint.core

import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertTrue
import org.junit.Test

class ManifestTest {
    private val cases = golden("manifest", "cases")

    @Test
    fun `sound manifests are read, broken ones refused in Python's words`() {
        for (case in cases) {
            if ("refused" in case) {
                val error = assertFailsWith<ManifestError>(case.name) { judge(case) }
                assertEquals(case.text("refused"), error.message, case.name)
            } else {
                assertEquals(Manifest.fromJson(writeJson(case["accepted"]), "accepted"), judge(case), case.name)
            }
        }
        assertTrue(cases.any { "refused" in it } && cases.any { "accepted" in it })
    }

    private fun judge(case: Case): Manifest {
        val manifest = if ("artifact" in case) {
            Artifact.open("toy.onnx", case.bytes("artifact"), case.text("text")).manifest
        } else {
            Manifest.fromJson(case.text("text"), "toy.onnx.json").apply { checkForApp() }
        }
        Compositor.fromNumbers(manifest.compositor)
        return manifest
    }

    @Test
    fun `a flipped bit anywhere in an artifact is noticed`() {
        val sound = cases.first { "accepted" in it && "artifact" in it }
        val bytes = sound.bytes("artifact")
        for (at in bytes.indices step 37) {
            val flipped = bytes.copyOf().apply { this[at] = (this[at].toInt() xor 64).toByte() }
            assertFailsWith<ManifestError> { Artifact.open("toy.onnx", flipped, sound.text("text")) }
        }
    }
}
