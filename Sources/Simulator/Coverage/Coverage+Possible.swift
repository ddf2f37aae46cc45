internal import Kernel

extension Coverage {
    /// All tuples that runs of a scenario can reach.
    ///
    /// Left out are, besides faults that neither the scenario nor its seeds have, and learners where no machine ever joins:
    /// - what is sent to leaders and candidates alone, for learners: answers to votes, entries, heartbeats and chunks,
    ///   forwarded commands, and questions for the commit index. A machine that was a learner before has another member's
    ///   name by then, and a link is between members, so nothing that was meant for a leader reaches it late. A machine
    ///   that lies says anything to anybody;
    /// - for edges, all but gossip, repair of the log, how voters came from others, and acknowledgements of statements; and that a
    ///   question how voters came from others is answered, for members, who ask nobody. An edge that lies says anything;
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
        guard scenario.nodeCount > 1 || hasLearners || scenario.edgeCount ?? 0 > 0 else { return coverage }
        let faults = faults(in: scenario)
        let hasEdges = scenario.edgeCount.map { $0 > 0 } ?? scenario.drawsEdges
        let seals = scenario.seals ?? (hasEdges || scenario.drawsFaults)
        let lies = Lies(
            ofMembers: hasLearners && scenario.drawsFaults || scenario.faults.contains { $0.fault.isLying },
            ofEdges: hasEdges && scenario.drawsFaults || scenario.faults.contains { $0.fault.isLyingOfEdge }
        )
        for role in Role.allCases where (role != .learner || hasLearners) && (role != .edge || hasEdges) {
            let messages = ChoiceKey.Subject.messages.filter { message in
                (seals || !message.isOfSeals) && (hasEdges || !message.isOfEdges) && message.reaches(role, lies)
            }
            for message in messages {
                coverage.note(role, message, under: [])
                coverage.note(role, message, under: faults)
            }
        }
        return coverage
    }

    /// Who may say anything to anybody.
    fileprivate struct Lies {
        let ofMembers: Bool
        let ofEdges: Bool
    }

    /// Every run loses power everywhere at its end.
    private static func faults(in scenario: Scenario) -> FaultSet {
        let drawn = scenario.drawsFaults ? FaultClass.allCases : []
        return FaultSet((drawn + scenario.faults.compactMap(\.fault.kind) + [.crash]).map { FaultSet($0) })
    }
}

extension Fault {
    fileprivate var isLying: Bool { if case .byzantine = self { true } else { false } }
    fileprivate var isLyingOfEdge: Bool { if case .byzantine(.edge, _) = self { true } else { false } }
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
            .judgeStatements, .keepStatements, .keepSealMark, .signSeal, .readLog, .readSealedSnapshot, .checkSnapshot:
            false
        }
    }

    fileprivate var isOfSeals: Bool {
        switch self {
        case .sealWanted, .sealAnswered, .sealed: true
        default: false
        }
    }

    /// Whether some node may send it to another in that role.
    fileprivate func reaches(_ role: Coverage.Role, _ lies: Coverage.Lies) -> Bool {
        if lies.ofEdges { return true }
        return switch role {
        case .follower, .preCandidate, .candidate, .leader: self != .succession
        case .learner: self != .succession && (lies.ofMembers || !isForLeadersOrCandidates)
        case .edge: reachesEdges
        }
    }

    fileprivate var isOfEdges: Bool {
        switch self {
        case .gossip, .successionWanted, .succession: true
        default: false
        }
    }

    /// What nodes in good order send to an edge.
    private var reachesEdges: Bool {
        switch self {
        case .gossip, .successionWanted, .succession, .statementsHeld, .entriesWanted, .entriesFound: true
        default: false
        }
    }

    private var isForLeadersOrCandidates: Bool {
        switch self {
        case .preVoteResponse, .voteResponse, .appendAccepted, .appendRejected, .heartbeatAcknowledged,
            .snapshotAcknowledged, .readIndexRequest, .forward, .sealAnswered:
            true
        default: false
        }
    }
}
