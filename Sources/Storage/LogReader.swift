internal import Consensus
internal import Kernel

/// Reads and verifies the log as one transaction sees it.
struct LogReader {
    let transaction: LMDBTransaction
    let entries: LMDBTable
    let meta: MetaTable

    /// Nil when the log was never initialised.
    func summary() throws(StorageError) -> LogStore.Summary? {
        guard let base = try meta.point(.base, in: transaction) else { return nil }
        guard let hardState = try meta.hardState(in: transaction) else {
            throw .corrupt(path: meta.path, reason: "there is a log but no hard state")
        }
        return LogStore.Summary(
            hardState: hardState,
            base: base,
            end: try meta.end(in: transaction) ?? LogEnd(base),
            lost: try meta.lostTail(in: transaction),
            stateGeneration: try meta.number(.stateGeneration, in: transaction) ?? 1,
            usedBytes: try transaction.usedBytes(of: [entries, meta.table])
        )
    }

    /// Verified but for its link to the predecessor.
    func entry(_ index: LogIndex) throws(StorageError) -> Entry {
        guard let record = try transaction.value(for: LogRecord.key(index), in: entries) else {
            throw damaged(index, "missing")
        }
        return try decode(record, index)
    }

    /// What precedes the entry after `index`: the base, or the entry itself.
    func point(at index: LogIndex, base: SnapshotPoint) throws(StorageError) -> SnapshotPoint {
        guard index != base.position.index else { return base }
        let entry = try entry(index)
        return SnapshotPoint(
            position: entry.position,
            hash: entry.hash,
            time: entry.time,
            configuration: base.configuration
        )
    }

    /// Verified entries after `previous` through `last`, at least one, then as many as `maxBytes` allows.
    func entries(
        after previous: SnapshotPoint,
        through last: LogIndex,
        maxBytes: Int
    ) throws(StorageError) -> [Entry] {
        var result: [Entry] = []
        var hash = previous.hash
        var term = previous.position.term
        var bytes = 0
        var index = previous.position.index
        while index < last {
            index = index.next
            let key = LogRecord.key(index)
            guard let pair = try transaction.first(atOrAfter: key, in: entries), pair.key == key else {
                throw damaged(index, "missing")
            }
            let entry = try decode(pair.value, index)
            guard entry.previousHash == hash else { throw damaged(index, "it does not follow its predecessor") }
            guard entry.term >= term else { throw damaged(index, "its term is below its predecessor's") }
            bytes += entry.byteCount
            if bytes > maxBytes && !result.isEmpty { break }
            hash = entry.hash
            term = entry.term
            result.append(entry)
        }
        return result
    }

    /// The lowest index of a run of entries that ends at `end` and has at most `bytes`; a missing one counts nothing.
    func windowStart(endingAt end: LogIndex, above floor: LogIndex, bytes: Int) throws(StorageError) -> LogIndex {
        var index = end
        var total = 0
        while index > floor {
            total += try transaction.valueByteCount(for: LogRecord.key(index), in: entries) ?? 0
            guard total <= bytes else { break }
            index = index.previous
        }
        return index.next
    }

    /// Nil when the entry is damaged.
    func wholeEntry(_ index: LogIndex) throws(StorageError) -> Entry? {
        do throws(StorageError) {
            return try entry(index)
        } catch {
            guard case .corruptEntry = error else { throw error }
            return nil
        }
    }

    private func decode(_ record: [UInt8], _ index: LogIndex) throws(StorageError) -> Entry {
        do throws(LogRecord.Damage) {
            return try LogRecord.decode(record, at: index)
        } catch {
            guard case .reason(let reason) = error else { throw damaged(index, "unreadable") }
            throw damaged(index, reason)
        }
    }

    private func damaged(_ index: LogIndex, _ reason: String) -> StorageError {
        // A hard state that cannot be read tells nothing: take the worse case.
        let committed = (try? meta.hardState(in: transaction))?.map { index <= $0.commitIndex } ?? true
        return .corruptEntry(path: meta.path, index: index, isCommitted: committed, reason: reason)
    }
}
