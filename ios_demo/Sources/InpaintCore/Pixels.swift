/// A photo, upright.
public struct Pixels: Equatable, Sendable {
    public let width: Int
    public let height: Int
    /// `height` rows of `width` pixels of R, G, B bytes, 0 to 255, without gaps.
    public var rgb: [UInt8]

    public init(width: Int, height: Int, rgb: [UInt8]) {
        precondition(width > 0 && height > 0, "a photo has pixels")
        precondition(rgb.count == 3 * width * height, "\(width) x \(height) pixels have \(3 * width * height) bytes")
        self.width = width
        self.height = height
        self.rgb = rgb
    }

    /// The pixels in `box`, for ``put(_:)`` to bring back.
    public func take(_ box: Box) -> Patch {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(3 * box.width * box.height)
        for y in box.top..<box.bottom {
            let start = 3 * (y * width + box.left)
            bytes.append(contentsOf: rgb[start..<start + 3 * box.width])
        }
        return Patch(box: box, rgb: bytes)
    }

    /// Writes what ``take(_:)`` gave back where it was.
    public mutating func put(_ patch: Patch) {
        let row = 3 * patch.box.width
        for y in 0..<patch.box.height {
            let start = 3 * ((patch.box.top + y) * width + patch.box.left)
            for i in 0..<row {
                rgb[start + i] = patch.rgb[y * row + i]
            }
        }
    }
}

/// The pixels of one box of a photo.
public struct Patch: Equatable, Sendable {
    public let box: Box
    /// R, G, B bytes, row by row.
    public let rgb: [UInt8]
}
