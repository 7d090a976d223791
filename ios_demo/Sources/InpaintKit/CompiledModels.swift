#if canImport(CoreML)
import CoreML
import Foundation
import InpaintCore

/// Artifacts as Core ML's compiler leaves them, kept in the caches folder so that each is compiled once a system version.
///
/// The app carries the artifact itself, not what Xcode would compile of it: only so can its bytes be held against its manifest.
public enum CompiledModels {
    /// The compiled form of `artifact`, and how long the compiler took; nil where it had been compiled before.
    ///
    /// - Throws: ``EngineError``: the compiler refuses it, or there is no room.
    public static func url(of artifact: Artifact) async throws -> (url: URL, compileMs: Double?) {
        let files = FileManager.default
        let folder = try files.url(for: .cachesDirectory, in: .userDomainMask, appropriateFor: nil, create: true)
            .appendingPathComponent("networks")
        let system = ProcessInfo.processInfo.operatingSystemVersionString.filter { $0.isLetter || $0.isNumber }
        let kept = folder.appendingPathComponent("\(artifact.manifest.sha256)-\(system).mlmodelc")
        if files.fileExists(atPath: kept.path) {
            return (kept, nil)
        }
        let started = uptimeMs()
        do {
            let made = try await MLModel.compileModel(at: artifact.url)
            // Those of earlier artifacts and systems go: the folder holds one network at a time.
            try? files.removeItem(at: folder)
            try files.createDirectory(at: folder, withIntermediateDirectories: true)
            try files.moveItem(at: made, to: kept)
        } catch {
            throw EngineError("Core ML cannot compile \(artifact.manifest.file) (\(error.localizedDescription)); free some room")
        }
        return (kept, uptimeMs() - started)
    }
}
#endif
