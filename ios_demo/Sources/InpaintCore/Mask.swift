private let autoPercent = 6
private let autoLeastPx = 2

/// What marks a hole in a mask file: grey from 128 up, grey below 128, or alpha below 128.
public enum Polarity: String, CaseIterable, Sendable {
    case white, black, alpha
}

/// The hole in a photo.
public struct Mask: Equatable, Sendable {
    public let width: Int
    public let height: Int
    /// `height` rows of `width` flags, true = to be filled.
    public var hole: [Bool]

    /// Nothing marked.
    public init(width: Int, height: Int) {
        self.init(width: width, height: height, hole: [Bool](repeating: false, count: width * height))
    }

    public init(width: Int, height: Int, hole: [Bool]) {
        precondition(hole.count == width * height, "\(width) x \(height) pixels have \(width * height) flags")
        self.width = width
        self.height = height
        self.hole = hole
    }

    /// The mask in a picture; colours count by their luma, and only ``Polarity/alpha`` looks at alpha.
    ///
    /// - Parameter rgba: four bytes a pixel, row by row; colours not multiplied by alpha.
    public init(reading rgba: [UInt8], width: Int, height: Int, polarity: Polarity) {
        let hole = (0..<width * height).map { pixel -> Bool in
            let at = 4 * pixel
            switch polarity {
            case .white: return luma(rgba[at], rgba[at + 1], rgba[at + 2]) >= 128
            case .black: return luma(rgba[at], rgba[at + 1], rgba[at + 2]) < 128
            case .alpha: return rgba[at + 3] < 128
            }
        }
        self.init(width: width, height: height, hole: hole)
    }

    public subscript(y: Int, x: Int) -> Bool {
        get { hole[y * width + x] }
        set { hole[y * width + x] = newValue }
    }

    /// Pixels to be filled.
    public var area: Int {
        hole.reduce(0) { $1 ? $0 + 1 : $0 }
    }

    /// The whole photo.
    public var everything: Box {
        Box(top: 0, bottom: height, left: 0, right: width)
    }

    /// The smallest rectangle that holds the hole.
    ///
    /// - Throws: ``MaskError``: there is no hole.
    public func box() throws -> Box {
        guard let box = boundingBox(self) else { throw MaskError("the mask is empty: it marks nothing to fill") }
        return box
    }

    /// Returns if a photo of `width` x `height` can be filled through this mask.
    ///
    /// - Parameter allowFull: accept a mask that leaves no pixel to fill from.
    /// - Throws: ``MaskError``: another size than the photo's; nothing to fill; everything to fill.
    public func check(width: Int, height: Int, allowFull: Bool = false) throws {
        if self.width != width || self.height != height {
            throw MaskError(
                "the mask is \(self.width) x \(self.height) pixels, the photo (upright) \(width) x \(height): "
                    + "draw the mask on the photo at its own size"
            )
        }
        if !hole.contains(true) {
            throw MaskError("the mask is empty: it marks nothing to fill; if it is inverted, say --hole black")
        }
        if !allowFull && !hole.contains(false) {
            throw MaskError("the mask covers the whole photo: nothing is left to fill from; if you mean it, say --allow-full")
        }
    }

    /// Draws a line with a round brush, or takes it away. Its ends may lie outside the photo.
    ///
    /// - Parameters:
    ///   - radius: in pixels; 0 touches single pixels.
    ///   - erase: take away.
    public mutating func paint(fromX: Int, fromY: Int, toX: Int, toY: Int, radius: Int, erase: Bool = false) {
        let half = reaches(radius)
        let steps = max(abs(toX - fromX), abs(toY - fromY), 1)
        for i in 0...steps {
            let x = fromX + floorDivide(2 * i * (toX - fromX) + steps, 2 * steps)
            let y = fromY + floorDivide(2 * i * (toY - fromY) + steps, 2 * steps)
            for (k, reach) in half.enumerated() {
                set(y + k - radius, from: x - reach, to: x + reach + 1, !erase)
            }
        }
    }

    /// The mask with every pixel added whose centre lies within `px` of the centre of a hole pixel: a pixel `(dy, dx)` from the
    /// hole joins it where `dy² + dx² <= px²`.
    public func grown(_ px: Int) -> Mask {
        if px <= 0 {
            return self
        }
        var grown = Mask(width: width, height: height)
        let half = reaches(px)
        for y in 0..<height {
            for run in runs(y) {
                for (k, reach) in half.enumerated() {
                    grown.set(y + k - px, from: run.lowerBound - reach, to: run.upperBound + reach, true)
                }
            }
        }
        return grown
    }

    /// How far a mask drawn tightly round an object should grow, so that no edge peeks out for the network to paint on: 6 % of
    /// the side of a square as large as the hole's largest connected part, at least 2 px.
    ///
    /// - Throws: ``MaskError``: there is no hole.
    public func autoPx() throws -> Int {
        _ = try box()
        return max(autoLeastPx, (autoPercent * squareRoot(largestPart()) + 50) / 100)
    }

    /// The columns of row `y` that are hole, run by run.
    public func runs(_ y: Int) -> [Range<Int>] {
        var found: [Range<Int>] = []
        var x = 0
        while x < width {
            if !self[y, x] {
                x += 1
                continue
            }
            let start = x
            while x < width, self[y, x] {
                x += 1
            }
            found.append(start..<x)
        }
        return found
    }

    /// Sets columns `from` to `to` of row `y`, as far as the photo goes.
    mutating func set(_ y: Int, from: Int, to: Int, _ value: Bool) {
        guard y >= 0, y < height else { return }
        for x in max(from, 0)..<max(min(to, width), max(from, 0)) {
            hole[y * width + x] = value
        }
    }

    /// Pixels of the largest 8-connected part: runs of a row, joined where those of the next row touch them.
    private func largestPart() -> Int {
        var parts = Parts()
        var above: [(run: Range<Int>, part: Int)] = []
        for y in 0..<height {
            var own: [(run: Range<Int>, part: Int)] = []
            for run in runs(y) {
                let part = parts.add(area: run.count)
                for other in above where other.run.lowerBound <= run.upperBound && run.lowerBound <= other.run.upperBound {
                    parts.join(other.part, part)
                }
                own.append((run, part))
            }
            above = own
        }
        return parts.largest
    }
}

/// Sets that are joined, and their areas.
private struct Parts {
    private var parent: [Int] = []
    private var area: [Int] = []

    var largest: Int { area.max() ?? 0 }

    mutating func add(area own: Int) -> Int {
        parent.append(parent.count)
        area.append(own)
        return parent.count - 1
    }

    mutating func join(_ one: Int, _ other: Int) {
        let (from, to) = (root(one), root(other))
        if from != to {
            parent[from] = to
            area[to] += area[from]
        }
    }

    private mutating func root(_ part: Int) -> Int {
        var at = part
        while parent[at] != at {
            parent[at] = parent[parent[at]]
            at = parent[at]
        }
        return at
    }
}

/// A line for the user where `mask` looks inverted: most of the photo is hole, and so is nearly all of its border.
public func polarityHint(_ mask: Mask) -> String? {
    let (width, height) = (mask.width, mask.height)
    var border = 0
    for x in 0..<width {
        border += (mask[0, x] ? 1 : 0) + (mask[height - 1, x] ? 1 : 0)
    }
    for y in 0..<height {
        border += (mask[y, 0] ? 1 : 0) + (mask[y, width - 1] ? 1 : 0)
    }
    let area = mask.area
    if 2 * area <= width * height || 20 * border < 19 * 2 * (width + height) {
        return nil
    }
    let percent = 100 * area / (width * height)
    return "the mask marks \(percent) % of the photo and its border as hole: if it is inverted, say --hole black"
}

/// Rec. 601 in 16 fraction bits, as Pillow has it.
private func luma(_ red: UInt8, _ green: UInt8, _ blue: UInt8) -> Int {
    let reds = 19595 * Int(red)
    let greens = 38470 * Int(green)
    let blues = 7471 * Int(blue)
    return (reds + greens + blues + 0x8000) >> 16
}

/// How many columns a disc reaches to each side, in its rows from the uppermost to the lowest.
private func reaches(_ radius: Int) -> [Int] {
    (-radius...radius).map { squareRoot(radius * radius - $0 * $0) }
}

/// The whole part of the square root of `value`, which is not negative.
func squareRoot(_ value: Int) -> Int {
    var root = Int(Double(value).squareRoot())
    while root * root > value {
        root -= 1
    }
    while (root + 1) * (root + 1) <= value {
        root += 1
    }
    return root
}
