package import Kernel

/// Both clocks of one machine, as functions of the world's true time.
///
/// The monotonic clock starts at zero with each process and drifts; the wall clock is off by some error and can be
/// stepped. True time is an `Instant` since the start of the world.
package struct VirtualClock: Sendable {
    /// True time at which the process started.
    private var start: Instant
    /// How much faster than true time the monotonic clock runs, in parts per million.
    private let drift: Int64
    /// Wall clock less true wall time.
    package private(set) var wallErrorMilliseconds: Int64

    /// 2026-01-01T00:00:00Z: true wall time when a world begins.
    package static let worldStart = WallTime(milliseconds: 1_767_225_600_000)
    /// Two clocks within this of the truth differ by less than the 500 ms that the rules allow.
    package static let goodErrorMilliseconds: Int64 = 200

    package init(start: Instant, driftPPM: Int64, wallErrorMilliseconds: Int64) {
        self.start = start
        self.drift = min(max(driftPPM, -900), 900)
        self.wallErrorMilliseconds = wallErrorMilliseconds
    }

    package static func trueWall(at time: Instant) -> WallTime {
        WallTime(milliseconds: worldStart.milliseconds + time.microseconds / 1000)
    }

    package func monotonic(at time: Instant) -> Instant {
        let elapsed = Int64(time.elapsed(since: start).microseconds)
        return Instant(microseconds: UInt64(elapsed + elapsed * drift / 1_000_000))
    }

    package func wall(at time: Instant) -> WallTime {
        let truth = Int64(Self.trueWall(at: time).milliseconds)
        return WallTime(milliseconds: UInt64(max(0, truth + wallErrorMilliseconds)))
    }

    package func moment(at time: Instant) -> Moment { Moment(monotonic: monotonic(at: time), wall: wall(at: time)) }

    /// The first true time at which the monotonic clock reads at least this.
    package func trueTime(of reading: Instant) -> Instant {
        guard reading.microseconds < UInt64(Int64.max) / 2_000_000 else { return Instant(microseconds: .max) }
        let estimate = Int64(reading.microseconds) * 1_000_000 / (1_000_000 + drift)
        var time = start.advanced(by: Span(microseconds: UInt64(max(0, estimate - 2))))
        while monotonic(at: time) < reading { time = time.advanced(by: Span(microseconds: 1)) }
        return time
    }

    /// A new process has started: its monotonic clock begins anew.
    package mutating func restart(at time: Instant) { start = time }

    package mutating func step(byMilliseconds step: Int64) {
        let (sum, overflow) = wallErrorMilliseconds.addingReportingOverflow(step)
        if !overflow { wallErrorMilliseconds = sum }
    }

    /// What a time service does when it works again.
    package mutating func correct(toErrorMilliseconds error: Int64) { wallErrorMilliseconds = error }

    package var isGood: Bool { abs(wallErrorMilliseconds) <= Self.goodErrorMilliseconds }
}
