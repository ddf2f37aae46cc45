internal import Consensus
internal import Directory
internal import Kernel
internal import Replica
internal import Sealing

/// What edges begin from, and what is checked of them.
extension World {
    package var edgeCount: Int { membership.edges.count }
    func isEdge(_ node: Int) -> Bool { membership.isEdge(node) }

    /// Takes a voter's checkpoint and a copy of some node's state, which may be ahead of it, as a machine does that joins: and starts
    /// on them. The state is not believed: now and then it is another one than the voters'.
    mutating func furnish(_ node: Int) {
        guard membership.standings[node] == .admittedEdge else { return }
        guard let checkpoint = newestCheckpoint, let source = stateSource(for: node) else {
            return queue.schedule(.furnish(node: node), at: now.advanced(by: .milliseconds(100)))
        }
        let key = ChoiceKey(.forgedState, node: node, process: UInt64(members[node].incarnation))
        let isForged = choices.number(key, neutral: 0, at: now) { $0.edges.chance(60_000) ? 1 : 0 } == 1
        let version = isForged ? forged(machines[source].state.current) : machines[source].state.current
        clearDisks(node)
        machines[node].state = VirtualStateStore(version)
        machines[node].log.reset(to: version.point)
        machines[node].sealMemory = SealMemory(checkpoint: checkpoint)
        machines[node].invitedBy = membership.voters(among: members)
        membership.set(.edge, of: node)
        record(
            .member(
                "\(members[node]) begins from \(isForged ? "a forged state" : "the state") of n\(source + 1)"
                    + " at \(version.point.position.index) and a checkpoint at \(checkpoint.index)"
            ),
            node: node
        )
        queue.schedule(.start(node: node), at: now.advanced(by: .milliseconds(10)))
    }

    /// Of a voter, which a node that joins asks.
    private var newestCheckpoint: Checkpoint? {
        machines.indices.lazy.filter(membership.isVoter).compactMap { machines[$0].process?.replica.newestCheckpoint }
            .first
    }

    /// A node that serves and has heard of the edge: who has not lets nobody in under its name.
    private mutating func stateSource(for node: Int) -> Int? {
        let sources = machines.indices.filter { other in
            machines[other].process?.isServing == true && intruders.end(of: other) == nil && names(other, members[node])
        }
        guard let first = sources.first else { return nil }
        let key = ChoiceKey(.stateSource, node: node, process: UInt64(members[node].incarnation))
        let chosen = choices.number(key, neutral: Int64(first), at: now) {
            Int64(sources[$0.edges.below(sources.count)])
        }
        return sources.contains(Int(chosen)) ? Int(chosen) : first
    }

    private func names(_ node: Int, _ edge: MemberID) -> Bool {
        machines[node].state.current.facts.edges.contains(edge)
    }

    /// As somebody would hand it out who wants an agent to be let through: it does not know of a revocation, or, where there is none,
    /// of a document. Its digests are those of what it holds.
    func forged(_ version: VirtualStateStore.Version) -> VirtualStateStore.Version {
        var tracked = TrackedTransaction(version.pairs)
        guard let key = lastRow(of: .standing, in: version.pairs) ?? lastRow(of: .resource, in: version.pairs) else {
            return version
        }
        tracked.remove(key)
        let pairs = tracked.finish()
        let facts = Self.facts(of: pairs, at: version.point.position.index, codec: options.codec)
        return VirtualStateStore.Version(pairs: pairs, point: version.point, facts: facts)
    }

    func lastRow(of table: Table, in pairs: SortedStore) -> [UInt8]? {
        var last: [UInt8]?
        pairs.forEach { key, _ in if key.first == table.rawValue { last = key } }
        return last
    }

    /// What an operator sees of edges: there is a seal to begin from; one has stopped, or follows no seals any more.
    mutating func lookAtEdges() {
        guard !membership.edges.isEmpty else { return }
        membership.mayAdmitEdges = newestCheckpoint != nil
        membership.brokenEdges = membership.edges.filter(isBroken)
    }

    private func isBroken(_ node: Int) -> Bool {
        guard isEdge(node), let replica = machines[node].process?.replica else { return false }
        // Its program is too old, which an upgrade mends.
        guard !isBeyondProgram(node) else { return false }
        return replica.haltReason != nil || isLeftBehind(replica) || isForsaken(replica)
    }

    /// Everybody whom the edge knows was removed while it heard nothing newer, so that it speaks to nobody any more.
    private func isForsaken(_ edge: ReplicaNode) -> Bool {
        let known = (edge.configuration.members + edge.facts.edges).filter { $0 != edge.member }
        return !known.compactMap(number(of:)).contains { membership.isMember($0) || membership.isForEdge($0) }
    }

    /// Nobody can tell the edge how those who seal came from those that it knows, since of a set on the way too few are left to consent.
    private func isLeftBehind(_ edge: ReplicaNode) -> Bool {
        guard let (known, time) = edge.followedVoters else { return false }
        let newest = machines.compactMap { $0.process?.replica.newestSeal?.statement }.max { $0.time < $1.time }
        let sealing = newest?.claim.voters
        guard let sealing, sealing != known.digest else { return false }
        let present = machines.indices.filter(membership.isMember)
        let ends = present.compactMap { member -> VoterSet? in
            let memory = machines[member].sealMemory
            let leads = !memory.succession.steps(from: known.digest, since: time).isEmpty
            return leads || memory.voters == known ? memory.voters : nil
        }
        return !ends.contains { end in
            end.digest == sealing || end.isQuorum(present.map { members[$0] }.filter { end.key(of: $0) != nil })
        }
    }

    /// The edges that the log names, by the word of the leader; none without one.
    var heardEdges: [Int] {
        guard let leader, let head = machines[leader].process?.replica else { return [] }
        return head.facts.edges.compactMap(number(of:)).filter(membership.isPresent)
    }

    /// A member has put a seal together as leader, or has had one from its leader.
    mutating func noteSeal(_ node: Int) {
        guard !membership.edges.isEmpty, !membership.isForEdge(node),
            let seal = machines[node].process?.replica.newestSeal
        else { return }
        edges.sealed(through: seal.statement.index)
    }

    /// Of what an edge answers from.
    func checkProof(_ node: Int, _ revision: LogIndex) throws(Violation) {
        guard membership.isForEdge(node), let process = machines[node].process else { return }
        // Or an earlier process has seen it proven, and kept by whom: what came on top was sealed before it was in the log.
        let isProven = process.replica.isProven || machines[node].sealMemory.voters != nil
        try edges.answers(node, from: revision, isProven: isProven)
        try roots.proven(node, machines[node].state.current.facts)
    }

    /// An edge says of writes, and of what is current, that others can do that, and nothing else.
    mutating func checkRefusal(_ node: Int, _ reply: ReplicaNode.Reply, _ place: Int) throws(Violation) {
        guard membership.isForEdge(node) else { return }
        switch operations[place].intent {
        case .read, .decide, .pry, .state: return
        case .write, .escalate, .usurp, .readCurrent: break
        }
        switch reply {
        case .refused(.edge), .refused(.halted): edges.refuses()
        default:
            throw Violation(
                .history,
                "edge n\(node + 1) answers operation \(operations[place].number): \(reply.summary)"
            )
        }
    }
}
