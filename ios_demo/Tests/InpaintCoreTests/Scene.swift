import Foundation

@testable import InpaintCore

/// A photo and a network made of whole numbers, alike in every language; `golden/README.md` has the formulas.
enum Scene {
    /// 32 bits that look like noise; all arithmetic wraps.
    static func mix(_ x: Int, _ y: Int, _ c: Int, _ seed: Int) -> Int {
        let column = UInt32(truncatingIfNeeded: x) &* 0x9E37_79B1
        let row = UInt32(truncatingIfNeeded: y) &* 0x85EB_CA77
        let channel = UInt32(truncatingIfNeeded: c) &* 0xC2B2_AE3D
        var h = column ^ row ^ channel ^ (UInt32(truncatingIfNeeded: seed) &* 0x27D4_EB2F)
        h = (h ^ (h >> 16)) &* 0x7FEB_352D
        h = (h ^ (h >> 15)) &* 0x846C_A68B
        h ^= h >> 16
        return Int(h)
    }

    static func photo(width: Int, height: Int, seed: Int) -> Pixels {
        var rgb: [UInt8] = []
        for y in 0..<height {
            for x in 0..<width {
                for c in 0..<3 {
                    let zigzag = (x * (2 + c) + y * (4 - c)) % 256
                    let edges = (x / 24 + y / 16) % 3 == 0 ? 40 : 0
                    let grain = seed % 2 == 1 ? mix(x, y, c, seed) % 16 : 0
                    let slope = min(zigzag, 255 - zigzag)
                    rgb.append(UInt8(32 + slope + edges + grain))
                }
            }
        }
        return Pixels(width: width, height: height, rgb: rgb)
    }

    /// A Fill whose answers are whole 1/4096, some of them below 0 and above 1.
    static func network(_ image: [Float], _ mask: [Float]) -> [Float] {
        let area = mask.count
        let size = squareRoot(area)
        return (0..<3 * area).map { index -> Float in
            let (c, at) = (index / area, index % area)
            let opposite = area - 1 - at  // (N - 1 - x, N - 1 - y)
            let level = byte(image[c * area + opposite])
            let hidden = mask[opposite] == 1 ? 1024 : 0
            let noise = mix(at % size, at / size, c, size) % 1280
            let k = 16 * level + hidden + noise - 384
            return Float(k) / 4096
        }
    }

    /// The bytes that a network was shown.
    static func seen(_ image: [Float]) -> [UInt8] {
        let area = image.count / 3
        return (0..<3 * area).map { index -> UInt8 in UInt8(byte(image[index % 3 * area + index / 3])) }
    }

    private static func byte(_ value: Float) -> Int {
        let level = value * 255 + 0.5
        return Int(level.rounded(.down))
    }

    static func checksum(_ bytes: [UInt8]) -> Int {
        var sum = 0
        for (position, byte) in bytes.enumerated() {
            sum += Int(byte) * (position % 65521 + 1)
        }
        return sum
    }
}
