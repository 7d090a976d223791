import XCTest

@testable import InpaintCore

final class CompositorTests: XCTestCase {
    private let small = Compositor(sizePx: 16, marginPx: 4)

    func testTheSyntheticPhotoIsPythons() throws {
        for golden in try Golden.cases("compositor", "photos") {
            XCTAssertEqual(try photo(of: golden).rgb, try golden.at("pixels").bytes())
        }
    }

    func testWholePhotosComeOutToTheBit() throws {
        for golden in try Golden.cases("compositor", "cases") {
            let name = try golden.at("name").string()
            var numbers = Table<Double>()
            guard case .table(let table) = try golden.at("numbers") else { return XCTFail(name) }
            for (key, value) in table.pairs {
                numbers[key] = try value.double()
            }
            var calls: [(seen: [UInt8], hole: [Bool])] = []
            let compositor = try Compositor(numbers: numbers)
            let result = try compositor(photo(of: golden), Golden.mask(golden)) { image, mask in
                calls.append((Scene.seen(image), mask.map { $0 > 0 }))
                return Scene.network(image, mask)
            }
            try check(result.rgb, golden, "result", name)
            let expected = try golden.at("calls").items()
            XCTAssertEqual(calls.count, expected.count, name)
            for (call, wanted) in zip(calls, expected) {
                try check(call.seen, wanted, "seen", name)
                let size = squareRoot(call.hole.count)
                var hole = Mask(width: size, height: size)
                for run in try wanted.at("hole").items() {
                    let ends = try run.ints()
                    hole.set(ends[0], from: ends[1], to: ends[2], true)
                }
                XCTAssertEqual(call.hole, hole.hole, name)
            }
        }
    }

    func testWhatLiesUnderTheHoleHasNoInfluenceAndOutsideNotABitChanges() throws {
        let photo = Scene.photo(width: 40, height: 30, seed: 5)
        let hole = disc(width: 40, height: 30)
        var other = photo
        for at in hole.hole.indices where hole.hole[at] {
            other.rgb[3 * at] = 255 - other.rgb[3 * at]
        }
        let result = try small(photo, hole, Scene.network)
        XCTAssertEqual(result, try small(other, hole, Scene.network))
        for at in hole.hole.indices where !hole.hole[at] {
            XCTAssertEqual(result.rgb[3 * at..<3 * at + 3], photo.rgb[3 * at..<3 * at + 3])
        }
    }

    func testPatchesBringThePhotoBack() throws {
        let photo = Scene.photo(width: 90, height: 30, seed: 6)
        var changed = photo
        let patches = try small.erase(twoParts(), from: &changed, by: Scene.network)
        XCTAssertEqual(patches.count, 2)
        XCTAssertNotEqual(changed, photo)
        for patch in patches.reversed() {
            changed.put(patch)
        }
        XCTAssertEqual(changed, photo)
    }

    func testWhatTheNetworkThrowsGoesThroughAndThePhotoIsAsItWas() {
        let photo = Scene.photo(width: 90, height: 30, seed: 6)
        var changed = photo
        var calls = 0
        XCTAssertThrowsError(
            try small.erase(twoParts(), from: &changed) { image, mask in
                calls += 1
                if calls == 2 {
                    throw EngineError("no memory")
                }
                return Scene.network(image, mask)
            }
        ) { error in
            XCTAssertEqual(error as? EngineError, EngineError("no memory"))
        }
        XCTAssertEqual(changed, photo)
    }

    func testACancelledEraseLeavesThePhotoAsItWas() async throws {
        let photo = Scene.photo(width: 90, height: 30, seed: 6)
        let compositor = small
        let hole = twoParts()
        let erase = Task { () throws -> (Pixels, Bool) in
            var changed = photo
            do {
                _ = try compositor.erase(hole, from: &changed) { image, mask in
                    withUnsafeCurrentTask { (task: UnsafeCurrentTask?) -> Void in task?.cancel() }
                    return Scene.network(image, mask)
                }
                return (changed, false)
            } catch is CancellationError {
                return (changed, true)
            }
        }
        let (changed, wasCancelled) = try await erase.value
        XCTAssertTrue(wasCancelled)
        XCTAssertEqual(changed, photo)
    }

    func testAnAnswerThatIsNoNumberIsRefused() {
        let photo = Scene.photo(width: 40, height: 30, seed: 5)
        let hole = disc(width: 40, height: 30)
        let expected = EngineError("the network answered what is no number; choose another compute unit")
        XCTAssertThrowsError(try small(photo, hole) { image, _ in image.map { _ in Float.nan } }) { error in
            XCTAssertEqual(error as? EngineError, expected)
        }
        XCTAssertThrowsError(try small(photo, hole) { _, _ in [1] }) { error in
            XCTAssertTrue(error is EngineError)
        }
    }

    func testAMaskOfAnotherSizeIsRefused() {
        let photo = Scene.photo(width: 40, height: 30, seed: 5)
        XCTAssertThrowsError(try small(photo, Mask(width: 30, height: 40), Scene.network)) { error in
            XCTAssertEqual(error as? MaskError, MaskError("the mask is 30x40, the photo 40x30: give a mask of the photo's size"))
        }
    }

    func testNumbersReadBack() throws {
        XCTAssertEqual(try Compositor(numbers: small.numbers), small)
    }

    private func photo(of golden: Json) throws -> Pixels {
        Scene.photo(
            width: try golden.at("width").int(), height: try golden.at("height").int(), seed: try golden.at("seed").int()
        )
    }

    /// Long ones have a checksum.
    private func check(_ bytes: [UInt8], _ golden: Json, _ key: String, _ name: String) throws {
        if golden.has(key) {
            XCTAssertEqual(bytes, try golden.at(key).bytes(), name)
        } else {
            XCTAssertEqual(Scene.checksum(bytes), try golden.at("checksum").int(), name)
        }
    }

    private func disc(width: Int, height: Int) -> Mask {
        var mask = Mask(width: width, height: height)
        mask.paint(fromX: width / 2, fromY: height / 2, toX: width / 2, toY: height / 2, radius: 7)
        return mask
    }

    private func twoParts() -> Mask {
        var mask = Mask(width: 90, height: 30)
        mask.paint(fromX: 8, fromY: 8, toX: 8, toY: 8, radius: 2)
        mask.paint(fromX: 80, fromY: 20, toX: 80, toY: 20, radius: 2)
        return mask
    }
}
