package import Decision
package import Kernel

/// S2: how long a node may allow after somebody was told that a revocation is done.
///
/// - A node whose knowledge is proven to be newer does not allow at all.
/// - A node that is cut off stops when its knowledge is too old.
/// - A node in a cluster at peace hears of it within `bound`.
package struct PropagationChecker: Sendable {
    /// W: in a cluster in which nothing goes wrong.
    package static let bound = Span.seconds(1)
    /// How long after the last trouble a cluster is at peace.
    package static let settling = Span.seconds(5)

    /// By agent, in true time.
    private var acknowledgements: [Int: Instant] = [:]
    private let rules: ClockRules

    package init(rules: ClockRules) { self.rules = rules }

    /// Some client was told that the agent is revoked.
    package mutating func acknowledged(_ agent: Int, at time: Instant) {
        if acknowledgements[agent] == nil { acknowledgements[agent] = time }
    }

    /// A cluster goes on from a backup. Of statements about agents that it does not know nothing is left, where `known` is given.
    package mutating func restored(keeping known: [Int]?) {
        guard let known else { return }
        acknowledgements = acknowledgements.filter { known.contains($0.key) }
    }

    package func isRevoked(_ agent: Int) -> Bool { acknowledgements[agent] != nil }

    /// What a node allowed by.
    package struct Basis: Hashable, Sendable {
        package let freshness: Freshness
        package let maximumAge: Span
        /// Since when nothing was wrong anywhere, in true time; nil where something is, or the node is no member.
        package let peaceSince: Instant?

        package init(freshness: Freshness, maximumAge: Span, peaceSince: Instant?) {
            self.freshness = freshness
            self.maximumAge = maximumAge
            self.peaceSince = peaceSince
        }
    }

    /// A node answered a request with allow, at a true time.
    package func allowed(_ agent: Int, by node: Int, at now: Instant, _ basis: Basis) throws(Violation) {
        guard let revoked = acknowledgements[agent] else { return }
        let story =
            "n\(node + 1) allows agent \(agent) \(now.elapsed(since: revoked).milliseconds) ms after its revocation"
        let newest = VirtualClock.trueWall(at: revoked).advanced(by: rules.maxClockError)
        guard basis.freshness.provenAt <= newest else {
            throw Violation(.propagation, "\(story), by knowledge that is proven to be of \(basis.freshness.provenAt)")
        }
        let end = revoked.advanced(by: rules.withDrift(basis.maximumAge)).advanced(by: rules.maxClockError)
        guard now <= end else {
            throw Violation(.propagation, "\(story); knowledge may be \(basis.maximumAge.milliseconds) ms old")
        }
        guard let peace = basis.peaceSince else { return }
        let calm = max(revoked, peace.advanced(by: Self.settling))
        guard now <= calm.advanced(by: Self.bound) else {
            throw Violation(.propagation, "\(story), though nothing keeps it from knowing")
        }
    }
}
