internal import Consensus
internal import Kernel

/// Finding what is not as it was written. CRC-32C tells rot, the index in the record a write that went astray, and the
/// hash chain a whole record of another history.
extension LogReader {
    /// What a pass over part of the log came to.
    struct Pass {
        /// Sorted, apart from each other.
        var damage: [LogDamage] = []
        /// The first entry that was not looked at.
        var next: LogIndex
        var entryCount = 0
        var byteCount = 0
    }

    /// Where a pass begins and ends.
    struct Stretch {
        let first: LogIndex
        /// What precedes `first`, if something vouches for it better than its own record.
        var previous: LogEnd?
        let end: LogEnd
        var maxBytes = Int.max
        /// Stops after the first whole entry past the first damage.
        var stopsAtDamage = false
    }

    /// Looks at each entry of the stretch, until `maxBytes` are read.
    ///
    /// Where two whole entries do not chain, either may be the wrong one, so both count as damaged. Whoever repairs them
    /// does so from the next whole entry down, which tells what each must hash to.
    func verify(_ stretch: Stretch, base: SnapshotPoint) throws(StorageError) -> Pass {
        var pass = Pass(next: stretch.first)
        var suspects = Suspects()
        var previous = stretch.previous
        if previous == nil { previous = try link(at: stretch.first.previous, base: base) }
        // It belongs to an earlier pass, which ended before it saw what this entry must hash to.
        if previous == nil { suspects.add(stretch.first.previous) }
        while pass.next <= stretch.end.position.index, pass.byteCount < stretch.maxBytes || isFollowed(suspects, pass) {
            let entry = try read(&pass)
            let index = pass.next.previous
            if let entry, previous?.precedes(entry) ?? true {
                if suspects.close(before: entry), stretch.stopsAtDamage { break }
            } else {
                if entry != nil { suspects.add(index.previous) }
                suspects.add(index)
            }
            previous = entry.map(LogEnd.init)
            if index == stretch.end.position.index, previous != stretch.end { suspects.add(index) }
        }
        let isAtEnd = pass.next > stretch.end.position.index
        pass.damage = suspects.finish(hash: isAtEnd ? stretch.end.hash : nil).filter { $0.last > base.position.index }
        return pass
    }

    /// Nil when the entry is damaged.
    private func read(_ pass: inout Pass) throws(StorageError) -> Entry? {
        let index = pass.next
        let record: [UInt8]? = try transaction.value(for: LogRecord.key(index), in: entries)
        pass.next = index.next
        pass.entryCount += 1
        pass.byteCount += Entry.overhead + (record?.count ?? 0)
        guard let record else { return nil }
        do throws(LogRecord.Damage) { return try LogRecord.decode(record, at: index) } catch { return nil }
    }

    /// A run of damaged entries is followed past the budget, up to a bound, so that it is found in one piece.
    private func isFollowed(_ suspects: Suspects, _ pass: Pass) -> Bool { suspects.isOpen && pass.entryCount < 65_536 }

    /// Nil when the entry is damaged.
    private func link(at index: LogIndex, base: SnapshotPoint) throws(StorageError) -> LogEnd? {
        guard index > base.position.index else { return LogEnd(base) }
        return try wholeEntry(index).map(LogEnd.init)
    }
}

/// Gathers damaged entries into runs, going up the log.
private struct Suspects {
    private var runs: [LogDamage] = []
    private var open: (first: LogIndex, last: LogIndex)?

    var isOpen: Bool { open != nil }

    mutating func add(_ index: LogIndex) {
        if let run = open {
            open = (min(run.first, index), max(run.last, index))
        } else if let run = runs.last, run.last.next >= index {
            // The entry that closed this run is one of two that do not chain.
            runs.removeLast()
            open = (run.first, max(run.last, index))
        } else {
            open = (index, index)
        }
    }

    /// - Returns: Whether a run ended before this entry.
    mutating func close(before entry: Entry) -> Bool {
        guard let run = open else { return false }
        runs.append(LogDamage(first: run.first, last: run.last, hash: entry.previousHash))
        open = nil
        return true
    }

    /// - Parameter hash: Of the last entry, when the pass went to the end.
    func finish(hash: Digest?) -> [LogDamage] {
        guard let run = open else { return runs }
        return runs + [LogDamage(first: run.first, last: run.last, hash: hash)]
    }
}
