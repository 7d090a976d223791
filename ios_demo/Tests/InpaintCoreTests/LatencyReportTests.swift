import XCTest

@testable import InpaintCore

final class LatencyReportTests: XCTestCase {
    func testStatisticsOfRawTimes() throws {
        for golden in try Golden.cases("report", "statistics") {
            let its = Statistics(of: try golden.at("times_ms").items().map { try $0.double() })
            try check(its, golden, try golden.at("name").string())
            XCTAssertEqual(its.unsteady, try golden.at("unsteady").bool())
        }
    }

    func testDoubtsAboutRawTimes() throws {
        for golden in try Golden.cases("report", "doubts") {
            let times = try golden.at("times_ms").items().map { try $0.double() }
            let lines = doubts(times, completed: try golden.at("completed").bool())
            XCTAssertEqual(lines, try golden.at("doubts").items().map { try $0.string() })
        }
    }

    func testAReportIsWrittenAsItWasRead() throws {
        for golden in try Golden.cases("report", "reports") {
            let name = try golden.at("name").string()
            let text = try golden.at("text").string()
            let report = try LatencyReport(json: text, at: "report.json")
            XCTAssertEqual(report.text(), text, name)
            try check(report.statistics, golden.at("statistics"), name)
            XCTAssertEqual(report.loadMs.json, try golden.at("load_ms"), name)
            XCTAssertEqual(report.firstMs.json, try golden.at("first_ms"), name)
            XCTAssertEqual(report.compileMs.json, try golden.at("compile_ms"), name)
            XCTAssertEqual(report.retainedMb.json, try golden.at("retained_mb"), name)
            XCTAssertEqual(report.peakMb.json, try golden.at("peak_mb"), name)
            XCTAssertEqual(report.mayBeUnfinished.json, try golden.at("may_be_unfinished"), name)
        }
    }

    func testWhatIsNoReportIsRefusedInPythonsWords() throws {
        for golden in try Golden.cases("report", "refused") {
            let name = try golden.at("name").string()
            XCTAssertThrowsError(try LatencyReport(json: golden.at("text").string(), at: "report.json"), name) { error in
                XCTAssertEqual((error as? BenchError)?.message, try? golden.at("refused").string(), name)
            }
        }
    }

    private func check(_ its: Statistics, _ golden: Json, _ name: String) throws {
        let figures = [
            "p50_ms": its.p50Ms, "p90_ms": its.p90Ms, "p95_ms": its.p95Ms, "p99_ms": its.p99Ms, "mean_ms": its.meanMs,
            "std_ms": its.stdMs, "iqr_ms": its.iqrMs, "min_ms": its.minMs, "max_ms": its.maxMs,
        ]
        XCTAssertEqual(its.n, try golden.at("n").int(), name)
        for (key, value) in figures {
            let expected = try golden.at(key).double()
            XCTAssertEqual(value, expected, accuracy: 1e-9 * max(1, abs(expected)), "\(name): \(key)")
        }
    }
}
