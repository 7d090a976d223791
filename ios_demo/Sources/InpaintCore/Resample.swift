/// Weights of a pixel add up to two to the power of this.
private let weightBits = 14
/// Fraction bits of a value between the vertical and the horizontal pass.
private let middleBits = 6
private let phaseBits = 8

/// Where the pixels of one line come from.
struct Taps: Equatable, Sendable {
    /// How many source pixels each target pixel has.
    let count: Int
    /// [target * count] source pixels; beyond the line's ends the end pixel counts.
    let source: [Int]
    /// [target * count]; those of a pixel add up to 2^14. A weight of 0 means the pixel does not take part.
    let weight: [Int32]

    var size: Int { source.count / count }

    /// The places in `source` and `weight` of a target pixel.
    func of(_ target: Int) -> Range<Int> {
        target * count..<(target + 1) * count
    }
}

/// Area averaging from `source` to `target` pixels, `source` >= `target`: antialiased, support one target pixel.
func shrinkTaps(_ source: Int, _ target: Int) -> Taps {
    let counts = (0..<target).map { i -> Int in
        let end = ((i + 1) * source + target - 1) / target
        return end - i * source / target
    }
    let count = counts.max() ?? 1
    var sources: [Int] = []
    var weights: [Int32] = []
    for i in 0..<target {
        let first = i * source / target
        var before = 0
        for k in 0..<count {
            let covered = min(max((first + k + 1) * target - i * source, 0), source)
            let running = ((covered << (weightBits + 1)) + source) / (2 * source)
            sources.append(min(first + k, source - 1))
            weights.append(Int32(running - before))
            before = running
        }
    }
    return Taps(count: count, source: sources, weight: weights)
}

/// Catmull-Rom interpolation from `source` to `target` pixels, for the target pixels `start` to `stop` alone.
///
/// Source: E. Catmull and R. Rom, "A class of local interpolating splines", 1974; the positions are rounded to 1/256 pixel.
func enlargeTaps(_ source: Int, _ target: Int, from start: Int, to stop: Int) -> Taps {
    let one = 1 << phaseBits
    let full = one * one
    let cube = full * one
    let shift = 3 * phaseBits + 1 - weightBits
    var sources: [Int] = []
    var weights: [Int32] = []
    for pixel in start..<stop {
        let centre = (2 * pixel + 1) * source - target  // in 1/(2 target) source pixels
        let position = floorDivide((centre << phaseBits) + target, 2 * target)
        let t = position & (one - 1)
        // Twice the spline's weights times one^3, summed from the left.
        let square = t * t
        let rise = 3 * t * square
        let fall = 5 * square * one
        let w0 = t * (2 * t * one - square - full)
        let w1 = w0 + rise - fall + 2 * cube
        let w2 = w1 + t * (4 * t * one - 3 * square + full)
        let w3 = 2 * cube
        var before = 0
        for (k, w) in [w0, w1, w2, w3].enumerated() {
            let running = (w + (1 << (shift - 1))) >> shift
            sources.append(min(max((position >> phaseBits) - 1 + k, 0), source - 1))
            weights.append(Int32(running - before))
            before = running
        }
    }
    return Taps(count: 4, source: sources, weight: weights)
}

/// Resamples by rows, then by columns, one target row at a time: memory does not grow with the picture.
///
/// Sums are rounded half up: `(sum + half) >> shift`. Overshoot of the interpolation is not clipped. 32 bits hold every value.
struct Resampler {
    private let rows: Taps
    private let columns: Taps
    private let shift: Int32
    private var line: [Int32]
    private var middle: [Int32]

    /// - Parameters:
    ///   - bitsIn: fraction bits of the values; the results have none.
    ///   - width: pixels of a source row.
    init(rows: Taps, columns: Taps, bitsIn: Int, width: Int) {
        self.rows = rows
        self.columns = columns
        shift = Int32(weightBits + bitsIn - middleBits)
        line = [Int32](repeating: 0, count: 3 * width)
        middle = line
    }

    /// Row `target` into `out`, three values a pixel.
    ///
    /// - Parameter read: writes all values of a source row, three a pixel.
    mutating func resample(_ target: Int, into out: inout [Int32], read: (_ source: Int, _ line: inout [Int32]) -> Void) {
        let half: Int32 = 1 << (shift - 1)
        for i in middle.indices {
            middle[i] = half
        }
        for k in rows.of(target) where rows.weight[k] != 0 {
            read(rows.source[k], &line)
            let weight = rows.weight[k]
            for i in middle.indices {
                middle[i] &+= line[i] &* weight
            }
        }
        for i in middle.indices {
            middle[i] >>= shift
        }
        finish(&out)
    }

    private func finish(_ out: inout [Int32]) {
        let shift = Int32(weightBits + middleBits)
        let half: Int32 = 1 << (shift - 1)
        for target in 0..<columns.size {
            var (red, green, blue) = (half, half, half)
            for k in columns.of(target) {
                let weight = columns.weight[k]
                let at = 3 * columns.source[k]
                red &+= middle[at] &* weight
                green &+= middle[at + 1] &* weight
                blue &+= middle[at + 2] &* weight
            }
            out[3 * target] = red >> shift
            out[3 * target + 1] = green >> shift
            out[3 * target + 2] = blue >> shift
        }
    }
}
