package mobileinpaint.core

private const val SCHEMA = 2
private const val MILLION = 1e6

/**
 * What was timed.
 *
 * @property name the file's; behind an `@` the runtime, where it is not the format's own.
 * @property inputs dtype and shape by name, as the file takes them.
 * @property timingOnly its weights are random: it may be timed, and nothing else.
 */
data class Subject(
    val name: String, val sha256: String, val bytes: Long, val inputs: Map<String, String>, val network: String? = null,
    val checkpoint: String? = null, val precision: String? = null, val sizePx: Int? = null, val quality: Quality? = null,
    val timingOnly: Boolean = false,
)

/**
 * What it was timed on.
 *
 * @property device its name, for example `pixel-8a`.
 * @property cores those this process may use.
 * @property memoryMb of the machine; null where the system does not say.
 * @property freeMb of that, what was free before.
 * @property emulatedBy the program that plays this machine; where there is one, times mean nothing.
 */
data class Machine(
    val device: String, val chip: String, val cores: Int, val memoryMb: Int?, val os: String, val freeMb: Int? = null,
    val emulatedBy: String? = null,
)

/** The first load and run of a file in a process; milliseconds and bytes, null where the system does not say. */
data class ColdStart(
    val loadMs: Double, val firstMs: Double, val peakBytes: Long?, val retainedBytes: Long? = null, val compileMs: Double? = null,
)

/** How warm the device was: degrees Celsius right before and right after the timed runs, and what the system said. */
data class Thermal(
    val beforeC: Double? = null, val afterC: Double? = null, val limitC: Double? = null, val waitedS: Double = 0.0,
    val state: String? = null, val throttled: Int? = null,
)

/** The output on that device beside the one that was expected of the same input; PSNR in the hole, peak 1.0. */
data class Agreement(val expected: String, val psnrDb: Double, val maxAbsError: Double, val requiredDb: Double) {
    /** The device computes what it should. */
    val holds get() = psnrDb >= requiredDb
}

/** A whole photo through the Compositor: of each run the time before, in and behind the network. */
data class Pipeline(val photo: String, val preMs: List<Double>, val netMs: List<Double>, val postMs: List<Double>)

/** What a tool that tells no single times told of a series of runs, in milliseconds. */
data class Series(
    val runs: Int, val stdMs: Double, val minMs: Double, val maxMs: Double, val p50Ms: Double? = null, val p95Ms: Double? = null,
)

/**
 * One file on one device; what each key means stands in `mobile_inpaint/bench/report/latency_report.py`.
 *
 * @property accelerator `cpu`, `gpu` or `npu`.
 * @property timed `completion` where the output was seen to change with the input each time, else `dispatch`.
 * @property warmupMs with [timesMs], of every run, in order.
 * @property date when the measurement began, UTC, ISO 8601.
 * @property warnings why to doubt it.
 */
data class LatencyReport(
    val subject: Subject, val machine: Machine, val runtime: String, val accelerator: String, val computesIn: String?,
    val threads: Int, val timed: String, val warmupMs: List<Double>, val timesMs: List<Double>, val coldStarts: List<ColdStart>,
    val pipeline: Pipeline?, val inTurnWith: List<String>, val date: String, val loadAverage: Double?,
    val packages: Map<String, String>, val commit: String?, val command: String, val warnings: List<String>,
    val dispatchMs: List<Double> = emptyList(), val thermal: Thermal? = null, val energyMj: Double? = null,
    val placement: Map<String, Int>? = null, val agreement: Agreement? = null, val series: List<Series> = emptyList(),
    val schema: Int = SCHEMA,
) {
    /** Of the timed runs. */
    val statistics get() = Statistics.of(timesMs)

    /** Nobody saw the output change, and the unit is one whose calls may come back before it is done, as a CPU's do not. */
    val mayBeUnfinished get() = timed == "dispatch" && accelerator != "cpu"

    /** Median cold load. */
    val loadMs get() = medianOrNull(coldStarts.map { it.loadMs })

    /** Median first run. */
    val firstMs get() = medianOrNull(coldStarts.map { it.firstMs })

    /** Median compilation. */
    val compileMs get() = medianOrNull(coldStarts.mapNotNull { it.compileMs })

    /** Median memory still held after the runs of a cold start, in millions of bytes. */
    val retainedMb get() = medianOrNull(coldStarts.mapNotNull { it.retainedBytes?.toDouble() })?.div(MILLION)

    /** Largest memory of all cold starts, in millions of bytes. */
    val peakMb get() = coldStarts.mapNotNull { it.peakBytes }.maxOrNull()?.div(MILLION)

    /** The report as a document that [fromJson] reads, and Python's `LatencyReport.load`. */
    fun toJson(): String = writeJson(dump(this)) + "\n"

    companion object {
        /**
         * The report that [text] is.
         *
         * @param where the file's name, to open messages with.
         * @throws BenchError not a report, without times, or of a newer schema.
         */
        fun fromJson(text: String, where: String): LatencyReport {
            val table = try {
                parseJson(text)
            } catch (_: IllegalArgumentException) {
                throw BenchError("$where: not a latency report; measure again")
            }
            newerSchema(table, SCHEMA)?.let {
                throw BenchError("$where: schema $it is newer than this package reads ($SCHEMA); upgrade it")
            }
            val report = load(REPORT, table, where, ::BenchError)
            if (report.timesMs.isEmpty() || !report.timesMs.all { it > 0 && it < Double.POSITIVE_INFINITY }) {
                throw BenchError("$where: 'times_ms' must hold times above zero")
            }
            return report
        }
    }
}

private fun medianOrNull(values: List<Double>) = if (values.isEmpty()) null else median(values)
