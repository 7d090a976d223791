/// Sweeps and votes of a level, from the finest on; the last holds for all coarser ones.
private let roundsOfLevels = [1, 2, 4, 6, 6]

/// Of the search in pixels, from the coarsest level on; the last holds for all finer ones.
private let stepsOfLevels = [[8, 2], [4, 1], [2], [1]]

/// Sweeps of the coarsest level before the first vote.
private let firstSweeps = 6

/// The photo's own texture in place of an enlarged fill: patches of known pixels, led by what the network painted. Step 8 of
/// `docs/compositor.md`.
public struct Detail: Equatable, Sendable {
    /// The step is taken where the crop was shrunk by this factor or more.
    public var shrink = 1.5
    /// How many levels coarser than the network the search begins.
    public var above = 2
    /// Deviation of the guide's low band, in pixels of the network.
    public var guidePx = 4
    /// Of the guide beside the picture, in 1/16.
    public var weight = 16
    /// For a source that is used more than twice its share.
    public var penalty = 60
    /// In 1/64, how much less a source must cost that continues no neighbour's.
    public var margin = 16
    /// Deviation of the low frequencies that are taken from the network's fill, in pixels of the network.
    public var lowPx = 6

    public init() {}

    /// Gives the window's wanted pixels new colours, in place.
    ///
    /// - Parameters:
    ///   - window: its hole holds the network's fill, enlarged.
    ///   - plain: what the wanted pixels get where nothing is copied.
    ///   - side: of the square in the photo that the network saw.
    ///   - size: of the same square as the network saw it.
    ///   - told: of the share that is done, often; what it throws ends the step.
    /// - Returns: whether there was anything to copy; if not, the picture is as it was.
    func rebuild(_ window: Level, plain: Patch, side: Int, size: Int, told: (Double) throws -> Void) rethrows -> Bool {
        if min(window.height, window.width) < patchSide {
            return false
        }
        let before = Pixels(width: window.width, height: window.height, rgb: window.picture).take(plain.box)
        var pyramid = levels(window, side: side, size: size, above: above, guidePx: guidePx)
        var search = Search(pyramid[pyramid.count - 1], self)
        while !search.any && pyramid.count > 1 {
            pyramid.removeLast()
            search = Search(pyramid[pyramid.count - 1], self)
        }
        if !search.any {
            return false
        }
        let coarsest = pyramid.count - 1
        let network = min(networkLevel(side: side, size: size), coarsest)
        let whole = pyramid.indices.reduce(0) { sum, number in
            sum + pyramid[number].hole.count * (rounds(number) + (number == coarsest ? firstSweeps : 0))
        }
        var done = 0.0
        func more(_ targets: Int) throws {
            done += Double(targets) / Double(search.targets.count) * Double(search.height * search.width)
            try told(min(done / Double(whole), 1))
        }
        let proposed = Tree(search).nearest()
        var field = search.found(proposed[0])
        for turn in 0..<firstSweeps {
            field = try search.sweep(field, steps: stepsOfLevels[0], more: turn == 0 ? proposed : [], told: more)
        }
        vote(search, field)
        for number in (0...coarsest).reversed() {
            let steps = stepsOfLevels[min(coarsest - number, stepsOfLevels.count - 1)]
            for turn in 1...rounds(number) {
                field = try search.sweep(field, steps: steps, told: more)
                if number == 0 && turn == rounds(number) {
                    lastVote(search, field)
                } else {
                    vote(search, field)
                }
            }
            if number > 0 {
                pyramid.removeLast()  // a level that is done needs no memory
                let finer = Search(pyramid[number - 1], self)
                let sources = doubled(search, field.sources, finer)
                field = Field(sources: sources, distance: [Int32](repeating: 0, count: sources.count))
                search = finer
                vote(search, field, fits: false)
            }
        }
        repairLow(
            window, depth: search.depth, before: before, at: network, radius: scaled(side, by: size << network),
            rampPx: scaled(side, by: 4 * size)
        )
        goBack(search, field.sources, plain: plain, radius: scaled(side, by: 2 * size))
        return true
    }

    private func scaled(_ side: Int, by: Int) -> Int {
        max(1, lowPx * side / by)
    }
}

private func rounds(_ number: Int) -> Int {
    roundsOfLevels[min(number, roundsOfLevels.count - 1)]
}

/// For each target of the next finer level the source of the coarser target that it lies in, at twice the place.
private func doubled(_ search: Search, _ sources: [Int32], _ finer: Search) -> [Int32] {
    func parent(_ line: Int, _ length: Int) -> Int {
        min(max(line / 2, patchReach), length - patchReach - 1)
    }
    return finer.targets.map { target -> Int32 in
        let row = Int(target) / finer.width
        let column = Int(target) % finer.width
        let up = parent(row, search.height)
        let left = parent(column, search.width)
        let source = Int(sources[Int(search.number[search.spot(up, left)])])
        let sourceRow = 2 * (source / search.width) + row - 2 * up
        let sourceColumn = 2 * (source % search.width) + column - 2 * left
        return Int32(sourceRow * finer.width + sourceColumn)
    }
}
