/// A JSON value that remembers what Foundation forgets: the order of keys, and whether a number was written as a whole one.
/// Manifests are refused with Python's own words, which need both.
public enum Json: Equatable, Sendable {
    case null
    case bool(Bool)
    case whole(Int)
    /// With a fraction or an exponent.
    case number(Double)
    case text(String)
    case list([Json])
    case table(Table<Json>)

    /// The value that `text` writes.
    ///
    /// - Throws: ``JsonFault``: it is not JSON (`NaN` and `Infinity`, which Python writes if asked to, are not); nested deeper
    ///   than 64; a whole number outside 64 bits, or another that is too large; a text with half of a surrogate pair, or of more
    ///   than a million characters.
    public init(parsing text: String) throws {
        var parser = JsonParser(text)
        self = try parser.document()
    }
}

/// Values by name, in the order in which each name first appeared; the last value of a name counts.
public struct Table<Value>: ExpressibleByDictionaryLiteral {
    public private(set) var keys: [String] = []
    private var values: [String: Value] = [:]

    public init() {}

    public init(dictionaryLiteral elements: (String, Value)...) {
        for (key, value) in elements {
            self[key] = value
        }
    }

    /// In order.
    public var pairs: [(key: String, value: Value)] {
        var pairs: [(key: String, value: Value)] = []
        for key in keys {
            if let value = values[key] {
                pairs.append((key: key, value: value))
            }
        }
        return pairs
    }

    /// Setting nil takes the name away.
    public subscript(key: String) -> Value? {
        get { values[key] }
        set {
            if newValue == nil {
                keys.removeAll { $0 == key }
            } else if values[key] == nil {
                keys.append(key)
            }
            values[key] = newValue
        }
    }

    /// The same names with other values.
    public func mapValues<Other>(_ change: (Value) throws -> Other) rethrows -> Table<Other> {
        var changed = Table<Other>()
        for (key, value) in pairs {
            changed[key] = try change(value)
        }
        return changed
    }
}

extension Table: Equatable where Value: Equatable {}
extension Table: Sendable where Value: Sendable {}

/// A text is not JSON. Where it breaks off helps nobody who has an artifact to replace, so it is not said.
public struct JsonFault: Error, Equatable {}
