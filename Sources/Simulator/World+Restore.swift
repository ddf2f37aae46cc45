internal import Consensus
internal import Directory
internal import Kernel
internal import Replica

/// A backup, and a cluster that goes on from it.
extension World {
    /// Of a node that serves: another one refuses.
    ///
    /// - Returns: Whether there is one now.
    mutating func backUp(_ node: Int) -> Bool {
        guard machines[node].process?.isServing == true else {
            record(.member("no backup: \(members[node]) does not serve"), node: node)
            return false
        }
        backup = machines[node].state.current
        record(.member("backup at \(machines[node].state.current.point.position)"), node: node)
        return true
    }

    /// Every process ends for good. New members of the same lineage start with the backup's state, on the machines of the first
    /// voters; whoever was a member before is one no more.
    mutating func restoreBackup(_ fate: RevocationsFate) throws(Violation) -> Bool {
        guard let backup else {
            record(.member("there is no backup to restore"), node: nil)
            return false
        }
        try endEverything()
        var survivors = SurvivingRevocations()
        var latest = backup.point.position
        if fate == .merged {
            for node in machines.indices where membership.isPresent(node) && !membership.isForEdge(node) {
                let position = try export(node, to: &survivors)
                latest = LogPosition(term: max(latest.term, position.term), index: max(latest.index, position.index))
            }
        }
        beginAnew()
        let reason = "restored from a backup of revision \(backup.point.position.index.number)"
        let point = backup.point.restarted(
            after: latest,
            time: VirtualClock.trueWall(at: now),
            voters: founders,
            reason: reason
        )
        let restoration = Restoration(
            voters: founders.enumerated().map {
                MemberRecord(restored: $1, named: "n\($0 + 1)", machines[$0].instance)
            },
            revocations: survivors.revocations,
            epoch: survivors.epoch,
            quarantinesPrincipals: fate == .lost,
            reason: reason
        )
        let pairs = try restored(backup, restoration, at: point)
        let facts = Self.facts(of: pairs, at: point.position.index, codec: options.codec)
        let version = VirtualStateStore.Version(pairs: pairs, point: point, facts: facts)
        for node in founders.indices {
            machines[node].state = VirtualStateStore(version)
            machines[node].log.reset(to: point)
            queue.schedule(.start(node: node), at: now.advanced(by: .seconds(1)))
        }
        try forgive(after: backup, at: point, fate)
        return true
    }

    private mutating func endEverything() throws(Violation) {
        for node in machines.indices where machines[node].isUp {
            machines[node].endProcess()
            let completions = machines[node].log.crash(keeping: machines[node].log.pendingCount)
            machines[node].state.sync()
            for completion in completions { try written(node, completion) }
            record(.stopped, node: node)
            recordState(node)
        }
    }

    /// What a stopped node knows of revocations, with all that its log holds beyond its state.
    private func export(_ node: Int, to survivors: inout SurvivingRevocations) throws(Violation) -> LogPosition {
        let current = machines[node].state.current
        let next = current.point.position.index.next
        let entries = machines[node].log.range(from: next, maxBytes: .max)?.entries ?? []
        var pairs = current.pairs
        var applier = Applier(codec: options.codec)
        guard case .done(let batch) = applier.apply(entries, after: current.point, to: &pairs) else {
            throw Violation(.log, "the log of n\(node + 1), which has stopped, cannot be applied")
        }
        do throws(StateDamage) {
            try DirectoryState.show(
                machines[node].statements.items,
                at: batch.point.position.index,
                time: batch.point.time,
                codec: options.codec,
                in: &pairs
            )
        } catch {
            throw Violation(.stateRoot, "the state of n\(node + 1), which has stopped, does not decode: \(error)")
        }
        let view = DirectoryView(pairs, codec: options.codec)
        var cursor: ListCursor?
        repeat {
            guard let page = try? view.revocations(ListRequest(after: cursor, limit: ListRequest.maximumLimit)) else {
                throw Violation(.stateRoot, "the state of n\(node + 1), which has stopped, does not decode")
            }
            survivors.add(page.items, epoch: batch.facts.epoch)
            cursor = page.next
        } while cursor != nil
        return batch.point.position
    }

    /// Machines without data, with names that nobody has had.
    private mutating func beginAnew() {
        membership.beginAnew()
        for node in machines.indices {
            members[node] = MemberID(restoring: members[node])
            machines[node].losses = 0
            machines[node].instance = Self.instance(of: members[node], losses: 0)
            intruders.forget(node)
        }
        founders = Array(members.prefix(options.scenario.nodeCount))
        hasRestored = true
        rollouts = RolloutChecker()
        // A backup knows of no credential that was taken away later.
        thefts = []
        thieves = TheftChecker(rules: nodeOptions.clocks)
        for node in machines.indices {
            machines[node].invitedBy = founders
            clearDisks(node)
        }
    }

    private func restored(
        _ backup: VirtualStateStore.Version,
        _ restoration: Restoration,
        at point: SnapshotPoint
    ) throws(Violation) -> SortedStore {
        var tracked = TrackedTransaction(backup.pairs)
        do throws(DirectoryError) {
            _ = try DirectoryState.restore(
                restoration,
                at: point.position.index,
                time: point.time,
                codec: options.codec,
                to: &tracked
            )
        } catch {
            throw Violation(.knowledge, "a backup at \(backup.point.position) cannot be restored: \(error)")
        }
        return tracked.finish()
    }

    /// What was acknowledged after the backup may be gone, and the log is another. What was revoked stays revoked all the same;
    /// where nobody is left to tell, whoever was there is out of action, and only that is forgotten of which the backup knows
    /// nothing.
    private mutating func forgive(
        after backup: VirtualStateStore.Version,
        at point: SnapshotPoint,
        _ fate: RevocationsFate
    ) throws(Violation) {
        let revision = backup.point.position.index
        let view = DirectoryView(backup.pairs, codec: options.codec)
        let known = population.agents.indices.filter { (try? view.principal(population.agents[$0])) != nil }
        revocations.restored(at: point.position.index, quarantined: fate == .lost ? known : nil)
        dependencies.restored(to: revision)
        propagation.restored(keeping: fate == .lost ? known : nil)
        let state = machines[0].state.current.pairs
        var verdicts: [Digest: StatementChecker.Verdict] = [:]
        for known in statements.statements { verdicts[known.id] = verdict(on: known.id, in: state)?.1 }
        try statements.restored(isMerged: fate == .merged) { verdicts[$0] }
        let documents = population.documents.indices.map { value(of: $0, in: backup.pairs) }
        undecidedDocument = try clientHistory.check(operations) ?? undecidedDocument
        clientHistory.restored(documents, at: now)
        history.restored(to: revision)
        log = LogChecker(after: point.position.index)
        roots = StateRootChecker()
        seals = SealChecker()
        edges = EdgeChecker()
        leadership.beginAnew()
        knownRevision = point.position.index
        for place in operations.indices { operations[place].restored(to: revision) }
    }
}

extension MemberRecord {
    fileprivate init(restored id: MemberID, named name: String, _ instance: Digest) {
        self.init(
            spec: MemberSpec(
                id: id,
                name: name,
                raftAddress: "\(name):7000",
                apiAddresses: ["\(name):8443"],
                keyFingerprint: World.key(of: id)
            ),
            isVoter: true,
            instance: instance,
            metadata: RecordMetadata(createdAt: .distantPast, updatedAt: .distantPast, revision: .zero)
        )
    }
}

extension MemberID {
    /// Another node, in the place of one that is gone.
    fileprivate init(restoring old: MemberID) {
        let bytes = Digest.of(Array("in the place of \(old.uuid) \(old.incarnation)".utf8)).bytes
        func word(_ bytes: some Sequence<UInt8>) -> UInt64 { bytes.reduce(0) { $0 << 8 | UInt64($1) } }
        self.init(high: word(bytes.prefix(8)), low: word(bytes.dropFirst(8).prefix(8)))
    }
}
