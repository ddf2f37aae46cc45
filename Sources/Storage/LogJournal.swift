package import Consensus
internal import Kernel
internal import Synchronization

/// The front of the log store: what is asked for is appended to a file and synced once, and moved into the store behind in
/// larger transactions, off the path of those who wait.
///
/// A commit of LMDB waits for the disk twice, its pages first and then the page that makes them count; an append waits
/// once. The file is a ring of blocks written in place. A batch is one record with a sequence number and a checksum; the
/// store notes, in the transaction that takes writes in, the number of the last record that it has. What it has may be
/// overwritten. At start the records after that number are taken in before anything else looks at the store.
///
/// A record whose writing was interrupted was never acknowledged and is ignored, since it is the last one. A gap before
/// records that are whole is damage.
///
/// Safe from any thread. Appends wait for each other and for the disk; so do moves; neither waits for the other unless
/// the ring is full.
package final class LogJournal: Sendable {
    private struct State: Sendable {
        /// Where the next record begins.
        var offset = JournalFile.ringStart
        var sequence: UInt64
        /// Durable, and not in the store yet. Oldest first.
        var pending: [Pending] = []
        var pendingBytes = 0
        /// Bytes that the store will need for what is pending.
        var neededBytes: UInt64 = 0
        /// Why nothing more is taken, once a sync has failed.
        var halted: StorageError?

        mutating func append(_ record: Pending) {
            offset = record.place.upperBound
            sequence += 1
            pending.append(record)
            pendingBytes += record.place.count
            neededBytes += record.neededBytes
        }

        mutating func removeFirst(_ count: Int) {
            for record in pending.prefix(count) {
                pendingBytes -= record.place.count
                neededBytes -= record.neededBytes
            }
            pending.removeFirst(count)
        }
    }

    private struct Pending: Sendable {
        let sequence: UInt64
        /// In the file.
        let place: Range<Int>
        let neededBytes: UInt64
        let writes: [LogWrite]
    }

    private let file: JournalFile
    private let store: LogStore
    private let state: Mutex<State>
    /// Held while appending, and while moving: in this order, where both are.
    private let appending = Mutex(())
    private let moving = Mutex(())

    package static let standardByteCount = 16 << 20

    /// Opens the journal beside the store's own file and takes into the store what it lacks.
    ///
    /// - Throws: `corrupt` when records that were acknowledged are missing.
    package init(store: LogStore, byteCount: Int = standardByteCount) throws(StorageError) {
        invariant(
            byteCount.isMultiple(of: JournalRecord.blockBytes),
            "a journal of \(byteCount) bytes ends within a block"
        )
        file = try JournalFile(path: store.path + "/journal", byteCount: byteCount)
        self.store = store
        let done = try store.journalled()
        let records = try Self.records(in: file, after: done)
        for record in records { try store.write(record.writes, journalled: record.sequence) }
        state = Mutex(State(sequence: (records.last?.sequence ?? done) + 1))
    }

    /// What was made durable, in order, and is not in the store.
    private static func records(in file: JournalFile, after done: UInt64) throws(StorageError) -> [JournalRecord] {
        var found: [JournalRecord] = []
        var offset = JournalFile.ringStart
        while offset < file.byteCount {
            let head = try file.read(JournalRecord.blockBytes, at: offset)
            var step = JournalRecord.blockBytes
            if let length = JournalRecord.byteCount(from: head), length <= file.byteCount - offset,
                let record = JournalRecord(bytes: try file.read(length, at: offset))
            {
                if record.key == file.key, record.sequence > done { found.append(record) }
                step = length
            }
            offset += step
        }
        found.sort { $0.sequence < $1.sequence }
        for (record, expected) in zip(found, (done + 1)...) where record.sequence != expected {
            throw .corrupt(
                path: file.path,
                reason: "record \(expected) is missing before record \(record.sequence)"
            )
        }
        return found
    }

    /// Makes the writes durable, in order, all or none.
    ///
    /// - Throws: `full` and `diskFull` leave everything as it was, and usable.
    package func write(_ writes: [LogWrite]) throws(StorageError) {
        try appending.withLock { (_) throws(StorageError) in
            let (sequence, needed, halted) = state.withLock { ($0.sequence, $0.neededBytes, $0.halted) }
            if let halted { throw halted }
            let more = store.neededBytes(for: writes)
            if more > 0 { try store.checkRoom(for: needed + more) }
            let bytes = JournalRecord(key: file.key, sequence: sequence, writes: writes).bytes
            guard bytes.count <= file.byteCount / 4 else { return try writeThrough(writes) }
            let offset = try room(for: bytes.count)
            do throws(StorageError) {
                try file.write(bytes, at: offset)
                try file.sync()
            } catch {
                // What the file holds now is unknown, whatever the error: there is nothing to go on from.
                let failure = error.isFatal ? error : .syncFailed(path: file.path, reason: "\(error)")
                state.withLock { $0.halted = failure }
                throw failure
            }
            let place = offset..<offset + bytes.count
            let record = Pending(sequence: sequence, place: place, neededBytes: more, writes: writes)
            state.withLock { $0.append(record) }
        }
    }

    /// What is large gains nothing from being written twice.
    private func writeThrough(_ writes: [LogWrite]) throws(StorageError) {
        try move()
        try store.write(writes)
    }

    /// Where so many bytes overwrite nothing that is still needed.
    private func room(for byteCount: Int) throws(StorageError) -> Int {
        let offset = state.withLock { $0.offset + byteCount <= file.byteCount ? $0.offset : JournalFile.ringStart }
        let place = offset..<offset + byteCount
        if state.withLock({ $0.pending.contains { $0.place.overlaps(place) } }) { try move() }
        return offset
    }

    /// Bytes that are durable here and not in the store yet.
    package var pendingBytes: Int { state.withLock { $0.pendingBytes } }

    /// Takes what is durable here into the store, as one transaction. The store is then as if everything had been
    /// written to it alone.
    package func move() throws(StorageError) {
        try moving.withLock { (_) throws(StorageError) in
            let batch = state.withLock { $0.pending }
            guard let last = batch.last else { return }
            try store.write(batch.flatMap(\.writes), journalled: last.sequence)
            state.withLock { $0.removeFirst(batch.count) }
        }
    }
}
