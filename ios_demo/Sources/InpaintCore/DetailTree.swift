/// Members of a leaf, at most.
private let mostMembers = 32

/// Leaves looked at for each target.
private let leavesAsked = 8

/// Sources proposed for each target.
private let kept = 8

/// Pixels between two sources proposed, at least, along rows or columns.
private let leastApart = 4

/// Weights in 1/256 of the parts of a descriptor.
private let blockWeight = 345
private let guideWeight = 463
private let energyWeight = 3104
private let redBlueWeight = 1267
private let greenWeight = 732

/// Numbers of a descriptor.
private let length = 19

/// The known patches of a level: a first source for each target is its nearest among them, found through a tree of descriptors.
/// Step 8 of `docs/compositor.md`.
struct Tree {
    private let search: Search
    private let members: [Int32]
    private let described: [Int]
    private var splits: [[(along: Int, value: Int)]] = []
    private let leaves: [[Int]]

    init(_ search: Search) {
        self.search = search
        let every = search.usable.indices.filter { search.usable[$0] }
        let board = every.filter { ($0 / search.width + $0 % search.width) % 2 == 0 }
        let members = (board.isEmpty ? every : board).map { Int32($0) }
        let described = descriptors(search.level, members)
        var parts = [Array(members.indices)]
        var depth = 0
        while ((members.count - 1) >> depth) + 1 > mostMembers {
            var halves: [[Int]] = []
            var split: [(along: Int, value: Int)] = []
            for part in parts {
                let along = widest(described, part)
                // Of equals the first in the picture.
                let order = part.sorted { (described[$0 * length + along], $0) < (described[$1 * length + along], $1) }
                let middle = part.count / 2
                halves += [order[..<middle].sorted(), order[middle...].sorted()]
                split.append((along, described[order[middle] * length + along]))
            }
            splits.append(split)
            parts = halves
            depth += 1
        }
        self.members = members
        self.described = described
        leaves = parts
    }

    /// Eight arrays of sources, one of each for a target of the search, the nearest first; -1 where there are fewer.
    func nearest() -> [[Int32]] {
        var found = [[Int32]](repeating: [], count: kept)
        let asked = descriptors(search.level, search.targets)
        for (n, target) in search.targets.enumerated() {
            for (k, source) in query(Array(asked[n * length..<(n + 1) * length])).enumerated() {
                found[k].append(Int32(source < 0 ? source : even(source, Int(target))))
            }
        }
        return found
    }

    /// The source moved by a row and a column at most, so that it lies an even number of both from its target.
    private func even(_ source: Int, _ target: Int) -> Int {
        let width = search.width
        let down = abs(target / width - source / width) % 2
        let right = abs(target % width - source % width) % 2
        for (rows, columns) in [(down, right), (-down, right), (down, -right), (-down, -right)] {
            let there = source + rows * width + columns
            if search.usable.indices.contains(there) && search.usable[there] {
                return there
            }
        }
        return source
    }

    private func query(_ asked: [Int]) -> [Int] {
        let width = search.width
        let near = descend(asked).flatMap { leaves[$0] }
        let distance = near.map { member -> Int in
            var sum = 0
            for k in 0..<length {
                let off = described[member * length + k] - asked[k]
                sum += off * off
            }
            return sum
        }
        var isLeft = [Bool](repeating: true, count: near.count)
        var found = [Int](repeating: -1, count: kept)
        for k in 0..<kept {
            // Of equals the first in the picture.
            let left = near.indices.filter { isLeft[$0] }
            guard let best = left.min(by: { (distance[$0], near[$0]) < (distance[$1], near[$1]) }) else { break }
            let place = Int(members[near[best]])
            found[k] = place
            for n in left {
                let other = Int(members[near[n]])
                let rows = abs(other / width - place / width)
                let columns = abs(other % width - place % width)
                if rows < leastApart && columns < leastApart {
                    isLeft[n] = false
                }
            }
        }
        return found
    }

    /// The leaves nearest by the splits on the way; of equals those with the lower number.
    private func descend(_ asked: [Int]) -> [Int] {
        var nodes = [(away: 0, node: 0)]
        for split in splits {
            var next: [(away: Int, node: Int)] = []
            for (away, node) in nodes {
                let beyond = asked[split[node].along] - split[node].value
                let squared = beyond * beyond
                next.append((away + (beyond >= 0 ? squared : 0), 2 * node))
                next.append((away + (beyond >= 0 ? 0 : squared), 2 * node + 1))
            }
            next.sort { ($0.away, $0.node) < ($1.away, $1.node) }
            nodes = Array(next.prefix(leavesAsked))
        }
        return nodes.map { $0.node }
    }
}

/// The number whose range is largest, of equals the first.
private func widest(_ described: [Int], _ part: [Int]) -> Int {
    var along = 0
    var most = -1
    for k in 0..<length {
        var low = Int.max
        var high = Int.min
        for member in part {
            low = min(low, described[member * length + k])
            high = max(high, described[member * length + k])
        }
        if high - low > most {
            along = k
            most = high - low
        }
    }
    return along
}

/// 19 numbers for each place: nine means of brightness, two of colour, the guide's brightness at five points, its colour and
/// its energy.
func descriptors(_ level: Level, _ places: [Int32]) -> [Int] {
    let height = level.height
    let width = level.width
    var numbers: [Int] = []
    numbers.reserveCapacity(places.count * length)

    func summed(_ row: Int, _ column: Int, _ reach: Int, _ of: ([UInt8], Int) -> Int) -> Int {
        var sum = 0
        for y in row - reach...row + reach {
            for x in column - reach...column + reach {
                sum += of(level.picture, 3 * (y * width + x))
            }
        }
        return sum
    }

    for place in places {
        let row = Int(place) / width
        let column = Int(place) % width
        func guided(_ y: Int, _ x: Int) -> Int {
            let inside = min(max(row + 1 + y, 0), height + 1) * (width + 2)
            return 4 * (inside + min(max(column + 1 + x, 0), width + 1))
        }
        for y in [-2, 0, 2] {
            for x in [-2, 0, 2] {
                numbers.append(summed(row + y, column + x, 1, bright) * blockWeight / (9 * 256))
            }
        }
        numbers.append(floorDivide(summed(row, column, 3, redBlue) * redBlueWeight, 49 * 256))
        numbers.append(floorDivide(summed(row, column, 3, greenOther) * greenWeight, 49 * 256))
        for (y, x) in [(0, 0), (-4, -4), (-4, 4), (4, -4), (4, 4)] {
            numbers.append(bright(level.guide, guided(y, x)) * guideWeight / 256)
        }
        let here = guided(0, 0)
        numbers.append(floorDivide(redBlue(level.guide, here) * redBlueWeight, 256))
        numbers.append(floorDivide(greenOther(level.guide, here) * greenWeight, 256))
        numbers.append(Int(level.guide[here + 3]) * energyWeight / 256)
    }
    return numbers
}

private func bright(_ bytes: [UInt8], _ at: Int) -> Int {
    Int(bytes[at]) + Int(bytes[at + 1]) + Int(bytes[at + 2])
}

private func redBlue(_ bytes: [UInt8], _ at: Int) -> Int {
    Int(bytes[at]) - Int(bytes[at + 2])
}

private func greenOther(_ bytes: [UInt8], _ at: Int) -> Int {
    Int(bytes[at]) - 2 * Int(bytes[at + 1]) + Int(bytes[at + 2])
}
