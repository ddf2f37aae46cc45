package import Consensus
package import Kernel

/// R1: at most one member leads in a term, and each member votes for at most one candidate in a term, whatever it
/// forgot in a crash. Remembers what nodes let out, so it does not trust what they say of themselves later.
package struct LeadershipChecker: Sendable {
    private struct Ballot: Hashable {
        let voter: MemberID
        let term: Term
    }

    private var leaders: [Term: Int] = [:]
    private var votes: [Ballot: MemberID] = [:]
    private var members: Set<Int> = []
    /// Elections of members that are none any more.
    private var earlierTerms = 0

    package init() {}

    package var electedTerms: Int { earlierTerms + leaders.count }
    /// How many members led at one time or another.
    package var leaderCount: Int { members.count }

    /// Other members begin in a term that may have had a leader, of whom they know nothing.
    package mutating func beginAnew() {
        earlierTerms += leaders.count
        leaders = [:]
    }

    /// - Returns: Whether nobody was known to lead in that term.
    @discardableResult
    package mutating func leads(_ node: Int, in term: Term) throws(Violation) -> Bool {
        let other = leaders.updateValue(node, forKey: term)
        if let other, other != node {
            throw Violation(.leadership, "n\(other + 1) and n\(node + 1) both lead in \(term)")
        }
        members.insert(node)
        return other == nil
    }

    /// A member begins to lead: the votes of a quorum, its own among them, are on their disks, or else a loss of power
    /// everywhere would let another be elected in the same term. A voter in a later term gives no more votes in this one.
    package static func elected(
        _ node: Int,
        _ leader: MemberID,
        in term: Term,
        by majorities: [Majority]
    ) throws(Violation) {
        let isElected = majorities.allSatisfy { majority in
            majority.canHave { disk in
                let state = disk.hardState
                // A disk in no term was wiped since, and cannot tell.
                return state.term > term || state.term == term && state.vote == leader || state.term == .zero
            }
        }
        guard !isElected else { return }
        throw Violation(.leadership, "n\(node + 1) leads in \(term), and no quorum has its votes on the disk")
    }

    /// A message is on its way to the network.
    package mutating func sends(_ node: Int, _ message: Message) throws(Violation) {
        switch message.body {
        case .voteRequest: try votes(node, message.from, for: message.from, in: message.term)
        case .voteResponse(granted: true): try votes(node, message.from, for: message.to, in: message.term)
        case .voteResponse(granted: false), .preVoteRequest, .preVoteResponse, .append, .appendAccepted,
            .appendRejected, .heartbeat, .heartbeatAcknowledged, .snapshot, .snapshotAcknowledged, .timeoutNow,
            .readIndexRequest, .readIndexResponse:
            return
        }
    }

    private mutating func votes(
        _ node: Int,
        _ voter: MemberID,
        for candidate: MemberID,
        in term: Term
    ) throws(Violation) {
        guard let other = votes.updateValue(candidate, forKey: Ballot(voter: voter, term: term)), other != candidate
        else { return }
        throw Violation(.leadership, "n\(node + 1) votes for \(other) and for \(candidate) in \(term)")
    }
}
