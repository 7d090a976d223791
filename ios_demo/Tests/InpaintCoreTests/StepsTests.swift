import XCTest

@testable import InpaintCore

/// Each step of the compositor alone.
final class StepsTests: XCTestCase {
    func testPartsOfAHole() throws {
        for golden in try Golden.cases("compositor", "parts") {
            let boxes = parts(try Golden.mask(golden), limit: try golden.at("limit").int())
            XCTAssertEqual(boxes, try golden.at("boxes").items().map { try $0.box() })
        }
    }

    func testTheSquareRoundABox() throws {
        for golden in try Golden.cases("compositor", "squares") {
            let square = squareRound(
                try golden.at("box").box(), height: try golden.at("height").int(), width: try golden.at("width").int(),
                context: try golden.at("context").double(), smallest: try golden.at("size_px").int()
            )
            XCTAssertEqual([square.top, square.left, square.side], try golden.at("square").ints())
        }
    }

    func testDivisionRoundsDown() {
        XCTAssertEqual([-7, -6, -1, 0, 1, 6, 7].map { floorDivide($0, 3) }, [-3, -2, -1, 0, 0, 2, 2])
    }

    func testTapsThatShrink() throws {
        for golden in try Golden.cases("compositor", "shrink_taps") {
            let source = try golden.at("source").int()
            try check(shrinkTaps(source, try golden.at("target").int()), against: golden, source)
        }
    }

    func testTapsThatEnlarge() throws {
        for golden in try Golden.cases("compositor", "enlarge_taps") {
            let source = try golden.at("source").int()
            let taps = enlargeTaps(
                source, try golden.at("target").int(), from: try golden.at("start").int(), to: try golden.at("stop").int()
            )
            try check(taps, against: golden, source)
        }
    }

    func testWeightsAddUp() {
        for taps in [shrinkTaps(4032, 512), shrinkTaps(7, 7), enlargeTaps(512, 4032, from: 100, to: 300)] {
            for target in 0..<taps.size {
                XCTAssertEqual(taps.of(target).reduce(0) { $0 + taps.weight[$1] }, 1 << 14)
            }
        }
    }

    func testAsManyPixelsStayAsTheyAre() {
        let taps = shrinkTaps(5, 5)
        var resampler = Resampler(rows: taps, columns: taps, bitsIn: 0, width: 5)
        var line = [Int32](repeating: 0, count: 15)
        let values = (0..<15).map { Int32(17 * $0) }
        resampler.resample(2, into: &line) { _, given in given = values }
        XCTAssertEqual(line, values)
    }

    /// Golden sources are not clipped to the line, ours are.
    private func check(_ taps: Taps, against golden: Json, _ source: Int) throws {
        let sources = try golden.at("source_of").items().map { try $0.ints().map { min(max($0, 0), source - 1) } }
        let weights = try golden.at("weight").items().map { try $0.int32s() }
        XCTAssertEqual(taps.size, sources.count)
        for target in 0..<taps.size {
            let kept = taps.of(target).filter { taps.weight[$0] != 0 }
            XCTAssertEqual(kept.map { taps.source[$0] }, sources[target])
            XCTAssertEqual(kept.map { taps.weight[$0] }, weights[target])
        }
    }

    func testColourAtTheSeam() throws {
        for golden in try Golden.cases("compositor", "match") {
            let hole = try Golden.mask(golden)
            let truth = try golden.at("truth").int32s()
            var guess = try golden.at("guess").int32s()
            match(&guess, to: truth, hole: hole, fade: try golden.at("fade").int())
            let result = guess.indices.map { hole.hole[$0 / 3] ? guess[$0] : truth[$0] }
            XCTAssertEqual(result, try golden.at("result").int32s())
        }
    }

    func testDifferencesSpread() throws {
        for golden in try Golden.cases("compositor", "spread") {
            let edge = try Golden.mask(golden, "edge")
            let result = spread(
                try golden.at("difference").int32s(), edge: edge.hole, height: edge.height, width: edge.width,
                fade: try golden.at("fade").int()
            )
            XCTAssertEqual(result, try golden.at("result").int32s())
        }
    }

    func testVariancesOfGrain() throws {
        for golden in try Golden.cases("compositor", "variances") {
            let known = try Golden.mask(golden, "where")
            let photo = Scene.photo(width: known.width, height: known.height, seed: try golden.at("seed").int())
            let variances = grainVariances(photo, in: known.everything, where: known, is: true)
            XCTAssertEqual(variances, try golden.at("result").ints())
        }
    }

    func testGrainItself() throws {
        for golden in try Golden.cases("compositor", "grain") {
            let box = try golden.at("box").box()
            let grain = Grain(missing: try golden.at("missing").ints())
            var noise: [Int] = []
            for y in box.top..<box.bottom {
                for x in box.left..<box.right {
                    noise += (0..<3).map { grain.noise(x: x, y: y, c: $0) }
                }
            }
            XCTAssertEqual(noise, try golden.at("noise").ints())
        }
    }

    func testWholeSquareRoots() throws {
        for pair in try Golden.cases("compositor", "isqrt") {
            let numbers = try pair.ints()
            XCTAssertEqual(squareRoot(numbers[0]), numbers[1])
        }
    }
}
