package import Consensus
internal import Kernel

/// R1 and R2: what a node promises is on its disk when the promise leaves it. Raft section 5.1, "Persistent state on all
/// servers". A crash right after it would break the promise otherwise, whether or not one comes.
package enum PromiseChecker {
    /// A message is on its way to the network.
    ///
    /// - Parameter disk: Of the sender, with what is durable.
    package static func sends(_ node: Int, _ message: Message, from disk: VirtualLogDisk) throws(Violation) {
        switch message.body {
        case .voteRequest: try votes(node, for: message.from, in: message.term, on: disk)
        case .voteResponse(granted: true): try votes(node, for: message.to, in: message.term, on: disk)
        case .appendAccepted(let matchIndex): try holds(node, matchIndex, in: message.term, on: disk)
        case .voteResponse(granted: false), .preVoteRequest, .preVoteResponse, .append, .appendRejected, .heartbeat,
            .heartbeatAcknowledged, .snapshot, .snapshotAcknowledged, .timeoutNow, .readIndexRequest,
            .readIndexResponse:
            return
        }
    }

    /// In a later term the vote of this one can be forgotten: none is given in it any more.
    private static func votes(
        _ node: Int,
        for candidate: MemberID,
        in term: Term,
        on disk: VirtualLogDisk
    ) throws(Violation) {
        let state = disk.hardState
        if state.term > term || state.term == term && state.vote == candidate { return }
        let durable = "\(state.term) and \(state.vote.map { "a vote for \($0)" } ?? "no vote")"
        throw Violation(
            .leadership,
            "n\(node + 1) votes for \(candidate) in \(term), and its disk has \(durable)"
        )
    }

    /// In a later term another leader may have cut the entries off.
    private static func holds(
        _ node: Int,
        _ index: LogIndex,
        in term: Term,
        on disk: VirtualLogDisk
    ) throws(Violation) {
        if disk.hardState.term > term || index <= disk.last.index || disk.hasLost(index) { return }
        throw Violation(
            .log,
            "n\(node + 1) acknowledges entries up to \(index), and its disk ends at \(disk.last)"
        )
    }
}
