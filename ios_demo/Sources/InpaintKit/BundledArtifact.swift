#if canImport(CoreML)
import Foundation
import InpaintCore

/// The artifact that `mobile-inpaint bundle --app ios` put into the app.
public enum BundledArtifact {
    /// The one in the folder `Models` of `bundle`, checked; takes about as long as reading it.
    ///
    /// - Throws: ``ManifestError``: there is none, there are several, or it is not sound.
    public static func open(in bundle: Bundle) throws -> Artifact {
        let folder = bundle.bundleURL.appendingPathComponent("Models")
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        let packages = names.filter { $0.hasSuffix(".mlpackage") }.sorted()
        guard let name = packages.first else {
            throw ManifestError("the app carries no artifact; put one in with: mobile-inpaint bundle --app ios, and build again")
        }
        if packages.count > 1 {
            throw ManifestError("the app carries \(packages.joined(separator: ", ")); leave one of them and build again")
        }
        return try Artifact(opening: folder.appendingPathComponent(name))
    }

    /// What the licences ask to be shown; empty where nothing was bundled.
    public static func notices(in bundle: Bundle) -> String {
        let url = bundle.bundleURL.appendingPathComponent("Models/NOTICES.txt")
        return (try? String(contentsOf: url, encoding: .utf8)) ?? ""
    }
}
#endif
