extension Json {
    /// The value over several lines, `indent` blanks deeper a level, in the very characters of Python's `json.dumps`.
    ///
    /// Numbers must be finite: nothing else is JSON.
    public func written(indent: Int) -> String {
        var text = ""
        write(to: &text, step: indent, margin: 0)
        return text
    }

    private func write(to text: inout String, step: Int, margin: Int) {
        switch self {
        case .null: text += "null"
        case .bool(let value): text += value ? "true" : "false"
        case .whole(let value): text += String(value)
        case .number(let value): text += value.spelled
        case .text(let value): text += inQuotes(value)
        case .list(let items) where items.isEmpty: text += "[]"
        case .list(let items):
            text += "["
            for (index, item) in items.enumerated() {
                text += newLine(after: index > 0 ? "," : "", margin + step)
                item.write(to: &text, step: step, margin: margin + step)
            }
            text += newLine(after: "", margin) + "]"
        case .table(let table) where table.keys.isEmpty: text += "{}"
        case .table(let table):
            text += "{"
            for (index, (key, value)) in table.pairs.enumerated() {
                text += newLine(after: index > 0 ? "," : "", margin + step) + inQuotes(key) + ": "
                value.write(to: &text, step: step, margin: margin + step)
            }
            text += newLine(after: "", margin) + "}"
        }
    }
}

private func newLine(after separator: String, _ margin: Int) -> String {
    separator + "\n" + String(repeating: " ", count: margin)
}

private func inQuotes(_ value: String) -> String {
    var quoted = String.UnicodeScalarView()
    quoted.append("\"")
    for scalar in value.unicodeScalars {
        switch scalar {
        case "\"": quoted.append(contentsOf: "\\\"".unicodeScalars)
        case "\\": quoted.append(contentsOf: "\\\\".unicodeScalars)
        case "\u{8}": quoted.append(contentsOf: "\\b".unicodeScalars)
        case "\u{C}": quoted.append(contentsOf: "\\f".unicodeScalars)
        case "\n": quoted.append(contentsOf: "\\n".unicodeScalars)
        case "\r": quoted.append(contentsOf: "\\r".unicodeScalars)
        case "\t": quoted.append(contentsOf: "\\t".unicodeScalars)
        case "\u{0}"..."\u{1F}":
            let digits = String(scalar.value, radix: 16)
            let escape = "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
            quoted.append(contentsOf: escape.unicodeScalars)
        default: quoted.append(scalar)
        }
    }
    quoted.append("\"")
    return String(quoted)
}
