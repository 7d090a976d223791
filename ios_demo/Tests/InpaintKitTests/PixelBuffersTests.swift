#if canImport(CoreML)
import CoreVideo
import InpaintCore
import XCTest

@testable import InpaintKit

final class PixelBuffersTests: XCTestCase {
    func testPlanesComeBackAsTheyWere() throws {
        let buffer = try PixelBuffers.square(5, kCVPixelFormatType_32BGRA)
        let planes = (0..<75).map { Float($0 * 3) / 255 }
        try PixelBuffers.write(image: planes, to: buffer)
        XCTAssertEqual(try PixelBuffers.planes(of: buffer), planes)
    }

    func testAGreyAnswerIsRefused() throws {
        let buffer = try PixelBuffers.square(5, kCVPixelFormatType_OneComponent8)
        try PixelBuffers.write(mask: [Float](repeating: 1, count: 25), to: buffer)
        XCTAssertThrowsError(try PixelBuffers.planes(of: buffer)) { error in
            XCTAssertTrue(error is EngineError)
        }
    }
}
#endif
