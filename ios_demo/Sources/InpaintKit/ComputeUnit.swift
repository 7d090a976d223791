#if canImport(CoreML)
import CoreML

/// What Core ML may compute on; the names are those of `mobile-inpaint bench FILE@unit`.
public enum ComputeUnit: String, CaseIterable, Codable, Sendable {
    case ane, gpu, cpu, all

    var coreMl: MLComputeUnits {
        switch self {
        case .ane: return .cpuAndNeuralEngine
        case .gpu: return .cpuAndGPU
        case .cpu: return .cpuOnly
        case .all: return .all
        }
    }

    public var title: String {
        switch self {
        case .ane: return "Neural Engine"
        case .gpu: return "GPU"
        case .cpu: return "Processor"
        case .all: return "Core ML chooses"
        }
    }
}
#endif
