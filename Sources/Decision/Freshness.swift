package import Kernel

/// How recent a node's knowledge is: the newest proof that the cluster still stood behind it.
package struct Freshness: Hashable, Sendable {
    /// By the leader's clock: when the newest heartbeat that a quorum acknowledged was sent; on edges, of the newest seal.
    package let provenAt: WallTime
    /// When that was on this node's monotonic clock, or a little earlier. An edge, which hears of it from others, learns that from both
    /// of its clocks.
    package let anchor: Instant

    package init(provenAt: WallTime, anchor: Instant) {
        self.provenAt = provenAt
        self.anchor = anchor
    }

    /// The bounds between which the true time lies, as far as this node can prove.
    ///
    /// A wall clock that goes wrong here cannot move them: they rest on the proof and on monotonic time alone.
    package func interval(at now: Instant, rules: ClockRules) -> (earliest: WallTime, latest: WallTime) {
        let elapsed = now.elapsed(since: anchor)
        return (provenAt, provenAt.advanced(by: rules.withDrift(elapsed)).advanced(by: rules.maxClockError))
    }

    /// Time since the proof: the larger of what the two clocks of this node say.
    package func age(at now: Moment) -> Span {
        max(now.monotonic.elapsed(since: anchor), now.wall.elapsed(since: provenAt))
    }
}

/// What is taken for granted about clocks. DESIGN section 5.
package struct ClockRules: Hashable, Sendable {
    /// How far two good wall clocks may differ.
    package let maxClockError: Span
    /// How much faster or slower a monotonic clock may run than true time, in parts per million.
    package let maxDriftPPM: UInt64

    package init(maxClockError: Span = .milliseconds(500), maxDriftPPM: UInt64 = 1000) {
        self.maxClockError = maxClockError
        self.maxDriftPPM = maxDriftPPM
    }

    /// The longest true time that this much monotonic time can stand for.
    package func withDrift(_ elapsed: Span) -> Span {
        let (extra, overflow) = elapsed.microseconds.multipliedReportingOverflow(by: maxDriftPPM)
        guard !overflow else { return Span(microseconds: .max) }
        let (sum, wrapped) = elapsed.microseconds.addingReportingOverflow(extra / 1_000_000)
        return Span(microseconds: wrapped ? .max : sum)
    }
}
