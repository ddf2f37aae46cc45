internal import Consensus
internal import Decision
internal import Kernel
internal import Replica
internal import Sealing

/// Completions of what nodes asked of their stores.
extension World {
    mutating func applyEntries(_ node: Int) throws(Violation) {
        guard let entries = machines[node].process?.applying else { return }
        guard machines[node].fullUntil == nil else {
            queue.schedule(.entriesApplied(node: node, process: machines[node].generation), at: laterWithRoom)
            return try tellRoom(node, isFull: true)
        }
        try tellRoom(node, isFull: false)
        machines[node].process?.applying = []
        guard let batch = try apply(entries, node) else { return }
        // Of an edge it is known once a seal has said so.
        let isForEdge = membership.isForEdge(node)
        if !isForEdge { try roots.reached(node, batch.facts.revision, batch.facts.stateRoot) }
        for root in batch.roots where !isForEdge { try roots.reached(node, root.point.index, root.point.root) }
        if !isForEdge || machines[node].process?.replica.isProven == true {
            for outcome in batch.outcomes { try history.applied(outcome, by: node, operations: operations) }
            try noteVerdicts(batch.events, node)
        }
        refreshDecisions(node, after: batch)
        try checkRollouts(node)
        if batch.events.contains(where: \.changesMembers) { refreshAdmission(node) }
        try step(node, .applied(batch))
        try checkLevel(node)
        if isForEdge, let replica = machines[node].process?.replica, replica.isProven, replica.haltReason == nil {
            try roots.reached(node, batch.facts.revision, batch.facts.stateRoot)
        }
        try probeSomeRevocations(node)
    }

    private mutating func apply(_ entries: [Entry], _ node: Int) throws(Violation) -> AppliedBatch? {
        let point = machines[node].state.current.point
        var transaction = machines[node].state.begin()
        switch machines[node].process?.applier.apply(entries, after: point, to: &transaction) {
        case .done(let batch):
            machines[node].state.commit(transaction, at: batch.point, batch.facts)
            try checkRefusals(batch, node)
            return batch
        case .blocked(let count, let reason):
            machines[node].state.discard(transaction)
            try blocked(node, by: entries[count], reason)
            let before = count > 0 ? try apply(Array(entries.prefix(count)), node) : unchanged(node)
            return before?.halted(because: reason)
        case nil:
            machines[node].state.discard(transaction)
            return nil
        }
    }

    mutating func readEntries(_ node: Int, for peer: MemberID, from: LogIndex, maxBytes: Int) throws(Violation) {
        let range = machines[node].log.range(from: from, maxBytes: maxBytes)
        if range == nil, machines[node].log.stored(at: from) != nil { try scrub(node) }
        try step(node, .entriesRead(for: peer, previous: range?.previous, entries: range?.entries ?? []))
    }

    mutating func readSnapshot(
        _ node: Int,
        for peer: MemberID,
        position: LogPosition?,
        number: UInt64
    ) throws(Violation) {
        guard let follower = self.number(of: peer) else { return }
        if number == 0, machines[node].state.current.point.position != .zero {
            let snapshot = OutgoingSnapshot(machines[node].state.current)
            machines[node].process?.outgoing[follower] = snapshot
        }
        let open = machines[node].process?.outgoing[follower]
        let chunk = open.flatMap { position == nil || position == $0.point.position ? $0.chunk(number) : nil }
        if chunk?.isLast == true { machines[node].process?.outgoing[follower] = nil }
        try step(node, .snapshotRead(for: peer, chunk))
    }

    mutating func stageSnapshot(_ node: Int, _ chunk: Message.SnapshotChunk) throws(Violation) {
        machines[node].process?.incoming.stage(chunk)
        let next = machines[node].process?.incoming.nextChunk ?? 0
        try step(node, .snapshotStaged(chunk.point.position, nextChunk: next))
    }

    /// State and log change places in one go: a store that is interrupted between the two finishes at its next start.
    mutating func installSnapshot(_ node: Int, _ point: SnapshotPoint) throws(Violation) {
        guard !isBeyondProgram(node) else {
            throw Violation(
                .log,
                "n\(node + 1), which has halted, gives up its last good state for one at \(point.position)"
            )
        }
        guard let pairs = machines[node].process?.incoming.assembled(at: point) else {
            throw Violation(.log, "n\(node + 1) installs a snapshot of \(point.position) that it has not staged")
        }
        let facts = Self.facts(of: pairs, at: point.position.index, codec: options.codec)
        let version = VirtualStateStore.Version(pairs: pairs, point: point, facts: facts)
        machines[node].state.replace(with: version)
        machines[node].log.reset(to: point)
        machines[node].process?.incoming = IncomingSnapshot()
        let applier = Applier(codec: options.codec, supported: program(of: node))
        machines[node].process?.applier = applier
        snapshotCount += 1
        let decisions = decisionSnapshot(of: version, at: node)
            .enforcing(machines[node].process?.statements.items ?? [])
        machines[node].process?.decisions = decisions
        refreshAdmission(node)
        try roots.reached(node, facts.revision, facts.stateRoot)
        try step(node, .snapshotInstalled(point, facts))
        try checkLevel(node)
        try probeSomeRevocations(node)
    }

    /// What is dropped from the log must be durable in the state first.
    mutating func compact(_ node: Int, before index: LogIndex) throws(Violation) {
        machines[node].state.sync()
        let applied = machines[node].state.current.point.position.index
        machines[node].log.compact(before: min(index, applied.next), applied: applied)
        try step(node, .compacted(firstIndex: machines[node].log.firstIndex))
    }

    /// Tells a node what of its log does not read back.
    mutating func scrub(_ node: Int) throws(Violation) {
        let damage = machines[node].log.damage
        if !damage.isEmpty { try step(node, .logDamaged(damage)) }
    }

    mutating func repairLog(_ node: Int, _ entries: [Entry], _ hash: Digest) throws(Violation) {
        let isDone = machines[node].log.repair(entries, endingIn: hash)
        if isDone { try log.wrote(node, entries, on: machines[node].log) }
        try step(node, .logRepaired(isDone))
    }

    mutating func readForRepair(
        _ node: Int,
        for peer: MemberID,
        first: LogIndex,
        last: LogIndex,
        maxBytes: Int
    ) throws(Violation) {
        let entries = machines[node].log.entries(from: first, endingAt: last, maxBytes: maxBytes)
        try step(node, .readForRepair(for: peer, first: first, last: last, entries: entries))
    }
}
