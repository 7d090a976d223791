/// The three parts of one erase: until the network is called for the first time, in the network, and the rest.
public struct EraseTimes: Equatable, Sendable {
    public let preMs: Double
    public let netMs: Double
    public let postMs: Double

    public var totalMs: Double { preMs + netMs + postMs }
}

/// Times one erase through the ``Compositor``.
public final class Stopwatch {
    private let clock: () -> Double
    private let started: Double
    private var firstCall: Double?
    private var netMs = 0.0

    /// - Parameter clock: milliseconds from any beginning, never backwards.
    public init(clock: @escaping () -> Double = uptimeMs) {
        self.clock = clock
        started = clock()
    }

    /// What `fill` does, timed.
    public func timed(_ fill: @escaping Fill) -> Fill {
        return { image, mask in
            let called = self.clock()
            self.firstCall = self.firstCall ?? called
            defer { self.netMs += self.clock() - called }
            return try fill(image, mask)
        }
    }

    /// The times from the beginning until now.
    public func read() -> EraseTimes {
        let now = clock()
        let preMs = (firstCall ?? now) - started
        return EraseTimes(preMs: preMs, netMs: netMs, postMs: now - started - preMs - netMs)
    }
}

/// Milliseconds from any beginning, to the nanosecond; they stand still while the device sleeps.
public func uptimeMs() -> Double {
    let passed = bootOfClock.duration(to: SuspendingClock.now).components
    return Double(passed.seconds) * 1e3 + Double(passed.attoseconds) * 1e-15
}

private let bootOfClock = SuspendingClock.now
