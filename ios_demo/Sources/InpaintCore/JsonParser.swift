/// Reads a text as JSON. Bytes throughout: everything that JSON itself says is ASCII.
struct JsonParser {
    // The limits of mobile_inpaint/documents.py. A stack that overflows ends the app, so what is nested deeper is refused.
    private static let deepest = 64
    private static let longestText = 1_000_000

    private let bytes: [UInt8]
    private var at = 0
    private var depth = 0

    init(_ text: String) {
        bytes = Array(text.utf8)
    }

    mutating func document() throws -> Json {
        let json = try readValue()
        skipSpace()
        if at < bytes.count {
            throw JsonFault()
        }
        return json
    }

    private mutating func readValue() throws -> Json {
        skipSpace()
        guard depth <= JsonParser.deepest, let first = next else { throw JsonFault() }
        switch first {
        case UInt8(ascii: "\""):
            return .text(try readText())
        case UInt8(ascii: "{"):
            return .table(try readTable())
        case UInt8(ascii: "["):
            return .list(try readList())
        case UInt8(ascii: "n"):
            return try readWord("null", .null)
        case UInt8(ascii: "t"):
            return try readWord("true", .bool(true))
        case UInt8(ascii: "f"):
            return try readWord("false", .bool(false))
        default:
            return try readNumber()
        }
    }

    private mutating func readTable() throws -> Table<Json> {
        var table = Table<Json>()
        try enter(UInt8(ascii: "{"))
        if leaves(UInt8(ascii: "}")) {
            return table
        }
        while true {
            skipSpace()
            let key = try readText()
            skipSpace()
            try expect(UInt8(ascii: ":"))
            table[key] = try readValue()
            if leaves(UInt8(ascii: "}")) {
                return table
            }
            try expect(UInt8(ascii: ","))
        }
    }

    private mutating func readList() throws -> [Json] {
        var items: [Json] = []
        try enter(UInt8(ascii: "["))
        if leaves(UInt8(ascii: "]")) {
            return items
        }
        while true {
            items.append(try readValue())
            if leaves(UInt8(ascii: "]")) {
                return items
            }
            try expect(UInt8(ascii: ","))
        }
    }

    private mutating func enter(_ opening: UInt8) throws {
        try expect(opening)
        depth += 1
    }

    /// Whether the table or list ends here; if so, its end has been read.
    private mutating func leaves(_ closing: UInt8) -> Bool {
        skipSpace()
        guard next == closing else { return false }
        at += 1
        depth -= 1
        return true
    }

    private mutating func readWord(_ word: String, _ json: Json) throws -> Json {
        guard bytes[at...].starts(with: word.utf8) else { throw JsonFault() }
        at += word.utf8.count
        return json
    }

    private mutating func readNumber() throws -> Json {
        let start = at
        var isWhole = true
        if next == UInt8(ascii: "-") {
            at += 1
        }
        if next == UInt8(ascii: "0") {
            at += 1
        } else {
            try readDigits()
        }
        if next == UInt8(ascii: ".") {
            isWhole = false
            at += 1
            try readDigits()
        }
        if next == UInt8(ascii: "e") || next == UInt8(ascii: "E") {
            isWhole = false
            at += 1
            if next == UInt8(ascii: "+") || next == UInt8(ascii: "-") {
                at += 1
            }
            try readDigits()
        }
        let text = String(decoding: bytes[start..<at], as: UTF8.self)
        if !isWhole {
            guard let number = Double(text), number.isFinite else { throw JsonFault() }
            return .number(number)
        }
        guard let whole = Int(text), whole != .min else { throw JsonFault() }  // the smallest has no positive counterpart
        return .whole(whole)
    }

    private mutating func readDigits() throws {
        let start = at
        while let digit = next, digit >= UInt8(ascii: "0"), digit <= UInt8(ascii: "9") {
            at += 1
        }
        if at == start {
            throw JsonFault()
        }
    }

    private mutating func readText() throws -> String {
        try expect(UInt8(ascii: "\""))
        var read: [UInt8] = []
        while let byte = next {
            if byte < 0x20 {
                throw JsonFault()
            }
            at += 1
            if byte == UInt8(ascii: "\"") {
                let text = String(decoding: read, as: UTF8.self)
                guard text.unicodeScalars.count <= JsonParser.longestText else { throw JsonFault() }
                return text
            }
            if byte == UInt8(ascii: "\\") {
                read.append(contentsOf: String(try readEscape()).utf8)
            } else {
                read.append(byte)
            }
        }
        throw JsonFault()
    }

    /// What stands behind a backslash.
    private mutating func readEscape() throws -> Character {
        guard let byte = next else { throw JsonFault() }
        at += 1
        switch byte {
        case UInt8(ascii: "\""): return "\""
        case UInt8(ascii: "\\"): return "\\"
        case UInt8(ascii: "/"): return "/"
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{C}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"): return try readCodePoint()
        default: throw JsonFault()
        }
    }

    /// The character of `XXXX`, or of `XXXX\uXXXX` where the two make a pair; no `String` holds half a pair.
    private mutating func readCodePoint() throws -> Character {
        var point = try readCodeUnit()
        if point & 0xFC00 == 0xD800, bytes[at...].starts(with: "\\u".utf8) {
            at += 2
            let low = try readCodeUnit()
            guard low & 0xFC00 == 0xDC00 else { throw JsonFault() }
            let upper: UInt32 = (point & 0x3FF) << 10
            point = 0x10000 + upper + (low & 0x3FF)
        }
        guard let scalar = Unicode.Scalar(point) else { throw JsonFault() }
        return Character(scalar)
    }

    private mutating func readCodeUnit() throws -> UInt32 {
        var unit: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = next, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else { throw JsonFault() }
            at += 1
            unit = unit << 4 | UInt32(digit)
        }
        return unit
    }

    private var next: UInt8? {
        at < bytes.count ? bytes[at] : nil
    }

    private mutating func expect(_ byte: UInt8) throws {
        guard next == byte else { throw JsonFault() }
        at += 1
    }

    private mutating func skipSpace() {
        while let byte = next, byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D {
            at += 1
        }
    }
}
