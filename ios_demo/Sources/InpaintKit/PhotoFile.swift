#if canImport(CoreML)
import CoreGraphics
import Foundation
import ImageIO
import InpaintCore
import UniformTypeIdentifiers

/// A photo's file: upright pixels, their colour space, and what the file said beside them.
public struct PhotoFile {
    public let colours: CGColorSpace
    /// As ImageIO lists them, but for what is no longer true.
    private let properties: [CFString: Any]
    private let type: UTType

    /// Rows decoded at a time.
    private static let bandRows = 256
    private static let bytesPerPixel = 3 + 4

    /// The photo in `data`, and its pixels.
    ///
    /// - Parameter freeBytes: what the system lets the app take; nil where it does not say.
    /// - Throws: ``PhotoError``: not a picture, damaged, of 16 bits a channel, with transparent pixels, or too large for the
    ///   memory.
    public static func open(_ data: Data, freeBytes: Int?) throws -> (file: PhotoFile, pixels: Pixels) {
        let options = [kCGImageSourceShouldCacheImmediately: true] as CFDictionary
        guard let source = CGImageSourceCreateWithData(data as CFData, nil), let name = CGImageSourceGetType(source) as String?,
            let type = UTType(name), let properties = CGImageSourceCopyPropertiesAtIndex(source, 0, nil) as? [CFString: Any],
            let width = properties[kCGImagePropertyPixelWidth] as? Int,
            let height = properties[kCGImagePropertyPixelHeight] as? Int, width > 0, height > 0
        else {
            throw PhotoError("this is no picture that the system can read; choose another one")
        }
        if let freeBytes, width * height * bytesPerPixel > freeBytes {
            let megapixels = width * height / 1_000_000
            throw PhotoError(
                "the photo has \(megapixels) megapixels, more than fit into this device's free memory; close other apps"
            )
        }
        if let depth = properties[kCGImagePropertyDepth] as? Int, depth > 8 {
            throw PhotoError("the photo has \(depth) bits a channel, which this app would halve; choose one of 8 bits")
        }
        guard let image = CGImageSourceCreateImageAtIndex(source, 0, options) else {
            throw PhotoError("the picture is damaged; choose another one")
        }
        let tag = properties[kCGImagePropertyOrientation] as? Int ?? 1
        let colours = rgb(image.colorSpace)
        let pixels = try upright(image, Orientation(rawValue: tag) ?? .upright, colours)
        return (PhotoFile(colours: colours, properties: stillTrue(properties), type: type), pixels)
    }

    /// Writes `pixels` to a new file in the temporary folder: in the photo's own format where the system writes it, else as PNG.
    ///
    /// - Throws: ``PhotoError``: there is no room.
    public func write(_ pixels: Pixels, name: String) throws -> URL {
        let writable = CGImageDestinationCopyTypeIdentifiers() as? [String] ?? []
        let format = writable.contains(type.identifier) ? type : UTType.png
        let url = FileManager.default.temporaryDirectory
            .appendingPathComponent(name)
            .appendingPathExtension(format.preferredFilenameExtension ?? "png")
        try? FileManager.default.removeItem(at: url)
        guard let image = Picture(pixels, colours)?.image,
            let destination = CGImageDestinationCreateWithURL(url as CFURL, format.identifier as CFString, 1, nil)
        else {
            throw PhotoError("the photo cannot be written: no memory or no room; free some and try again")
        }
        var written = properties
        written[kCGImageDestinationLossyCompressionQuality] = 0.95
        CGImageDestinationAddImage(destination, image, written as CFDictionary)
        guard CGImageDestinationFinalize(destination) else {
            throw PhotoError("the photo cannot be written: no memory or no room; free some and try again")
        }
        return url
    }

    /// An RGB space as it is, so that values stay what they are; any other becomes sRGB.
    private static func rgb(_ space: CGColorSpace?) -> CGColorSpace {
        if let space, space.model == .rgb, space.supportsOutput {
            return space
        }
        return CGColorSpace(name: CGColorSpace.sRGB) ?? CGColorSpaceCreateDeviceRGB()
    }

    /// Without orientation, which is made so, and without what describes the old pixels.
    private static func stillTrue(_ properties: [CFString: Any]) -> [CFString: Any] {
        var kept = properties
        kept[kCGImagePropertyOrientation] = 1
        if var tiff = kept[kCGImagePropertyTIFFDictionary] as? [CFString: Any] {
            tiff[kCGImagePropertyTIFFOrientation] = 1
            kept[kCGImagePropertyTIFFDictionary] = tiff
        }
        for key in [kCGImagePropertyPixelWidth, kCGImagePropertyPixelHeight, kCGImagePropertyHasAlpha] {
            kept[key] = nil
        }
        return kept
    }

    /// Band by band, so that beside the photo's own bytes only the system's decoded copy is in memory; it goes with `image`.
    private static func upright(_ image: CGImage, _ orientation: Orientation, _ colours: CGColorSpace) throws -> Pixels {
        let (width, height) = (image.width, image.height)
        let rows = min(bandRows, height)
        guard
            let context = CGContext(
                data: nil, width: width, height: rows, bitsPerComponent: 8, bytesPerRow: 4 * width, space: colours,
                bitmapInfo: CGImageAlphaInfo.premultipliedLast.rawValue
            ), let memory = context.data
        else {
            throw PhotoError("no memory for the photo; close other apps and try again")
        }
        context.interpolationQuality = .none
        let band = memory.assumingMemoryBound(to: UInt8.self)
        let uprightWidth = orientation.isSideways ? height : width
        let uprightHeight = orientation.isSideways ? width : height
        var rgb = [UInt8](repeating: 0, count: 3 * width * height)
        for top in stride(from: 0, to: height, by: rows) {
            // The context's origin is its lower left corner; the band's first row is its uppermost one.
            context.clear(CGRect(x: 0, y: 0, width: width, height: rows))
            context.draw(image, in: CGRect(x: 0, y: rows + top - height, width: width, height: height))
            for y in top..<min(top + rows, height) {
                for x in 0..<width {
                    let from = 4 * ((y - top) * width + x)
                    if band[from + 3] != 255 {
                        throw PhotoError("the picture has transparent pixels, which this app would lose; choose a photo")
                    }
                    let place = orientation.place(x: x, y: y, width: width, height: height)
                    let to = 3 * (place.y * uprightWidth + place.x)
                    rgb[to] = band[from]
                    rgb[to + 1] = band[from + 1]
                    rgb[to + 2] = band[from + 2]
                }
            }
        }
        return Pixels(width: uprightWidth, height: uprightHeight, rgb: rgb)
    }
}
#endif
