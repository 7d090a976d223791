import Foundation

/// SHA-256 of bytes that come in pieces. Foundation has none on Linux.
///
/// Source: FIPS 180-4, sections 4.1.2, 4.2.2, 5.3.3 and 6.2.
public struct Sha256: Sendable {
    private static let pieceBytes = 1 << 18

    private var state: [UInt32] = [
        0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19,
    ]
    private var waiting: [UInt8] = []
    private var count: UInt64 = 0

    public init() {}

    public mutating func update(_ bytes: some Sequence<UInt8>) {
        let before = waiting.count
        waiting.append(contentsOf: bytes)
        count &+= UInt64(waiting.count - before)
        let whole = waiting.count / 64 * 64
        for start in stride(from: 0, to: whole, by: 64) {
            digest(start)
        }
        waiting.removeFirst(whole)
    }

    /// The hash in 64 hexadecimal digits.
    public func hex() -> String {
        var last = self
        let bits = count &* 8
        var end: [UInt8] = [0x80]
        end.append(contentsOf: [UInt8](repeating: 0, count: (119 - waiting.count) % 64))
        for shift in stride(from: 56, through: 0, by: -8) {
            end.append(UInt8(truncatingIfNeeded: bits >> UInt64(shift)))
        }
        last.update(end)
        return last.state.map(eightDigits).joined()
    }

    public static func hex(of bytes: some Sequence<UInt8>) -> String {
        var hash = Sha256()
        hash.update(bytes)
        return hash.hex()
    }

    /// Of a file; of a folder, of its sorted lines `hex  relative/path`, as in a manifest.
    ///
    /// - Throws: ``ManifestError``: it cannot be read.
    public static func hex(ofItemAt url: URL) throws -> String {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder), isFolder.boolValue else {
            return try hex(ofFileAt: url)
        }
        var lines: [String] = []
        for path in try FileManager.default.subpathsOfDirectory(atPath: url.path) {
            let file = url.appendingPathComponent(path)
            var isInner: ObjCBool = false
            if FileManager.default.fileExists(atPath: file.path, isDirectory: &isInner), !isInner.boolValue {
                let digest = try hex(ofFileAt: file)
                lines.append("\(digest)  \(path)\n")
            }
        }
        lines.sort { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        return hex(of: lines.joined().utf8)
    }

    private static func hex(ofFileAt url: URL) throws -> String {
        guard let stream = InputStream(url: url) else {
            throw ManifestError("\(url.lastPathComponent): cannot be read; export it again")
        }
        stream.open()
        defer { stream.close() }
        var hash = Sha256()
        var piece = [UInt8](repeating: 0, count: pieceBytes)
        while true {
            let count = stream.read(&piece, maxLength: pieceBytes)
            if count < 0 {
                throw ManifestError("\(url.lastPathComponent): cannot be read; export it again")
            }
            if count == 0 {
                return hash.hex()
            }
            hash.update(piece[..<count])
        }
    }

    /// Takes in the 64 waiting bytes from `start` on.
    private mutating func digest(_ start: Int) {
        var words = [UInt32](repeating: 0, count: 64)
        for index in 0..<16 {
            let at = start + 4 * index
            for byte in waiting[at..<at + 4] {
                words[index] = words[index] << 8 | UInt32(byte)
            }
        }
        for index in 16..<64 {
            let early = words[index - 15]
            let late = words[index - 2]
            let small0 = turned(early, 7) ^ turned(early, 18) ^ (early >> 3)
            let small1 = turned(late, 17) ^ turned(late, 19) ^ (late >> 10)
            words[index] = words[index - 16] &+ small0 &+ words[index - 7] &+ small1
        }
        var (a, b, c, d) = (state[0], state[1], state[2], state[3])
        var (e, f, g, h) = (state[4], state[5], state[6], state[7])
        for index in 0..<64 {
            let large1 = turned(e, 6) ^ turned(e, 11) ^ turned(e, 25)
            let choice = (e & f) ^ (~e & g)
            let first = h &+ large1 &+ choice &+ roundConstants[index] &+ words[index]
            let large0 = turned(a, 2) ^ turned(a, 13) ^ turned(a, 22)
            let majority = (a & b) ^ (a & c) ^ (b & c)
            let second = large0 &+ majority
            (h, g, f, e) = (g, f, e, d &+ first)
            (d, c, b, a) = (c, b, a, first &+ second)
        }
        for (index, word) in [a, b, c, d, e, f, g, h].enumerated() {
            state[index] = state[index] &+ word
        }
    }
}

private func eightDigits(_ word: UInt32) -> String {
    let digits = String(word, radix: 16)
    return String(repeating: "0", count: 8 - digits.utf8.count) + digits
}

private func turned(_ word: UInt32, _ bits: UInt32) -> UInt32 {
    (word >> bits) | (word << (32 - bits))
}

private let roundConstants: [UInt32] = [
    0x428a_2f98, 0x7137_4491, 0xb5c0_fbcf, 0xe9b5_dba5, 0x3956_c25b, 0x59f1_11f1, 0x923f_82a4, 0xab1c_5ed5,
    0xd807_aa98, 0x1283_5b01, 0x2431_85be, 0x550c_7dc3, 0x72be_5d74, 0x80de_b1fe, 0x9bdc_06a7, 0xc19b_f174,
    0xe49b_69c1, 0xefbe_4786, 0x0fc1_9dc6, 0x240c_a1cc, 0x2de9_2c6f, 0x4a74_84aa, 0x5cb0_a9dc, 0x76f9_88da,
    0x983e_5152, 0xa831_c66d, 0xb003_27c8, 0xbf59_7fc7, 0xc6e0_0bf3, 0xd5a7_9147, 0x06ca_6351, 0x1429_2967,
    0x27b7_0a85, 0x2e1b_2138, 0x4d2c_6dfc, 0x5338_0d13, 0x650a_7354, 0x766a_0abb, 0x81c2_c92e, 0x9272_2c85,
    0xa2bf_e8a1, 0xa81a_664b, 0xc24b_8b70, 0xc76c_51a3, 0xd192_e819, 0xd699_0624, 0xf40e_3585, 0x106a_a070,
    0x19a4_c116, 0x1e37_6c08, 0x2748_774c, 0x34b0_bcb5, 0x391c_0cb3, 0x4ed8_aa4a, 0x5b9c_ca4f, 0x682e_6ff3,
    0x748f_82ee, 0x78a5_636f, 0x84c8_7814, 0x8cc7_0208, 0x90be_fffa, 0xa450_6ceb, 0xbef9_a3f7, 0xc671_78f2,
]
