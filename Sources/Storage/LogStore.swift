package import Consensus
package import Kernel
internal import Synchronization

/// The Raft log on disk: entries, hard state, and what else must be durable before it is acknowledged.
///
/// One LMDB environment, fully synchronous: when a call that writes returns, a crash of the system loses nothing of it.
/// Each entry carries a checksum and its predecessor's hash; both are verified on every read. What is written is
/// checked first: contiguous, chained to what is there, no term or vote taken back, nothing below the commit hint
/// replaced. A limit on bytes refuses entries before anything is touched; a write of votes alone is still
/// taken.
///
/// Safe from any thread. Writes wait for each other and for the disk; reads see the newest committed state and wait
/// for nobody.
package final class LogStore: Sendable {
    package struct Limits: Hashable, Sendable {
        /// Past it entries are refused. Counts pages in use, so that compaction makes room again.
        package var maxBytes: UInt64
        /// Address space to reserve. Far above `maxBytes`: readers keep old pages for a while, and a map that is full to
        /// the last page has no room even for removing.
        package var mapBytes: UInt64

        /// Entries that would leave less on the disk are refused, so that votes and compaction still have room.
        package var minimumFreeBytes: UInt64

        package init(maxBytes: UInt64 = 8 << 30, mapBytes: UInt64? = nil, minimumFreeBytes: UInt64 = 32 << 20) {
            self.minimumFreeBytes = minimumFreeBytes
            self.maxBytes = maxBytes
            self.mapBytes = mapBytes ?? max(64 << 30, min(maxBytes, 1 << 44) * 4)
        }
    }

    /// Where the log stands.
    package struct Summary: Hashable, Sendable {
        package var hardState: HardState
        /// The end of what was compacted, or the point before the first entry.
        package var base: SnapshotPoint
        package var end: LogEnd
        /// What was cut off and is not made good yet.
        package var lost: LostTail?
        /// Which of the state's directories belongs to this log.
        package var stateGeneration: UInt64
        package var usedBytes: UInt64

        package var firstIndex: LogIndex { base.position.index.next }
        package var last: LogPosition { end.position }
    }

    package let path: String
    package let limits: Limits
    let environment: LMDBEnvironment
    let entries: LMDBTable
    let meta: MetaTable
    let statements: LMDBTable
    private let current: Mutex<Summary?>
    /// Held while writing. Why the store takes no more, once a sync has failed.
    private let halted = Mutex<StorageError?>(nil)

    /// Opens the log of a member, or makes an empty one that `initialise` or `reset` is to follow.
    package init(path: String, owner: StoreOwner, limits: Limits = Limits()) throws(StorageError) {
        self.path = path
        self.limits = limits
        environment = try LMDBEnvironment(
            path: path,
            options: .init(durability: .everyCommit, mapBytes: limits.mapBytes)
        )
        entries = try environment.table("entries")
        meta = MetaTable(table: try environment.table("meta"), path: path)
        statements = try environment.table("statements")
        let transaction = try environment.beginWrite()
        try meta.claim(for: owner, in: transaction)
        let reader = LogReader(transaction: transaction, entries: entries, meta: meta)
        let summary = try reader.summary()
        try transaction.commit()
        current = Mutex(summary)
    }

    /// Nil before `initialise` or `reset`.
    package var summary: Summary? { current.withLock { $0 } }

    /// Starts a new log. The first entry is the same on every first voter, hence committed from the start.
    package func initialise(genesis: Entry, configuration: Configuration) throws(StorageError) {
        guard summary == nil else { throw .misuse("the log in \(path) is initialised already") }
        guard genesis.index == LogIndex(1), genesis.previousHash == .zero else {
            throw .misuse("a log starts with entry 1, which has no predecessor")
        }
        let base = SnapshotPoint(
            position: .zero,
            hash: .zero,
            time: .distantPast,
            configuration: configuration
        )
        let hardState = HardState(term: genesis.term, vote: nil, commitIndex: genesis.index)
        let empty = Summary(
            hardState: HardState(term: .zero, vote: nil, commitIndex: .zero),
            base: base,
            end: LogEnd(base),
            lost: nil,
            stateGeneration: 1,
            usedBytes: 0
        )
        try change { (writer) throws(StorageError) in
            writer.summary = empty
            try writer.setBase(base)
            try writer.replaceSuffix(by: [genesis])
            try writer.setHardState(hardState)
        }
    }

    /// Carries out the writes, in order, as one durable transaction (group commit), all or none.
    ///
    /// - Throws: `full` and `diskFull` leave the store as it was, and usable.
    package func write(_ writes: [LogWrite]) throws(StorageError) {
        try checkRoom(for: writes)
        try change { (writer) throws(StorageError) in
            for write in writes {
                try writer.replaceSuffix(by: write.entries)
                if let hardState = write.hardState { try writer.setHardState(hardState) }
            }
        }
    }

    /// Drops the entries before the index, as far as there are any, some at a time: readers are not held up, and a crash
    /// in between leaves a shorter log, nothing worse. Call it through `Compaction`.
    ///
    /// - Parameter state: What the state durably reflects: where an entry that ends the dropped part is damaged, the
    ///   log can go on from there.
    /// - Returns: the first index that is left.
    @discardableResult
    package func truncatePrefix(
        before index: LogIndex,
        state: SnapshotPoint? = nil,
        entriesATime: Int = 4096
    ) throws(StorageError) -> LogIndex {
        guard let start = summary else { throw notInitialised }
        var base = start.base.position.index
        let target = try lastWhole(from: base, through: min(index.previous, start.last.index), state: state)
        while base < target {
            var step = LogIndex(min(target.number, base.number + UInt64(max(entriesATime, 1))))
            try change { (writer) throws(StorageError) in
                while step < target, try writer.reader.wholeEntry(step) == nil { step = step.next }
                try writer.dropPrefix(through: step, state: state)
            }
            base = step
        }
        return base.next
    }

    /// The log can only begin after an entry of which it knows what it was.
    private func lastWhole(
        from base: LogIndex,
        through index: LogIndex,
        state: SnapshotPoint?
    ) throws(StorageError) -> LogIndex {
        let reader = try reader()
        var index = index
        while index > base, index != state?.position.index, try reader.wholeEntry(index) == nil {
            index = index.previous
        }
        return index
    }

    /// Replaces the whole log by a snapshot's point, in one transaction with the choice of the state that holds it.
    ///
    /// Entries after the point go as well, so the caller must not have acknowledged them (a log that holds the entry at
    /// the point needs no snapshot). Term and vote stay, unless the snapshot's term is higher.
    package func reset(to point: SnapshotPoint, stateGeneration: UInt64) throws(StorageError) {
        try change { (writer) throws(StorageError) in
            try writer.reset(to: point, stateGeneration: stateGeneration)
        }
    }

    var notInitialised: StorageError { .misuse("the log in \(path) is not initialised") }

    private func checkRoom(for writes: [LogWrite]) throws(StorageError) {
        guard let used = summary?.usedBytes, writes.contains(where: { !$0.entries.isEmpty }) else { return }
        let page = Int(environment.pageBytes)
        // The path from the root to a leaf is copied by each transaction, before the old pages are free again.
        var needed = UInt64(8 * page)
        for write in writes {
            for entry in write.entries { needed += UInt64(LogRecord.storedBytes(entry, pageBytes: page)) }
        }
        guard used + needed <= limits.maxBytes else { throw .full(path: path, limitBytes: limits.maxBytes) }
        try environment.checkDisk(for: needed, usedBytes: used, reserve: limits.minimumFreeBytes)
    }

    /// One durable transaction. The summary follows what was committed, never what was tried.
    func change(_ body: (inout LogWriter) throws(StorageError) -> Void) throws(StorageError) {
        try halted.withLock { (halted) throws(StorageError) in
            if let halted { throw halted }
            do throws(StorageError) {
                let transaction = try environment.beginWrite()
                let reader = LogReader(transaction: transaction, entries: entries, meta: meta)
                var writer = LogWriter(reader: reader, summary: summary)
                try body(&writer)
                let next = try writer.finish()
                try transaction.commit()
                current.withLock { $0 = next }
            } catch {
                if error.isFatal { halted = error }
                throw error
            }
        }
    }
}
