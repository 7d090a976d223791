import XCTest

@testable import InpaintCore

/// The detail step: whole photos, and each of its own steps alone.
final class DetailTests: XCTestCase {
    private let numbers = Detail()

    func testTheLevelNearestToTheNetwork() throws {
        for row in try Golden.cases("detail", "network_level") {
            let values = try row.ints()
            XCTAssertEqual(networkLevel(side: values[0], size: values[1]), values[2])
        }
    }

    func testPicturesAreBlurredHalvedAndDoubled() throws {
        for golden in try Golden.cases("detail", "blurred") {
            let shape = try golden.at("shape").ints()
            var values = try golden.at("values").int32s()
            blur(&values, height: shape[0], width: shape[1], channels: shape[2], radius: try golden.at("radius").int())
            XCTAssertEqual(values, try golden.at("result").int32s())
        }
        for golden in try Golden.cases("detail", "halved") {
            let shape = try golden.at("shape").ints()
            let values = try golden.at("values").int32s()
            let half = halve(values, height: shape[0], width: shape[1], channels: shape[2])
            XCTAssertEqual(half, try golden.at("half").int32s())
            let again = doubled(
                half, rows: (shape[0] + 1) / 2, columns: (shape[1] + 1) / 2, channels: shape[2], height: shape[0], width: shape[1]
            )
            XCTAssertEqual(again, try golden.at("doubled").int32s())
        }
    }

    func testTheDepthInAHole() throws {
        for golden in try Golden.cases("detail", "depths") {
            let shape = try golden.at("shape").ints()
            let hole = try flags(golden, "hole", height: shape[0], width: shape[1])
            XCTAssertEqual(depths(hole, height: shape[0], width: shape[1]).map { Int($0) }, try golden.at("result").ints())
        }
    }

    func testLevelsAndTheirGuides() throws {
        for golden in try Golden.cases("detail", "levels") {
            let found = try pyramid(golden)
            let expected = try golden.at("levels").items()
            XCTAssertEqual(found.count, expected.count)
            for (level, one) in zip(found, expected) {
                XCTAssertEqual([level.height, level.width], try one.at("shape").ints())
                XCTAssertEqual(level.picture, try one.at("picture").bytes())
                XCTAssertEqual(level.hole, try flags(one, "hole", height: level.height, width: level.width))
                XCTAssertEqual(level.wanted, try flags(one, "wanted", height: level.height, width: level.width))
                XCTAssertEqual(level.guide, try one.at("guide").bytes())
            }
        }
    }

    func testSearchAndVotes() throws {
        for golden in try Golden.cases("detail", "search") {
            let level = try pyramid(golden)[1]
            let search = Search(level, numbers)
            XCTAssertEqual(search.targets, try golden.at("targets").int32s())
            XCTAssertEqual(descriptors(level, Array(search.targets.prefix(8))), try golden.at("descriptors").ints())
            let proposed = Tree(search).nearest()
            XCTAssertEqual(proposed, try golden.at("proposed").items().map { try $0.int32s() })
            var field = search.found(proposed[0])
            XCTAssertEqual(field.distance, try golden.at("first_distance").int32s())
            let steps = try golden.at("steps").ints()
            for (name, more) in [("swept", proposed), ("swept_again", [])] {
                field = try search.sweep(field, steps: steps, more: more)
                XCTAssertEqual(field.sources, try golden.at(name).at("sources").int32s())
                XCTAssertEqual(field.distance, try golden.at(name).at("distance").int32s())
            }
            vote(search, field)
            XCTAssertEqual(level.picture, try golden.at("voted").bytes())
            lastVote(search, search.found(field.sources))
            XCTAssertEqual(level.picture, try golden.at("last_voted").bytes())
        }
    }

    func testLowFrequenciesAndTheWayBack() throws {
        for golden in try Golden.cases("detail", "low") {
            let level = try window(golden, picture: "drawn")
            let before = Patch(box: everything(level), rgb: try golden.at("picture").bytes())
            repairLow(
                level, depth: depths(level.hole, height: level.height, width: level.width), before: before,
                at: try golden.at("at").int(), radius: try golden.at("radius").int(), rampPx: try golden.at("ramp_px").int()
            )
            XCTAssertEqual(level.picture, try golden.at("result").bytes())
        }
        for golden in try Golden.cases("detail", "back") {
            let level = try pyramid(golden)[0]
            let plain = Patch(box: everything(level), rgb: try golden.at("plain").bytes())
            let search = Search(level, numbers)
            goBack(search, try golden.at("sources").int32s(), plain: plain, radius: try golden.at("radius").int())
            XCTAssertEqual(level.picture, try golden.at("result").bytes())
        }
    }

    func testColoursOnALine() throws {
        for golden in try Golden.cases("detail", "lines") {
            let name = try golden.at("name").string()
            let known = try golden.at("known").ints()
            let line = lineOf { visit in
                for n in stride(from: 0, to: known.count, by: 3) {
                    visit(known[n], known[n + 1], known[n + 2])
                }
            }
            guard let line else {
                XCTAssertThrowsError(try golden.at("line").items(), name)
                continue
            }
            XCTAssertEqual([line.dark, line.bright], try golden.at("line").items().map { try $0.ints() }, name)
            let asked = try golden.at("asked").ints()
            let moved = asked.indices.map { n -> Int in
                let first = n / 3 * 3
                return line.level(n % 3, sum: asked[first] + asked[first + 1] + asked[first + 2])
            }
            XCTAssertEqual(moved, try golden.at("projected").ints(), name)
        }
    }

    func testWholePhotosComeOutToTheBit() throws {
        for golden in try Golden.cases("detail", "cases") {
            let name = try golden.at("name").string()
            let compositor = try compositor(of: golden)
            var result = try photo(of: golden)
            var shares: [Double] = []
            _ = try compositor.erase(
                try Golden.mask(golden), from: &result,
                detailing: { _, _, share in
                    shares.append(share)
                    return true
                }, by: Scene.network
            )
            XCTAssertEqual(result.rgb, try golden.at("result").bytes(), name)
            XCTAssertEqual(Scene.checksum(result.rgb), try golden.at("checksum").int(), name)
            XCTAssertTrue(zip(shares, shares.dropFirst()).allSatisfy { $1 > $0 || $1 == 0 }, name)
            XCTAssertEqual(try Compositor(numbers: compositor.numbers), compositor)
        }
    }

    func testTheDetailStepCanBeEndedWithTheNetworksFillOrWithAllAsItWas() throws {
        let golden = try Golden.cases("detail", "cases")[0]
        let compositor = try compositor(of: golden)
        let photo = try photo(of: golden)
        let hole = try Golden.mask(golden)
        let without = Compositor(
            sizePx: compositor.sizePx, context: compositor.context, fade: compositor.fade, marginPx: compositor.marginPx,
            keepTone: compositor.keepTone
        )
        let plain = try without(photo, hole, Scene.network)
        for last in [0.0, 0.5] {
            var shown = photo
            var ended = photo
            _ = try compositor.erase(
                hole, from: &ended,
                detailing: { now, _, share in
                    if share == 0 {
                        shown = now
                    }
                    return share < last
                }, by: Scene.network
            )
            XCTAssertEqual(shown, plain)
            XCTAssertEqual(ended, plain)
        }
        var changed = photo
        XCTAssertThrowsError(
            try compositor.erase(hole, from: &changed, detailing: { _, _, _ in throw EngineError("enough") }, by: Scene.network)
        )
        XCTAssertEqual(changed, photo)
    }

    private func compositor(of golden: Json) throws -> Compositor {
        var numbers = Table<Double>()
        guard case .table(let table) = try golden.at("numbers") else { throw GoldenFault(what: "no table") }
        for (key, value) in table.pairs {
            numbers[key] = try value.double()
        }
        return try Compositor(numbers: numbers)
    }

    private func photo(of golden: Json) throws -> Pixels {
        var photo = Scene.photo(
            width: try golden.at("width").int(), height: try golden.at("height").int(), seed: try golden.at("seed").int()
        )
        let tones = ["grey": [256, 256, 256], "sepia": [240, 205, 160]]
        guard let parts = tones[try golden.at("tone").string()] else { return photo }
        for at in photo.rgb.indices {
            let green = at % 3 == 1 ? nil : photo.rgb[at / 3 * 3 + 1]
            if let green {
                photo.rgb[at] = UInt8((Int(green) * parts[at % 3] + 128) >> 8)
            }
        }
        for at in stride(from: 1, to: photo.rgb.count, by: 3) {
            photo.rgb[at] = UInt8((Int(photo.rgb[at]) * parts[1] + 128) >> 8)
        }
        return photo
    }

    private func everything(_ level: Level) -> Box {
        Box(top: 0, bottom: level.height, left: 0, right: level.width)
    }

    private func window(_ golden: Json, picture: String = "picture") throws -> Level {
        Level(
            height: try golden.at("height").int(), width: try golden.at("width").int(), picture: try golden.at(picture).bytes(),
            hole: try Golden.mask(golden).hole, wanted: try Golden.mask(golden, "wanted").hole
        )
    }

    private func pyramid(_ golden: Json) throws -> [Level] {
        levels(
            try window(golden), side: try golden.at("side").int(), size: try golden.at("size").int(), above: numbers.above,
            guidePx: numbers.guidePx
        )
    }

    private func flags(_ golden: Json, _ key: String, height: Int, width: Int) throws -> [Bool] {
        var mask = Mask(width: width, height: height)
        for run in try golden.at(key).items() {
            let ends = try run.ints()
            mask.set(ends[0], from: ends[1], to: ends[2], true)
        }
        return mask.hole
    }
}
