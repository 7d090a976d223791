import Foundation
import XCTest

@testable import InpaintCore

final class ManifestTests: XCTestCase {
    func testSoundManifestsAreReadBrokenOnesRefusedInPythonsWords() throws {
        for golden in try Golden.cases("manifest", "cases") {
            let name = try golden.at("name").string()
            do {
                let manifest = try read(golden)
                let accepted = try Strict.load(Manifest.read, from: golden.at("accepted"), at: name, or: ManifestError.self)
                XCTAssertEqual(manifest, accepted, name)
            } catch let error as ManifestError {
                XCTAssertEqual(error.message, try golden.at("refused").string(), name)
            }
        }
    }

    func testAFlippedBitAnywhereInAnArtifactIsNoticed() throws {
        let golden = try XCTUnwrap(try Golden.cases("manifest", "cases").first)
        let folder = try emptyFolder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let url = folder.appendingPathComponent("toy.onnx")
        try Data(golden.at("text").string().utf8).write(to: folder.appendingPathComponent("toy.onnx.json"))
        let bytes = try golden.at("artifact").bytes()
        for at in stride(from: 0, to: bytes.count, by: 37) {
            var flipped = bytes
            flipped[at] ^= 64
            try Data(flipped).write(to: url)
            XCTAssertThrowsError(try Artifact(opening: url)) { error in
                XCTAssertTrue(error is ManifestError)
            }
        }
    }

    func testAMissingArtifactIsRefused() throws {
        let folder = try emptyFolder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let url = folder.appendingPathComponent("toy.mlpackage")
        assertRefused(url, "\(url.path): no such artifact; make one with: mobile-inpaint export")
        try Data().write(to: url)
        assertRefused(url, "toy.mlpackage: its manifest toy.mlpackage.json is not beside it; export it again")
        try Data([0xFF, 0xFE]).write(to: folder.appendingPathComponent("toy.mlpackage.json"))
        assertRefused(url, "toy.mlpackage.json: cannot be read (not UTF-8); export it again")
    }

    func testASoundFolderIsOpenedAndAChangedOneIsNot() throws {
        let folder = try emptyFolder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let package = folder.appendingPathComponent("toy.mlpackage")
        let inner = package.appendingPathComponent("Data")
        try FileManager.default.createDirectory(at: inner, withIntermediateDirectories: true)
        try Data("weights".utf8).write(to: inner.appendingPathComponent("weight.bin"))
        try Data("{}".utf8).write(to: package.appendingPathComponent("Manifest.json"))
        let lines = [
            Sha256.hex(of: "weights".utf8) + "  Data/weight.bin\n", Sha256.hex(of: "{}".utf8) + "  Manifest.json\n",
        ]
        let digest = Sha256.hex(of: lines.sorted().joined().utf8)
        XCTAssertEqual(try Sha256.hex(ofItemAt: package), digest)

        let golden = try XCTUnwrap(try Golden.cases("manifest", "cases").first)
        let text = try golden.at("text").string().replacingOccurrences(of: "toy.onnx", with: "toy.mlpackage")
        let original = try Manifest(json: text, at: "toy.mlpackage.json")
        let fitting = text.replacingOccurrences(of: original.sha256, with: digest)
        try Data(fitting.utf8).write(to: folder.appendingPathComponent("toy.mlpackage.json"))
        XCTAssertEqual(try Artifact(opening: package).manifest.sha256, digest)

        try Data("weightz".utf8).write(to: inner.appendingPathComponent("weight.bin"))
        let changed = try Sha256.hex(ofItemAt: package)
        assertRefused(
            package,
            "toy.mlpackage: its bytes are not those its manifest describes (sha256 \(changed.prefix(12))…, manifest says "
                + "\(digest.prefix(12))…); export it again"
        )
    }

    /// As an app reads it, with its compositor's numbers.
    private func read(_ golden: Json) throws -> Manifest {
        let text = try golden.at("text").string()
        let manifest: Manifest
        if try golden.at("artifact") == .null {
            manifest = try Manifest(json: text, at: "toy.onnx.json")
            try manifest.checkForApp()
        } else {
            let folder = try emptyFolder()
            defer { try? FileManager.default.removeItem(at: folder) }
            let url = folder.appendingPathComponent("toy.onnx")
            try Data(golden.at("artifact").bytes()).write(to: url)
            try Data(text.utf8).write(to: folder.appendingPathComponent("toy.onnx.json"))
            manifest = try Artifact(opening: url).manifest
        }
        _ = try Compositor(numbers: manifest.compositor)
        return manifest
    }

    private func emptyFolder() throws -> URL {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        return folder
    }

    private func assertRefused(_ url: URL, _ message: String) {
        XCTAssertThrowsError(try Artifact(opening: url)) { error in
            XCTAssertEqual((error as? ManifestError)?.message, message)
        }
    }
}
