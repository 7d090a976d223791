/// How far one pixel's difference counts from the median of all: beyond, it is a line or an edge that passes by, not a tint.
private let limit: Int32 = 24 << 4

/// About so many pixels are looked at to measure grain, however large the hole.
private let samples = 1 << 16

/// `guess` with the colour of the known pixels round the hole, less and less so away from its edge.
///
/// On the hole's outermost pixels the difference between the mean of the known among their eight neighbours and the guess is
/// taken, spread over the hole and added.
///
/// - Parameters:
///   - guess: [h * w * 3] in 1/16 grey levels, inside `hole`; elsewhere not read. It is changed in place.
///   - truth: [h * w * 3] in 1/16 grey levels, outside `hole`; elsewhere not read.
///   - fade: 0 to 256, what is left of the correction each time the distance to the edge doubles.
func match(_ guess: inout [Int32], to truth: [Int32], hole: Mask, fade: Int) {
    var difference = [Int32](repeating: 0, count: guess.count)
    var edge = [Bool](repeating: false, count: hole.hole.count)
    for y in 0..<hole.height {
        for x in 0..<hole.width where hole[y, x] {
            let (near, total) = known(round: y, x, truth, hole)
            if near == 0 {
                continue
            }
            let at = y * hole.width + x
            edge[at] = true
            for c in 0..<3 {
                let mean = (2 * total[c] + near) / (2 * near)
                difference[3 * at + c] = Int32(mean) - guess[3 * at + c]
            }
        }
    }
    let edges = edge.indices.filter { edge[$0] }
    if edges.isEmpty {
        return
    }
    for c in 0..<3 {
        let sorted = edges.map { difference[3 * $0 + c] }.sorted()
        let middle = sorted[(sorted.count - 1) / 2]
        for at in edges {
            difference[3 * at + c] = min(max(difference[3 * at + c], middle - limit), middle + limit)
        }
    }
    let tint = spread(difference, edge: edge, height: hole.height, width: hole.width, fade: fade)
    for at in hole.hole.indices where hole.hole[at] {
        for i in 3 * at..<3 * at + 3 {
            guess[i] += tint[i]
        }
    }
}

/// How many of the eight neighbours are known, and the sums of their three channels.
private func known(round y: Int, _ x: Int, _ truth: [Int32], _ hole: Mask) -> (near: Int, total: [Int]) {
    var near = 0
    var total = [0, 0, 0]
    for ny in max(y - 1, 0)...min(y + 1, hole.height - 1) {
        for nx in max(x - 1, 0)...min(x + 1, hole.width - 1) where !hole[ny, nx] {
            near += 1
            for c in 0..<3 {
                total[c] += Int(truth[3 * (ny * hole.width + nx) + c])
            }
        }
    }
    return (near, total)
}

/// `difference`, given where `edge` is, everywhere: averages over ever larger squares, faded towards zero.
///
/// Push and pull over a pyramid: each level halves the one before, a square counts fully once one of its four is known, and on
/// the way back what a level does not know comes from the coarser one, interpolated and times `fade` / 256.
///
/// Source: S. Gortler et al., "The Lumigraph", 1996, section 3.4 (push-pull), here in whole numbers and with a fade.
///
/// - Parameter difference: [h * w * 3]; read where `edge`.
/// - Returns: [h * w * 3].
func spread(_ difference: [Int32], edge: [Bool], height: Int, width: Int, fade: Int) -> [Int32] {
    if height == 1 && width == 1 {
        return edge[0] ? difference : [0, 0, 0]
    }
    let rows = (height + 1) / 2
    let columns = (width + 1) / 2
    let halved = halve(difference, edge, height: height, width: width)
    let coarse = spread(halved.mean, edge: halved.edge, height: rows, width: columns, fade: fade)
    var result = [Int32](repeating: 0, count: difference.count)

    /// Twice as long along rows: 3 parts the value here and 1 part the neighbour on its side.
    func between(_ near: Int, _ far: Int, _ column: Int, _ c: Int) -> Int {
        let here = Int(coarse[3 * (near * columns + column) + c])
        let there = Int(coarse[3 * (far * columns + column) + c])
        return 3 * here + there
    }

    for y in 0..<height {
        let near = y / 2
        let below = y % 2 == 0 ? near - 1 : near + 1
        let far = min(max(below, 0), rows - 1)
        for x in 0..<width {
            let at = 3 * (y * width + x)
            if edge[y * width + x] {
                for c in 0..<3 {
                    result[at + c] = difference[at + c]
                }
                continue
            }
            let beside = x / 2
            let next = x % 2 == 0 ? beside - 1 : beside + 1
            let beyond = min(max(next, 0), columns - 1)
            for c in 0..<3 {
                let doubled = 3 * between(near, far, beside, c) + between(near, far, beyond, c)
                let faded = doubled * fade + 2048
                result[at + c] = Int32(faded >> 12)
            }
        }
    }
    return result
}

/// The mean of the edge pixels in each square of four, and which squares have one.
private func halve(_ difference: [Int32], _ edge: [Bool], height: Int, width: Int) -> (mean: [Int32], edge: [Bool]) {
    let columns = (width + 1) / 2
    var count = [Int](repeating: 0, count: (height + 1) / 2 * columns)
    var sum = [Int](repeating: 0, count: 3 * count.count)
    for y in 0..<height {
        for x in 0..<width where edge[y * width + x] {
            let to = y / 2 * columns + x / 2
            count[to] += 1
            for c in 0..<3 {
                sum[3 * to + c] += Int(difference[3 * (y * width + x) + c])
            }
        }
    }
    let mean = sum.indices.map { i -> Int32 in
        let among = count[i / 3]
        return Int32(floorDivide(2 * sum[i] + among, max(2 * among, 1)))
    }
    return (mean, count.map { $0 > 0 })
}


/// Variance of the noise of R, G, B and of R+G+B, in 1/4096 squared grey levels, among those pixels of `box` where `mask` is
/// `value`.
///
/// From the median of |3x3 second difference of second difference|, over windows that lie wholly inside: edges and texture that
/// fill less than half of the area do not count, and clean graphics give 0.
///
/// Source: J. Immerkaer, "Fast noise variance estimation", 1996, with the median in place of the mean.
func grainVariances(_ pixels: Pixels, in box: Box, where mask: Mask, is value: Bool) -> [Int] {
    var histograms = GrainHistograms()
    let step = max(1, box.height * box.width / samples)
    for y in stride(from: box.top, to: box.bottom - 2, by: step) {
        for x in stride(from: box.left, to: box.right - 2, by: 1) {
            let inside = (y..<y + 3).allSatisfy { row in (x..<x + 3).allSatisfy { column in mask[row, column] == value } }
            if inside {
                histograms.add(pixels, y, x)
            }
        }
    }
    return histograms.variances
}

/// How often each response was seen, for R, G, B and their sum.
private struct GrainHistograms {
    private var counts = [[Int]](repeating: [Int](repeating: 0, count: 3 * 8 * 255 + 1), count: 4)
    private var seen = 0

    /// The window whose upper left pixel is row `y`, column `x`.
    mutating func add(_ pixels: Pixels, _ y: Int, _ x: Int) {
        seen += 1
        var sum = 0
        for c in 0..<3 {
            let first = 3 * (y * pixels.width + x) + c
            let left = down(pixels, first)
            let centre = down(pixels, first + 3)
            let right = down(pixels, first + 6)
            let response = left - 2 * centre + right
            sum += response
            counts[c][abs(response)] += 1
        }
        counts[3][abs(sum)] += 1
    }

    /// sigma = median / (0.6745 * 6), at most 32; 250 = 4096 / (0.6745 * 6)^2.
    var variances: [Int] {
        (0..<4).map { channel in
            let middle = min(median(counts[channel]), channel == 3 ? 384 : 128)
            return 250 * middle * middle
        }
    }

    /// Second difference of three bytes, one below the other.
    private func down(_ pixels: Pixels, _ at: Int) -> Int {
        let row = 3 * pixels.width
        let upper = Int(pixels.rgb[at])
        let middle = Int(pixels.rgb[at + row])
        let lower = Int(pixels.rgb[at + 2 * row])
        return upper - 2 * middle + lower
    }

    private func median(_ counts: [Int]) -> Int {
        var below = 0
        for (value, count) in counts.enumerated() {
            below += count
            if below > seen / 2 {
                return value
            }
        }
        return 0
    }
}

/// The noise that a part lacks.
struct Grain: Sendable {
    private let own: [Int]
    private let shared: Int

    /// - Parameter missing: four variances as ``grainVariances(_:in:where:is:)`` gives them; what R+G+B has beyond the sum of the
    ///   three is shared by all channels, the rest is each channel's own.
    init(missing: [Int]) {
        let beyond = (missing[3] - missing[0] - missing[1] - missing[2]) / 6
        let common = min(max(beyond, 0), missing[0], missing[1], missing[2])
        own = missing.prefix(3).map { squareRoot($0 - common) }
        shared = squareRoot(common)
    }

    /// In grey levels, for channel `c` of the photo's pixel in column `x` of row `y`; it depends on the place alone.
    func noise(x: Int, y: Int, c: Int) -> Int {
        let total = bell(x, y, c) * own[c] + bell(x, y, 3) * shared
        // The bell's deviation is 147.8 and the variances' unit 1/64 grey level: 443 / 2^22 = 1 / (147.8 * 64)
        return (total * 443 + (1 << 21)) >> 22
    }
}

/// Nearly normal whole numbers, mean 0, deviation 147.8: four bytes of a hash, added. Products wrap.
func bell(_ x: Int, _ y: Int, _ channel: Int) -> Int {
    let column = UInt32(truncatingIfNeeded: x) &* 0x9E37_79B1
    let row = UInt32(truncatingIfNeeded: y) &* 0x85EB_CA77
    let plane = UInt32(truncatingIfNeeded: channel) &* 0xC2B2_AE3D
    var h = column ^ row ^ plane
    h = (h ^ (h >> 16)) &* 0x7FEB_352D
    h = (h ^ (h >> 15)) &* 0x846C_A68B
    h ^= h >> 16
    let first = Int(h & 255)
    let second = Int((h >> 8) & 255)
    let third = Int((h >> 16) & 255)
    let fourth = Int(h >> 24)
    return first + second + third + fourth - 510
}
