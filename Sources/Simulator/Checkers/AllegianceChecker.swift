package import Consensus
package import Kernel

/// R5: who hears a leader, or leads, does not leave it for a candidate, unless the leader itself hands over. Else a member
/// that was away, or is none any more, deposes leaders that serve. Raft dissertation, section 4.2.3.
package struct AllegianceChecker: Sendable {
    /// Where a node stands between two steps.
    package struct Standpoint: Hashable, Sendable {
        package let process: UInt64
        package let term: Term
        package let role: RaftNode.Role
        package let leader: MemberID?
        /// Whether no clock is wrong: who has one that is does not take heartbeats, or steps down by itself.
        package let hasGoodClocks: Bool

        package init(process: UInt64, term: Term, role: RaftNode.Role, leader: MemberID?, hasGoodClocks: Bool) {
            self.process = process
            self.term = term
            self.role = role
            self.leader = leader
            self.hasGoodClocks = hasGoodClocks
        }
    }

    private struct Hearing: Sendable {
        let process: UInt64
        let term: Term
        let at: Instant
    }

    /// By machine: when its node last heard the leader that it follows.
    private var hearings: [Hearing?]
    /// For how long that binds by any clock in order.
    private let binding: Span

    package init(machineCount: Int, _ electionTimeout: Span) {
        hearings = Array(repeating: nil, count: machineCount)
        binding = Span(microseconds: electionTimeout.microseconds - electionTimeout.microseconds / 500)
    }

    /// A node is told that the leader's process has ended.
    package mutating func linkClosed(_ node: Int) { hearings[node] = nil }

    /// - Parameters:
    ///   - isCredible: Whether it is no lie, and not dated so far ahead that nodes pass over it.
    ///   - before: Needed where the message asks for a vote.
    package mutating func received(
        _ node: Int,
        _ message: Message,
        isCredible: Bool,
        before: Standpoint?,
        after: Standpoint,
        at now: Instant
    ) throws(Violation) {
        switch message.body {
        // An append may be passed over for the date of an entry.
        case .heartbeat, .snapshot:
            guard isCredible, after.hasGoodClocks, after.role == .follower, after.term == message.term,
                after.leader == message.from
            else { return }
            hearings[node] = Hearing(process: after.process, term: after.term, at: now)
        case .voteRequest(_, isTransfer: false):
            guard let before, after.term > before.term, isBound(node, before, at: now) else { return }
            throw Violation(
                .convergence,
                "n\(node + 1) leaves the leader of \(before.term) for a candidate of \(message.term)"
            )
        case .append, .voteRequest, .voteResponse, .preVoteRequest, .preVoteResponse, .appendAccepted, .appendRejected,
            .heartbeatAcknowledged, .snapshotAcknowledged, .timeoutNow, .readIndexRequest, .readIndexResponse:
            return
        }
    }

    private func isBound(_ node: Int, _ before: Standpoint, at now: Instant) -> Bool {
        switch before.role {
        case .leader: return before.hasGoodClocks
        case .follower:
            guard before.leader != nil, let hearing = hearings[node], hearing.process == before.process,
                hearing.term == before.term
            else { return false }
            return now.elapsed(since: hearing.at) < binding
        case .preCandidate, .candidate: return false
        }
    }
}
