internal import Consensus
internal import Directory
internal import Identity
internal import Kernel
internal import Replica
internal import Sealing

/// The end of a run: has everything come together, and is everything there?
extension World {
    /// All nodes run, follow one leader, serve, and hold and have applied the same log; every client has its answer. While only a core is
    /// healed, all of it.
    package var hasConverged: Bool {
        guard let leader, let head = machines[leader].process?.replica else { return false }
        guard !head.configuration.isJoint else { return false }
        let isTogether = present(in: head.configuration).filter(isOfCore).allSatisfy { node in
            let machine = machines[node]
            guard let replica = machine.process?.replica, let process = machine.process else { return false }
            return replica.term == head.term && replica.leader == members[leader] && process.isServing
                && process.freshness != nil && replica.lastPosition == head.lastPosition
                && replica.applied.position == head.lastPosition
                && machine.state.current.point.position == head.lastPosition
                && !machine.log.isWriting && replica.pendingStatementCount == 0
        }
        return isTogether && (core != nil || areEdgesTogether(at: head))
            && operations.allSatisfy { $0.outcome != .pending }
    }

    /// Edges have everything that is sealed, which is all that there is, and answer from it.
    private func areEdgesTogether(at head: ReplicaNode) -> Bool {
        let edges = membership.edges.filter(isEdge)
        guard !membership.isChangingEdges, head.facts.edges.count == edges.count else { return false }
        return edges.allSatisfy { node in
            let machine = machines[node]
            guard let process = machine.process else { return false }
            return head.facts.edges.contains(members[node]) && process.isServing && process.freshness != nil
                && process.replica.haltReason == nil && process.replica.applied.position == head.lastPosition
                && machine.state.current.point.position == head.lastPosition
                && !machine.log.isWriting && process.replica.pendingStatementCount == 0
        }
    }

    /// The machines of a configuration's members. One that was taken in without the operator learning of it has none.
    private func present(in configuration: Configuration) -> [Int] {
        configuration.members.compactMap(number(of:)).filter(membership.isPresent)
    }

    /// One line on who is where, for a cluster that does not come together.
    package var progress: String {
        let nodes = machines.enumerated().map { number, machine in
            guard let replica = machine.process?.replica else { return "n\(number + 1) is down" }
            return "n\(number + 1) \(replica.role) \(replica.term) last \(replica.lastPosition)"
                + " committed \(replica.commitIndex) applied \(replica.applied.position.index)"
                + (replica.isEdge ? edgeProgress(replica) : "")
        }
        let pending = operations.count { $0.outcome == .pending }
        let statements = machines.compactMap { $0.process?.replica.pendingStatementCount }.reduce(0, +)
        return (nodes + ["\(pending) operations wait", "\(statements) statements are pending"]).joined(separator: "; ")
    }

    private func edgeProgress(_ replica: ReplicaNode) -> String {
        let seal = replica.newestSeal.map { "\($0.statement)" } ?? "none"
        return " edge, seal \(seal)\(replica.isProven ? "" : ", unproven")"
            + "\(replica.isServing ? "" : ", not serving")\(replica.haltReason.map { ", halted: \($0)" } ?? "")"
    }

    package mutating func losePowerEverywhere() throws(Violation) {
        for node in machines.indices { try inject(.crash(.node(node), .power, downFor: .milliseconds(100))) }
    }

    /// Everything that was ever acknowledged, against every node. All nodes stand at the same index.
    package mutating func scan() throws(Violation) {
        guard let configuration = leader.flatMap({ machines[$0].process?.replica.configuration }) else { return }
        try log.scan(by: majorities(of: configuration))
        try history.scan(operations, log: log)
        undecidedDocument = try clientHistory.check(operations) ?? undecidedDocument
        for line in trace.lines { try secrets.check(line.description, in: "the trace") }
        for line in recording?.events ?? [] { try secrets.check(line.description, in: "the recording") }
        for message in recording?.messages ?? [] { try secrets.check(message.text, in: "the recording") }
        for node in present(in: configuration) + heardEdges {
            try scanObjects(node)
            try scanDecisions(node)
            try scanStatements(node)
            try probeRevocations(node)
            try probeThefts(node)
        }
    }

    /// What nodes decide by, and have beside the log, once they have come together.
    package func scanProcesses() throws(Violation) {
        guard let configuration = leader.flatMap({ machines[$0].process?.replica.configuration }) else { return }
        for node in present(in: configuration) + heardEdges {
            try scanDecisions(node)
            try scanStatements(node)
        }
    }

    private func scanObjects(_ node: Int) throws(Violation) {
        let version = machines[node].state.current
        let revision = version.point.position.index
        for document in population.documents.indices {
            try history.read(
                document: document,
                value: value(of: document, at: node),
                applied: revision,
                atLeast: knownRevision,
                on: node
            )
        }
        let removed = removedAgents
        for operation in operations {
            guard case .done(let done) = operation.outcome, case .write(let body) = operation.intent,
                !removed.contains(where: body.isAbout), !holds(body, done, in: version)
            else { continue }
            throw Violation(.history, "n\(node + 1) has lost operation \(operation.number), done at \(done.revision)")
        }
    }

    /// Those that some client has asked to remove.
    private var removedAgents: [PrincipalID] {
        operations.compactMap { operation in
            guard case .write(.delete(.principal(let id), _)) = operation.intent else { return nil }
            return id
        }
    }

    /// Whether a state shows a write. Nothing in the load undoes what this looks for, but the removal of an agent.
    private func holds(
        _ body: CommandBody,
        _ done: CommandResult.Done,
        in version: VirtualStateStore.Version
    ) -> Bool {
        let view = DirectoryView(version.pairs, codec: options.codec)
        switch body {
        case .put(.principal(let spec), _): return (try? view.principal(spec.id))?.spec == spec
        case .put(.role(let spec), _): return (try? view.role(spec.name))?.spec == spec
        case .put(.assignment(let spec), _): return (try? view.assignment(spec.id))?.spec == spec
        case .put(.resource(let spec), _):
            return (try? view.resource(spec.id)).map { $0.metadata.revision >= done.objectRevision } ?? false
        case .draftPolicies(let draft):
            guard let version = done.created.first.flatMap({ UInt64($0) }) else { return false }
            guard let record = try? view.policyVersion(draft.set, version) else {
                // The oldest go where there are more than a set keeps, but for the one in force.
                let latest = (try? view.policySet(draft.set))?.latestVersion ?? 0
                return latest >= version + Limits.policyVersions - 1
            }
            return record.text == draft.text
        case .activatePolicies(let set, _, _):
            return (try? view.policySet(set)).map { $0.activeVersion != nil } ?? false
        case .revoke(let subject, _, _): return (try? view.status(subject)) == .revoked
        case .issueWarrant(let spec): return (try? view.warrant(spec.name))?.spec == spec
        case .withdrawWarrant(let name): return (try? view.warrant(name)).map { $0.state != .valid } ?? false
        case .bootstrap, .delete, .deletePolicySet, .issueToken, .quarantine, .liftQuarantine, .raiseFeatureLevel,
            .putSettings, .addAdministrator, .removeAdministrator, .issueJoinTicket, .withdrawJoinTicket, .join,
            .joinEdge, .promoteMember, .removeMember, .removeEdge, .claimMember, .pinIssuer, .claimSealKey, .labelNode,
            .beginRollout, .steerRollout, .reportRollout,
            .judgeStatement:
            return true
        }
    }
}

extension CommandBody {
    fileprivate func isAbout(_ agent: PrincipalID) -> Bool {
        switch self {
        case .put(.principal(let spec), _): spec.id == agent
        case .put(.assignment(let spec), _): spec.principal == agent
        default: false
        }
    }
}
