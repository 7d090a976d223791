import Foundation

private let byDepth = table(mostDepth + 1) { 256 / pow(1.15, Double($0)) }
/// 256 exp(-D / mean D) in quarters.
private let byFit = table(17) { 256 * exp(-Double($0) / 4) }
private let atEdge = table(mostDepth + 1) { (1..<20).contains($0) ? 256 * exp(Double(1 - $0) / 3) : 0 }
private let ringPx = 2
private let full = 256
/// Levels that a source's low band may be off before the fill goes back to the network's; 16 more, and all of it does.
private let unlike = 40

/// Gives every wanted pixel of the level's picture the mean of what the patches over it propose.
///
/// - Parameter fits: patches that fit better count more.
func vote(_ search: Search, _ field: Field, fits: Bool = true) {
    let level = search.level
    voted(search, says(search, field, fits: fits), field, reach: patchReach, times: { _ in 1 }, asked: level.wanted) {
        level.set($0, $1, $2, $3)
    }
}

/// The same with the patches' middles alone, which is sharper; the edge is then led over to the known pixels.
///
/// No middle reaches the two outermost lines of the window. What is wanted there keeps what the vote before gave it.
func lastVote(_ search: Search, _ field: Field) {
    let level = search.level
    let width = level.width
    var ring = Mask(width: width, height: level.height)  // wanted, or known and near it
    ring.hole = grown(level.wanted, height: level.height, width: width, by: ringPx)
    for p in ring.hole.indices where level.hole[p] && !level.wanted[p] {
        ring.hole[p] = false
    }
    guard let box = boundingBox(ring) else { return }
    var apart = [Int32](repeating: 0, count: 3 * box.width * box.height)
    var edge = [Bool](repeating: false, count: box.width * box.height)
    let say = says(search, field, fits: true)
    voted(search, say, field, reach: 1, times: { 2 - abs($0) }, asked: ring.hole) { p, red, green, blue in
        if level.wanted[p] {
            level.set(p, red, green, blue)
        } else {
            let at = box.spot(p, width)
            edge[at] = true
            apart[3 * at] = Int32(Int(level.picture[3 * p]) - red)
            apart[3 * at + 1] = Int32(Int(level.picture[3 * p + 1]) - green)
            apart[3 * at + 2] = Int32(Int(level.picture[3 * p + 2]) - blue)
        }
    }
    let bent = spread(apart, edge: edge, height: box.height, width: box.width, fade: full)
    level.eachWanted(box) { p, n in
        let fading = atEdge[Int(search.depth[p])]
        for c in 0..<3 {
            level.add(3 * p + c, (Int(bent[3 * n + c]) * fading + 128) >> 8)
        }
    }
}

/// Takes what the low frequencies of the hole have drifted away from the network's fill back, less so at the edge.
///
/// - Parameters:
///   - level: the finest; its picture is changed.
///   - depth: of its pixels.
///   - before: the network's fill, in a box that holds all wanted pixels.
///   - at: the drift is blurred at 1 / 2^at of the size.
///   - radius: of the blur there.
///   - rampPx: from the edge to where all of it is taken back.
func repairLow(_ level: Level, depth: [UInt8], before: Patch, at: Int, radius: Int, rampPx: Int) {
    let width = level.width
    // Beyond this area there is no drift, and none is led there by blurs.
    var area = before.box.grown((3 * radius + 4) << at, height: level.height, width: width)
    area.top &= -(1 << at)
    area.left &= -(1 << at)
    for c in 0..<3 {  // a channel at a time, to keep memory small
        var drift = [Int32](repeating: 0, count: area.height * area.width)
        level.eachWanted(before.box) { p, n in
            drift[area.spot(p, width)] = Int32(before.rgb[3 * n + c]) - Int32(level.picture[3 * p + c])
        }
        var shapes = [(area.height, area.width)]
        for k in 0..<at {
            drift = four(drift, height: shapes[k].0, width: shapes[k].1).map { ($0 + 2) >> 2 }
            shapes.append(((shapes[k].0 + 1) / 2, (shapes[k].1 + 1) / 2))
        }
        drift = drift.map { $0 << 4 }
        blur(&drift, height: shapes[at].0, width: shapes[at].1, channels: 1, radius: radius)
        for k in (0..<at).reversed() {
            drift = doubled(
                drift, rows: shapes[k + 1].0, columns: shapes[k + 1].1, channels: 1, height: shapes[k].0, width: shapes[k].1
            )
        }
        level.eachWanted(before.box) { p, _ in
            let share = min(Int(depth[p]) * 256 / rampPx, 256)
            level.add(3 * p + c, (Int(drift[area.spot(p, width)]) * share + 2048) >> 12)
        }
    }
}

/// Gives the wanted pixels back what they get where nothing is copied, where no source has the network's colours.
///
/// - Parameters:
///   - search: of the finest level; its picture is changed.
///   - sources: of its targets.
///   - plain: the fill where nothing is copied, in a box that holds all wanted pixels.
///   - radius: of the blur that leads from one to the other.
func goBack(_ search: Search, _ sources: [Int32], plain: Patch, radius: Int) {
    let level = search.level
    let width = level.width
    // Beyond this area the blurred weights of the wanted pixels do not reach.
    let area = search.box.grown(3 * radius + patchReach, height: level.height, width: width)
    var weight = [Int32](repeating: 0, count: area.width * area.height)
    var any = false
    func guided(_ place: Int32) -> Int {
        4 * (Int(place) + 2 * (Int(place) / width) + width + 3)
    }
    for (n, target) in search.targets.enumerated() {
        let here = guided(target)
        let there = guided(sources[n])
        var off = 0
        for c in 0..<3 {
            off = max(off, abs(Int(level.guide[here + c]) - Int(level.guide[there + c])))
        }
        if off > unlike {
            weight[area.spot(Int(target), width)] = Int32(min((off - unlike) * 16, 256))
            any = true
        }
    }
    if !any {
        return
    }
    blur(&weight, height: area.height, width: area.width, channels: 1, radius: radius)
    level.eachWanted(plain.box) { p, n in
        let share = Int(weight[area.spot(p, width)])
        for c in 0..<3 {
            let off = Int(plain.rgb[3 * n + c]) - Int(level.picture[3 * p + c])
            level.add(3 * p + c, (off * share + 128) >> 8)
        }
    }
}

extension Level {
    fileprivate func set(_ p: Int, _ red: Int, _ green: Int, _ blue: Int) {
        picture[3 * p] = UInt8(red)
        picture[3 * p + 1] = UInt8(green)
        picture[3 * p + 2] = UInt8(blue)
    }

    fileprivate func add(_ at: Int, _ more: Int) {
        picture[at] = UInt8(clamping: Int(picture[at]) + more)
    }

    /// `act` on each wanted pixel of `box`: its number in the level, and in the box.
    fileprivate func eachWanted(_ box: Box, _ act: (Int, Int) -> Void) {
        for y in box.top..<box.bottom {
            for x in box.left..<box.right where wanted[y * width + x] {
                act(y * width + x, (y - box.top) * box.width + x - box.left)
            }
        }
    }
}

extension Box {
    /// Where in the box the pixel with that number of a picture is.
    fileprivate func spot(_ place: Int, _ pictureWidth: Int) -> Int {
        (place / pictureWidth - top) * width + place % pictureWidth - left
    }
}

/// How much each patch counts.
private func says(_ search: Search, _ field: Field, fits: Bool) -> [Int] {
    let total = field.distance.reduce(0) { $0 + Int($1) }
    let mean = max(total / field.distance.count, 1)
    return search.targets.indices.map { n -> Int in
        let fit = fits ? byFit[min(4 * Int(field.distance[n]) / mean, 16)] : 256
        return byDepth[Int(search.depth[Int(search.targets[n])])] * fit
    }
}

/// The means of the votes.
///
/// - Parameters:
///   - say: of each target.
///   - reach: of a patch's pixels that count, from its middle, and `times` how often, by rows times by columns.
///   - asked: the pixels that get one.
///   - put: told of each that is asked and that a patch proposes for: its place, red, green, blue.
private func voted(
    _ search: Search, _ say: [Int], _ field: Field, reach: Int, times: (Int) -> Int, asked: [Bool],
    put: (Int, Int, Int, Int) -> Void
) {
    let width = search.width
    var back: [Int] = []
    var shift: [Int] = []
    var count: [Int] = []
    for y in -reach...reach {
        for x in -reach...reach {
            back.append(y * search.stride + x)
            shift.append(3 * (y * width + x))
            count.append(times(y) * times(x))
        }
    }
    let picture = search.level.picture  // sources are known pixels, which do not change
    let box = search.box.grown(reach, height: search.height, width: width)
    for y in box.top..<box.bottom {
        for x in box.left..<box.right where asked[y * width + x] {
            let spot = search.spot(y, x)
            var weight = 0
            var red = 0
            var green = 0
            var blue = 0
            for k in back.indices {
                let n = Int(search.number[spot - back[k]])
                if n < 0 {
                    continue
                }
                let counts = say[n] * count[k]
                let at = 3 * Int(field.sources[n]) + shift[k]
                weight += counts
                red += Int(picture[at]) * counts
                green += Int(picture[at + 1]) * counts
                blue += Int(picture[at + 2]) * counts
            }
            if weight > 0 {
                let twice = 2 * weight
                put(y * width + x, (2 * red + weight) / twice, (2 * green + weight) / twice, (2 * blue + weight) / twice)
            }
        }
    }
}
