internal import Cedar
internal import Consensus
internal import Decision
internal import Directory
internal import Identity
internal import Kernel
internal import Replica

/// Decisions as a node's threads make them: from its snapshot, dated by its freshness, at any moment.
extension World {
    func decisionSnapshot(of version: VirtualStateStore.Version, at node: Int) -> DecisionSnapshot {
        DecisionSnapshot(
            from: version.pairs,
            revision: version.point.position.index,
            codec: options.codec,
            for: members[node]
        )
    }

    mutating func refreshDecisions(_ node: Int, after batch: AppliedBatch) {
        guard let decisions = machines[node].process?.decisions else { return }
        let updated = decisions.updated(
            with: batch.events,
            at: batch.point.position.index,
            from: machines[node].state.current.pairs,
            codec: options.codec
        )
        machines[node].process?.decisions = updated
    }

    /// An agent asks a node whether it may read a document. False when the node does not answer.
    mutating func decide(_ agent: Int, _ document: Int, at node: Int) throws(Violation) -> Bool {
        guard let answer = answer(agent, document, at: node) else { return false }
        trace.hash.combine(answer.code.rawValue)
        trace.hash.combine(answer.revision)
        let text = "may agent \(agent) read d\(document)? \(answer.isAllowed ? "yes" : "no"), \(answer.code.rawValue)"
        record(.decision(text, isAllowed: answer.isAllowed), node: node)
        try check(answer, agent, at: node)
        try probeEndedGrant()
        return true
    }

    /// An agent asks a node what another one may do, which is answered to nobody but that one and whoever is let. False when the node
    /// does not answer.
    mutating func pry(_ agent: Int, about: Int, _ document: Int, at node: Int) throws(Violation) -> Bool {
        guard let answer = answer(about, document, at: node, askedBy: agent) else { return false }
        trace.hash.combine(answer.code.rawValue)
        guard agent == about || !answer.isAllowed else {
            throw Violation(.authority, "n\(node + 1) tells agent \(agent) what agent \(about) may do")
        }
        return true
    }

    /// Asks every node about the agent whose grants ended last, which those with a wrong clock could take to go on.
    private mutating func probeEndedGrant() throws(Violation) {
        guard let agent = grants.endedLast(at: VirtualClock.trueWall(at: now)) else { return }
        for node in machines.indices { try probe(agent, at: node) }
    }

    /// - Parameter asker: Nil for the agent itself.
    private func answer(_ agent: Int, _ document: Int, at node: Int, askedBy asker: Int? = nil) -> DecisionAnswer? {
        guard let process = machines[node].process, process.isServing, machines[node].pause == nil else { return nil }
        let now = machines[node].clock.moment(at: now)
        let moment = process.freshness.map { DecisionMoment($0, at: now, rules: nodeOptions.clocks) }
        let credential = queries.credential(asker ?? agent)
        return process.decisions.decide(queries.query(agent, document), by: credential, at: moment)
    }

    /// Whether the node's knowledge is too old by its own clocks, as that of one with a wrong clock is: then it denies
    /// whatever is asked, which is no judgement on a grant.
    private func isStale(_ node: Int) -> Bool {
        guard let process = machines[node].process, let freshness = process.freshness else { return true }
        return freshness.age(at: machines[node].clock.moment(at: now)) > process.decisions.maximumAge
    }

    private mutating func check(_ answer: DecisionAnswer, _ agent: Int, at node: Int) throws(Violation) {
        try knowledge.answers(node, from: answer.revision, epoch: answer.epoch)
        try checkProof(node, answer.revision)
        if answer.isAllowed {
            let applied = machines[node].state.current.point.position.index
            try revocations.allowed(agent, by: node, applied: max(applied, answer.revision))
            try checkPropagation(agent, at: node)
            try checkStatements(agent, at: node, max(applied, answer.revision))
            try grants.allowed(agent, by: node, at: VirtualClock.trueWall(at: now))
            try dependencies.allowed(agent, by: node, from: answer.revision)
        }
        if agent == Population.standing, !isStale(node) { try expectGrant(allowed: answer.isAllowed, at: node) }
    }

    /// Asks about every agent that is known to be revoked, or stated to be.
    mutating func probeRevocations(_ node: Int) throws(Violation) {
        for agent in takenAway { try probe(agent, at: node) }
    }

    private var takenAway: [Int] { revocations.revocations.map(\.agent) + statements.agents + dependencies.agents }

    /// Asks about the standing agent, one whose grants have ended and a few of the revoked: over a run every one is asked
    /// about often.
    mutating func probeSomeRevocations(_ node: Int) throws(Violation) {
        probeCount += 1
        try probe(Population.standing, at: node)
        if let agent = grants.ended(probeCount, at: VirtualClock.trueWall(at: now)) { try probe(agent, at: node) }
        let taken = [revocations.revocations.map(\.agent), statements.agents, dependencies.agents]
        for known in taken where !known.isEmpty {
            for offset in 0..<min(2, known.count) {
                try probe(known[(probeCount + offset) % known.count], at: node)
            }
        }
    }

    private mutating func probe(_ agent: Int, at node: Int) throws(Violation) {
        if let answer = answer(agent, 0, at: node) { try check(answer, agent, at: node) }
    }

    /// What decisions are made from is what the state says, however it came about.
    func scanDecisions(_ node: Int) throws(Violation) {
        guard let decisions = machines[node].process?.decisions else { return }
        let version = machines[node].state.current
        let statements = machines[node].process?.statements.items ?? []
        guard decisions == decisionSnapshot(of: version, at: node).enforcing(statements) else {
            throw Violation(
                .stateRoot,
                "n\(node + 1) decides from something other than its state at \(version.point.position)"
            )
        }
    }
}

/// What a node that allowed what is revoked may plead.
extension World {
    /// Nil where it knows nothing.
    func basis(of node: Int) -> PropagationChecker.Basis? {
        guard let process = machines[node].process, let freshness = process.freshness else { return nil }
        return PropagationChecker.Basis(
            freshness: freshness,
            maximumAge: process.decisions.maximumAge,
            peaceSince: isAtPeace(with: node) ? disturbedAt : nil
        )
    }

    fileprivate func checkPropagation(_ agent: Int, at node: Int) throws(Violation) {
        guard propagation.isRevoked(agent), let basis = basis(of: node) else { return }
        try propagation.allowed(agent, by: node, at: now, basis)
    }

    fileprivate func checkStatements(_ agent: Int, at node: Int, _ applied: LogIndex) throws(Violation) {
        guard statements.agents.contains(agent) else { return }
        let plea = StatementChecker.Circumstances(
            applied: applied,
            now: now,
            peaceSince: isAtPeace(with: node) ? disturbedAt : nil,
            members: heardMembers
        )
        try statements.allowed(agent, by: node, plea)
    }

    /// The machines of those that are members or edges by the word of the leader; none without one.
    var heardMembers: Set<Int> {
        guard let leader, let head = machines[leader].process?.replica else { return [] }
        return Set(head.configuration.members.compactMap(number(of:)).filter(membership.isPresent) + heardEdges)
    }

    /// Nothing is wrong anywhere, and the node is one of those whom the leader serves.
    private func isAtPeace(with node: Int) -> Bool {
        guard let leader, let head = machines[leader].process?.replica,
            head.configuration.contains(members[node]) || heardEdges.contains(node)
        else { return false }
        return network.isUndisturbed(at: now) && !intruders.isWithholding && !membership.isChangingEdges
            && machines.indices.filter(membership.isPresent).allSatisfy { number in
                let machine = machines[number]
                return machine.isUp && machine.diskSlowness == 1 && !machine.isDiskHung && machine.clock.isGood
                    && machine.log.damage.isEmpty && machine.armedCrash == nil && !membership.isLost(number)
                    && machine.pause == nil && machine.fullUntil == nil && machine.failingWrite == nil
                    && !isBeyondProgram(number)
            }
    }
}
