import DequeModule
import Kernel

// What is committed goes to the state machine, one batch at a time. What waits for that is bounded in memory: a member that applies
// no more, or more slowly than it receives, goes on acknowledging what is durable, and its store has it.
extension RaftNode {
    /// What was let go before it was applied, on its way back.
    struct ReadBack: Sendable {
        /// Follow on what is being applied.
        var entries: Deque<Entry> = []
        /// The one read under way.
        var pending: Range<LogIndex>?
        /// The store could not give them.
        var retryAt: Instant?
    }

    /// Committed and durable here, one batch at a time.
    mutating func applyNext() {
        guard applyingIndex == appliedIndex, !isReplacingLog else { return }
        let batch = readBack.entries.isEmpty ? batchFromMemory() : batchReadBack()
        guard let last = batch.last else { return }
        applyingIndex = last.index
        applyingChanges = batch.compactMap { entry in entry.change.map { (entry.index, $0) } }
        out.effects.append(.apply(batch))
    }

    private func batchFromMemory() -> [Entry] {
        log.entries(
            from: appliedIndex.next,
            through: min(commitIndex, log.durableIndex),
            maxBytes: options.maxApplyBytes,
            maxCount: options.maxApplyCount
        )
    }

    /// It was read within the bound on bytes.
    private mutating func batchReadBack() -> [Entry] {
        let batch = Array(readBack.entries.prefix(options.maxApplyCount))
        readBack.entries.removeFirst(batch.count)
        return batch
    }

    /// Whether some of what this member has to apply had to leave memory.
    var isApplyingBehind: Bool { log.base.index > appliedIndex }

    /// What is committed and durable can be read back; anything else may still be cut off, or be lost.
    mutating func letGoOfBacklog() {
        log.trim(through: min(commitIndex, log.durableIndex), maxBytes: options.maxUnappliedBytes)
    }

    /// The next stretch is read while the one before is applied.
    mutating func readWhatToApply(at now: Instant) {
        let next = applyingIndex.next
        guard next <= log.base.index, readBack.entries.isEmpty, readBack.pending == nil, !isReplacingLog else { return }
        if let retryAt = readBack.retryAt, now < retryAt { return }
        // What is committed now cannot be another entry by the time that it is read.
        readBack.pending = next..<log.base.index.next
        readBack.retryAt = nil
        out.effects.append(.readEntries(for: id, from: next, maxBytes: options.maxApplyBytes))
    }

    mutating func readToApply(previous: LogPosition?, _ entries: [Entry], at now: Instant) {
        // Without a read under way this is about a log that was replaced.
        guard let wanted = readBack.pending else { return }
        readBack.pending = nil
        let found = entries.prefix { wanted.contains($0.index) }
        guard previous?.index == wanted.lowerBound.previous, found.first?.index == wanted.lowerBound else {
            readBack.retryAt = now.advanced(by: options.readAgainInterval)
            return
        }
        readBack.entries.append(contentsOf: found)
    }

    mutating func applied(through index: LogIndex, refusedChanges: [LogIndex], at now: Instant) {
        invariant(
            index >= appliedIndex && index <= applyingIndex,
            "told of applied \(index) between \(appliedIndex) and \(applyingIndex)"
        )
        let new = configuration(through: index, refusedChanges: refusedChanges)
        applyingChanges.removeAll { $0.index <= index }
        appliedIndex = index
        log.trim(through: appliedIndex, maxBytes: options.windowBytes)
        adopt(new, at: now)
        leaveJointIfDue(at: now)
        campaignIfPostponed(at: now)
    }

    /// The state machine stands at a snapshot, and so does the log.
    mutating func applied(_ point: SnapshotPoint) {
        appliedIndex = point.position.index
        applyingIndex = point.position.index
        applyingChanges = []
        readBack = ReadBack()
    }
}
