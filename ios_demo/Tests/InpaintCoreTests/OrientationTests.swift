import XCTest

@testable import InpaintCore

final class OrientationTests: XCTestCase {
    /// A file of 3 x 2 pixels, and how it looks upright; by Pillow's `exif_transpose`.
    func testEachTagTurnsAsPillowDoes() throws {
        let file = ["abc", "def"]
        let upright: [Int: [String]] = [
            1: ["abc", "def"], 2: ["cba", "fed"], 3: ["fed", "cba"], 4: ["def", "abc"], 5: ["ad", "be", "cf"],
            6: ["da", "eb", "fc"], 7: ["fc", "eb", "da"], 8: ["cf", "be", "ad"],
        ]
        for orientation in Orientation.allCases {
            let size = orientation.isSideways ? (width: 2, height: 3) : (width: 3, height: 2)
            var turned = [[Character]](repeating: [Character](repeating: " ", count: size.width), count: size.height)
            for (y, row) in file.enumerated() {
                for (x, letter) in row.enumerated() {
                    let to = orientation.place(x: x, y: y, width: 3, height: 2)
                    turned[to.y][to.x] = letter
                }
            }
            XCTAssertEqual(turned.map { String($0) }, try XCTUnwrap(upright[orientation.rawValue]))
        }
    }
}
