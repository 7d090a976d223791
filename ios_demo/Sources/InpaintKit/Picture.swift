#if canImport(CoreML)
import CoreGraphics
import Foundation
import InpaintCore

/// A picture to be shown or written. Core Graphics never changes one, so any thread may have it.
public struct Picture: @unchecked Sendable {
    public let image: CGImage

    /// The pixels as they are; nil where there is no memory for a copy.
    public init?(_ pixels: Pixels, _ colours: CGColorSpace) {
        self.init(rgb: pixels.rgb, width: pixels.width, height: pixels.height, colours)
    }

    /// The pixels in `box`, each the mean of `shrink` x `shrink` of the photo's, for the screen.
    public init?(_ pixels: Pixels, _ box: Box, shrink: Int, _ colours: CGColorSpace) {
        let width = (box.width + shrink - 1) / shrink
        let height = (box.height + shrink - 1) / shrink
        var rgb = [UInt8](repeating: 0, count: 3 * width * height)
        var sums = [Int](repeating: 0, count: 3 * width)
        for row in 0..<height {
            let top = box.top + row * shrink
            let bottom = min(top + shrink, box.bottom)
            for i in sums.indices {
                sums[i] = 0
            }
            for y in top..<bottom {
                for x in box.left..<box.right {
                    let from = 3 * (y * pixels.width + x)
                    let to = 3 * ((x - box.left) / shrink)
                    sums[to] += Int(pixels.rgb[from])
                    sums[to + 1] += Int(pixels.rgb[from + 1])
                    sums[to + 2] += Int(pixels.rgb[from + 2])
                }
            }
            for column in 0..<width {
                let count = (bottom - top) * min(shrink, box.width - column * shrink)
                for c in 0..<3 {
                    rgb[3 * (row * width + column) + c] = UInt8((sums[3 * column + c] + count / 2) / count)
                }
            }
        }
        self.init(rgb: rgb, width: width, height: height, colours)
    }

    private init?(rgb: [UInt8], width: Int, height: Int, _ colours: CGColorSpace) {
        guard let provider = CGDataProvider(data: Data(rgb) as CFData),
            let image = CGImage(
                width: width, height: height, bitsPerComponent: 8, bitsPerPixel: 24, bytesPerRow: 3 * width, space: colours,
                bitmapInfo: CGBitmapInfo(rawValue: CGImageAlphaInfo.none.rawValue), provider: provider, decode: nil,
                shouldInterpolate: true, intent: .defaultIntent
            )
        else { return nil }
        self.image = image
    }
}
#endif
