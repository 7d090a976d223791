// The keys of the report's JSON, in the order of the dataclasses in mobile_inpaint/bench/report/latency_report.py.

extension Subject {
    static func read(_ json: Json, _ key: String, _ faults: Faults) -> Subject? {
        let names = [
            "name", "sha256", "bytes", "inputs", "network", "checkpoint", "precision", "size_px", "quality", "timing_only",
        ]
        guard let fields = Fields(json, key, faults, names) else { return nil }
        let name = fields("name", Strict.text)
        let sha256 = fields("sha256", Strict.text)
        let bytes = fields("bytes", Strict.whole)
        let inputs = fields("inputs", Strict.table(Strict.text))
        let network = fields("network", Strict.maybe(Strict.text), else: nil)
        let checkpoint = fields("checkpoint", Strict.maybe(Strict.text), else: nil)
        let precision = fields("precision", Strict.maybe(Strict.text), else: nil)
        let sizePx = fields("size_px", Strict.maybe(Strict.whole), else: nil)
        let quality = fields("quality", Strict.maybe(Quality.read), else: nil)
        let timingOnly = fields("timing_only", Strict.flag, else: false)
        if let name, let sha256, let bytes, let inputs, let network, let checkpoint, let precision, let sizePx, let quality,
            let timingOnly
        {
            return Subject(
                name: name, sha256: sha256, bytes: bytes, inputs: inputs, network: network, checkpoint: checkpoint,
                precision: precision, sizePx: sizePx, quality: quality, timingOnly: timingOnly
            )
        }
        return nil
    }
}

extension Machine {
    static func read(_ json: Json, _ key: String, _ faults: Faults) -> Machine? {
        let names = ["device", "chip", "cores", "memory_mb", "os", "free_mb", "emulated_by"]
        guard let fields = Fields(json, key, faults, names) else { return nil }
        let device = fields("device", Strict.text)
        let chip = fields("chip", Strict.text)
        let cores = fields("cores", Strict.whole)
        let memoryMb = fields("memory_mb", Strict.maybe(Strict.whole))
        let os = fields("os", Strict.text)
        let freeMb = fields("free_mb", Strict.maybe(Strict.whole), else: nil)
        let emulatedBy = fields("emulated_by", Strict.maybe(Strict.text), else: nil)
        if let device, let chip, let cores, let memoryMb, let os, let freeMb, let emulatedBy {
            return Machine(
                device: device, chip: chip, cores: cores, memoryMb: memoryMb, os: os, freeMb: freeMb, emulatedBy: emulatedBy
            )
        }
        return nil
    }
}

extension ColdStart {
    static func read(_ json: Json, _ key: String, _ faults: Faults) -> ColdStart? {
        let names = ["load_ms", "first_ms", "peak_bytes", "retained_bytes", "compile_ms"]
        guard let fields = Fields(json, key, faults, names) else { return nil }
        let loadMs = fields("load_ms", Strict.number)
        let firstMs = fields("first_ms", Strict.number)
        let peakBytes = fields("peak_bytes", Strict.maybe(Strict.whole))
        let retainedBytes = fields("retained_bytes", Strict.maybe(Strict.whole), else: nil)
        let compileMs = fields("compile_ms", Strict.maybe(Strict.number), else: nil)
        if let loadMs, let firstMs, let peakBytes, let retainedBytes, let compileMs {
            return ColdStart(
                loadMs: loadMs, firstMs: firstMs, peakBytes: peakBytes, retainedBytes: retainedBytes, compileMs: compileMs
            )
        }
        return nil
    }
}

extension Thermal {
    static func read(_ json: Json, _ key: String, _ faults: Faults) -> Thermal? {
        let names = ["before_c", "after_c", "limit_c", "waited_s", "state", "throttled"]
        guard let fields = Fields(json, key, faults, names) else { return nil }
        let beforeC = fields("before_c", Strict.maybe(Strict.number), else: nil)
        let afterC = fields("after_c", Strict.maybe(Strict.number), else: nil)
        let limitC = fields("limit_c", Strict.maybe(Strict.number), else: nil)
        let waitedS = fields("waited_s", Strict.number, else: 0)
        let state = fields("state", Strict.maybe(Strict.text), else: nil)
        let throttled = fields("throttled", Strict.maybe(Strict.whole), else: nil)
        if let beforeC, let afterC, let limitC, let waitedS, let state, let throttled {
            return Thermal(
                beforeC: beforeC, afterC: afterC, limitC: limitC, waitedS: waitedS, state: state, throttled: throttled
            )
        }
        return nil
    }
}

extension Agreement {
    static func read(_ json: Json, _ key: String, _ faults: Faults) -> Agreement? {
        let names = ["expected", "psnr_db", "max_abs_error", "required_db"]
        guard let fields = Fields(json, key, faults, names) else { return nil }
        let expected = fields("expected", Strict.text)
        let psnrDb = fields("psnr_db", Strict.number)
        let maxAbsError = fields("max_abs_error", Strict.number)
        let requiredDb = fields("required_db", Strict.number)
        if let expected, let psnrDb, let maxAbsError, let requiredDb {
            return Agreement(expected: expected, psnrDb: psnrDb, maxAbsError: maxAbsError, requiredDb: requiredDb)
        }
        return nil
    }
}

extension Pipeline {
    static func read(_ json: Json, _ key: String, _ faults: Faults) -> Pipeline? {
        let names = ["photo", "pre_ms", "net_ms", "post_ms"]
        guard let fields = Fields(json, key, faults, names) else { return nil }
        let photo = fields("photo", Strict.text)
        let preMs = fields("pre_ms", Strict.list(Strict.number))
        let netMs = fields("net_ms", Strict.list(Strict.number))
        let postMs = fields("post_ms", Strict.list(Strict.number))
        if let photo, let preMs, let netMs, let postMs {
            return Pipeline(photo: photo, preMs: preMs, netMs: netMs, postMs: postMs)
        }
        return nil
    }
}

extension Series {
    static func read(_ json: Json, _ key: String, _ faults: Faults) -> Series? {
        let names = ["runs", "std_ms", "min_ms", "max_ms", "p50_ms", "p95_ms"]
        guard let fields = Fields(json, key, faults, names) else { return nil }
        let runs = fields("runs", Strict.whole)
        let stdMs = fields("std_ms", Strict.number)
        let minMs = fields("min_ms", Strict.number)
        let maxMs = fields("max_ms", Strict.number)
        let p50Ms = fields("p50_ms", Strict.maybe(Strict.number), else: nil)
        let p95Ms = fields("p95_ms", Strict.maybe(Strict.number), else: nil)
        if let runs, let stdMs, let minMs, let maxMs, let p50Ms, let p95Ms {
            return Series(runs: runs, stdMs: stdMs, minMs: minMs, maxMs: maxMs, p50Ms: p50Ms, p95Ms: p95Ms)
        }
        return nil
    }
}

extension LatencyReport {
    static func read(_ json: Json, _ key: String, _ faults: Faults) -> LatencyReport? {
        let names = [
            "subject", "machine", "runtime", "accelerator", "computes_in", "threads", "timed", "warmup_ms", "times_ms",
            "cold_starts", "pipeline", "in_turn_with", "date", "load_average", "packages", "commit", "command", "warnings",
            "dispatch_ms", "thermal", "energy_mj", "placement", "agreement", "series", "schema",
        ]
        guard let fields = Fields(json, key, faults, names) else { return nil }
        let subject = fields("subject", Subject.read)
        let machine = fields("machine", Machine.read)
        let runtime = fields("runtime", Strict.text)
        let accelerator = fields("accelerator", Strict.text)
        let computesIn = fields("computes_in", Strict.maybe(Strict.text))
        let threads = fields("threads", Strict.whole)
        let timed = fields("timed", Strict.oneOf("completion", "dispatch"))
        let warmupMs = fields("warmup_ms", Strict.list(Strict.number))
        let timesMs = fields("times_ms", Strict.list(Strict.number))
        let coldStarts = fields("cold_starts", Strict.list(ColdStart.read))
        let pipeline = fields("pipeline", Strict.maybe(Pipeline.read))
        let inTurnWith = fields("in_turn_with", Strict.list(Strict.text))
        let date = fields("date", Strict.text)
        let loadAverage = fields("load_average", Strict.maybe(Strict.number))
        let packages = fields("packages", Strict.table(Strict.text))
        let commit = fields("commit", Strict.maybe(Strict.text))
        let command = fields("command", Strict.text)
        let warnings = fields("warnings", Strict.list(Strict.text))
        let dispatchMs = fields("dispatch_ms", Strict.list(Strict.number), else: [])
        let thermal = fields("thermal", Strict.maybe(Thermal.read), else: nil)
        let energyMj = fields("energy_mj", Strict.maybe(Strict.number), else: nil)
        let placement = fields("placement", Strict.maybe(Strict.table(Strict.whole)), else: nil)
        let agreement = fields("agreement", Strict.maybe(Agreement.read), else: nil)
        let series = fields("series", Strict.list(Series.read), else: [])
        let schema = fields("schema", Strict.whole, else: LatencyReport.newestSchema)
        if let subject, let machine, let runtime, let accelerator, let computesIn, let threads, let timed, let warmupMs,
            let timesMs, let coldStarts, let pipeline, let inTurnWith, let date, let loadAverage, let packages, let commit,
            let command, let warnings, let dispatchMs, let thermal, let energyMj, let placement, let agreement, let series,
            let schema
        {
            return LatencyReport(
                subject: subject, machine: machine, runtime: runtime, accelerator: accelerator, computesIn: computesIn,
                threads: threads, timed: timed, warmupMs: warmupMs, timesMs: timesMs, coldStarts: coldStarts,
                pipeline: pipeline, inTurnWith: inTurnWith, date: date, loadAverage: loadAverage, packages: packages,
                commit: commit, command: command, warnings: warnings, dispatchMs: dispatchMs, thermal: thermal,
                energyMj: energyMj, placement: placement, agreement: agreement, series: series, schema: schema
            )
        }
        return nil
    }
}
