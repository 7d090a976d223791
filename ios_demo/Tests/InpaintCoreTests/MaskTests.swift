import XCTest

@testable import InpaintCore

final class MaskTests: XCTestCase {
    func testGreyLevelsAndAlphaBecomeAHole() throws {
        for golden in try Golden.cases("mask", "read") {
            let expected = try Golden.mask(golden)
            let polarity = try XCTUnwrap(Polarity(rawValue: try golden.at("polarity").string()))
            let rgba = try golden.at("rgba").bytes()
            XCTAssertEqual(Mask(reading: rgba, width: expected.width, height: expected.height, polarity: polarity), expected)
        }
    }

    func testStrokesOfARoundBrush() throws {
        for golden in try Golden.cases("mask", "painted") {
            let expected = try Golden.mask(golden)
            var mask = Mask(width: expected.width, height: expected.height)
            for stroke in try golden.at("strokes").items() {
                let points = try stroke.at("points").items().map { try $0.ints() }
                let ends = points.count > 1 ? Array(points.dropFirst()) : points
                for (from, to) in zip(points, ends) {
                    mask.paint(
                        fromX: from[0], fromY: from[1], toX: to[0], toY: to[1], radius: try stroke.at("radius").int(),
                        erase: try stroke.at("erase").bool()
                    )
                }
            }
            XCTAssertEqual(mask, expected)
        }
    }

    func testAHoleGrowsInDiscs() throws {
        for golden in try Golden.cases("mask", "grown") {
            let mask = try Golden.mask(golden)
            XCTAssertEqual(try mask.autoPx(), try golden.at("auto_px").int())
            XCTAssertEqual(mask.grown(try golden.at("px").int()), try Golden.mask(golden, "grown"))
        }
    }

    func testMasksThatFillNothingAreRefusedInPythonsWords() throws {
        for golden in try Golden.cases("mask", "refused") {
            let mask = try Golden.mask(golden)
            let photo = try golden.at("photo").ints()
            var message = Json.null
            do {
                try mask.check(width: photo[0], height: photo[1], allowFull: try golden.at("allow_full").bool())
            } catch let error as MaskError {
                message = .text(error.message)
            }
            XCTAssertEqual(message, try golden.at("refused"))
        }
    }

    func testInvertedMasksAreNoticed() throws {
        for golden in try Golden.cases("mask", "hints") {
            XCTAssertEqual(polarityHint(try Golden.mask(golden)).json, try golden.at("hint"))
        }
    }

    func testAnEmptyMaskHasNoBox() {
        let empty = Mask(width: 3, height: 2)
        XCTAssertEqual(empty.area, 0)
        XCTAssertThrowsError(try empty.box()) { error in
            XCTAssertEqual(error as? MaskError, MaskError("the mask is empty: it marks nothing to fill"))
        }
        XCTAssertThrowsError(try empty.autoPx())
    }
}
