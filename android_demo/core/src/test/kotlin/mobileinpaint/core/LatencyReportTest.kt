package mobileinpaint.core

import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertTrue
import org.junit.Test

class LatencyReportTest {
    @Test
    fun `statistics of raw times`() {
        for (case in golden("report", "statistics")) compare(case, Statistics.of(case.numbers("times_ms")))
    }

    @Test
    fun `doubts about raw times`() {
        for (case in golden("report", "doubts")) {
            assertEquals(case["doubts"], doubts(case.numbers("times_ms"), case.flag("completed")), case.name)
        }
    }

    @Test
    fun `a report is written as it was read`() {
        for (case in golden("report", "reports")) {
            val report = LatencyReport.fromJson(case.text("text"), "report.json")
            assertEquals(case.text("text"), report.toJson(), case.name)
            assertEquals(case["load_ms"], report.loadMs)
            assertEquals(case["first_ms"], report.firstMs)
            assertEquals(case["compile_ms"], report.compileMs)
            assertEquals(case["retained_mb"], report.retainedMb)
            assertEquals(case["peak_mb"], report.peakMb)
            assertEquals(case["may_be_unfinished"], report.mayBeUnfinished)
            compare(Case(case["statistics"] as Map<*, *>), report.statistics)
        }
    }

    @Test
    fun `what is no report is refused in Python's words`() {
        for (case in golden("report", "refused")) {
            val error = assertFailsWith<BenchError>(case.name) { LatencyReport.fromJson(case.text("text"), "report.json") }
            assertEquals(case.text("refused"), error.message, case.name)
        }
    }

    private fun compare(case: Case, its: Statistics) {
        assertEquals(case.int("n"), its.n)
        if ("unsteady" in case) assertEquals(case.flag("unsteady"), its.unsteady)
        val figures = mapOf(
            "p50_ms" to its.p50Ms, "p90_ms" to its.p90Ms, "p95_ms" to its.p95Ms, "p99_ms" to its.p99Ms, "mean_ms" to its.meanMs,
            "std_ms" to its.stdMs, "iqr_ms" to its.iqrMs, "min_ms" to its.minMs, "max_ms" to its.maxMs,
        )
        for ((name, value) in figures) {
            val expected = case.number(name)
            assertTrue(Math.abs(expected - value) <= 1e-9 * Math.abs(expected), "$name: $expected, not $value")
        }
    }
}
