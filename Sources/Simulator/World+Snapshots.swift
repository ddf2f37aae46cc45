internal import Consensus
internal import Directory
internal import Kernel
internal import Replica
internal import Sealing

/// States that edges are given by neighbours.
extension World {
    mutating func readSealedSnapshot(
        _ node: Int,
        for peer: MemberID,
        _ claim: StateClaim,
        number: UInt64
    ) throws(Violation) {
        guard let other = self.number(of: peer) else { return }
        if number == 0 {
            let version = sealedState(node, claim).map { lied(about: $0, by: node) }
            machines[node].process?.outgoing[other] = version.map { OutgoingSnapshot($0) }
        }
        let open = machines[node].process?.outgoing[other]
        try step(
            node,
            .sealedSnapshotRead(for: peer, open?.chunk(number), byteCount: UInt64(open?.byteCount ?? 0))
        )
    }

    /// What is committed, and on top of it what the log has up to the claim: as a server's store, which is committed now and then. Nil
    /// where it is past that already, or the entries are not there.
    private func sealedState(_ node: Int, _ claim: StateClaim) -> VirtualStateStore.Version? {
        var store = machines[node].state
        store.crash(losing: store.uncommittedCount)
        let point = store.current.point
        guard point.position.index <= claim.index else { return nil }
        let count = Int(claim.index.number - point.position.index.number)
        if count > 0 {
            let range = machines[node].log.range(from: point.position.index.next, maxBytes: .max)
            guard let entries = range?.entries.prefix(count), entries.count == count else { return nil }
            var applier = Applier(codec: options.codec, supported: program(of: node))
            var transaction = store.begin()
            guard case .done(let batch) = applier.apply(entries, after: point, to: &transaction) else { return nil }
            store.commit(transaction, at: batch.point, batch.facts)
        }
        let facts = store.current.facts
        return facts.stateRoot == claim.root ? store.current : nil
    }

    /// A machine that lies gives out another state now and then.
    private mutating func lied(about version: VirtualStateStore.Version, by node: Int) -> VirtualStateStore.Version {
        guard intruders.end(of: node) != nil else { return version }
        let key = ChoiceKey(.servedState, node: node)
        let number = choices.count(key)
        let lie = choices.number(key.numbered(number), neutral: 0, at: now) {
            Int64($0.edges.within(0...3))
        }
        return switch lie {
        case 0: version
        // Its digests are those of what it holds.
        case 1, 2: forged(version)
        // They are those of what was sealed.
        default: mutilated(version)
        }
    }

    private func mutilated(_ version: VirtualStateStore.Version) -> VirtualStateStore.Version {
        var pairs = version.pairs
        if let key = lastRow(of: .standing, in: pairs) ?? lastRow(of: .resource, in: pairs) { _ = pairs.take(key) }
        return VirtualStateStore.Version(pairs: pairs, point: version.point, facts: version.facts)
    }

    mutating func checkSnapshot(_ node: Int, _ point: SnapshotPoint) throws(Violation) {
        let pairs = machines[node].process?.incoming.assembled(at: point)
        let facts = pairs.flatMap { pairs in
            StateTree.checkedRoot(of: pairs).map { _ in
                Self.facts(of: pairs, at: point.position.index, codec: options.codec)
            }
        }
        if facts == nil { refusedSnapshotCount += 1 }
        try step(node, .snapshotChecked(point, facts))
    }
}
