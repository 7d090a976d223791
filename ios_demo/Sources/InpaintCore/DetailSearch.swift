/// Squares that a patch's distance adds up.
private let terms = 3 * patchSide * patchSide

/// Between the nine points at which the guide is compared.
private let spacing = 4

/// Around the box of the targets: a neighbour lies up to 4 away, a pixel that is voted on 3, and a patch over that 3 more.
private let margin = 2 * patchReach

/// Sources are counted by cells of 8 x 8 pixels.
private let cellBits = 3

/// The penalty ends here, so that a sum with a distance has 31 bits.
private let mostPenalty = 1 << 28

/// Targets between two looks at the progress.
private let portion = 8192

/// Left, up, right and down, first 4 pixels away, then 1.
private let neighbours = [spacing, 1].flatMap { [(0, -$0), (-$0, 0), (0, $0), ($0, 0)] }

/// A source for each target of a level, and how well it fits. Places are pixels of the level by number: row * width + column.
struct Field {
    /// Centres of known patches.
    var sources: [Int32]
    /// Of the patches, without a penalty.
    var distance: [Int32]
}

/// The patches of one level: where each patch over the hole finds its like among the known ones. Whole numbers; no order, no
/// chance. Step 8 of `docs/compositor.md`.
///
/// A sweep reads the sources of the sweep before and nothing of its own, so that the targets can be visited in any order.
final class Search {
    /// Its picture is read anew in each sweep.
    let level: Level
    let height: Int
    let width: Int
    let usable: [Bool]
    let depth: [UInt8]
    /// Where the targets lie.
    let box: Box
    let targets: [Int32]
    /// Whether there is anything to fill, and anything to fill it from.
    let any: Bool
    /// The number of each target, -1 elsewhere; in `box` with a margin, by ``spot(_:_:)``.
    let number: [Int32]
    let stride: Int
    private let columns: Int
    private let cells: Int
    private let cellCount: Int
    private let numbers: Detail

    init(_ level: Level, _ numbers: Detail) {
        let height = level.height
        let width = level.width
        let columns = (width + 7) >> cellBits
        let near = InpaintCore.grown(level.hole, height: height, width: width, by: patchReach)
        let over = InpaintCore.grown(level.wanted, height: height, width: width, by: patchReach)
        var usable = [Bool](repeating: false, count: height * width)
        var held = [Bool](repeating: false, count: columns * ((height + 7) >> cellBits))
        var asked = Mask(width: width, height: height)
        for y in patchReach..<max(height - patchReach, patchReach) {
            for x in patchReach..<max(width - patchReach, patchReach) {
                let p = y * width + x
                if !near[p] {
                    usable[p] = true
                    held[(y >> cellBits) * columns + (x >> cellBits)] = true
                }
                asked.hole[p] = over[p]
            }
        }
        let found = boundingBox(asked)
        let box = found ?? Box(top: 0, bottom: 0, left: 0, right: 0)
        let stride = box.width + 2 * margin
        var number = [Int32](repeating: -1, count: stride * (box.height + 2 * margin))
        var targets: [Int32] = []
        for y in box.top..<box.bottom {
            for x in box.left..<box.right where asked[y, x] {
                number[(y - box.top + margin) * stride + x - box.left + margin] = Int32(targets.count)
                targets.append(Int32(y * width + x))
            }
        }
        self.level = level
        self.height = height
        self.width = width
        self.usable = usable
        depth = depths(level.hole, height: height, width: width)
        self.box = box
        self.targets = targets
        cells = held.reduce(0) { $1 ? $0 + 1 : $0 }
        any = found != nil && held.contains(true)
        self.number = number
        self.stride = stride
        self.columns = columns
        cellCount = held.count
        self.numbers = numbers
    }

    /// Where `number` has the pixel.
    func spot(_ y: Int, _ x: Int) -> Int {
        (y - box.top + margin) * stride + x - box.left + margin
    }

    /// The field of these sources for the picture as it is now.
    func found(_ sources: [Int32]) -> Field {
        comparing { comparison in
            let distance = sources.indices.map { n -> Int32 in
                Int32(comparison.apart(Int(targets[n]), Int(sources[n]), limit: .max))
            }
            return Field(sources: sources, distance: distance)
        }
    }

    /// A better field: sources of the neighbours, then steps around the best; of equals the first stays.
    ///
    /// A source that continues a neighbour's needs to cost less than the one before; any other must cost less by the margin.
    ///
    /// - Parameters:
    ///   - field: its sources alone are read.
    ///   - steps: in pixels, from long to short.
    ///   - more: further sources to try, one of each for a target, -1 for none.
    ///   - told: how many targets more are done; what it throws ends the sweep.
    func sweep(
        _ field: Field, steps: [Int], more: [[Int32]] = [], told: (Int) throws -> Void = { _ in }
    ) rethrows -> Field {
        var after = field
        let penalty = penalties(field.sources)
        let around = neighbours.map { $0.0 * stride + $0.1 }
        let along = neighbours.map { $0.0 * width + $0.1 }
        try comparing { comparison in
            for n in targets.indices {
                if n > 0 && n % portion == 0 {
                    try told(portion)
                }
                var best = Best(self, comparison, penalty, target: Int(targets[n]), source: Int(field.sources[n]))
                let here = spot(best.target / width, best.target % width)
                for k in around.indices {
                    let beside = number[here + around[k]]
                    if beside < 0 {
                        continue
                    }
                    let candidate = Int(field.sources[Int(beside)]) - along[k]
                    if k >= 4 {  // what lost when the neighbour further off proposed it loses again
                        let far = number[here + around[k - 4]]
                        if far >= 0 && Int(field.sources[Int(far)]) - along[k - 4] == candidate {
                            continue
                        }
                    }
                    best.tryOut(candidate, margin: 0)
                }
                for proposed in more {
                    best.tryOut(Int(proposed[n]), margin: numbers.margin)
                }
                for step in steps {
                    let middle = best.source
                    let column = middle % width
                    if column >= step {
                        best.tryOut(middle - step, margin: numbers.margin)
                    }
                    best.tryOut(middle - step * width, margin: numbers.margin)
                    if column + step < width {
                        best.tryOut(middle + step, margin: numbers.margin)
                    }
                    best.tryOut(middle + step * width, margin: numbers.margin)
                }
                after.sources[n] = Int32(best.source)
                after.distance[n] = Int32(best.distance)
            }
        }
        try told((targets.count - 1) % portion + 1)
        return after
    }

    fileprivate func cell(_ place: Int) -> Int {
        let row = place / width
        return (row >> cellBits) * columns + ((place - row * width) >> cellBits)
    }

    /// By cell: what each use costs beyond twice the cell's share.
    private func penalties(_ sources: [Int32]) -> [Int] {
        var uses = [Int](repeating: 0, count: cellCount)
        for source in sources {
            uses[cell(Int(source))] += 1
        }
        return uses.map { used in
            let excess = max(used * cells - 2 * sources.count, 0)
            return min(excess * (numbers.penalty * terms) / sources.count, mostPenalty)
        }
    }

    private func comparing<Value>(_ action: (Comparison) throws -> Value) rethrows -> Value {
        try level.picture.withUnsafeBufferPointer { picture in
            try level.guide.withUnsafeBufferPointer { guide in
                try action(Comparison(picture: picture, guide: guide, width: width, factor: numbers.weight * terms))
            }
        }
    }
}

/// The best source of a target so far.
private struct Best {
    private let search: Search
    private let comparison: Comparison
    private let penalty: [Int]
    let target: Int
    var source: Int
    var distance: Int
    private var cost: Int

    init(_ search: Search, _ comparison: Comparison, _ penalty: [Int], target: Int, source: Int) {
        self.search = search
        self.comparison = comparison
        self.penalty = penalty
        self.target = target
        self.source = source
        distance = comparison.apart(target, source, limit: .max)
        cost = distance + penalty[search.cell(source)]
    }

    mutating func tryOut(_ candidate: Int, margin: Int) {
        if candidate == source || candidate < 0 || candidate >= search.usable.count || !search.usable[candidate] {
            return
        }
        let extra = penalty[search.cell(candidate)]
        let limit = cost - (cost >> 6) * margin - extra
        let found = comparison.apart(target, candidate, limit: limit)
        if found < limit {
            source = candidate
            distance = found
            cost = found + extra
        }
    }
}

/// Compares patches of a level.
private struct Comparison {
    let picture: UnsafeBufferPointer<UInt8>
    let guide: UnsafeBufferPointer<UInt8>
    let width: Int
    let factor: Int

    /// The distance of the patches, or some part of it from `limit` on.
    func apart(_ target: Int, _ source: Int, limit: Int) -> Int {
        let a = 4 * (target + 2 * (target / width) + width + 3)
        let b = 4 * (source + 2 * (source / width) + width + 3)
        var low = 0
        for k in 0..<9 {
            let point = 4 * spacing * ((k / 3 - 1) * (width + 2) + k % 3 - 1)
            for c in 0..<4 {
                let off = Int(guide[a + point + c]) - Int(guide[b + point + c])
                low += c == 3 ? 3 * off * off : off * off
            }
        }
        var sum = low * factor / (16 * 27)
        for k in 0..<patchSide where sum < limit {
            let row = k * 3 % patchSide  // the first ones tell most
            let line = 3 * ((row - patchReach) * width - patchReach)
            for i in line..<line + 3 * patchSide {
                let off = Int(picture[3 * target + i]) - Int(picture[3 * source + i])
                sum += off * off
            }
        }
        return sum
    }
}
