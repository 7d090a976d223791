import Foundation
import InpaintCore
import Photos

/// The user's photos, to which the app may only add.
enum PhotoLibrary {
    /// - Throws: ``PhotoError``: the user does not allow it, or there is no room.
    static func add(_ url: URL) async throws {
        let status = await PHPhotoLibrary.requestAuthorization(for: .addOnly)
        guard status == .authorized || status == .limited else {
            throw PhotoError("the app may not add photos; allow it in Settings, or share the photo instead")
        }
        do {
            try await PHPhotoLibrary.shared().performChanges {
                PHAssetCreationRequest.forAsset().addResource(with: .photo, fileURL: url, options: nil)
            }
        } catch {
            throw PhotoError("the photo cannot be saved (\(error.localizedDescription)); share it instead")
        }
    }
}
