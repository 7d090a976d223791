/// Values as Python spells them: in the messages that refuse a manifest, and in the JSON of a report.
extension Json {
    /// As a message shows it: as Python's `repr` writes it, at most 80 characters of it.
    var quoted: String {
        if case .text(let text) = self {
            return quote(text)
        }
        return cut(spelled)
    }

    /// As Python's `repr` writes it.
    var spelled: String {
        switch self {
        case .null: return "None"
        case .bool(let value): return value ? "True" : "False"
        case .whole(let value): return String(value)
        case .number(let value): return value.spelled
        case .text(let text): return spell(text)
        case .list(let items): return "[" + items.map(\.spelled).joined(separator: ", ") + "]"
        case .table(let table):
            let pairs = table.pairs.map { key, value in spell(key) + ": " + value.spelled }
            return "{" + pairs.joined(separator: ", ") + "}"
        }
    }
}

extension Double {
    /// The shortest digits that read back as this number, with an exponent below 0.0001 and from 1e16 on, as Python writes it.
    var spelled: String {
        if isNaN {
            return "nan"
        }
        let sign = self.sign == .minus ? "-" : ""
        if isInfinite {
            return sign + "inf"
        }
        if self == 0 {
            return sign + "0.0"
        }
        let (digits, point) = magnitude.shortestDigits
        if point <= -4 || point > 16 {
            let fraction = digits.count > 1 ? "." + String(decoding: digits.dropFirst(), as: UTF8.self) : ""
            let exponent = String((point - 1).magnitude)
            let padding = exponent.utf8.count < 2 ? "0" : ""
            let first = String(decoding: digits.prefix(1), as: UTF8.self)
            let direction = point > 0 ? "+" : "-"
            return "\(sign)\(first)\(fraction)e\(direction)\(padding)\(exponent)"
        }
        if point <= 0 {
            return "\(sign)0.\(String(repeating: "0", count: -point))\(String(decoding: digits, as: UTF8.self))"
        }
        if point >= digits.count {
            let zeros = String(repeating: "0", count: point - digits.count)
            return "\(sign)\(String(decoding: digits, as: UTF8.self))\(zeros).0"
        }
        let whole = String(decoding: digits.prefix(point), as: UTF8.self)
        return "\(sign)\(whole).\(String(decoding: digits.dropFirst(point), as: UTF8.self))"
    }

    /// Of a positive number: its digits in ASCII, without zeros at either end, and how many of them stand before the point.
    /// Swift finds the same shortest digits as Python and puts the point elsewhere.
    private var shortestDigits: (digits: [UInt8], point: Int) {
        let parts = description.lowercased().split(separator: "e")
        let mantissa = Array(parts[0].utf8)
        let exponent = parts.count > 1 ? Int(parts[1]) ?? 0 : 0
        let dot = mantissa.firstIndex(of: UInt8(ascii: ".")) ?? mantissa.count
        var digits = mantissa.filter { $0 != UInt8(ascii: ".") }
        var point = dot + exponent
        while digits.count > 1, digits.last == UInt8(ascii: "0") {
            digits.removeLast()
        }
        while digits.count > 1, digits.first == UInt8(ascii: "0") {
            digits.removeFirst()
            point -= 1
        }
        return (digits, point)
    }
}

private let longestShown = 80

/// Text as a message shows it, at most 80 characters of it.
func quote(_ text: String) -> String {
    cut(spell(String(text.unicodeScalars.prefix(longestShown + 1))))
}

private func cut(_ spelled: String) -> String {
    let scalars = spelled.unicodeScalars
    return scalars.count <= longestShown ? spelled : String(scalars.prefix(longestShown - 1)) + "…"
}

/// Single quotes, or double ones where only single ones stand in the text; what cannot be printed as an escape.
private func spell(_ text: String) -> String {
    let scalars = text.unicodeScalars
    let single: Unicode.Scalar = "'"
    let double: Unicode.Scalar = "\""
    let quote = scalars.contains(single) && !scalars.contains(double) ? double : single
    var spelled = String.UnicodeScalarView()
    spelled.append(quote)
    for scalar in scalars {
        switch scalar {
        case "\\": spelled.append(contentsOf: "\\\\".unicodeScalars)
        case "\n": spelled.append(contentsOf: "\\n".unicodeScalars)
        case "\r": spelled.append(contentsOf: "\\r".unicodeScalars)
        case "\t": spelled.append(contentsOf: "\\t".unicodeScalars)
        case quote: spelled.append(contentsOf: ("\\" + String(scalar)).unicodeScalars)
        default:
            if isPrintable(scalar) {
                spelled.append(scalar)
            } else {
                spelled.append(contentsOf: escaped(scalar).unicodeScalars)
            }
        }
    }
    spelled.append(quote)
    return String(spelled)
}

/// Whether a character prints as itself; a blank does, no other kind of space.
func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator: return false
    case .spaceSeparator: return scalar == " "
    default: return true
    }
}

private func escaped(_ scalar: Unicode.Scalar) -> String {
    let digits = String(scalar.value, radix: 16)
    let (letter, width) = scalar.value < 0x100 ? ("x", 2) : (scalar.value < 0x10000 ? ("u", 4) : ("U", 8))
    return "\\" + letter + String(repeating: "0", count: width - digits.utf8.count) + digits
}
