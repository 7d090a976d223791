/// Reads structs out of JSON. Unknown keys and wrong types are faults, named at once, in the words of Python's `schema.py`.
enum Strict {
    /// How a value of one type is read; it answers nil after it has noted a fault.
    typealias Kind<Value> = (_ json: Json, _ key: String, _ faults: Faults) -> Value?

    /// The value that `json` describes.
    ///
    /// - Parameter place: the file's name, to open the message with.
    /// - Throws: `Failure`, whose one line names every unknown key, missing key and wrong type, up to twenty of them.
    static func load<Value, Failure: MobileInpaintError>(
        _ kind: Kind<Value>, from json: Json, at place: String, or failure: Failure.Type
    ) throws -> Value {
        let faults = Faults()
        guard let value = kind(json, "", faults), faults.lines.isEmpty else {
            throw Failure(place + ": " + faults.line)
        }
        return value
    }

    static func text(_ json: Json, _ key: String, _ faults: Faults) -> String? {
        if case .text(let value) = json {
            return value
        }
        return faults.note(key, "text", json)
    }

    static func whole(_ json: Json, _ key: String, _ faults: Faults) -> Int? {
        if case .whole(let value) = json {
            return value
        }
        return faults.note(key, "a whole number", json)
    }

    static func number(_ json: Json, _ key: String, _ faults: Faults) -> Double? {
        switch json {
        case .number(let value): return value
        case .whole(let value): return Double(value)
        default: return faults.note(key, "a number", json)
        }
    }

    static func flag(_ json: Json, _ key: String, _ faults: Faults) -> Bool? {
        if case .bool(let value) = json {
            return value
        }
        return faults.note(key, "true or false", json)
    }

    static func oneOf(_ words: String...) -> Kind<String> {
        return { json, key, faults in
            if case .text(let value) = json, words.contains(value) {
                return value
            }
            return faults.note(key, "one of " + words.joined(separator: ", "), json)
        }
    }

    /// A value, or nil where the JSON has null.
    static func maybe<Value>(_ kind: @escaping Kind<Value>) -> Kind<Value?> {
        return { json, key, faults in
            if json == .null {
                return .some(.none)
            }
            guard let value = kind(json, key, faults) else { return nil }
            return .some(.some(value))
        }
    }

    static func list<Value>(_ kind: @escaping Kind<Value>) -> Kind<[Value]> {
        return { json, key, faults in
            guard case .list(let items) = json else { return faults.note(key, "a list", json) }
            let values = items.enumerated().map { index, item in kind(item, "\(key)[\(index)]", faults) }
            let read = values.compactMap { $0 }
            return read.count == values.count ? read : nil
        }
    }

    /// A table whose schema is above `newest`, as a number; nil where it is not.
    static func newerSchema(_ json: Json, than newest: Int) -> String? {
        guard case .table(let table) = json, case .whole(let schema)? = table["schema"], schema > newest else { return nil }
        return String(schema)
    }

    static func table<Value>(_ kind: @escaping Kind<Value>) -> Kind<Table<Value>> {
        return { json, key, faults in
            guard case .table(let table) = json else { return faults.note(key, "a table", json) }
            var read = Table<Value>()
            for (name, item) in table.pairs {
                read[name] = kind(item, "\(key).\(name)", faults)
            }
            return read.keys.count == table.keys.count ? read : nil
        }
    }
}

/// What is wrong with a file, line by line.
final class Faults {
    private static let most = 20

    private(set) var lines: [String] = []

    /// All of them but the last of very many.
    var line: String {
        let more = lines.count > Faults.most ? ["and \(lines.count - Faults.most) more"] : []
        return (lines.prefix(Faults.most) + more).joined(separator: "; ")
    }

    func add(_ line: String) {
        lines.append(line)
    }

    /// Nil, for the caller to answer.
    func note<Value>(_ key: String, _ expected: String, _ json: Json) -> Value? {
        add("\(quote(key)) must be \(expected), not \(json.quoted)")
        return nil
    }
}

/// One struct's table while it is read; its fields must be asked for in the order in which Python declares them.
struct Fields {
    private let table: Table<Json>
    private let prefix: String
    private let faults: Faults

    /// Nil where `json` is no table.
    ///
    /// - Parameter names: of all fields; any other key is a fault.
    init?(_ json: Json, _ key: String, _ faults: Faults, _ names: [String]) {
        guard case .table(let table) = json else {
            faults.add("\(quote(key.isEmpty ? "the file" : key)) must be a table, not \(json.quoted)")
            return nil
        }
        self.table = table
        self.faults = faults
        prefix = key.isEmpty ? "" : key + "."
        for name in table.keys where !names.contains(name) {
            faults.add("unknown key \(quote(prefix + name)) (there are \(names.joined(separator: ", ")))")
        }
    }

    func callAsFunction<Value>(_ name: String, _ kind: Strict.Kind<Value>) -> Value? {
        guard let json = table[name] else {
            faults.add("key \(quote(prefix + name)) is missing")
            return nil
        }
        return kind(json, prefix + name, faults)
    }

    /// `standard` where the key is left out.
    func callAsFunction<Value>(_ name: String, _ kind: Strict.Kind<Value>, else standard: Value) -> Value? {
        guard let json = table[name] else { return standard }
        return kind(json, prefix + name, faults)
    }
}
