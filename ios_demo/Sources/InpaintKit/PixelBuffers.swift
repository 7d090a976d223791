#if canImport(CoreML)
import CoreVideo
import InpaintCore

/// Pictures as Core ML takes and gives them.
enum PixelBuffers {
    /// A square buffer.
    ///
    /// - Parameter format: `kCVPixelFormatType_32BGRA` or `kCVPixelFormatType_OneComponent8`.
    /// - Throws: ``EngineError``: no memory for it.
    static func square(_ sizePx: Int, _ format: OSType) throws -> CVPixelBuffer {
        var buffer: CVPixelBuffer?
        let attributes = [kCVPixelBufferIOSurfacePropertiesKey as String: [String: String]()] as CFDictionary
        CVPixelBufferCreate(kCFAllocatorDefault, sizePx, sizePx, format, attributes, &buffer)
        guard let made = buffer else {
            throw EngineError("no memory for a picture of \(sizePx) pixels; close other apps and try again")
        }
        return made
    }

    /// Writes [3 * N * N] planes R, G, B in [0, 1] as B, G, R, A bytes.
    static func write(image: [Float], to buffer: CVPixelBuffer) throws {
        try withBytes(of: buffer, options: []) { bytes, stride, side in
            let area = side * side
            for y in 0..<side {
                for x in 0..<side {
                    let at = y * side + x
                    let to = y * stride + 4 * x
                    bytes[to] = level(image[2 * area + at])
                    bytes[to + 1] = level(image[area + at])
                    bytes[to + 2] = level(image[at])
                    bytes[to + 3] = 255
                }
            }
        }
    }

    /// Writes [N * N] flags, 1 = hole, as bytes, 255 = hole.
    static func write(mask: [Float], to buffer: CVPixelBuffer) throws {
        try withBytes(of: buffer, options: []) { bytes, stride, side in
            for y in 0..<side {
                for x in 0..<side {
                    bytes[y * stride + x] = level(mask[y * side + x])
                }
            }
        }
    }

    /// Planes R, G, B in [0, 1] out of B, G, R, A bytes.
    static func planes(of buffer: CVPixelBuffer) throws -> [Float] {
        let format = CVPixelBufferGetPixelFormatType(buffer)
        guard format == kCVPixelFormatType_32BGRA else {
            throw EngineError("the network answered a picture of the format \(format), not BGRA; export the artifact again")
        }
        let area = CVPixelBufferGetWidth(buffer) * CVPixelBufferGetHeight(buffer)
        var planes = [Float](repeating: 0, count: 3 * area)
        try withBytes(of: buffer, options: .readOnly) { bytes, stride, side in
            for y in 0..<side {
                for x in 0..<side {
                    let from = y * stride + 4 * x
                    for c in 0..<3 {
                        planes[c * area + y * side + x] = Float(bytes[from + 2 - c]) / 255
                    }
                }
            }
        }
        return planes
    }

    private static func withBytes(
        of buffer: CVPixelBuffer, options: CVPixelBufferLockFlags,
        _ body: (_ bytes: UnsafeMutablePointer<UInt8>, _ stride: Int, _ side: Int) -> Void
    ) throws {
        guard CVPixelBufferLockBaseAddress(buffer, options) == kCVReturnSuccess else {
            throw EngineError("a picture's memory cannot be reached; try again")
        }
        defer { CVPixelBufferUnlockBaseAddress(buffer, options) }
        guard let base = CVPixelBufferGetBaseAddress(buffer) else {
            throw EngineError("a picture's memory cannot be reached; try again")
        }
        body(
            base.assumingMemoryBound(to: UInt8.self), CVPixelBufferGetBytesPerRow(buffer), CVPixelBufferGetWidth(buffer)
        )
    }

    private static func level(_ value: Float) -> UInt8 {
        UInt8(min(max(value * 255 + 0.5, 0), 255))
    }
}
#endif
