#if canImport(CoreML)
import CoreML
import CoreVideo
import Foundation
import InpaintCore

/// A verified artifact, run by Core ML: 8-bit pictures in and out, so a fill has whole grey levels.
public final class CoreMlInpainter: Inpainter {
    public let sizePx: Int
    public let runtime: String
    public let accelerator: String

    private let model: MLModel
    private let imageName: String
    private let maskName: String
    private let outputName: String
    private let image: CVPixelBuffer
    private let mask: CVPixelBuffer

    /// - Parameters:
    ///   - compiled: what ``CompiledModels`` made of the artifact.
    ///   - contract: of its manifest.
    /// - Throws: ``EngineError``: Core ML cannot load it, or it takes something else than pictures.
    public init(compiled: URL, contract: Contract, unit: ComputeUnit) throws {
        guard contract.target == "coreml", contract.inputs.count == 2, contract.inputs.allSatisfy({ $0.layout == "image" })
        else {
            throw EngineError(
                "\(contract.model) is not made for Core ML; bundle an artifact of: mobile-inpaint export --target coreml"
            )
        }
        let configuration = MLModelConfiguration()
        configuration.computeUnits = unit.coreMl
        do {
            model = try MLModel(contentsOf: compiled, configuration: configuration)
        } catch {
            throw EngineError("Core ML cannot load the network (\(error.localizedDescription)); choose another compute unit")
        }
        sizePx = contract.sizePx
        runtime = "Core ML, \(ProcessInfo.processInfo.operatingSystemVersionString)"
        accelerator = unit.rawValue
        imageName = contract.inputs[0].name
        maskName = contract.inputs[1].name
        outputName = contract.output.name
        image = try PixelBuffers.square(contract.sizePx, kCVPixelFormatType_32BGRA)
        mask = try PixelBuffers.square(contract.sizePx, kCVPixelFormatType_OneComponent8)
    }

    public func fill(image planes: [Float], mask flags: [Float]) throws -> [Float] {
        try PixelBuffers.write(image: planes, to: image)
        try PixelBuffers.write(mask: flags, to: mask)
        return try autoreleasepool {
            let inputs = try MLDictionaryFeatureProvider(dictionary: [
                imageName: MLFeatureValue(pixelBuffer: image), maskName: MLFeatureValue(pixelBuffer: mask),
            ])
            let outputs: any MLFeatureProvider
            do {
                outputs = try model.prediction(from: inputs)
            } catch {
                throw EngineError("Core ML cannot run the network (\(error.localizedDescription)); choose another compute unit")
            }
            guard let buffer = outputs.featureValue(for: outputName)?.imageBufferValue else {
                throw EngineError("the network answered no picture '\(outputName)'; export the artifact again")
            }
            return try PixelBuffers.planes(of: buffer)
        }
    }
}
#endif
