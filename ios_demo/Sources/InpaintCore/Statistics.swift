import Foundation

/// The interquartile range, as a share of the median, above which a timing is called unsteady.
private let unsteadyShare = 0.10
/// The rise from the first third of the runs to the last above which a device is suspected of throttling.
private let slowedShare = 0.10

/// Of a series of times in milliseconds. Percentiles interpolate linearly between the two nearest times (Hyndman and Fan's
/// definition 7); the deviation is that of a sample (n - 1).
public struct Statistics: Equatable, Sendable {
    public let n: Int
    public let p50Ms: Double
    public let p90Ms: Double
    public let p95Ms: Double
    public let p99Ms: Double
    public let meanMs: Double
    public let stdMs: Double
    public let iqrMs: Double
    public let minMs: Double
    public let maxMs: Double

    /// Of `timesMs`, which holds at least one.
    public init(of timesMs: [Double]) {
        let mean = timesMs.reduce(0, +) / Double(timesMs.count)
        let squares = timesMs.reduce(0.0) { $0 + ($1 - mean) * ($1 - mean) }
        n = timesMs.count
        p50Ms = percentile(timesMs, 50)
        p90Ms = percentile(timesMs, 90)
        p95Ms = percentile(timesMs, 95)
        p99Ms = percentile(timesMs, 99)
        meanMs = mean
        stdMs = timesMs.count > 1 ? (squares / Double(timesMs.count - 1)).squareRoot() : 0
        iqrMs = percentile(timesMs, 75) - percentile(timesMs, 25)
        minMs = percentile(timesMs, 0)
        maxMs = percentile(timesMs, 100)
    }

    /// The middle half of the times spans more than a tenth of their median.
    public var unsteady: Bool { iqrMs > unsteadyShare * p50Ms }
}

/// Why to doubt these times: a line each, for a report's `warnings`.
///
/// - Parameters:
///   - timesMs: of the timed runs, in order; at least one.
///   - completed: the output was seen to change each time that the input did.
public func doubts(_ timesMs: [Double], completed: Bool) -> [String] {
    var lines: [String] = []
    let its = Statistics(of: timesMs)
    if its.unsteady {
        lines.append("unsteady: the middle half of the times spans \(percent(its.iqrMs / its.p50Ms)) of their median")
    }
    let third = timesMs.count / 3
    if third > 0 {
        let rise = percentile(Array(timesMs.suffix(third)), 25) / median(Array(timesMs.prefix(third))) - 1
        if rise > slowedShare {  // of nearly all of them, for times that jump to and fro are unsteady and nothing else
            lines.append(
                "slower towards the end: the last third of the runs took \(percent(rise)) longer than the first, "
                    + "as when throttled"
            )
        }
    }
    if !completed {
        lines.append("the output did not change with the input, so these may be times of a dispatch, not of finished work")
    }
    return lines
}

/// Of at least one value.
public func median(_ values: [Double]) -> Double {
    percentile(values, 50)
}

private func percentile(_ values: [Double], _ percent: Double) -> Double {
    let sorted = values.sorted()
    let position = percent / 100 * Double(sorted.count - 1)
    let below = Int(position)
    let share = position - Double(below)
    let low = sorted[below]
    let high = sorted[min(below + 1, sorted.count - 1)]
    return share < 0.5 ? low + (high - low) * share : high - (high - low) * (1 - share)
}

/// Half a percent goes to the even one, as in Python.
private func percent(_ share: Double) -> String {
    String(format: "%.0f%%", share * 100)
}
