internal import Consensus
internal import Decision
package import Directory
internal import Kernel
internal import Replica

/// What nodes do about statements that were made outside the log, on virtual disks.
extension World {
    mutating func judgeStatements(
        _ node: Int,
        _ statements: [SignedStatement],
        broughtAt: WallTime?
    ) throws(Violation) {
        let view = DirectoryView(machines[node].state.current.pairs, codec: options.codec)
        var judgements: [(SignedStatement, StatementJudgement)] = []
        for signed in statements {
            do throws(StateDamage) {
                judgements.append((signed, try view.judge(signed, broughtAt: broughtAt, KeyedHash())))
            } catch {
                throw Violation(.stateRoot, "n\(node + 1) cannot read its state: \(error)")
            }
        }
        let applied = machines[node].state.current.point.position.index
        for case (let signed, .acceptable) in judgements { try self.statements.accepts(node, signed, applied: applied) }
        try step(node, .judged(judgements))
    }

    /// Decisions go by them before they are durable, and nobody hears of it before they are.
    mutating func beginEnforcing(_ node: Int, _ statements: [SignedStatement]) throws(Violation) {
        for signed in statements {
            try self.statements.enforces(node, signed)
            machines[node].process?.statements.insert(signed)
        }
        refreshStatements(node)
    }

    mutating func keepStatements(_ node: Int, _ statements: [SignedStatement]) throws(Violation) {
        guard !machines[node].isDiskHung else {
            machines[node].process?.hungStatements += statements
            return
        }
        guard machines[node].fullUntil == nil else {
            let process = machines[node].generation
            queue.schedule(.statementsKept(node: node, process: process, statements), at: laterWithRoom)
            return try tellRoom(node, isFull: true)
        }
        try tellRoom(node, isFull: false)
        // What was let go of meanwhile is not written after that: a node's disk does one thing after the other.
        for signed in statements where machines[node].process?.statements.items.contains(signed) == true {
            machines[node].statements.insert(signed)
        }
        try step(node, .enforced(statements.map(\.id)))
        try probeRevocations(node)
    }

    mutating func releaseStatements(_ node: Int, _ ids: [Digest]) throws(Violation) {
        for id in ids {
            try statements.releases(node, id, isJudged: hasVerdict(on: id, node))
            machines[node].process?.statements.remove(id)
            machines[node].statements.remove(id)
        }
        refreshStatements(node)
    }

    private mutating func refreshStatements(_ node: Int) {
        guard let process = machines[node].process else { return }
        machines[node].process?.decisions = process.decisions.enforcing(process.statements.items)
    }
}

/// What is checked of them.
extension World {
    /// A node has applied entries, some of which judge statements.
    mutating func noteVerdicts(_ events: [DirectoryEvent], _ node: Int) throws(Violation) {
        for case .statementJudged(let judged, _) in events {
            guard let (signed, verdict) = verdict(on: judged.id, node) else {
                let id = judged.id
                throw Violation(.stateRoot, "n\(node + 1) tells of a verdict on statement \(id) that it does not have")
            }
            try statements.judged(signed, verdict, by: node)
        }
    }

    mutating func acknowledges(_ node: Int, _ id: Digest) throws(Violation) {
        let machine = machines[node]
        let possession = StatementChecker.Possession(
            isOnDisk: machine.statements.items.contains { $0.id == id },
            isEnforced: machine.process?.statements.items.contains { $0.id == id } ?? false,
            isJudged: hasVerdict(on: id, node)
        )
        try statements.acknowledges(node, id, at: now, possession)
    }

    /// A revoker was told that its statement counts.
    mutating func stated(_ place: Int, _ id: Digest, by node: Int, isCurrent: Bool) throws(Violation) {
        try expectStatement(id, place)
        try acknowledges(node, id)
        if !reachesQuorum(node) { statementsWithoutQuorum += 1 }
        try probeRevocations(node)
        if isCurrent { finish(place, .stated) }
    }

    mutating func refused(_ place: Int, _ refusal: StatementRefusal, isCurrent: Bool) throws(Violation) {
        guard case .state(let signed) = operations[place].intent else {
            throw Violation(.history, "operation \(operations[place].number) is answered as if it were a statement")
        }
        // What has the same id and another signature is nobody's statement.
        if statements[signed.id]?.signed == signed { try statements.refused(signed.id, refusal) }
        if isCurrent { finish(place, .statementRefused(refusal)) }
    }

    func expectRecord(of id: Digest, at index: LogIndex, on node: Int) throws(Violation) {
        guard verdict(on: id, node)?.1 != .recorded(index) else { return }
        throw Violation(.history, "n\(node + 1) says that statement \(id) is recorded at \(index), where it is not")
    }

    private func expectStatement(_ id: Digest, _ place: Int) throws(Violation) {
        if case .state(let signed) = operations[place].intent, signed.id == id { return }
        throw Violation(.history, "operation \(operations[place].number) is answered as if it were statement \(id)")
    }

    /// The log's word on each, the same everywhere, and nothing beside the log any more.
    func scanStatements(_ node: Int) throws(Violation) {
        let left = machines[node].statements.items + (machines[node].process?.statements.items ?? [])
        guard left.isEmpty else {
            throw Violation(.revocation, "n\(node + 1) keeps statement \(left[0].id), which nobody looks after")
        }
        let view = DirectoryView(machines[node].state.current.pairs, codec: options.codec)
        try statements.scan(node, members: heardMembers) { signed in
            verdict(on: signed.id, node)?.1
        } state: { warrant in
            (try? view.warrant(warrant))?.state
        }
    }

    private func hasVerdict(on id: Digest, _ node: Int) -> Bool { verdict(on: id, node) != nil }

    /// By the state of a node.
    private func verdict(on id: Digest, _ node: Int) -> (SignedStatement, StatementChecker.Verdict)? {
        verdict(on: id, in: machines[node].state.current.pairs)
    }

    func verdict(on id: Digest, in state: SortedStore) -> (SignedStatement, StatementChecker.Verdict)? {
        let view = DirectoryView(state, codec: options.codec)
        if let record = try? view.revocation(id), let signed = record.signed(in: lineage) {
            return (signed, .recorded(record.index))
        }
        guard let record = try? view.refusedStatement(id) else { return nil }
        return (record.statement, .refused(record.refusal, record.index))
    }
}

extension StatementChecker {
    /// Somebody makes a statement, good or not.
    mutating func made(_ act: StatementAct, _ signed: SignedStatement) {
        if act.flaw == .none { made(signed, against: act.agent, and: Population.takenBesides(act.agent)) }
    }
}

extension RevocationRecord {
    /// Nil for one that began as a command.
    fileprivate func signed(in lineage: Lineage) -> SignedStatement? {
        guard let warrant else { return nil }
        let statement = Statement(
            lineage: lineage,
            warrant: warrant.warrant,
            sequence: warrant.sequence,
            kind: kind,
            subject: subject,
            cascades: cascades,
            reason: reason,
            issuedAt: warrant.issuedAt
        )
        return SignedStatement(statement, signature: warrant.signature)
    }
}

/// Statements in the order of their ids.
package struct StatementSet: Hashable, Sendable {
    package private(set) var items: [SignedStatement] = []

    mutating func insert(_ signed: SignedStatement) {
        guard !items.contains(where: { $0.id == signed.id }) else { return }
        let place = items.firstIndex { $0.id > signed.id } ?? items.endIndex
        items.insert(signed, at: place)
    }

    mutating func remove(_ id: Digest) { items.removeAll { $0.id == id } }
}

/// Stands for signatures: what is signed is hashed with a secret that belongs to the public key, and that nobody in a world but
/// its revokers uses.
package struct KeyedHash: SignatureVerifier {
    package init() {}

    package func isValid(_ signature: [UInt8], of bytes: [UInt8], by publicKey: [UInt8]) -> Bool {
        signature == Self.signature(of: bytes, by: publicKey)
    }

    package static func publicKey(_ name: String) -> [UInt8] { [2] + Digest.of(Array("key of \(name)".utf8)).bytes }

    package static func signature(of bytes: [UInt8], by publicKey: [UInt8]) -> [UInt8] {
        let digest = Digest.of(Array("secret of ".utf8) + publicKey + bytes).bytes
        return digest + digest
    }
}
