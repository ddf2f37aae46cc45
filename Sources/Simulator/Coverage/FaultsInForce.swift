package import Kernel

/// Which classes of faults are in force in a world. What has no duration counts for a second after it happened.
package struct FaultsInForce: Sendable {
    /// Those that stand until they are repaired.
    package var lasting: FaultSet = []
    private var recent: FaultSet = []
    /// By class: until when it is recent.
    private var ends = Array(repeating: Instant.zero, count: FaultClass.allCases.count)
    /// When the first of the recent ones is so no more.
    private var nextEnd = Instant(microseconds: .max)

    package static let aftermath = Span.seconds(1)

    package init() {}

    package mutating func happened(_ kind: FaultClass, at now: Instant) {
        ends[Int(kind.rawValue)] = now.advanced(by: Self.aftermath)
        recent.insert(FaultSet(kind))
        nextEnd = min(nextEnd, ends[Int(kind.rawValue)])
    }

    package mutating func current(at now: Instant) -> FaultSet {
        if now >= nextEnd { forget(at: now) }
        return lasting.union(recent)
    }

    private mutating func forget(at now: Instant) {
        recent = []
        nextEnd = Instant(microseconds: .max)
        for kind in FaultClass.allCases where ends[Int(kind.rawValue)] > now {
            recent.insert(FaultSet(kind))
            nextEnd = min(nextEnd, ends[Int(kind.rawValue)])
        }
    }
}
