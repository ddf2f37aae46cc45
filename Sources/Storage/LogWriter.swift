internal import Consensus
internal import Kernel

/// Changes to the log inside one transaction, each checked against what is there.
struct LogWriter {
    let reader: LogReader
    /// What it will be once the transaction is committed. Nil: the log is not initialised.
    var summary: LogStore.Summary?

    var transaction: LMDBTransaction { reader.transaction }

    init(reader: LogReader, summary: LogStore.Summary?) {
        self.reader = reader
        self.summary = summary
    }

    /// Entries replace everything from the first of them on.
    mutating func replaceSuffix(by entries: [Entry]) throws(StorageError) {
        guard let first = entries.first?.index else { return }
        let summary = try current()
        let flaw = summary.hardState.flaw(
            ofWritingFrom: first,
            into: summary.firstIndex,
            through: summary.last.index
        )
        if let flaw { throw .misuse(flaw) }
        var previous = try end(at: first.previous)
        try remove(first, through: summary.last.index)
        for entry in entries {
            if let flaw = previous.flaw(of: entry) { throw .misuse(flaw) }
            try transaction.put(
                LogRecord.encode(entry),
                for: LogRecord.key(entry.index),
                in: reader.entries,
                appending: true
            )
            previous = LogEnd(entry)
        }
        try setEnd(previous)
    }

    /// What the log would end in if it ended at `index`. Of the true end it is known without a read.
    private func end(at index: LogIndex) throws(StorageError) -> LogEnd {
        let summary = try current()
        guard index != summary.last.index else { return summary.end }
        return LogEnd(try reader.point(at: index, base: summary.base))
    }

    private mutating func setEnd(_ end: LogEnd) throws(StorageError) {
        try reader.meta.put(end, in: transaction)
        summary?.end = end
    }

    mutating func setHardState(_ state: HardState) throws(StorageError) {
        var summary = try current()
        if let flaw = summary.hardState.flaw(of: state) { throw .misuse(flaw) }
        let next = summary.hardState.followed(by: state)
        try reader.meta.put(next, in: transaction)
        summary.hardState = next
        self.summary = summary
    }

    mutating func setBase(_ point: SnapshotPoint) throws(StorageError) {
        try reader.meta.put(point, as: .base, in: transaction)
        summary?.base = point
    }

    /// - Parameter point: What the state durably reflects, for when the entry there is damaged.
    mutating func dropPrefix(through index: LogIndex, state point: SnapshotPoint?) throws(StorageError) {
        let summary = try current()
        let base: SnapshotPoint
        if let point, point.position.index == index {
            base = SnapshotPoint(
                position: point.position,
                hash: point.hash,
                time: point.time,
                configuration: summary.base.configuration
            )
        } else {
            base = try reader.point(at: index, base: summary.base)
        }
        try remove(summary.firstIndex, through: index)
        try setBase(base)
    }

    private func remove(_ first: LogIndex, through last: LogIndex) throws(StorageError) {
        var doomed = first
        while doomed <= last {
            try transaction.remove(LogRecord.key(doomed), in: reader.entries)
            doomed = doomed.next
        }
    }

    /// Drops the entry at `index` and all after it, and takes the member out of the term in which it can have
    /// acknowledged them. `previous` is what the log then ends in.
    mutating func cutTail(from index: LogIndex, after previous: LogEnd) throws(StorageError) {
        let summary = try current()
        let term = summary.hardState.term
        let lost = LostTail(first: index, last: summary.last).joined(with: summary.lost)
        try remove(index, through: summary.last.index)
        try setEnd(previous)
        // A leader of this term takes what this member has acknowledged for granted, and would never send it again.
        try setHardState(HardState(term: term.next, vote: nil, commitIndex: summary.hardState.commitIndex))
        try setLost(lost)
    }

    mutating func setLost(_ lost: LostTail?) throws(StorageError) {
        try reader.meta.put(lost, in: transaction)
        summary?.lost = lost
    }

    /// Puts entries in the place of those that differ. They are held against the chain first.
    mutating func repair(_ entries: [Entry], endingIn hash: Digest) throws(StorageError) {
        let summary = try current()
        guard let last = entries.last, last.index <= summary.last.index, last.hash == hash else {
            throw .misuse("a repair that does not end in what the log is known to hold")
        }
        // What the node has in memory there may be a write that has yet to come, after others that have yet to come, too.
        guard last.index < summary.last.index || hash == summary.end.hash else {
            throw .misuse("a repair that does not end as the log does")
        }
        if let successor = try reader.wholeEntry(last.index.next), last.index < summary.last.index {
            guard successor.previousHash == hash else {
                throw .misuse("entry \(last.index.number) does not precede the one after it")
            }
        }
        var previous: LogEnd?
        for entry in entries {
            if let flaw = previous?.flaw(of: entry) { throw .misuse(flaw) }
            previous = LogEnd(entry)
            let (key, record) = (LogRecord.key(entry.index), LogRecord.encode(entry))
            guard entry.index >= summary.firstIndex, try transaction.value(for: key, in: reader.entries) != record
            else { continue }
            try transaction.put(record, for: key, in: reader.entries)
        }
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
            end: LogEnd(point),
            lost: nil,
            stateGeneration: stateGeneration,
            usedBytes: 0
        )
        try setBase(point)
        try setEnd(LogEnd(point))
        // The snapshot's leader had committed whatever this member ever acknowledged up to the point.
        let lost = old?.lost
        if let lost, !lost.isMadeGood(by: point.position) {
            try setLost(lost)
        } else if lost != nil {
            try setLost(nil)
        }
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
