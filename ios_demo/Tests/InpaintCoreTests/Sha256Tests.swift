import Foundation
import XCTest

@testable import InpaintCore

/// Vectors of FIPS 180-4's examples, and lengths round the block's.
final class Sha256Tests: XCTestCase {
    func testKnownVectors() {
        let vectors = [
            ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            (
                "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
            ),
            (
                String(repeating: "a", count: 1000),
                "41edece42d63e8d9bf515a9ba6932e1c20cbc9f5a5d134645adb5db1b9737ea3"
            ),
        ]
        for (text, digest) in vectors {
            XCTAssertEqual(Sha256.hex(of: text.utf8), digest)
        }
    }

    func testPiecesOfAnySizeGiveTheSame() {
        let bytes = (0..<300).map { UInt8(truncatingIfNeeded: $0 * 7) }
        for count in [1, 3, 55, 56, 63, 64, 65, 119, 128, 299] {
            var hash = Sha256()
            for start in stride(from: 0, to: bytes.count, by: count) {
                hash.update(bytes[start..<min(start + count, bytes.count)])
            }
            XCTAssertEqual(hash.hex(), Sha256.hex(of: bytes))
        }
    }

    func testAFileIsReadInPieces() throws {
        let url = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        defer { try? FileManager.default.removeItem(at: url) }
        let bytes = [UInt8](repeating: 7, count: 300_000)
        try Data(bytes).write(to: url)
        XCTAssertEqual(try Sha256.hex(ofItemAt: url), Sha256.hex(of: bytes))
    }
}
