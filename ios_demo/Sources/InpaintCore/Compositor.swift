/// Counts up whenever the same numbers give other bits.
private let plainRules = 1
/// The rules of a compositor that keeps the tone or has the detail step; with neither it follows rules 1.
private let detailRules = 2
/// The least and the greatest value of each number; a manifest of rules 1 has the first four.
private let bounds: [(name: String, range: ClosedRange<Double>)] = [
    ("context", 1...1024), ("fade", 0...256), ("margin_px", 0...16384), ("size_px", 1...16384),
    ("detail_above", 0...8), ("detail_guide_px", 1...64), ("detail_low_px", 1...64), ("detail_margin", 0...64),
    ("detail_penalty", 0...1024), ("detail_shrink", 0...1024), ("detail_weight", 0...256), ("keep_tone", 0...1),
]
/// Fraction bits of a grey level after the network.
private let fillBits = 4
private let white = 255 << fillBits

/// What ``Inpainter/fill(image:mask:)`` does: an image and its mask in, an image out.
public typealias Fill = (_ image: [Float], _ mask: [Float]) throws -> [Float]

/// What is told while a part that the network has filled gets its detail: the photo as it is by then, the part's box, and the
/// share of the step that is done, first 0. Where it answers false, this part and all others stay as the network filled them.
public typealias Detailing = (_ photo: Pixels, _ box: Box, _ share: Double) throws -> Bool

/// `compositor(pixels, hole, fill) -> pixels`: the hole filled, all else as it was. The whole way, step by step and to the bit,
/// is `docs/compositor.md`.
public struct Compositor: Equatable, Sendable {
    /// Side of the square that the fill takes.
    public let sizePx: Int
    /// Side of the crop as a multiple of the hole's longer side, where that is more than `sizePx`.
    public let context: Double
    /// What is left of the colour correction, in 1/256, each time the distance to the hole's edge doubles.
    public let fade: Int
    /// How far round the hole grain is measured.
    public let marginPx: Int
    /// Make the fill grey in a grey photo, and toned in a toned one.
    public let keepTone: Bool
    /// The step that rebuilds large holes from the photo's own patches; nil: enlarge the fill and add grain.
    public let detail: Detail?

    public init(
        sizePx: Int = 512, context: Double = 2, fade: Int = 240, marginPx: Int = 32, keepTone: Bool = false, detail: Detail? = nil
    ) {
        self.keepTone = keepTone
        self.detail = detail
        self.sizePx = sizePx
        self.context = context
        self.fade = fade
        self.marginPx = marginPx
    }

    /// The compositor that wrote `numbers`, of rules 1 or 2.
    ///
    /// - Throws: ``ManifestError``: other keys than a manifest carries, rules that this version does not follow, or a number that
    ///   no compositor can have.
    public init(numbers: Table<Double>) throws {
        let isSecond = numbers["rules"] == Double(detailRules) && numbers["keep_tone"] != nil
        let rules = isSecond ? detailRules : plainRules
        let expected = isSecond ? bounds : Array(bounds.prefix(4))
        let names = expected.map { $0.name }.sorted()
        if numbers.keys.sorted() != (names + ["rules"]).sorted() || numbers["rules"] != Double(rules) {
            throw ManifestError(
                "the manifest's compositor numbers are not those of rules \(rules) (\(names.joined(separator: ", "))): "
                    + "export the artifact again with this version"
            )
        }
        let shrink = numbers["detail_shrink"] ?? 0
        let areInRange = expected.allSatisfy { name, range in
            let value = numbers[name] ?? .nan
            return range.contains(value) && (name == "context" || name == "detail_shrink" || whole(value) != nil)
        }
        if !areInRange || (shrink > 0 && shrink < 1) {
            throw ManifestError("the manifest's compositor numbers are out of range: export the artifact again")
        }
        func number(_ name: String) -> Int {
            Int(numbers[name] ?? 0)
        }
        var detail = Detail()
        detail.shrink = shrink
        detail.above = number("detail_above")
        detail.guidePx = number("detail_guide_px")
        detail.weight = number("detail_weight")
        detail.penalty = number("detail_penalty")
        detail.margin = number("detail_margin")
        detail.lowPx = number("detail_low_px")
        self.init(
            sizePx: number("size_px"), context: numbers["context"] ?? 2, fade: number("fade"), marginPx: number("margin_px"),
            keepTone: numbers["keep_tone"] == 1, detail: shrink > 0 ? detail : nil
        )
    }

    /// What a manifest carries, so that another compositor does the same.
    public var numbers: Table<Double> {
        var table: Table<Double> = [
            "rules": Double(plainRules), "size_px": Double(sizePx), "context": context, "fade": Double(fade),
            "margin_px": Double(marginPx),
        ]
        if detail == nil && !keepTone {
            return table
        }
        let step = detail ?? Detail()
        table["rules"] = Double(detailRules)
        table["keep_tone"] = keepTone ? 1 : 0
        table["detail_shrink"] = detail?.shrink ?? 0
        table["detail_above"] = Double(step.above)
        table["detail_guide_px"] = Double(step.guidePx)
        table["detail_weight"] = Double(step.weight)
        table["detail_penalty"] = Double(step.penalty)
        table["detail_margin"] = Double(step.margin)
        table["detail_low_px"] = Double(step.lowPx)
        return table
    }

    /// A new photo in which every hole pixel comes from the fill and every other one is bit-identical; see
    /// ``erase(_:from:by:)``.
    public func callAsFunction(_ pixels: Pixels, _ hole: Mask, _ fill: Fill) throws -> Pixels {
        var result = pixels
        _ = try erase(hole, from: &result, by: fill)
        return result
    }

    /// Fills the hole in place, so that a large photo is in memory once.
    ///
    /// Parts of the hole that lie apart are filled one after the other; a later one sees the earlier as known. Between two parts
    /// it looks whether the task it runs in was cancelled.
    ///
    /// - Parameters:
    ///   - hole: all hole is allowed.
    ///   - pixels: what is under the hole has no influence on the result. As they were, if this throws.
    ///   - detailing: told while a part gets its detail.
    /// - Returns: what was there before, part by part; put back in reverse order it is there again.
    /// - Throws: ``MaskError``: `hole` has another height or width than `pixels`; ``EngineError``: the answer is no picture;
    ///   `CancellationError`; whatever `fill` throws.
    public func erase(
        _ hole: Mask, from pixels: inout Pixels, detailing: Detailing = { _, _, _ in true }, by fill: Fill
    ) throws -> [Patch] {
        if hole.width != pixels.width || hole.height != pixels.height {
            throw MaskError(
                "the mask is \(hole.width)x\(hole.height), the photo \(pixels.width)x\(pixels.height): "
                    + "give a mask of the photo's size"
            )
        }
        var todo = hole
        var before: [Patch] = []
        var goesOn = true
        do {
            for box in parts(hole, limit: Int(Double(sizePx) / context)) {
                try Task.checkCancellation()
                let square = squareRound(box, height: hole.height, width: hole.width, context: context, smallest: sizePx)
                let seen = look(pixels, todo, square)
                let values = try filled(seen, fill)
                before.append(pixels.take(box))
                var window: Window?
                if let detail, goesOn, Double(square.side) >= detail.shrink * Double(sizePx) {
                    window = self.window(of: pixels, todo, box, square, values)
                }
                if let window {
                    window.put(into: &pixels)
                } else {
                    paste(values, into: &pixels, todo, box, square)
                }
                addGrain(to: &pixels, todo, box)
                let plain = window.map { Patch(box: $0.part, rgb: pixels.take(box).rgb) }
                if keepTone {
                    toTone(&pixels, todo, box)
                }
                if let detail, let window, let plain {
                    let isDone = try rebuild(window, by: detail, plain, side: square.side) { share in
                        try Task.checkCancellation()
                        return try detailing(pixels, box, share)
                    }
                    if isDone == true {
                        window.put(into: &pixels)
                        if keepTone {
                            toTone(&pixels, todo, box)
                        }
                    }
                    goesOn = isDone != nil
                }
                for y in box.top..<box.bottom {
                    todo.set(y, from: box.left, to: box.right, false)
                }
            }
        } catch {
            for patch in before.reversed() {
                pixels.put(patch)
            }
            throw error
        }
        return before
    }

    /// The square at the network's size: bytes, 0 where unseen, and which pixels take in a hole pixel.
    private func look(_ photo: Pixels, _ todo: Mask, _ square: Square) -> Seen {
        let taps = shrinkTaps(square.side, sizePx)
        let columns = (0..<square.side).map { folded(square.left + $0, photo.width) }
        var seen = Seen(levels: [Int32](repeating: 0, count: 3 * sizePx * sizePx), unseen: Mask(width: sizePx, height: sizePx))
        var resampler = Resampler(rows: taps, columns: taps, bitsIn: 0, width: square.side)
        var line = [Int32](repeating: 0, count: 3 * sizePx)
        for target in 0..<sizePx {
            var hidden = [Bool](repeating: false, count: square.side)
            resampler.resample(target, into: &line) { source, given in
                let row = folded(square.top + source, photo.height) * photo.width
                for (i, column) in columns.enumerated() {
                    let hides = todo.hole[row + column]
                    let at = 3 * (row + column)
                    hidden[i] = hidden[i] || hides
                    for c in 0..<3 {
                        given[3 * i + c] = hides ? 0 : Int32(photo.rgb[at + c])
                    }
                }
            }
            for x in 0..<sizePx {
                let at = target * sizePx + x
                if taps.of(x).contains(where: { taps.weight[$0] != 0 && hidden[taps.source[$0]] }) {
                    seen.unseen.hole[at] = true
                } else {
                    for c in 0..<3 {
                        seen.levels[3 * at + c] = line[3 * x + c]
                    }
                }
            }
        }
        return seen
    }

    /// The square without a hole, in 1/16 grey levels: known pixels as they were, the rest filled and colour-matched.
    private func filled(_ seen: Seen, _ fill: Fill) throws -> [Int32] {
        let area = sizePx * sizePx
        var image = [Float](repeating: 0, count: 3 * area)
        for at in 0..<area {
            for c in 0..<3 {
                image[c * area + at] = Float(seen.levels[3 * at + c]) / 255
            }
        }
        let answer = try fill(image, seen.unseen.hole.map { $0 ? 1 : 0 })
        if answer.count != 3 * area {
            throw EngineError("the network answered \(answer.count) values instead of \(3 * area); export the artifact again")
        }
        var values = seen.levels.map { $0 << Int32(fillBits) }
        guard let box = boundingBox(seen.unseen)?.grown(1, height: sizePx, width: sizePx) else { return values }
        let places = (box.top..<box.bottom).flatMap { y in (box.left..<box.right).map { x in y * sizePx + x } }
        let hole = Mask(width: box.width, height: box.height, hole: places.map { seen.unseen.hole[$0] })
        let truth = places.flatMap { values[3 * $0..<3 * $0 + 3] }
        var guess = truth
        for (to, at) in places.enumerated() where hole.hole[to] {
            for c in 0..<3 {
                guess[3 * to + c] = try level(answer[c * area + at])
            }
        }
        match(&guess, to: truth, hole: hole, fade: fade)
        for (from, at) in places.enumerated() where hole.hole[from] {
            for c in 0..<3 {
                values[3 * at + c] = min(max(guess[3 * from + c], 0), Int32(white))
            }
        }
        return values
    }

    private func paste(_ filled: [Int32], into photo: inout Pixels, _ todo: Mask, _ box: Box, _ square: Square) {
        let rows = enlargeTaps(sizePx, square.side, from: box.top - square.top, to: box.bottom - square.top)
        let columns = enlargeTaps(sizePx, square.side, from: box.left - square.left, to: box.right - square.left)
        var resampler = Resampler(rows: rows, columns: columns, bitsIn: fillBits, width: sizePx)
        var line = [Int32](repeating: 0, count: 3 * box.width)
        for y in 0..<box.height {
            resampler.resample(y, into: &line) { source, given in
                for i in given.indices {
                    given[i] = filled[3 * source * sizePx + i]
                }
            }
            for x in 0..<box.width where todo[box.top + y, box.left + x] {
                let at = 3 * ((box.top + y) * photo.width + box.left + x)
                for c in 0..<3 {
                    photo.rgb[at + c] = UInt8(clamping: line[3 * x + c])
                }
            }
        }
    }

    /// What the detail step works on: the photo around the part, its hole filled by pasting without grain.
    private func window(of photo: Pixels, _ todo: Mask, _ box: Box, _ square: Square, _ filled: [Int32]) -> Window {
        let near = box.grown(box.side / 2, height: photo.height, width: photo.width)
        let around = Box(
            top: max(near.top, square.top), bottom: min(near.bottom, square.top + square.side),
            left: max(near.left, square.left), right: min(near.right, square.left + square.side)
        )
        let part = Box(
            top: box.top - around.top, bottom: box.bottom - around.top,
            left: box.left - around.left, right: box.right - around.left
        )
        var picture = Pixels(width: around.width, height: around.height, rgb: photo.take(around).rgb)
        var hole = Mask(width: around.width, height: around.height)
        var wanted = hole
        for y in 0..<around.height {
            for x in 0..<around.width where todo[around.top + y, around.left + x] {
                hole[y, x] = true
                wanted[y, x] = y >= part.top && y < part.bottom && x >= part.left && x < part.right
            }
        }
        if let gone = boundingBox(hole) {
            let seen = Square(top: square.top - around.top, left: square.left - around.left, side: square.side)
            paste(filled, into: &picture, hole, gone, seen)
        }
        let level = Level(
            height: around.height, width: around.width, picture: picture.rgb, hole: hole.hole, wanted: wanted.hole
        )
        return Window(level: level, around: around, part: part)
    }

    /// Whether there was anything to copy into the window; nil where `goesOn`, which is told of the share that is done, ended
    /// the step.
    private func rebuild(
        _ window: Window, by detail: Detail, _ plain: Patch, side: Int, _ goesOn: (Double) throws -> Bool
    ) throws -> Bool? {
        do {
            if try !goesOn(0) {
                return nil
            }
            return try detail.rebuild(window.level, plain: plain, side: side, size: sizePx) { share in
                if try !goesOn(share) {
                    throw Enough()
                }
            }
        } catch is Enough {
            return nil
        }
    }

    /// Moves the part just filled onto the line in colour space that the known pixels near it lie on, if they do.
    private func toTone(_ photo: inout Pixels, _ todo: Mask, _ box: Box) {
        let near = box.grown(max(box.side / 2, 1), height: photo.height, width: photo.width)
        let line = lineOf { visit in
            for y in near.top..<near.bottom {
                for x in near.left..<near.right where !todo[y, x] {
                    let at = 3 * (y * photo.width + x)
                    visit(Int(photo.rgb[at]), Int(photo.rgb[at + 1]), Int(photo.rgb[at + 2]))
                }
            }
        }
        guard let line else { return }
        for y in box.top..<box.bottom {
            for x in box.left..<box.right where todo[y, x] {
                let at = 3 * (y * photo.width + x)
                let sum = Int(photo.rgb[at]) + Int(photo.rgb[at + 1]) + Int(photo.rgb[at + 2])
                for c in 0..<3 {
                    photo.rgb[at + c] = UInt8(line.level(c, sum: sum))
                }
            }
        }
    }

    /// Gives the part just filled the noise that the known pixels round it have and it has not.
    private func addGrain(to photo: inout Pixels, _ todo: Mask, _ box: Box) {
        let near = box.grown(marginPx, height: photo.height, width: photo.width)
        let known = grainVariances(photo, in: near, where: todo, is: false)
        let own = grainVariances(photo, in: box, where: todo, is: true)
        let missing = (0..<4).map { max(known[$0] - own[$0], 0) }
        if missing[0] == 0 && missing[1] == 0 && missing[2] == 0 {
            return
        }
        let grain = Grain(missing: missing)
        for y in box.top..<box.bottom {
            for x in box.left..<box.right where todo[y, x] {
                let at = 3 * (y * photo.width + x)
                for c in 0..<3 {
                    photo.rgb[at + c] = UInt8(clamping: Int(photo.rgb[at + c]) + grain.noise(x: x, y: y, c: c))
                }
            }
        }
    }
}

/// The photo around a part, and the part in it.
private struct Window {
    let level: Level
    let around: Box
    let part: Box

    /// Writes the wanted pixels into the photo.
    func put(into photo: inout Pixels) {
        for y in part.top..<part.bottom {
            for x in part.left..<part.right where level.wanted[y * level.width + x] {
                let from = 3 * (y * level.width + x)
                let to = 3 * ((around.top + y) * photo.width + around.left + x)
                for c in 0..<3 {
                    photo.rgb[to + c] = level.picture[from + c]
                }
            }
        }
    }
}

/// Ends the detail step early.
private struct Enough: Error {}

/// What the network sees: [N * N * 3] grey levels, 0 where `unseen`.
private struct Seen {
    var levels: [Int32]
    var unseen: Mask
}

/// A network's value in 1/16 grey levels; what is no number would come out as a black spot, so it is an error.
private func level(_ value: Float) throws -> Int32 {
    if value.isNaN {
        throw EngineError("the network answered what is no number; choose another compute unit")
    }
    let bright = min(max(Double(value), 0), 1) * Double(white)
    return Int32((bright + 0.5).rounded(.down))
}

/// Pixel `position` of a line that is mirrored at its ends, the end pixel repeated, as often as it takes.
private func folded(_ position: Int, _ length: Int) -> Int {
    let turn = position - floorDivide(position, 2 * length) * 2 * length
    return turn < length ? turn : 2 * length - 1 - turn
}

/// Nil for a number with a fraction, without end, or beyond all photos.
private func whole(_ number: Double) -> Int? {
    Int(exactly: number)
}
