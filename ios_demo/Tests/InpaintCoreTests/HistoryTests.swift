import XCTest

@testable import InpaintCore

final class HistoryTests: XCTestCase {
    private let first = Box(top: 1, bottom: 5, left: 2, right: 7)
    private let second = Box(top: 3, bottom: 8, left: 4, right: 10)

    func testErasesAreTakenBackAndDoneAgain() {
        let photo = Scene.photo(width: 12, height: 9, seed: 3)
        var pixels = photo
        var history = History(mostBytes: 10_000)
        history.add(paint(&pixels, [first, second], 1))
        let once = pixels
        history.add(paint(&pixels, [second], 2))
        let twice = pixels
        history.undo(&pixels)
        XCTAssertEqual(pixels, once)
        history.undo(&pixels)
        XCTAssertEqual(pixels, photo)
        XCTAssertFalse(history.canUndo)
        history.redo(&pixels)
        XCTAssertEqual(pixels, once)
        history.redo(&pixels)
        XCTAssertEqual(pixels, twice)
        XCTAssertFalse(history.canRedo)
        history.undo(&pixels)
        XCTAssertEqual(pixels, once)
    }

    func testANewEraseEndsWhatCanBeDoneAgain() {
        var pixels = Scene.photo(width: 12, height: 9, seed: 3)
        var history = History(mostBytes: 10_000)
        history.add(paint(&pixels, [first], 1))
        history.undo(&pixels)
        XCTAssertTrue(history.canRedo)
        history.add(paint(&pixels, [second], 2))
        XCTAssertFalse(history.canRedo)
    }

    func testTheOldestErasesAreForgottenWhereMemoryEnds() {
        var pixels = Scene.photo(width: 12, height: 9, seed: 3)
        var history = History(mostBytes: 100)
        history.add(paint(&pixels, [first], 1))
        history.add(paint(&pixels, [second], 2))
        history.undo(&pixels)
        XCTAssertFalse(history.canUndo)
        history.clear()
        XCTAssertFalse(history.canRedo)
    }

    /// Fills the boxes with a grey, and returns what was there.
    private func paint(_ pixels: inout Pixels, _ boxes: [Box], _ level: UInt8) -> [Patch] {
        boxes.map { box in
            let before = pixels.take(box)
            pixels.put(Patch(box: box, rgb: [UInt8](repeating: level, count: before.rgb.count)))
            return before
        }
    }
}
