#if canImport(CoreML)
import CoreGraphics
import Foundation
import ImageIO
import InpaintCore
import XCTest

@testable import InpaintKit

final class PhotoFileTests: XCTestCase {
    func testAPngKeepsEveryBit() throws {
        let bytes = (0..<3 * 700 * 300).map { UInt8(truncatingIfNeeded: $0 * 31 + $0 / 97) }
        let pixels = Pixels(width: 300, height: 700, rgb: bytes)
        let space = try XCTUnwrap(CGColorSpace(name: CGColorSpace.displayP3))
        let first = try PhotoFile.open(png(pixels, space), freeBytes: nil)
        XCTAssertEqual(first.pixels, pixels)
        XCTAssertEqual(first.file.colours.name as String?, CGColorSpace.displayP3 as String)
        let url = try first.file.write(first.pixels, name: UUID().uuidString)
        defer { try? FileManager.default.removeItem(at: url) }
        XCTAssertEqual(try PhotoFile.open(Data(contentsOf: url), freeBytes: nil).pixels, pixels)
    }

    func testWhatIsNoPictureIsRefused() {
        XCTAssertThrowsError(try PhotoFile.open(Data("no picture".utf8), freeBytes: nil)) { error in
            XCTAssertTrue(error is PhotoError)
        }
    }

    func testAPhotoLargerThanTheMemoryIsRefused() throws {
        let pixels = Pixels(width: 30, height: 20, rgb: [UInt8](repeating: 9, count: 1800))
        let data = try png(pixels, CGColorSpaceCreateDeviceRGB())
        XCTAssertThrowsError(try PhotoFile.open(data, freeBytes: 1000)) { error in
            XCTAssertTrue(error is PhotoError)
        }
    }

    func testAShrunkPictureHoldsMeans() throws {
        let pixels = Pixels(width: 3, height: 2, rgb: [0, 0, 0, 10, 20, 30, 9, 9, 9, 4, 4, 4, 6, 8, 10, 1, 1, 1])
        let space = CGColorSpaceCreateDeviceRGB()
        let picture = try XCTUnwrap(Picture(pixels, Box(top: 0, bottom: 2, left: 0, right: 3), shrink: 2, space))
        let data = try XCTUnwrap(picture.image.dataProvider?.data as Data?)
        XCTAssertEqual([UInt8](data), [5, 8, 11, 5, 5, 5])
    }

    private func png(_ pixels: Pixels, _ space: CGColorSpace) throws -> Data {
        let data = NSMutableData()
        let image = try XCTUnwrap(Picture(pixels, space)).image
        let destination = try XCTUnwrap(CGImageDestinationCreateWithData(data as CFMutableData, "public.png" as CFString, 1, nil))
        CGImageDestinationAddImage(destination, image, nil)
        XCTAssertTrue(CGImageDestinationFinalize(destination))
        return data as Data
    }
}
#endif
