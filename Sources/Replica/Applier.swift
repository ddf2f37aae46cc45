package import Consensus
package import Directory
package import Kernel
internal import Sealing

/// Applies committed entries to a state, within one transaction of its store.
///
/// Runs in the shell's transaction, since the state may be larger than memory, but decides everything itself. One applier goes
/// with one state: when another takes its place, so does another applier.
package struct Applier: Sendable {
    private var directory: DirectoryState
    private let codec: any DirectoryCodec
    /// As it is in the state; nil when it is to be read.
    private var roster: Roster?
    /// What its keys came to last.
    private var voters: (configuration: Configuration, set: VoterSet?)?

    /// - Parameter supported: What the program can apply.
    package init(codec: any DirectoryCodec, supported: FeatureLevel = .supported) {
        self.directory = DirectoryState(codec: codec, supported: supported)
        self.codec = codec
    }

    /// What a transaction came to.
    package enum Attempt: Sendable {
        /// Commit it.
        case done(AppliedBatch)
        /// Discard it, and apply only the first `count` entries in another: the next one cannot be applied.
        case blocked(after: Int, reason: String)
    }

    /// What has been applied so far.
    private struct Progress {
        var point: SnapshotPoint
        var count = 0
        var outcomes: [AppliedBatch.Outcome] = []
        var refusedChanges: [LogIndex] = []
        var events: [DirectoryEvent] = []
        var roots: [RecordedRoot] = []
    }

    /// - Parameter point: What the state reflects before the first entry.
    package mutating func apply<Transaction: KeyValueTransaction>(
        _ entries: some Collection<Entry>,
        after point: SnapshotPoint,
        to transaction: inout Transaction
    ) -> Attempt {
        var progress = Progress(point: point)
        var rest = Array(entries)[...]
        do throws(StateDamage) {
            while !rest.isEmpty {
                let run = rest.prefix(SealBoundary.run(of: rest.lazy.map(\.time)))
                rest = rest.dropFirst(run.count)
                if let reason = apply(run, &progress, to: &transaction) {
                    return blocked(after: progress.count, reason)
                }
                try recordRoot(of: run, &progress, in: transaction)
            }
            let facts = try DirectoryFacts(
                at: progress.point.position.index,
                in: transaction,
                codec: codec,
                roster: try readRoster(in: transaction)
            )
            return .done(
                AppliedBatch(
                    point: progress.point,
                    outcomes: progress.outcomes,
                    refusedChanges: progress.refusedChanges,
                    roots: progress.roots,
                    events: progress.events,
                    facts: facts,
                    halt: nil
                )
            )
        } catch {
            return blocked(after: 0, "\(error)")
        }
    }

    /// The transaction is to be discarded, and with it what was read of it.
    private mutating func blocked(after count: Int, _ reason: String) -> Attempt {
        roster = nil
        return .blocked(after: count, reason: reason)
    }

    /// Returns why the entry after those counted cannot be applied, if one cannot.
    private mutating func apply<Transaction: KeyValueTransaction>(
        _ run: ArraySlice<Entry>,
        _ progress: inout Progress,
        to transaction: inout Transaction
    ) -> String? {
        var tracked = TrackedTransaction(consume transaction)
        var obstacle: String?
        for entry in run {
            let point = progress.point
            invariant(
                entry.index == point.position.index.next,
                "entry \(entry.position) does not follow \(point.position)"
            )
            invariant(
                entry.previousHash == point.hash,
                "entry \(entry.position) follows \(entry.previousHash), not \(point.hash) at \(point.position)"
            )
            if let reason = apply(entry, &progress, to: &tracked) {
                obstacle = "entry \(entry.position): \(reason)"
                break
            }
            let isRefused = progress.refusedChanges.last == entry.index
            progress.point = progress.point.advanced(past: entry, isChangeRefused: isRefused)
            progress.count += 1
        }
        // Consumed, or the copy that stays would make each row that the tree writes a copy, too.
        transaction = (consume tracked).finish()
        return obstacle
    }

    private mutating func apply(
        _ entry: Entry,
        _ progress: inout Progress,
        to transaction: inout TrackedTransaction<some KeyValueTransaction>
    ) -> String? {
        guard let bytes = entry.payload.command else { return nil }
        let change = entry.change.flatMap { MemberChange($0) }
        switch directory.apply(bytes, carrying: change, at: entry.index, time: entry.time, to: &transaction) {
        case .applied(let applied):
            progress.outcomes.append(.init(command: .of(bytes), result: applied.result))
            progress.events += applied.events
            if applied.events.contains(where: \.changesMembers) { roster = nil }
            if entry.change != nil, !applied.tookEffect(at: entry.index) { progress.refusedChanges.append(entry.index) }
            return nil
        case .halt(let reason): return "\(reason)"
        }
    }

    private mutating func recordRoot(
        of run: ArraySlice<Entry>,
        _ progress: inout Progress,
        in transaction: some KeyValueTransaction
    ) throws(StateDamage) {
        guard let first = run.first, let last = run.last,
            let voters = try voters(at: progress.point, in: transaction)
        else { return }
        let point = SealPoint(progress.point, root: StateTree.root(in: transaction), voters: voters)
        progress.roots.append(RecordedRoot(point: point, first: first.time, last: last.time))
    }

    private mutating func voters(
        at point: SnapshotPoint,
        in transaction: some KeyValueTransaction
    ) throws(StateDamage) -> VoterSet? {
        let isKnown = roster != nil
        let roster = try readRoster(in: transaction)
        if isKnown, let voters, voters.configuration == point.configuration { return voters.set }
        let set = roster.sealKeys.voters(of: point.configuration)
        voters = (point.configuration, set)
        return set
    }

    private mutating func readRoster(in transaction: some KeyValueTransaction) throws(StateDamage) -> Roster {
        if let roster { return roster }
        let read = try Roster(in: transaction, codec: codec)
        roster = read
        return read
    }
}

extension SnapshotPoint {
    /// The point that a state at this one is at once it reflects the next entry, whose change of the configuration, if it
    /// has one, the state machine may have refused.
    package func advanced(past entry: Entry, isChangeRefused: Bool) -> SnapshotPoint {
        let change = isChangeRefused ? nil : entry.change
        return SnapshotPoint(
            position: entry.position,
            hash: entry.hash,
            time: entry.time,
            configuration: change.map(configuration.applying) ?? configuration
        )
    }
}

extension Entry.Payload {
    /// What the state machine is to apply; nil where there is nothing for it.
    var command: [UInt8]? {
        switch self {
        case .empty: nil
        case .command(let bytes): bytes
        case .configuration(_, let bytes): bytes.isEmpty ? nil : bytes
        }
    }
}

extension DirectoryEvent {
    /// Who is a member or an edge, or what the state says of one.
    package var changesMembers: Bool {
        switch self {
        case .bootstrapped, .membersChanged: true
        default: false
        }
    }
}

extension DirectoryFacts {
    /// Reads them from a state.
    ///
    /// - Parameter roster: Where it is known already.
    package init(
        at revision: LogIndex,
        in view: some KeyValueView,
        codec: any DirectoryCodec,
        roster: Roster? = nil
    ) throws(StateDamage) {
        let directory = DirectoryView(view, codec: codec)
        let ledger = try directory.ledger()
        let roster = if let roster { roster } else { try Roster(in: view, codec: codec) }
        self.init(
            revision: revision,
            epoch: ledger?.epoch ?? 0,
            stateRoot: StateTree.root(in: view),
            featureLevel: try directory.cluster()?.featureLevel ?? .first,
            sealKeys: roster.sealKeys,
            members: roster.members,
            edges: roster.edges,
            zones: roster.zones
        )
    }
}
