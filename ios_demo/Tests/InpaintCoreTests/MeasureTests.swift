import XCTest

@testable import InpaintCore

final class MeasureTests: XCTestCase {
    func testTimesAreThoseOfTheClock() {
        var now = 0.0
        let timing = Timing(
            warmup: 2, runs: 3,
            clock: {
                now += 10
                return now
            },
            run: { [Float($0)] }
        )
        XCTAssertEqual(timing, Timing(warmupMs: [10, 10], timesMs: [10, 10, 10], completed: true))
    }

    func testAnOutputThatDoesNotChangeIsADispatch() {
        XCTAssertFalse(Timing(warmup: 1, runs: 3, run: { _ in [1] }).completed)
        XCTAssertFalse(Timing(warmup: 0, runs: 1, run: { _ in [1] }).completed)
        XCTAssertTrue(Timing(warmup: 1, runs: 3, run: { [Float($0 % 2)] }).completed)
    }

    func testNeighbouringProbesDifferAndHideTheHole() {
        let probe = Probe(sizePx: 16)
        XCTAssertEqual(probe.mask.reduce(0, +), 64)
        XCTAssertNotEqual(probe.image(0), probe.image(1))
        XCTAssertEqual(probe.image(0), probe.image(2))
        for at in probe.mask.indices where probe.mask[at] == 1 {
            XCTAssertEqual(probe.image(1)[at], 0)
        }
        XCTAssertEqual(probe.answer(probe.image(0)), [Float](repeating: 0, count: 3 * 64))
    }

    func testAnEraseIsTimedInThreeParts() throws {
        var now = 0.0
        let stopwatch = Stopwatch { now }
        let fill = stopwatch.timed { image, _ in
            now += 7
            return image
        }
        now += 2
        _ = try fill([], [])
        now += 1
        _ = try fill([], [])
        now += 4
        let times = stopwatch.read()
        XCTAssertEqual([times.preMs, times.netMs, times.postMs, times.totalMs], [2, 14, 5, 21])
    }

    func testAReportSaysWhatWasTimed() throws {
        let golden = try XCTUnwrap(try Golden.cases("manifest", "cases").first)
        let manifest = try Manifest(json: golden.at("text").string(), at: "toy.onnx.json")
        let timing = Timing(warmup: 1, runs: 2, clock: { 5 }, run: { [Float($0)] })
        let machine = Machine(device: "a", chip: "b", cores: 6, memoryMb: 4096, os: "c", freeMb: nil)
        let start = ColdStart(loadMs: 1, firstMs: 2, compileMs: 3)
        var report = LatencyReport(
            manifest: manifest, machine: machine, inpainter: Idle(), timing: timing, start: start,
            date: "2026-11-21T18:40:00+00:00", thermal: "nominal", command: "d"
        )
        report.timesMs = [1, 2]
        XCTAssertEqual(report.subject.inputs["image"], "float32 1x3x64x64")
        XCTAssertEqual(report.timed, "completion")
        XCTAssertEqual(report.compileMs, 3)
        XCTAssertEqual(try LatencyReport(json: report.text(), at: "a.json"), report)
    }
}

/// A network that is never asked.
private final class Idle: Inpainter {
    let sizePx = 16
    let runtime = "none"
    let accelerator = "cpu"

    func fill(image: [Float], mask: [Float]) throws -> [Float] {
        image
    }
}
