package mobileinpaint.core

// The keys of the report's JSON, in the order of the dataclasses in mobile_inpaint/bench/report/latency_report.py: read, then written.

private val SUBJECT = record {
    val name = required("name", text)
    val sha256 = required("sha256", text)
    val bytes = required("bytes", long)
    val inputs = required("inputs", tableOf(text))
    val network = optionalOrNull("network", text)
    val checkpoint = optionalOrNull("checkpoint", text)
    val precision = optionalOrNull("precision", text)
    val sizePx = optionalOrNull("size_px", whole)
    val quality = optionalOrNull("quality", QUALITY)
    val timingOnly = optional("timing_only", false, flag)
    made {
        Subject(
            name(), sha256(), bytes(), inputs(), network(), checkpoint(), precision(), sizePx(), quality(), timingOnly(),
        )
    }
}

private val MACHINE = record {
    val device = required("device", text)
    val chip = required("chip", text)
    val cores = required("cores", whole)
    val memoryMb = requiredOrNull("memory_mb", whole)
    val os = required("os", text)
    val freeMb = optionalOrNull("free_mb", whole)
    val emulatedBy = optionalOrNull("emulated_by", text)
    made { Machine(device(), chip(), cores(), memoryMb(), os(), freeMb(), emulatedBy()) }
}

private val COLD_START = record {
    val loadMs = required("load_ms", number)
    val firstMs = required("first_ms", number)
    val peakBytes = requiredOrNull("peak_bytes", long)
    val retainedBytes = optionalOrNull("retained_bytes", long)
    val compileMs = optionalOrNull("compile_ms", number)
    made { ColdStart(loadMs(), firstMs(), peakBytes(), retainedBytes(), compileMs()) }
}

private val THERMAL = record {
    val beforeC = optionalOrNull("before_c", number)
    val afterC = optionalOrNull("after_c", number)
    val limitC = optionalOrNull("limit_c", number)
    val waitedS = optional("waited_s", 0.0, number)
    val state = optionalOrNull("state", text)
    val throttled = optionalOrNull("throttled", whole)
    made { Thermal(beforeC(), afterC(), limitC(), waitedS(), state(), throttled()) }
}

private val AGREEMENT = record {
    val expected = required("expected", text)
    val psnrDb = required("psnr_db", number)
    val maxAbsError = required("max_abs_error", number)
    val requiredDb = required("required_db", number)
    made { Agreement(expected(), psnrDb(), maxAbsError(), requiredDb()) }
}

private val PIPELINE = record {
    val photo = required("photo", text)
    val preMs = required("pre_ms", manyOf(number))
    val netMs = required("net_ms", manyOf(number))
    val postMs = required("post_ms", manyOf(number))
    made { Pipeline(photo(), preMs(), netMs(), postMs()) }
}

private val SERIES = record {
    val runs = required("runs", whole)
    val stdMs = required("std_ms", number)
    val minMs = required("min_ms", number)
    val maxMs = required("max_ms", number)
    val p50Ms = optionalOrNull("p50_ms", number)
    val p95Ms = optionalOrNull("p95_ms", number)
    made { Series(runs(), stdMs(), minMs(), maxMs(), p50Ms(), p95Ms()) }
}

internal val REPORT = record {
    val subject = required("subject", SUBJECT)
    val machine = required("machine", MACHINE)
    val runtime = required("runtime", text)
    val accelerator = required("accelerator", text)
    val computesIn = requiredOrNull("computes_in", text)
    val threads = required("threads", whole)
    val timed = required("timed", oneOf("completion", "dispatch"))
    val warmupMs = required("warmup_ms", manyOf(number))
    val timesMs = required("times_ms", manyOf(number))
    val coldStarts = required("cold_starts", manyOf(COLD_START))
    val pipeline = requiredOrNull("pipeline", PIPELINE)
    val inTurnWith = required("in_turn_with", manyOf(text))
    val date = required("date", text)
    val loadAverage = requiredOrNull("load_average", number)
    val packages = required("packages", tableOf(text))
    val commit = requiredOrNull("commit", text)
    val command = required("command", text)
    val warnings = required("warnings", manyOf(text))
    val dispatchMs = optional("dispatch_ms", emptyList(), manyOf(number))
    val thermal = optionalOrNull("thermal", THERMAL)
    val energyMj = optionalOrNull("energy_mj", number)
    val placement = optionalOrNull("placement", tableOf(whole))
    val agreement = optionalOrNull("agreement", AGREEMENT)
    val series = optional("series", emptyList(), manyOf(SERIES))
    val schema = optional("schema", 2, whole)
    made {
        LatencyReport(
            subject(), machine(), runtime(), accelerator(), computesIn(), threads(), timed(), warmupMs(), timesMs(),
            coldStarts(), pipeline(), inTurnWith(), date(), loadAverage(), packages(), commit(), command(), warnings(),
            dispatchMs(), thermal(), energyMj(), placement(), agreement(), series(), schema(),
        )
    }
}

internal fun dump(report: LatencyReport): Map<String, Any?> = with(report) {
    mapOf(
        "subject" to dump(subject), "machine" to dump(machine), "runtime" to runtime, "accelerator" to accelerator,
        "computes_in" to computesIn, "threads" to threads, "timed" to timed, "warmup_ms" to warmupMs, "times_ms" to timesMs,
        "cold_starts" to coldStarts.map(::dump), "pipeline" to pipeline?.let(::dump), "in_turn_with" to inTurnWith, "date" to date,
        "load_average" to loadAverage, "packages" to packages, "commit" to commit, "command" to command, "warnings" to warnings,
        "dispatch_ms" to dispatchMs, "thermal" to thermal?.let(::dump), "energy_mj" to energyMj, "placement" to placement,
        "agreement" to agreement?.let(::dump), "series" to series.map(::dump), "schema" to schema,
    )
}

private fun dump(subject: Subject) = with(subject) {
    mapOf(
        "name" to name, "sha256" to sha256, "bytes" to bytes, "inputs" to inputs, "network" to network, "checkpoint" to checkpoint,
        "precision" to precision, "size_px" to sizePx, "quality" to quality?.let(::dump), "timing_only" to timingOnly,
    )
}

private fun dump(quality: Quality) = with(quality) {
    mapOf(
        "photos" to photos, "yardsticks" to yardsticks, "slices" to slices.map(::dump), "max_rise_object" to maxRiseObject,
        "max_rise_free" to maxRiseFree,
    )
}

private fun dump(slice: SliceQuality) = with(slice) {
    mapOf(
        "slice" to this.slice, "crops" to crops, "lpips" to lpips, "lpips_rise" to lpipsRise,
        "lpips_rise_interval" to lpipsRiseInterval, "dists" to dists, "dists_rise" to distsRise, "lpips_to_fp32" to lpipsToFp32,
        "psnr_to_fp32_db" to psnrToFp32Db, "psnr_db" to psnrDb, "seam_delta_e_rise" to seamDeltaERise,
    )
}

private fun dump(machine: Machine) = with(machine) {
    mapOf(
        "device" to device, "chip" to chip, "cores" to cores, "memory_mb" to memoryMb, "os" to os, "free_mb" to freeMb,
        "emulated_by" to emulatedBy,
    )
}

private fun dump(start: ColdStart) = with(start) {
    mapOf(
        "load_ms" to loadMs, "first_ms" to firstMs, "peak_bytes" to peakBytes, "retained_bytes" to retainedBytes,
        "compile_ms" to compileMs,
    )
}

private fun dump(pipeline: Pipeline) = with(pipeline) {
    mapOf("photo" to photo, "pre_ms" to preMs, "net_ms" to netMs, "post_ms" to postMs)
}

private fun dump(thermal: Thermal) = with(thermal) {
    mapOf(
        "before_c" to beforeC, "after_c" to afterC, "limit_c" to limitC, "waited_s" to waitedS, "state" to state,
        "throttled" to throttled,
    )
}

private fun dump(agreement: Agreement) = with(agreement) {
    mapOf("expected" to expected, "psnr_db" to psnrDb, "max_abs_error" to maxAbsError, "required_db" to requiredDb)
}

private fun dump(series: Series) = with(series) {
    mapOf("runs" to runs, "std_ms" to stdMs, "min_ms" to minMs, "max_ms" to maxMs, "p50_ms" to p50Ms, "p95_ms" to p95Ms)
}
