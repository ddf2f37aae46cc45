package import Consensus
package import Kernel

/// Entries that do not read back, and what a store does about them. The same verdicts as the store on LMDB.
extension VirtualLogDisk {
    /// Bit rot in one entry. Nothing happens to what is not there.
    package mutating func rot(at index: LogIndex) {
        guard stored(at: index) != nil else { return }
        entries[offset(of: index)].found = .nothing
    }

    /// The newest entry was put in the place of an earlier one, so that neither reads back.
    ///
    /// - Returns: False where there is no such place.
    package mutating func misdirect(to index: LogIndex) -> Bool {
        guard index < last.index, stored(at: index) != nil, let newest = entries.last?.entry else { return false }
        entries[offset(of: index)].found = .other(newest)
        entries[offset(of: newest.index)].found = .nothing
        return true
    }

    /// What a scrub of the whole log finds.
    package var damage: [LogDamage] {
        var runs: [LogDamage] = []
        for stored in entries where stored.isDamaged {
            let index = stored.entry.index
            let first = runs.last?.last.next == index ? runs.removeLast().first : index
            // The successor, or the record of the log's end, says what the entry was.
            runs.append(LogDamage(first: first, last: index, hash: stored.hash))
        }
        return runs
    }

    /// Cuts the log before the first damaged entry after the applied one, and leaves the term.
    package mutating func cutDamagedTail(after applied: LogIndex) -> LostTail? {
        guard let first = damage.first(where: { $0.last > applied }).map({ max($0.first, applied.next) }) else {
            return nil
        }
        let cut = LostTail(first: first, last: last).joined(with: lost)
        entries.removeSubrange(offset(of: first)...)
        hardState = HardState(term: hardState.term.next, vote: nil, commitIndex: hardState.commitIndex)
        lost = cut
        return cut
    }

    /// - Returns: Whether the entries fit; those before the log's first are ignored.
    package mutating func repair(_ new: [Entry], endingIn hash: Digest) -> Bool {
        guard let last = new.last, last.index <= self.last.index, last.hash == hash else { return false }
        // What the node has in memory there may be a write that has yet to come, after others that have yet to come, too.
        guard last.index < self.last.index || stored(at: last.index)?.hash == hash else { return false }
        if let next = stored(at: last.index.next), !next.isDamaged, next.entry.previousHash != hash { return false }
        for (entry, successor) in zip(new, new.dropFirst()) where !LogEnd(entry).precedes(successor) { return false }
        for entry in new where entry.index >= firstIndex {
            entries[offset(of: entry.index)] = Stored(entry: entry, hash: entry.hash)
        }
        return true
    }

    package mutating func forgetLostTail() { lost = nil }

    /// Entries that end with `last`, none below `first`: as many as fit, at least one; empty when the last is not there.
    package func entries(from first: LogIndex, endingAt last: LogIndex, maxBytes: Int) -> [Entry] {
        var found: [Entry] = []
        var bytes = 0
        var index = last
        while index >= first, let stored = stored(at: index), !stored.isDamaged {
            bytes += stored.entry.byteCount
            if bytes > maxBytes, !found.isEmpty { break }
            found.append(stored.entry)
            index = index.previous
        }
        return found.reversed()
    }

    private func offset(of index: LogIndex) -> Int { Int(index.number - firstIndex.number) }
}
