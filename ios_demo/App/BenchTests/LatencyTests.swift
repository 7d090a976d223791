import InpaintCore
import InpaintKit
import XCTest

/// What `mobile-inpaint bench FILE@unit --device ios --tool ….xctestrun` runs on the phone, inside the app.
///
/// It is told `MOBILE_INPAINT_UNIT` (`cpu`, `gpu`, `ane` or `all`) and `MOBILE_INPAINT_RUNS`, prints which file it measures, and
/// XCTest prints the times.
final class LatencyTests: XCTestCase {
    private var inpainter: CoreMlInpainter?

    override func setUp() async throws {
        let told = ProcessInfo.processInfo.environment
        let unit = try XCTUnwrap(ComputeUnit(rawValue: told["MOBILE_INPAINT_UNIT"] ?? "all"), "unit: cpu, gpu, ane or all")
        let artifact = try BundledArtifact.open(in: .main)
        let compiled = try await CompiledModels.url(of: artifact).url
        inpainter = try CoreMlInpainter(compiled: compiled, contract: artifact.manifest.contract, unit: unit)
        print("mobile-inpaint: file=\(artifact.manifest.file) sha256=\(artifact.manifest.sha256) unit=\(unit.rawValue)")
    }

    func testLatency() throws {
        let inpainter = try XCTUnwrap(self.inpainter)
        let probe = Probe(sizePx: inpainter.sizePx)
        let images = [probe.image(0), probe.image(1)]
        for i in 0..<10 {
            _ = try inpainter.fill(image: images[i % 2], mask: probe.mask)
        }
        let options = XCTMeasureOptions()
        options.iterationCount = ProcessInfo.processInfo.environment["MOBILE_INPAINT_RUNS"].flatMap { Int($0) } ?? 50
        var i = 0
        measure(metrics: [XCTClockMetric(), XCTMemoryMetric()], options: options) {
            do {
                _ = try inpainter.fill(image: images[i % 2], mask: probe.mask)
            } catch {
                XCTFail(error.localizedDescription)
            }
            i += 1
        }
    }

    func testTheOutputFollowsTheInput() throws {
        let inpainter = try XCTUnwrap(self.inpainter)
        let probe = Probe(sizePx: inpainter.sizePx)
        let timing = try Timing(
            warmup: 0, runs: 4,
            run: { i in probe.answer(try inpainter.fill(image: probe.image(i), mask: probe.mask)) }
        )
        XCTAssertTrue(timing.completed)
    }
}
