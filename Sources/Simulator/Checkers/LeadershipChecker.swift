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

    package mutating func leads(_ node: Int, in term: Term) throws(Violation) {
        if let other = leaders.updateValue(node, forKey: term), other != node {
            throw Violation(.leadership, "n\(other + 1) and n\(node + 1) both lead in \(term)")
        }
        members.insert(node)
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
