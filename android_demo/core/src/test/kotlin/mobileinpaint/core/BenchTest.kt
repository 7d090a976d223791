package mobileinpaint.core

import kotlin.test.assertContentEquals
import kotlin.test.assertEquals
import kotlin.test.assertFalse
import kotlin.test.assertTrue
import org.junit.Test

class BenchTest {
    private val artifact = golden("manifest", "cases").first { "accepted" in it && "artifact" in it }.let {
        Artifact.open("toy.onnx", it.bytes("artifact"), it.text("text"))
    }
    private val machine = Machine("pixel-8a", "akita", 9, 8000, "Android 16")
    private val network = Network(::syntheticNetwork)

    private object Still : Process {
        override fun held() = 5_000_000L
        override fun peak() = 8_000_000L
        override fun temperature() = null
    }

    private class Network(private val answer: Fill) : Inpainter {
        var closed = false
        override val sizePx = 16
        override val runtime = "synthetic 1.2 beta"
        override val accelerator = "cpu"
        override fun fill(image: FloatArray, mask: FloatArray) = answer(image, mask)
        override fun close() {
            closed = true
        }
    }

    private fun bench(network: Network = this.network) =
        Bench(artifact, machine, Still, "2026-11-21T22:30:00+00:00", "a test") { network }.run(threads = 4, warmup = 2, iterations = 6)

    @Test
    fun `a report says what was timed, and reads back`() {
        val report = bench()
        assertEquals(listOf(2, 6), listOf(report.warmupMs.size, report.timesMs.size))
        assertEquals("completion", report.timed)
        assertEquals("float32 1x3x64x64", report.subject.inputs["image"])
        assertEquals(mapOf("synthetic" to "1.2 beta"), report.packages)
        assertEquals(listOf(3_000_000L, 0L), report.coldStarts.single().let { listOf(it.peakBytes, it.retainedBytes) })
        assertEquals(report, LatencyReport.fromJson(report.toJson(), "report.json"))
        assertTrue(network.closed)
    }

    @Test
    fun `an output that does not follow its input is told of`() {
        val report = bench(Network { image, _ -> FloatArray(image.size) })
        assertEquals("dispatch", report.timed)
        assertTrue(report.warnings.any { "did not change with the input" in it })
    }

    @Test
    fun `neighbouring inputs differ and hide the hole`() {
        val probe = Probe(16)
        val seen = List(3) { i -> probe.run(i) { image, mask -> FloatArray(image.size) { if (mask[it % mask.size] > 0) image[it] else 0f } } }
        assertTrue(seen.all { hidden -> hidden.all { it == 0f } })
        val shown = List(3) { i -> probe.run(i) { image, _ -> image } }
        assertContentEquals(shown[0], shown[2])
        assertFalse(shown[0].contentEquals(shown[1]))
    }
}
