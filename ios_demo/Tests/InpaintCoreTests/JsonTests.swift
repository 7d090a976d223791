import XCTest

@testable import InpaintCore

final class JsonTests: XCTestCase {
    func testNumbersKeepTheirKind() throws {
        let json = try Json(parsing: " [0, -0, 12, 1.0, 1e2, 9223372036854775807, -0.5E-1]\n")
        XCTAssertEqual(
            json,
            .list([
                .whole(0), .whole(0), .whole(12), .number(1), .number(100), .whole(.max), .number(-0.05),
            ])
        )
    }

    func testTextsAreUnescaped() throws {
        let json = try Json(parsing: #"["\"\\\/\b\f\n\r\t\u0041\u00e9\ud83d\ude00", "Zoë 😀"]"#)
        XCTAssertEqual(
            json, .list([.text("\"\\/\u{8}\u{C}\n\r\tA\u{e9}\u{1F600}"), .text("Zo\u{eb} \u{1F600}")]))
    }

    func testKeysKeepTheirOrderAndTheLastValueCounts() throws {
        let json = try Json(parsing: #"{"b": 1, "a": {}, "b": 2, "c": []}"#)
        XCTAssertEqual(json.spelled, "{'b': 2, 'a': {}, 'c': []}")
        XCTAssertEqual(json.written(indent: 1), "{\n \"b\": 2,\n \"a\": {},\n \"c\": []\n}")
    }

    func testWhatIsNoJsonIsRefused() {
        let deep = String(repeating: "[", count: 100_000)
        let broken = [
            "", " ", "nul", "tru", "01", "+1", "1.", ".5", "1e", "- 1", "NaN", "Infinity", "'a'", "\"a", "\"\t\"", "\"\\x\"",
            "\"\\u12g4\"", "[1,]", "[1 2]", "{\"a\":1,}", "{\"a\" 1}", "{a:1}", "{\"a\":}", "[]]", "[", "{", "//\n1", "\u{FEFF}1",
            deep, "9223372036854775808", "-9223372036854775808", String(repeating: "9", count: 1_000_000), "1e999", "-1e999",
            #""\ud83d""#, #""\ud83d!""#, #""\ude00""#, #""\ud83d\ud83d\ude00""#,
            "\"" + String(repeating: "a", count: 1_000_001) + "\"", String(repeating: "{\"a\":", count: 100_000),
        ]
        for text in broken {
            XCTAssertThrowsError(try Json(parsing: text), String(text.prefix(20)))
        }
    }

    func testDepthIsBounded() throws {
        for (opening, closing) in [("[", "]"), ("{\"a\":", "}")] {
            for (depth, isRead) in [(64, true), (65, false)] {
                let text = String(repeating: opening, count: depth) + "1" + String(repeating: closing, count: depth)
                XCTAssertEqual((try? Json(parsing: text)) != nil, isRead)
            }
        }
    }

    func testNamesArePlainAsInPython() throws {
        for golden in try Golden.cases("names", "names") {
            let name = try golden.at("name").string()
            XCTAssertEqual(isPlainName(name), try golden.at("plain").bool(), quote(name))
        }
    }

    func testNumbersAreSpelledAsInPython() {
        let spellings: [(Double, String)] = [
            (0, "0.0"), (-0.0, "-0.0"), (1, "1.0"), (-2.5, "-2.5"), (0.1, "0.1"), (1e-4, "0.0001"), (1e-5, "1e-05"),
            (1.25e-7, "1.25e-07"), (123_456_789_012_345, "123456789012345.0"),
            (9_007_199_254_740_992, "9007199254740992.0"), (9.5e15, "9500000000000000.0"), (1e16, "1e+16"),
            (1e22, "1e+22"), (.greatestFiniteMagnitude, "1.7976931348623157e+308"), (.leastNonzeroMagnitude, "5e-324"),
            (.infinity, "inf"), (-.infinity, "-inf"), (.nan, "nan"), (100, "100.0"), (1024.5, "1024.5"),
        ]
        for (value, spelling) in spellings {
            XCTAssertEqual(value.spelled, spelling)
        }
    }

    func testTextsAreSpelledAsInPython() {
        XCTAssertEqual(Json.text("a\n\u{1}\u{7f}\u{a0}é😀\\").spelled, #"'a\n\x01\x7f\xa0é😀\\'"#)
        XCTAssertEqual(Json.text("it's").spelled, #""it's""#)
        XCTAssertEqual(Json.text("it's \"w8\"").spelled, #"'it\'s "w8"'"#)
        XCTAssertEqual(Json.text("\u{200b}\u{e000}").spelled, #"'\u200b\ue000'"#)
        XCTAssertEqual(Json.list([.null, .bool(true), .bool(false), .whole(99)]).spelled, "[None, True, False, 99]")
    }
}
