#if canImport(CoreML)
import Foundation
import InpaintCore

/// What one compute unit takes on this device, in milliseconds.
public struct UnitTime: Codable, Equatable, Sendable {
    public let unit: ComputeUnit
    public let medianMs: Double
}

/// Times an artifact on this device.
public enum Measuring {
    /// A report as `mobile-inpaint bench` keeps them, of ``Probe``'s inputs.
    ///
    /// - Throws: ``EngineError``: Core ML cannot load or run it.
    public static func report(
        of artifact: Artifact, unit: ComputeUnit, warmup: Int = 10, runs: Int = 50
    ) async throws -> LatencyReport {
        let (compiled, compileMs) = try await CompiledModels.url(of: artifact)
        let date = ISO8601DateFormatter().string(from: Date()).replacingOccurrences(of: "Z", with: "+00:00")
        let began = uptimeMs()
        let inpainter = try CoreMlInpainter(compiled: compiled, contract: artifact.manifest.contract, unit: unit)
        let loadMs = uptimeMs() - began
        let probe = Probe(sizePx: inpainter.sizePx)
        let images = [probe.image(0), probe.image(1)]
        let beforeFirst = uptimeMs()
        _ = try inpainter.fill(image: images[1], mask: probe.mask)
        let start = ColdStart(loadMs: loadMs, firstMs: uptimeMs() - beforeFirst, compileMs: compileMs)
        var heat = ProcessInfo.processInfo.thermalState
        let timing = try Timing(
            warmup: warmup, runs: runs,
            run: { i in
                try Task.checkCancellation()
                let now = ProcessInfo.processInfo.thermalState
                heat = now.rawValue > heat.rawValue ? now : heat
                return probe.answer(try inpainter.fill(image: images[i % 2], mask: probe.mask))
            }
        )
        return LatencyReport(
            manifest: artifact.manifest, machine: .here, inpainter: inpainter, timing: timing, start: start, date: date,
            thermal: heat.name, command: "the demo app's measurement"
        )
    }

    /// The median of a few runs on each unit, the fastest first; a unit that cannot run the network is left out.
    public static func compare(_ artifact: Artifact) async throws -> [UnitTime] {
        let (compiled, _) = try await CompiledModels.url(of: artifact)
        let probe = Probe(sizePx: artifact.manifest.contract.sizePx)
        let images = [probe.image(0), probe.image(1)]
        var times: [UnitTime] = []
        for unit in ComputeUnit.allCases {
            try Task.checkCancellation()
            let contract = artifact.manifest.contract
            guard let inpainter = try? CoreMlInpainter(compiled: compiled, contract: contract, unit: unit) else { continue }
            let timing = try? Timing(
                warmup: 2, runs: 5,
                run: { i in probe.answer(try inpainter.fill(image: images[i % 2], mask: probe.mask)) }
            )
            if let timing, timing.completed {
                times.append(UnitTime(unit: unit, medianMs: median(timing.timesMs)))
            }
        }
        return times.sorted { $0.medianMs < $1.medianMs }
    }
}

extension ProcessInfo.ThermalState {
    /// In the words of a report.
    var name: String {
        switch self {
        case .nominal: return "nominal"
        case .fair: return "fair"
        case .serious: return "serious"
        case .critical: return "critical"
        @unknown default: return "unknown"
        }
    }
}

extension Machine {
    /// This device; the product type, for example `iPhone16,1`, stands for chip and name.
    static var here: Machine {
        var size = 0
        sysctlbyname("hw.machine", nil, &size, nil, 0)
        var name = [UInt8](repeating: 0, count: max(size, 1))
        sysctlbyname("hw.machine", &name, &size, nil, 0)
        let product = String(decoding: name.prefix { $0 != 0 }, as: UTF8.self)
        let process = ProcessInfo.processInfo
        return Machine(
            device: "ios", chip: product, cores: process.activeProcessorCount,
            memoryMb: Int(process.physicalMemory / 1_000_000), os: process.operatingSystemVersionString, freeMb: nil
        )
    }
}
#endif
