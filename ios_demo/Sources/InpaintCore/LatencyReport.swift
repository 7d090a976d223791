/// What was timed.
public struct Subject: Equatable, Sendable {
    /// The file's; behind an `@` the runtime, where it is not the format's own.
    public var name: String
    public var sha256: String
    public var bytes: Int
    /// Dtype and shape by name, as the file takes them.
    public var inputs: Table<String>
    public var network: String?
    public var checkpoint: String?
    public var precision: String?
    public var sizePx: Int?
    public var quality: Quality?
    /// Its weights are random: it may be timed, and nothing else.
    public var timingOnly = false
}

/// What it was timed on.
public struct Machine: Equatable, Sendable {
    /// Its name, for example `iphone-15-pro`.
    public var device: String
    public var chip: String
    /// Those this process may use.
    public var cores: Int
    /// Of the machine; nil where the system does not say.
    public var memoryMb: Int?
    public var os: String
    /// Of that, what was free before.
    public var freeMb: Int?
    /// The program that plays this machine; where there is one, times mean nothing.
    public var emulatedBy: String?
}

extension Machine {
    public init(device: String, chip: String, cores: Int, memoryMb: Int?, os: String, freeMb: Int?) {
        self.init(device: device, chip: chip, cores: cores, memoryMb: memoryMb, os: os, freeMb: freeMb, emulatedBy: nil)
    }
}

/// The first load and run of a file in a process; milliseconds and bytes, nil where the system does not say.
public struct ColdStart: Equatable, Sendable {
    public var loadMs: Double
    public var firstMs: Double
    public var peakBytes: Int?
    public var retainedBytes: Int?
    public var compileMs: Double?
}

extension ColdStart {
    public init(loadMs: Double, firstMs: Double, compileMs: Double?) {
        self.init(loadMs: loadMs, firstMs: firstMs, peakBytes: nil, retainedBytes: nil, compileMs: compileMs)
    }
}

/// How warm the device was: degrees Celsius right before and right after the timed runs, and what the system said.
public struct Thermal: Equatable, Sendable {
    public var beforeC: Double?
    public var afterC: Double?
    public var limitC: Double?
    public var waitedS = 0.0
    /// The worst of Apple's `nominal` to `critical`.
    public var state: String?
    public var throttled: Int?
}

/// The output on that device beside the one that was expected of the same input; PSNR in the hole, peak 1.0.
public struct Agreement: Equatable, Sendable {
    public var expected: String
    public var psnrDb: Double
    public var maxAbsError: Double
    public var requiredDb: Double

    /// The device computes what it should.
    public var holds: Bool { psnrDb >= requiredDb }
}

/// A whole photo through the Compositor: of each run the time before, in and behind the network.
public struct Pipeline: Equatable, Sendable {
    /// Width x height and the hole's share, for example `4000x3000, hole 0.7 %`.
    public var photo: String
    public var preMs: [Double]
    public var netMs: [Double]
    public var postMs: [Double]
}

/// What a tool that tells no single times told of a series of runs, in milliseconds.
public struct Series: Equatable, Sendable {
    public var runs: Int
    public var stdMs: Double
    public var minMs: Double
    public var maxMs: Double
    public var p50Ms: Double?
    public var p95Ms: Double?
}

/// One file on one device; what each key means stands in `mobile_inpaint/bench/report/latency_report.py`.
public struct LatencyReport: Equatable, Sendable {
    static let newestSchema = 2

    public var subject: Subject
    public var machine: Machine
    public var runtime: String
    /// `cpu`, `gpu`, `ane`, or `all` where Core ML chooses.
    public var accelerator: String
    public var computesIn: String?
    public var threads: Int
    /// `completion` where the output was seen to change with the input each time, else `dispatch`.
    public var timed: String
    /// With `timesMs`, of every run, in order.
    public var warmupMs: [Double]
    public var timesMs: [Double]
    public var coldStarts: [ColdStart] = []
    public var pipeline: Pipeline?
    public var inTurnWith: [String] = []
    /// When the measurement began, UTC, ISO 8601.
    public var date: String
    public var loadAverage: Double?
    public var packages: Table<String> = [:]
    public var commit: String?
    public var command = ""
    /// Why to doubt it.
    public var warnings: [String] = []
    public var dispatchMs: [Double] = []
    public var thermal: Thermal?
    public var energyMj: Double?
    public var placement: Table<Int>?
    public var agreement: Agreement?
    public var series: [Series] = []
    public var schema = LatencyReport.newestSchema
}

extension LatencyReport {
    /// The report that `text` is.
    ///
    /// - Parameter place: the file's name, to open messages with.
    /// - Throws: ``BenchError``: not a report, without times, or of a newer schema.
    public init(json text: String, at place: String) throws {
        guard let json = try? Json(parsing: text) else {
            throw BenchError("\(place): not a latency report; measure again")
        }
        if let newer = Strict.newerSchema(json, than: LatencyReport.newestSchema) {
            throw BenchError(
                "\(place): schema \(newer) is newer than this package reads (\(LatencyReport.newestSchema)); upgrade it"
            )
        }
        let report = try Strict.load(LatencyReport.read, from: json, at: place, or: BenchError.self)
        if report.timesMs.isEmpty || !report.timesMs.allSatisfy({ $0 > 0 && $0 < .infinity }) {
            throw BenchError("\(place): 'times_ms' must hold times above zero")
        }
        self = report
    }

    /// The report as a document that ``init(json:at:)`` reads, and Python's `LatencyReport.load`.
    public func text() -> String {
        json.written(indent: 1) + "\n"
    }

    /// Of the timed runs.
    public var statistics: Statistics { Statistics(of: timesMs) }

    /// Nobody saw the output change, and the unit is one whose calls may come back before it is done, as a CPU's do not.
    public var mayBeUnfinished: Bool { timed == "dispatch" && accelerator != "cpu" }

    /// Median cold load.
    public var loadMs: Double? { medianOrNil(coldStarts.map(\.loadMs)) }

    /// Median first run.
    public var firstMs: Double? { medianOrNil(coldStarts.map(\.firstMs)) }

    /// Median compilation.
    public var compileMs: Double? { medianOrNil(coldStarts.compactMap(\.compileMs)) }

    /// Median memory still held after the runs of a cold start, in millions of bytes.
    public var retainedMb: Double? {
        medianOrNil(coldStarts.compactMap { $0.retainedBytes.map { Double($0) } }).map { $0 / 1e6 }
    }

    /// Largest memory of all cold starts, in millions of bytes.
    public var peakMb: Double? {
        coldStarts.compactMap(\.peakBytes).max().map { Double($0) / 1e6 }
    }
}

private func medianOrNil(_ values: [Double]) -> Double? {
    values.isEmpty ? nil : median(values)
}
