package import Consensus
package import Directory
package import Kernel

/// Applies committed entries to a state, within one transaction of its store.
///
/// Runs in the shell's transaction, since the state may be larger than memory, but decides everything itself.
package struct Applier: Sendable {
    private var directory: DirectoryState
    private let codec: any DirectoryCodec

    package init(codec: any DirectoryCodec) {
        self.directory = DirectoryState(codec: codec)
        self.codec = codec
    }

    /// What a transaction came to.
    package enum Attempt: Sendable {
        /// Commit it.
        case done(AppliedBatch)
        /// Discard it, and apply only the first `count` entries in another: the next one cannot be applied.
        case blocked(after: Int, reason: String)
    }

    /// - Parameter point: What the state reflects before the first entry.
    package mutating func apply<Transaction: KeyValueTransaction>(
        _ entries: some Collection<Entry>,
        after point: SnapshotPoint,
        to transaction: inout Transaction
    ) -> Attempt {
        var point = point
        var outcomes: [AppliedBatch.Outcome] = []
        var refusedChanges: [LogIndex] = []
        var events: [DirectoryEvent] = []
        var tracked = TrackedTransaction(consume transaction)
        for (count, entry) in entries.enumerated() {
            invariant(
                entry.index == point.position.index.next && entry.previousHash == point.hash,
                "entry \(entry.position) does not follow \(point.position)"
            )
            if let bytes = entry.payload.command {
                let change = entry.change.flatMap { MemberChange($0) }
                switch directory.apply(bytes, carrying: change, at: entry.index, time: entry.time, to: &tracked) {
                case .applied(let applied):
                    outcomes.append(.init(command: .of(bytes), result: applied.result))
                    events += applied.events
                    if entry.change != nil, !applied.tookEffect(at: entry.index) { refusedChanges.append(entry.index) }
                case .halt(let reason):
                    transaction = (consume tracked).finish()
                    return .blocked(after: count, reason: "entry \(entry.position): \(reason)")
                }
            }
            point = point.advanced(past: entry, isChangeRefused: refusedChanges.last == entry.index)
        }
        // Consumed, or the copy that stays would make each row that the tree writes a copy, too.
        transaction = (consume tracked).finish()
        do throws(StateDamage) {
            let facts = try DirectoryFacts(at: point.position.index, in: transaction, codec: codec)
            return .done(
                AppliedBatch(
                    point: point,
                    outcomes: outcomes,
                    refusedChanges: refusedChanges,
                    events: events,
                    facts: facts,
                    halt: nil
                )
            )
        } catch {
            return .blocked(after: 0, reason: "\(error)")
        }
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

extension DirectoryFacts {
    /// Reads them from a state.
    package init(
        at revision: LogIndex,
        in view: some KeyValueView,
        codec: any DirectoryCodec
    ) throws(StateDamage) {
        let ledger = try DirectoryView(view, codec: codec).ledger()
        self.init(revision: revision, epoch: ledger?.epoch ?? 0, stateRoot: StateTree.root(in: view))
    }
}
