import Foundation
import XCTest

@testable import InpaintCore

/// The vectors that `golden/make.py` wrote from Python; `golden/README.md` says what they hold.
enum Golden {
    /// The cases under `section` of `golden/<file>.json`.
    static func cases(_ file: String, _ section: String) throws -> [Json] {
        var folder = URL(fileURLWithPath: #filePath)
        for _ in 0..<4 {
            folder.deleteLastPathComponent()
        }
        let url = folder.appendingPathComponent("golden").appendingPathComponent(file + ".json")
        return try Json(parsing: String(contentsOf: url, encoding: .utf8)).at(section).items()
    }

    /// The flags of `runs` [y, first column, column behind the last].
    static func mask(_ json: Json, _ runs: String = "hole") throws -> Mask {
        var mask = Mask(width: try json.at("width").int(), height: try json.at("height").int())
        for run in try json.at(runs).items() {
            let ends = try run.ints()
            mask.set(ends[0], from: ends[1], to: ends[2], true)
        }
        return mask
    }
}

/// The golden file is not what this test reads.
struct GoldenFault: Error {
    let what: String
}

extension Json {
    func at(_ key: String) throws -> Json {
        guard case .table(let table) = self, let value = table[key] else { throw GoldenFault(what: "no \(key)") }
        return value
    }

    func has(_ key: String) -> Bool {
        guard case .table(let table) = self else { return false }
        return table[key] != nil
    }

    func items() throws -> [Json] {
        guard case .list(let items) = self else { throw GoldenFault(what: "not a list: \(spelled)") }
        return items
    }

    func int() throws -> Int {
        guard case .whole(let value) = self else { throw GoldenFault(what: "not a whole number: \(spelled)") }
        return value
    }

    func ints() throws -> [Int] {
        try items().map { try $0.int() }
    }

    func int32s() throws -> [Int32] {
        try items().map { Int32(try $0.int()) }
    }

    func double() throws -> Double {
        switch self {
        case .number(let value): return value
        case .whole(let value): return Double(value)
        default: throw GoldenFault(what: "not a number: \(spelled)")
        }
    }

    func string() throws -> String {
        guard case .text(let value) = self else { throw GoldenFault(what: "not text: \(spelled)") }
        return value
    }

    func bool() throws -> Bool {
        guard case .bool(let value) = self else { throw GoldenFault(what: "neither true nor false: \(spelled)") }
        return value
    }

    /// Out of base64.
    func bytes() throws -> [UInt8] {
        guard let data = Data(base64Encoded: try string()) else { throw GoldenFault(what: "not base64") }
        return [UInt8](data)
    }

    func box() throws -> Box {
        let ends = try ints()
        return Box(top: ends[0], bottom: ends[1], left: ends[2], right: ends[3])
    }
}
