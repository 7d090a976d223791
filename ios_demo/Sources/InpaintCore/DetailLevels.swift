import Foundation

/// From the centre of a patch of 7 x 7 pixels to its edge.
let patchReach = 3
let patchSide = 2 * patchReach + 1

/// The depth in the hole is counted up to here.
let mostDepth = 24

/// The longer side, at most, of the grid on which the energy inside the hole is estimated.
private let energyCells = 48

/// The filter that tells detail from the rest, in 1/256, and how far it reaches.
private let bell = [1, 8, 28, 56, 70, 56, 28, 8, 1]
private let bellReach = 4

/// 4096 exp(-k / 8).
private let likeness = table(64) { 4096 * exp(-Double($0) / 8) }

/// Real numbers, rounded.
func table(_ length: Int, _ of: (Int) -> Double) -> [Int] {
    (0..<length).map { Int(of($0).rounded()) }
}

/// One picture of the pyramid of the detail step; step 8 of `docs/compositor.md`.
final class Level {
    let height: Int
    let width: Int
    /// [h * w * 3]; in the hole, the fill so far.
    var picture: [UInt8]
    /// Not known: the wanted pixels, and those that another part of the hole fills later.
    let hole: [Bool]
    /// The pixels that this step fills.
    let wanted: [Bool]
    /// [(h + 2) * (w + 2) * 4] with one more pixel on each side: RGB of the low band, and the energy of the detail.
    fileprivate(set) var guide: [UInt8] = []

    init(height: Int, width: Int, picture: [UInt8], hole: [Bool], wanted: [Bool]) {
        self.height = height
        self.width = width
        self.picture = picture
        self.hole = hole
        self.wanted = wanted
    }
}

/// The pyramid, finest level first; it ends where a level would be smaller than two patches.
///
/// - Parameters:
///   - finest: its hole holds the network's fill, enlarged.
///   - side: of the square in the photo that the network saw.
///   - size: of the same square as the network saw it.
///   - above: how many levels coarser than the network the coarsest one is.
///   - guidePx: deviation of the low band's filter in pixels of the network.
func levels(_ finest: Level, side: Int, size: Int, above: Int, guidePx: Int) -> [Level] {
    let network = networkLevel(side: side, size: size)
    var found = [finest]
    while found.count <= network + above {
        let last = found[found.count - 1]
        if min(last.height, last.width) < 4 * patchSide {
            break
        }
        found.append(
            Level(
                height: (last.height + 1) / 2, width: (last.width + 1) / 2,
                picture: halve(last.picture, height: last.height, width: last.width, channels: 3),
                hole: halve(last.hole, height: last.height, width: last.width),
                wanted: halve(last.wanted, height: last.height, width: last.width)
            )
        )
    }
    let at = min(network, found.count - 1)
    let radius = max(1, guidePx * side / (size << at))
    let first = guide(of: found[at], energy(of: finest, level: at), radius: radius)
    found[at].guide = padded(first, found[at])
    var guide = first
    for n in at + 1..<max(found.count, at + 1) {
        guide = halve(guide, height: found[n - 1].height, width: found[n - 1].width, channels: 4)
        found[n].guide = padded(guide, found[n])
    }
    guide = first
    for n in (0..<at).reversed() {
        let coarse = found[n + 1]
        guide = doubled(
            guide, rows: coarse.height, columns: coarse.width, channels: 4, height: found[n].height, width: found[n].width
        )
        found[n].guide = padded(guide, found[n])
    }
    return found
}

/// The level whose pixels are nearest to the network's, by ratio: log2(side / size), rounded.
func networkLevel(side: Int, size: Int) -> Int {
    var level = 0
    while side * side >= (2 * size * size) << (2 * level) {
        level += 1
    }
    return level
}

/// Means of two by two pixels, rounded half up; a last odd line counts twice.
func halve<Value: FixedWidthInteger>(_ values: [Value], height: Int, width: Int, channels: Int) -> [Value] {
    var half: [Value] = []
    half.reserveCapacity((height + 1) / 2 * ((width + 1) / 2) * channels)
    for y in stride(from: 0, to: height, by: 2) {
        let down = y + 1 < height ? width * channels : 0
        for x in stride(from: 0, to: width, by: 2) {
            let right = x + 1 < width ? channels : 0
            let p = (y * width + x) * channels
            for at in p..<p + channels {
                let upper = Int(values[at]) + Int(values[at + right])
                let lower = Int(values[at + down]) + Int(values[at + down + right])
                half.append(Value(truncatingIfNeeded: (upper + lower + 2) >> 2))
            }
        }
    }
    return half
}

/// Which squares of two by two pixels hold a flagged one.
private func halve(_ flags: [Bool], height: Int, width: Int) -> [Bool] {
    let columns = (width + 1) / 2
    var half = [Bool](repeating: false, count: (height + 1) / 2 * columns)
    for at in flags.indices where flags[at] {
        half[at / width / 2 * columns + at % width / 2] = true
    }
    return half
}

/// Sums of two by two, with 0 beyond the rim.
func four(_ values: [Int32], height: Int, width: Int) -> [Int32] {
    let columns = (width + 1) / 2
    var sums = [Int32](repeating: 0, count: (height + 1) / 2 * columns)
    for y in 0..<height {
        for x in 0..<width {
            sums[y / 2 * columns + x / 2] += values[y * width + x]
        }
    }
    return sums
}

/// Values `rows` x `columns` twice as large, interpolated, cut to `height` x `width`.
func doubled<Value: FixedWidthInteger>(
    _ values: [Value], rows: Int, columns: Int, channels: Int, height: Int, width: Int
) -> [Value] {
    var result = [Value](repeating: 0, count: height * width * channels)
    var line = [Int](repeating: 0, count: columns * channels)
    for y in 0..<height {
        let own = y / 2 * line.count
        let beside = min(max(y % 2 == 0 ? y / 2 - 1 : y / 2 + 1, 0), rows - 1) * line.count
        for k in line.indices {
            line[k] = 3 * Int(values[own + k]) + Int(values[beside + k])
        }
        for x in 0..<width {
            let at = x / 2 * channels
            let next = min(max(x % 2 == 0 ? x / 2 - 1 : x / 2 + 1, 0), columns - 1) * channels
            for c in 0..<channels {
                let sum = 3 * line[at + c] + line[next + c]
                result[(y * width + x) * channels + c] = Value(truncatingIfNeeded: (sum + 8) >> 4)
            }
        }
    }
    return result
}

/// Three means over squares of `2 * radius + 1` pixels, each rounded half up, in place; the deviation is about radius + 1/2.
///
/// Beyond the rim the pixel at the rim counts.
func blur(_ values: inout [Int32], height: Int, width: Int, channels: Int, radius: Int) {
    var line = [Int](repeating: 0, count: max(height, width))
    let across = width * channels
    for _ in 0..<3 {
        for k in 0..<across {
            mean(&values, from: k, length: height, step: across, radius: radius, &line)
        }
        for y in 0..<height {
            for c in 0..<channels {
                mean(&values, from: y * across + c, length: width, step: channels, radius: radius, &line)
            }
        }
    }
}

private func mean(_ values: inout [Int32], from start: Int, length: Int, step: Int, radius: Int, _ line: inout [Int]) {
    let size = 2 * radius + 1
    for k in 0..<length {
        line[k] = Int(values[start + k * step])
    }
    var sum = 0
    for k in -radius...radius {
        sum += line[min(max(k, 0), length - 1)]
    }
    for k in 0..<length {
        values[start + k * step] = Int32(floorDivide(2 * sum + size, 2 * size))
        sum += line[min(k + radius + 1, length - 1)] - line[max(k - radius, 0)]
    }
}

/// The flags, `by` pixels larger on each side, corners too.
func grown(_ flags: [Bool], height: Int, width: Int, by: Int) -> [Bool] {
    var wider = [Bool](repeating: false, count: flags.count)
    var result = wider
    for y in 0..<height {
        grow(flags, into: &wider, from: y * width, length: width, step: 1, by: by)
    }
    for x in 0..<width {
        grow(wider, into: &result, from: x, length: height, step: width, by: by)
    }
    return result
}

private func grow(_ flags: [Bool], into wider: inout [Bool], from start: Int, length: Int, step: Int, by: Int) {
    var done = 0  // what lies before has its answer
    for k in 0..<length where flags[start + k * step] {
        let end = min(k + by + 1, length)
        for n in max(k - by, done)..<max(end, k - by, done) {
            wider[start + n * step] = true
        }
        done = end
    }
}

/// How deep in the hole a pixel lies: 0 outside, 1 where one of its eight neighbours is known, at most `mostDepth`.
func depths(_ hole: [Bool], height: Int, width: Int) -> [UInt8] {
    var depth = [UInt8](repeating: 0, count: hole.count)
    for step in [1, -1] {
        for k in 0..<height {
            let y = step > 0 ? k : height - 1 - k
            for n in 0..<width {
                let x = step > 0 ? n : width - 1 - n
                let p = y * width + x
                if !hole[p] {
                    continue
                }
                var least = step > 0 ? UInt8(mostDepth - 1) : depth[p] - 1
                if (0..<width).contains(x - step) {
                    least = min(least, depth[p - step])
                }
                if (0..<height).contains(y - step) {
                    for beside in max(x - 1, 0)...min(x + 1, width - 1) {
                        least = min(least, depth[(y - step) * width + beside])
                    }
                }
                depth[p] = least + 1
            }
        }
    }
    return depth
}

/// The guide with one more pixel on each side.
private func padded(_ guide: [UInt8], _ level: Level) -> [UInt8] {
    let row = 4 * level.width
    var wider: [UInt8] = []
    wider.reserveCapacity((row + 8) * (level.height + 2))
    for y in -1...level.height {
        let from = row * min(max(y, 0), level.height - 1)
        wider += guide[from..<from + 4]
        wider += guide[from..<from + row]
        wider += guide[from + row - 4..<from + row]
    }
    return wider
}

/// By pixels of a level: sums of the detail's size, and counts of the pixels where it can be told.
private func energy(of finest: Level, level: Int) -> (total: [Int32], count: [Int32]) {
    let height = finest.height
    let width = finest.width
    let picture = finest.picture
    let columns = (width + (1 << level) - 1) >> level
    let rows = (height + (1 << level) - 1) >> level
    var total = [Int32](repeating: 0, count: rows * columns)
    var count = total
    let hidden = grown(finest.hole, height: height, width: width, by: bellReach)
    func bright(_ p: Int) -> Int {
        Int(picture[3 * p]) + Int(picture[3 * p + 1]) + Int(picture[3 * p + 2])
    }
    var sums = [Int](repeating: 0, count: width)
    var line = [Int](repeating: 0, count: width + 2 * bellReach)
    for y in 0..<height {
        for x in 0..<width {
            sums[x] = 128
        }
        for (k, weight) in bell.enumerated() {
            let from = min(max(y + k - bellReach, 0), height - 1) * width
            for x in 0..<width {
                sums[x] += weight * bright(from + x)
            }
        }
        for x in line.indices {
            line[x] = sums[min(max(x - bellReach, 0), width - 1)] >> 8
        }
        for x in 0..<width where !hidden[y * width + x] {
            var smooth = 128
            for k in bell.indices {
                smooth += bell[k] * line[x + k]
            }
            let to = (y >> level) * columns + (x >> level)
            total[to] += Int32(abs(bright(y * width + x) - (smooth >> 8)))
            count[to] += 1
        }
    }
    return (total, count)
}

/// [h * w * 4]: the low band, and 4 times the local mean of the detail; inside the hole the detail of like places.
private func guide(of level: Level, _ energy: (total: [Int32], count: [Int32]), radius: Int) -> [UInt8] {
    let height = level.height
    let width = level.width
    var low = level.picture.map { Int32($0) }
    var sums = energy.total.map { $0 << 6 }
    var counts = energy.count.map { $0 << 6 }
    blur(&low, height: height, width: width, channels: 3, radius: radius)
    blur(&sums, height: height, width: width, channels: 1, radius: radius)
    blur(&counts, height: height, width: width, channels: 1, radius: radius)
    let usable = counts.indices.map { !level.hole[$0] && counts[$0] > 0 }
    let known = usable.indices.map { at -> Int32 in
        usable[at] ? Int32(min(4 * Int(sums[at]) / (3 * Int(counts[at])), 255)) : 0
    }
    let inside =
        usable.contains(true)
        ? likely(low, known, usable.map { $0 ? 1 : 0 }, height: height, width: width) : known
    var result: [UInt8] = []
    result.reserveCapacity(4 * usable.count)
    for p in usable.indices {
        for c in 0..<3 {
            result.append(UInt8(low[3 * p + c]))
        }
        result.append(UInt8(usable[p] ? known[p] : inside[p]))
    }
    return result
}

/// The energy of each pixel as the known ones make it likely: found on a coarse grid, led back to the size.
private func likely(_ colour: [Int32], _ summed: [Int32], _ weight: [Int32], height: Int, width: Int) -> [Int32] {
    if max(height, width) <= energyCells {
        return likelyCells(colour, summed, weight, height: height, width: width)
    }
    let rows = (height + 1) / 2
    let columns = (width + 1) / 2
    let cells = likely(
        halve(colour, height: height, width: width, channels: 3), four(summed, height: height, width: width),
        four(weight, height: height, width: width), height: rows, width: columns
    )
    return doubled(cells, rows: rows, columns: columns, channels: 1, height: height, width: width)
}

/// The mean of the known energies for each cell, those of like colour and near by counting more.
private func likelyCells(_ colour: [Int32], _ summed: [Int32], _ weight: [Int32], height: Int, width: Int) -> [Int32] {
    let known = weight.indices.filter { weight[$0] > 0 }
    let means = known.map { Int(summed[$0] / weight[$0]) }
    let gone = boundingBox(Mask(width: width, height: height, hole: weight.map { $0 == 0 }))
    let length = gone?.side ?? 1
    return weight.indices.map { cell -> Int32 in
        var total = 0
        var says = 0
        for (n, at) in known.enumerated() {
            let down = cell / width - at / width
            let right = cell % width - at % width
            let apart = (down * down + right * right) * 1600 / (49 * length * length)
            var unlike = 0
            for c in 0..<3 {
                let off = Int(colour[3 * cell + c]) - Int(colour[3 * at + c])
                unlike += off * off
            }
            let say = likeness[min(apart + unlike / 36, 63)]
            total += say * means[n]
            says += say
        }
        return Int32(total / says)
    }
}
