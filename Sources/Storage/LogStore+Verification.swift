package import Consensus
package import Kernel

/// What one step of a scrub found.
package struct ScrubStep: Hashable, Sendable {
    /// Sorted, apart from each other.
    package let damage: [LogDamage]
    /// The last entry that was looked at.
    package let through: LogIndex
    /// Where the next step goes on; nil at the end of the log.
    package let next: LogIndex?
    package let entryCount: Int
    package let byteCount: Int
}

extension LogStore {
    /// Verifies some of the log from an index on, or from the first entry if that lies after it. Waits for no writer and
    /// holds none up.
    package func scrub(from index: LogIndex, maxBytes: Int) throws(StorageError) -> ScrubStep {
        let reader = try reader()
        guard let summary = try reader.summary() else { throw notInitialised }
        let stretch = LogReader.Stretch(
            first: max(index, summary.firstIndex),
            end: summary.end,
            maxBytes: max(maxBytes, 1)
        )
        let pass = try reader.verify(stretch, base: summary.base)
        return ScrubStep(
            damage: pass.damage,
            through: pass.next.previous,
            next: pass.next > summary.last.index ? nil : pass.next,
            entryCount: pass.entryCount,
            byteCount: pass.byteCount
        )
    }

    /// The damage that a read or a write ran into; nil if it failed for another reason.
    package func damage(behind error: StorageError) -> [LogDamage]? {
        guard case .corruptEntry(_, let index, _, _) = error else { return nil }
        let found = (try? scrub(from: index, maxBytes: 1))?.damage ?? []
        return found.isEmpty ? nil : found
    }

    /// Cuts the log before the first entry after the applied one that does not read back, if there is any.
    ///
    /// Entries up to `applied` stay, whatever they are: the state has their effect, so they are repaired in their place
    /// while the node runs.
    ///
    /// - Parameter isOnlyVoter: Whether this member commits alone. Then each of its entries is committed and nobody else
    ///   has them: they are not cut.
    /// - Throws: `corruptEntry` for the only voter; `corrupt` when state and log do not meet.
    package func cutDamagedTail(after applied: SnapshotPoint, isOnlyVoter: Bool) throws(StorageError) -> LogCut? {
        let reader = try reader()
        let summary = try meeting(applied, reader)
        guard let damage = try firstDamage(after: applied, summary, reader) else { return nil }
        guard !isOnlyVoter else {
            throw .corruptEntry(
                path: path,
                index: damage.first,
                isCommitted: true,
                reason: "nobody else has it, since this is the only voter"
            )
        }
        let previous =
            damage.first.previous == applied.position.index
            ? LogEnd(applied) : LogEnd(try reader.point(at: damage.first.previous, base: summary.base))
        try change { (writer) throws(StorageError) in try writer.cutTail(from: damage.first, after: previous) }
        return LogCut(
            first: damage.first,
            last: summary.last.index,
            isCommitted: damage.first <= summary.hardState.commitIndex,
            isFollowedByWholeEntries: damage.last < summary.last.index
        )
    }

    /// The state's own point vouches for what follows it, even if the entry there is damaged.
    private func firstDamage(
        after applied: SnapshotPoint,
        _ summary: Summary,
        _ reader: LogReader
    ) throws(StorageError) -> LogDamage? {
        let first = applied.position.index.next
        let stretch = LogReader.Stretch(
            first: first,
            previous: LogEnd(applied),
            end: summary.end,
            stopsAtDamage: true
        )
        guard first <= summary.last.index else { return nil }
        let damage = try reader.verify(stretch, base: summary.base).damage.first
        return damage.map { LogDamage(first: max($0.first, first), last: $0.last, hash: $0.hash) }
    }

    /// Puts entries in the place of damaged ones, as one durable transaction. Entries before the first of the log are
    /// ignored, since the log may have been compacted meanwhile.
    ///
    /// - Parameter hash: What the last of them must hash to.
    /// - Throws: `misuse` when they do not fit the chain; nothing is changed.
    package func repair(_ entries: [Entry], endingIn hash: Digest) throws(StorageError) {
        try change { (writer) throws(StorageError) in try writer.repair(entries, endingIn: hash) }
    }

    /// What was cut off is made good: the member may vote again, after a restart too.
    package func forgetLostTail() throws(StorageError) {
        guard summary?.lost != nil else { return }
        try change { (writer) throws(StorageError) in try writer.setLost(nil) }
    }
}

/// What was cut off a log, for the operator and for the member that goes on without it.
package struct LogCut: Hashable, Sendable {
    package let first: LogIndex
    package let last: LogIndex
    /// Whether the first lost entry is known to have been committed. False says only that it is not known.
    package let isCommitted: Bool
    /// Whether entries after the damaged one were whole: then it had been written whole, and was damaged later.
    package let isFollowedByWholeEntries: Bool
}
