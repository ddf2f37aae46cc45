/// Time since the node started, in microseconds, from a clock that never goes back and counts while suspended.
///
/// Only shells and the simulator can make one move.
package struct Instant: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let microseconds: UInt64

    package init(microseconds: UInt64) { self.microseconds = microseconds }

    package static let zero = Instant(microseconds: 0)
    package static func < (lhs: Self, rhs: Self) -> Bool { lhs.microseconds < rhs.microseconds }

    /// Saturates at the end of time instead of trapping, since some durations come from configuration.
    package func advanced(by duration: Span) -> Instant {
        let (sum, overflow) = microseconds.addingReportingOverflow(duration.microseconds)
        return Instant(microseconds: overflow ? .max : sum)
    }

    /// Zero when `earlier` is in fact later.
    package func elapsed(since earlier: Instant) -> Span {
        Span(microseconds: microseconds > earlier.microseconds ? microseconds - earlier.microseconds : 0)
    }

    /// The earlier of two that may never come. Nil where neither does.
    package static func earliest(_ first: Instant?, _ second: Instant?) -> Instant? {
        guard let first, let second else { return first ?? second }
        return min(first, second)
    }

    package var description: String { "\(microseconds)us" }
}

/// A length of time in microseconds, never negative.
package struct Span: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let microseconds: UInt64

    package init(microseconds: UInt64) { self.microseconds = microseconds }
    package static func milliseconds(_ count: UInt64) -> Span {
        Span(microseconds: count.multipliedReportingOverflow(by: 1000).overflow ? .max : count * 1000)
    }
    package static func seconds(_ count: UInt64) -> Span { .milliseconds(count > .max / 1000 ? .max : count * 1000) }

    package static let zero = Span(microseconds: 0)
    package static func < (lhs: Self, rhs: Self) -> Bool { lhs.microseconds < rhs.microseconds }
    package var milliseconds: UInt64 { microseconds / 1000 }
    package var description: String { "\(microseconds)us" }
}

/// A reading of a wall clock: milliseconds since 1970-01-01T00:00:00Z. May be wrong, may go back.
package struct WallTime: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let milliseconds: UInt64

    package init(milliseconds: UInt64) { self.milliseconds = milliseconds }

    package static let distantPast = WallTime(milliseconds: 0)
    package static let distantFuture = WallTime(milliseconds: .max)
    package static func < (lhs: Self, rhs: Self) -> Bool { lhs.milliseconds < rhs.milliseconds }

    /// Saturates at both ends.
    package func advanced(by span: Span) -> WallTime {
        let (sum, overflow) = milliseconds.addingReportingOverflow(span.milliseconds)
        return WallTime(milliseconds: overflow ? .max : sum)
    }

    /// Saturates at the epoch.
    package func reduced(by span: Span) -> WallTime {
        WallTime(milliseconds: milliseconds > span.milliseconds ? milliseconds - span.milliseconds : 0)
    }

    package func elapsed(since earlier: WallTime) -> Span {
        .milliseconds(milliseconds > earlier.milliseconds ? milliseconds - earlier.milliseconds : 0)
    }

    package var description: String { "\(milliseconds)ms" }
}

/// Both clocks of a node, read together.
package struct Moment: Hashable, Sendable {
    package let monotonic: Instant
    package let wall: WallTime

    package init(monotonic: Instant, wall: WallTime) {
        self.monotonic = monotonic
        self.wall = wall
    }
}
