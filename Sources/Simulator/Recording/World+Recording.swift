internal import Consensus
internal import Kernel
internal import Replica

/// What of a run is recorded, where it is.
extension World {
    mutating func recordSent(
        _ message: PeerMessage,
        from: Int,
        to: Int,
        arrival: Instant?
    ) -> Recording.Number? {
        recording?.note(
            Recording.Sent(
                from: from,
                to: to,
                family: message.body.family,
                text: message.body.summary,
                time: now,
                arrival: arrival
            )
        )
    }

    mutating func recordArrival(_ frame: WorldEvent.Frame, isReceived: Bool) {
        if let number = frame.number { recording?.arrived(number, isReceived: isReceived) }
    }

    mutating func recordState(_ node: Int) {
        guard recording != nil else { return }
        let state = state(node)
        recording?.note(state, of: node, at: now)
    }

    private func state(_ node: Int) -> Recording.NodeState.Content {
        let process = machines[node].process
        return Recording.NodeState.Content(
            isUp: process != nil,
            role: process.map { "\($0.replica.role)" } ?? "down",
            term: process?.replica.term.number ?? 0,
            leader: process?.replica.leader.flatMap(number(of:)),
            logEnd: process?.replica.lastPosition.index.number ?? 0,
            committed: process?.replica.commitIndex.number ?? 0,
            applied: process?.replica.applied.position.index.number ?? 0,
            isServing: process?.isServing ?? false
        )
    }
}

extension PeerMessage.Body {
    var family: MessageFamily {
        switch self {
        case .raft(let message, _): message.body.family
        case .forward, .forwardRefused: .forward
        case .entriesWanted, .entriesFound: .repair
        case .votersWanted, .voters: .election
        case .statements, .statementsHeld: .statement
        case .sealWanted, .sealAnswered, .sealed, .sealedByOthers, .successionWanted, .succession: .seal
        case .gossip: .gossip
        }
    }
}

extension Message.Body {
    fileprivate var family: MessageFamily {
        switch self {
        case .preVoteRequest, .preVoteResponse, .voteRequest, .voteResponse, .timeoutNow: .election
        case .append, .appendAccepted, .appendRejected: .replication
        case .heartbeat, .heartbeatAcknowledged: .heartbeat
        case .snapshot, .snapshotAcknowledged: .snapshot
        case .readIndexRequest, .readIndexResponse: .read
        }
    }
}
