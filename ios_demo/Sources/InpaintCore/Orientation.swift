/// How a picture's file lies, by its EXIF tag 1 to 8, and where each of its pixels goes in the upright photo.
public enum Orientation: Int, CaseIterable, Sendable {
    case upright = 1
    case mirrored, halfTurn, flipped, transposed, quarterTurn, transversed, threeQuarterTurn

    /// Whether width and height change places.
    public var isSideways: Bool { rawValue >= Orientation.transposed.rawValue }

    /// Where the pixel in column `x` of row `y` of a file of `width` x `height` stands in the upright photo.
    public func place(x: Int, y: Int, width: Int, height: Int) -> (x: Int, y: Int) {
        switch self {
        case .upright: return (x, y)
        case .mirrored: return (width - 1 - x, y)
        case .halfTurn: return (width - 1 - x, height - 1 - y)
        case .flipped: return (x, height - 1 - y)
        case .transposed: return (y, x)
        case .quarterTurn: return (height - 1 - y, x)
        case .transversed: return (height - 1 - y, width - 1 - x)
        case .threeQuarterTurn: return (y, width - 1 - x)
        }
    }
}
