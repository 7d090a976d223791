package mobileinpaint.core

/** What a [Bench] asks the system; null where it does not say. */
interface Process {
    /** Bytes that this process has in memory now. */
    fun held(): Long?

    /** Bytes that it had there at most. */
    fun peak(): Long?

    /** Of the battery, in degrees Celsius. */
    fun temperature(): Double?
}

/** The inputs that a network is timed on: one of two pictures in turn, with a round hole in the middle. */
class Probe(private val sizePx: Int) {
    private val mask = FloatArray(sizePx * sizePx) {
        val (y, x) = it / sizePx - sizePx / 2 to it % sizePx - sizePx / 2
        if (x * x + y * y < sizePx * sizePx / 16) 1f else 0f
    }
    private val images = List(2) { number ->
        FloatArray(3 * mask.size) { if (mask[it % mask.size] > 0) 0f else (it * (7 + number) % 251) / 250f }
    }

    /** What [fill] makes of the [i]-th picture; neighbouring ones differ. */
    fun run(i: Int, fill: Fill): FloatArray = fill(images[i % 2], mask)
}

/**
 * Times an artifact on this device, by the protocol of `benchmarks/README.md`.
 *
 * @param load loads the network.
 * @param machine this device.
 * @param date when the measurement began, UTC, ISO 8601.
 * @param command how this was started.
 */
class Bench(
    private val artifact: Artifact, private val machine: Machine, private val process: Process, private val date: String,
    private val command: String, private val load: () -> Inpainter,
) {
    /**
     * The report of a cold start and [iterations] runs after [warmup] others.
     *
     * @throws EngineError the network cannot be loaded or run.
     */
    fun run(threads: Int, warmup: Int, iterations: Int): LatencyReport {
        val probe = Probe(artifact.manifest.contract.sizePx)
        val heldBefore = process.held()
        val began = System.nanoTime()
        return load().use { inpainter ->
            val loadMs = milliseconds(System.nanoTime() - began)
            val firstMs = measure(0, 1) { probe.run(1, inpainter::fill) }.timesMs.single()
            val warmBefore = process.temperature()
            val timing = measure(warmup, iterations) { probe.run(it, inpainter::fill) }
            val start = ColdStart(loadMs, firstMs, rise(process.peak(), heldBefore), rise(process.held(), heldBefore))
            report(inpainter, threads, timing, start, Thermal(warmBefore, process.temperature()))
        }
    }

    private fun rise(now: Long?, before: Long?): Long? = if (now == null || before == null) null else maxOf(now - before, 0)

    private fun report(inpainter: Inpainter, threads: Int, timing: Timing, start: ColdStart, thermal: Thermal): LatencyReport {
        val manifest = artifact.manifest
        val contract = manifest.contract
        val inputs = contract.inputs.associate { it.name to "${it.dtype} ${it.shape.joinToString("x")}" }
        val subject = Subject(
            manifest.file, manifest.sha256, manifest.bytes, inputs, contract.model, contract.provenance.checkpoint, contract.precision,
            contract.sizePx, manifest.quality,
        )
        val (runtime, version) = inpainter.runtime.split(' ', limit = 2)
        return LatencyReport(
            subject, machine, inpainter.runtime, inpainter.accelerator, computesIn = null, threads,
            if (timing.completed) "completion" else "dispatch", timing.warmupMs, timing.timesMs, listOf(start), pipeline = null,
            inTurnWith = emptyList(), date, loadAverage = null, mapOf(runtime to version), commit = null, command,
            doubts(timing.timesMs, timing.completed), thermal = thermal,
        )
    }
}
