internal import Kernel

extension Coverage {
    /// All tuples that runs of a scenario can reach.
    ///
    /// Left out are, besides faults that neither the scenario nor its seeds have, and learners where no machine ever joins:
    /// - what is sent to leaders and candidates alone, for learners: answers to votes, entries, heartbeats and chunks,
    ///   forwarded commands, and questions for the commit index. A machine that was a learner before has another member's
    ///   name by then, and a link is between members, so nothing that was meant for a leader reaches it late. A machine
    ///   that lies says anything to anybody;
    /// - everything, where there is one node and no other ever joins: it gets no message.
    ///
    /// All the rest can be: messages are late, so a leader gets what was sent to the candidate that it was, and a follower
    /// what was sent to the leader.
    package static func possible(in scenario: Scenario) -> Coverage {
        var coverage = Coverage()
        // Who lost its disks comes back as a learner.
        let hasLearners =
            scenario.learnerCount > 0 || scenario.spareCount.map { $0 > 0 } ?? scenario.drawsSpares
            || scenario.wipesDisks
        guard scenario.nodeCount > 1 || hasLearners else { return coverage }
        let faults = faults(in: scenario)
        let hasLiars = hasLearners && scenario.drawsFaults || scenario.faults.contains { $0.fault.isLying }
        let seals = scenario.seals ?? scenario.drawsFaults
        let hasEdges = scenario.edgeCount.map { $0 > 0 } ?? scenario.drawsEdges
        let hasLyingEdges = hasEdges && scenario.drawsFaults || scenario.faults.contains { $0.fault.isLying(.edge) }
        for role in Role.allCases where (role != .learner || hasLearners) && (role != .edge || hasEdges) {
            for message in ChoiceKey.Subject.messages where (seals || !message.isOfSeals) && (hasEdges || !message.isOfEdges) {
                let isMeant =
                    switch role {
                    case .follower, .preCandidate, .candidate, .leader: message != .succession || hasLyingEdges
                    case .learner: hasLiars && message != .succession || hasLyingEdges || !message.isForLeadersOrCandidates && message != .succession
                    case .edge: hasLyingEdges || message.reachesEdges
                    }
                guard isMeant else { continue }
                coverage.note(role, message, under: [])
                coverage.note(role, message, under: faults)
            }
        }
        return coverage
    }

    /// Every run loses power everywhere at its end.
    private static func faults(in scenario: Scenario) -> FaultSet {
        let drawn = scenario.drawsFaults ? FaultClass.allCases : []
        return FaultSet((drawn + scenario.faults.compactMap(\.fault.kind) + [.crash]).map { FaultSet($0) })
    }
}

extension Fault {
    fileprivate var isLying: Bool { if case .byzantine = self { true } else { false } }
    fileprivate func isLying(_ role: Liar) -> Bool { if case .byzantine(role, _) = self { true } else { false } }
}

extension ChoiceKey.Subject {
    package static let messages = allCases.filter(\.isMessage)

    private var isMessage: Bool {
        switch self {
        case .preVoteRequest, .preVoteResponse, .voteRequest, .voteResponse, .append, .appendAccepted, .appendRejected,
            .heartbeat, .heartbeatAcknowledged, .snapshot, .snapshotAcknowledged, .timeoutNow, .readIndexRequest,
            .readIndexResponse, .forward, .forwardRefused, .entriesWanted, .entriesFound,
            .votersWanted, .voters, .statements, .statementsHeld, .sealWanted, .sealAnswered, .sealed, .gossip,
            .successionWanted, .succession:
            true
        case .none, .keptEntries, .compactionStep, .windowBytes, .maxAppendBytes, .maxApplyBytes, .writeLog, .apply,
            .readEntries, .readSnapshot, .stageSnapshot, .installSnapshot, .compact, .repairLog, .readForRepair,
            .judgeStatements, .keepStatements, .keepSealMark, .signSeal, .readLog:
            false
        }
    }

    fileprivate var isOfSeals: Bool {
        switch self {
        case .sealWanted, .sealAnswered, .sealed: true
        default: false
        }
    }

    fileprivate var isOfEdges: Bool {
        switch self {
        case .gossip, .successionWanted, .succession: true
        default: false
        }
    }

    /// What nodes in good order send to an edge.
    fileprivate var reachesEdges: Bool {
        switch self {
        case .gossip, .successionWanted, .succession, .statementsHeld, .entriesWanted, .entriesFound: true
        default: false
        }
    }

    fileprivate var isForLeadersOrCandidates: Bool {
        switch self {
        case .preVoteResponse, .voteResponse, .appendAccepted, .appendRejected, .heartbeatAcknowledged,
            .snapshotAcknowledged, .readIndexRequest, .forward, .sealAnswered:
            true
        default: false
        }
    }
}
