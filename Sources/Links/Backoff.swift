package import NIOCore

/// How long to wait before the next attempt to connect: not at all, then twice as long each time, with jitter, so that
/// peers that lost one another at the same moment do not meet again at the same moment.
package struct Backoff: Sendable {
    package struct Bounds: Hashable, Sendable {
        package var first = TimeAmount.milliseconds(10)
        package var longest = TimeAmount.milliseconds(500)

        package init() {}
    }

    private let bounds: Bounds
    private var attempt = 0

    package init(_ bounds: Bounds) { self.bounds = bounds }

    /// Between half of the step and all of it.
    package mutating func next(using random: inout some RandomNumberGenerator) -> TimeAmount {
        defer { attempt = min(attempt + 1, 62) }
        guard attempt > 0 else { return .zero }
        let (doubled, overflow) = bounds.first.nanoseconds.multipliedReportingOverflow(by: 1 << Int64(attempt - 1))
        let step = max(1, overflow ? bounds.longest.nanoseconds : min(doubled, bounds.longest.nanoseconds))
        return .nanoseconds(Int64.random(in: (step / 2)...step, using: &random))
    }

    /// For a connection that has lasted: one that is accepted and dropped at once is not retried in a tight loop.
    package mutating func reset(after uptime: TimeAmount) {
        if uptime >= bounds.longest { attempt = 0 }
    }
}
