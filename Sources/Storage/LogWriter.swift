internal import Consensus
internal import Kernel

/// Changes to the log inside one transaction, each checked against what is there.
struct LogWriter {
    let reader: LogReader
    /// What it will be once the transaction is committed. Nil: the log is not initialised.
    var summary: LogStore.Summary?

    private var transaction: LMDBTransaction { reader.transaction }

    init(reader: LogReader, summary: LogStore.Summary?) {
        self.reader = reader
        self.summary = summary
    }

    /// Entries replace everything from the first of them on.
    mutating func replaceSuffix(by entries: [Entry]) throws(StorageError) {
        guard let first = entries.first?.index else { return }
        var summary = try current()
        guard summary.base.position.index < first, first <= summary.last.index.next else {
            throw .misuse("entry \(first.number) does not join a log of \(summary.firstIndex)...\(summary.last.index)")
        }
        guard first > summary.hardState.commitIndex || first > summary.last.index else {
            throw .misuse("entry \(first.number) would replace a committed one")
        }
        var previous = try reader.point(at: first.previous, base: summary.base)
        var doomed = first
        while doomed <= summary.last.index {
            try transaction.remove(LogRecord.key(doomed), in: reader.entries)
            doomed = doomed.next
        }
        for entry in entries {
            try check(entry, follows: previous)
            try transaction.put(
                LogRecord.encode(entry),
                for: LogRecord.key(entry.index),
                in: reader.entries,
                appending: true
            )
            previous = SnapshotPoint(
                position: entry.position,
                hash: entry.hash,
                time: entry.time,
                configuration: previous.configuration
            )
        }
        summary.last = previous.position
        self.summary = summary
    }

    private func check(_ entry: Entry, follows previous: SnapshotPoint) throws(StorageError) {
        let name = "entry \(entry.index.number)"
        guard entry.index == previous.position.index.next else { throw .misuse("\(name) is out of order") }
        guard entry.previousHash == previous.hash else { throw .misuse("\(name) does not chain to its predecessor") }
        guard entry.term >= previous.position.term else { throw .misuse("\(name) has a lower term than before") }
    }

    mutating func setHardState(_ state: HardState) throws(StorageError) {
        var summary = try current()
        let old = summary.hardState
        guard state.term >= old.term else { throw .misuse("term \(state.term) after \(old.term)") }
        guard state.term > old.term || old.vote == nil || state.vote == old.vote else {
            throw .misuse("a second vote in \(state.term)")
        }
        try reader.meta.put(state, in: transaction)
        summary.hardState = state
        self.summary = summary
    }

    mutating func setLastServed(_ revision: LogIndex) throws(StorageError) {
        var summary = try current()
        guard revision > summary.lastServed else { return }
        try reader.meta.put(revision.number, as: .lastServed, in: transaction)
        summary.lastServed = revision
        self.summary = summary
    }

    mutating func setBase(_ point: SnapshotPoint) throws(StorageError) {
        try reader.meta.put(point, as: .base, in: transaction)
        summary?.base = point
    }

    mutating func dropPrefix(through index: LogIndex) throws(StorageError) {
        let summary = try current()
        let point = try reader.point(at: index, base: summary.base)
        var doomed = summary.firstIndex
        while doomed <= index {
            try transaction.remove(LogRecord.key(doomed), in: reader.entries)
            doomed = doomed.next
        }
        try setBase(point)
    }

    mutating func reset(to point: SnapshotPoint, stateGeneration: UInt64) throws(StorageError) {
        let old = summary
        let floor = old?.hardState ?? HardState(term: .zero, vote: nil, commitIndex: .zero)
        let hardState = HardState(
            term: max(floor.term, point.position.term),
            vote: point.position.term > floor.term ? nil : floor.vote,
            commitIndex: max(floor.commitIndex, point.position.index)
        )
        try transaction.removeAll(in: reader.entries)
        summary = LogStore.Summary(
            hardState: floor,
            base: point,
            last: point.position,
            lastServed: old?.lastServed ?? .zero,
            stateGeneration: stateGeneration,
            usedBytes: 0
        )
        try setBase(point)
        try setHardState(hardState)
        try reader.meta.put(stateGeneration, as: .stateGeneration, in: transaction)
    }

    /// The summary as it will be, with the bytes that the transaction now uses.
    func finish() throws(StorageError) -> LogStore.Summary {
        var summary = try current()
        summary.usedBytes = try transaction.usedBytes(of: [reader.entries, reader.meta.table])
        return summary
    }

    private func current() throws(StorageError) -> LogStore.Summary {
        guard let summary else { throw .misuse("the log in \(reader.meta.path) is not initialised") }
        return summary
    }
}
