/// Milliseconds of each run, by the protocol of `benchmarks/README.md`.
public struct Timing: Equatable, Sendable {
    /// In the order they ran.
    public let warmupMs: [Double]
    public let timesMs: [Double]
    /// The output changed every time that the input did, so the times are those of finished work and not of a dispatch.
    public let completed: Bool
}

extension Timing {
    /// The times of `runs` runs after `warmup` others.
    ///
    /// - Parameters:
    ///   - clock: milliseconds, read right before and right after each run.
    ///   - run: one run on the i-th input, and what it computed; neighbouring inputs differ.
    public init(
        warmup: Int, runs: Int, clock: () -> Double = uptimeMs, run: (_ i: Int) throws -> [Float]
    ) rethrows {
        var times: [Double] = []
        var previous: [Float]?
        var changed = 0
        for i in 0..<warmup + runs {
            let started = clock()
            let output = try run(i)
            times.append(((clock() - started) * 1e4).rounded() / 1e4)
            if let previous, previous != output {
                changed += 1
            }
            previous = output
        }
        warmupMs = Array(times.prefix(warmup))
        timesMs = Array(times.dropFirst(warmup))
        completed = times.count > 1 && changed == times.count - 1
    }
}

/// The inputs that a network is timed on, and what of its answer counts.
public struct Probe: Sendable {
    public let sizePx: Int
    /// [N * N], 1 in a square half as wide as the picture, in its middle.
    public let mask: [Float]

    public init(sizePx: Int) {
        self.sizePx = sizePx
        let inner = sizePx / 4..<sizePx - sizePx / 4
        mask = (0..<sizePx * sizePx).map { at -> Float in
            inner.contains(at / sizePx) && inner.contains(at % sizePx) ? 1 : 0
        }
    }

    /// [3 * N * N], one of two pictures in turn; 0 in the hole, as the ``Compositor`` gives it.
    public func image(_ i: Int) -> [Float] {
        let area = sizePx * sizePx
        return (0..<3 * area).map { index -> Float in
            let at = index % area
            let slope = at % sizePx * 3 + at / sizePx * 5
            let shift = index / area * 70 + i % 2 * 90
            return mask[at] == 0 ? Float((slope + shift) % 256) / 255 : 0
        }
    }

    /// What stands in the hole; known pixels would change by being copied.
    public func answer(_ output: [Float]) -> [Float] {
        let area = sizePx * sizePx
        return output.indices.filter { mask[$0 % area] == 1 }.map { output[$0] }
    }
}

extension LatencyReport {
    /// The report of an artifact that was timed on ``Probe``'s inputs.
    ///
    /// - Parameters:
    ///   - date: when the measurement began, UTC, ISO 8601.
    ///   - thermal: the worst state that the system told of meanwhile.
    public init(
        manifest: Manifest, machine: Machine, inpainter: some Inpainter, timing: Timing, start: ColdStart, date: String,
        thermal: String, command: String
    ) {
        var inputs: Table<String> = [:]
        for tensor in manifest.contract.inputs {
            inputs[tensor.name] = tensor.dtype + " " + tensor.shape.map { String($0) }.joined(separator: "x")
        }
        let contract = manifest.contract
        self.init(
            subject: Subject(
                name: manifest.file, sha256: manifest.sha256, bytes: manifest.bytes, inputs: inputs, network: contract.model,
                checkpoint: contract.provenance.checkpoint, precision: contract.precision, sizePx: contract.sizePx,
                quality: manifest.quality
            ),
            machine: machine, runtime: inpainter.runtime, accelerator: inpainter.accelerator, threads: machine.cores,
            timed: timing.completed ? "completion" : "dispatch", warmupMs: timing.warmupMs, timesMs: timing.timesMs,
            coldStarts: [start], date: date, command: command,
            warnings: doubts(timing.timesMs, completed: timing.completed), thermal: Thermal(state: thermal)
        )
    }
}
