import Consensus
import Kernel
import Logging
import NIOCore
import Replica
import Storage
import Synchronization

/// The one thread that writes the log. Writes that pile up while the disk syncs share the next sync: group commit.
///
/// They are durable in the journal; another thread moves them into the log store.
final class LogWriter: Sendable {
    private let store: LogStore
    private let journal: LogJournal
    private let worker = SerialWorker()
    private let mover = SerialWorker()
    private let inbox: Inbox
    private let logger: Logger
    private let fail: @Sendable (any Error) -> Void
    private let queued = Mutex<[LogWrite]>([])
    private let statistics = Mutex(Statistics())
    private let isMoveTimed = Atomic(false)
    private let isMoveUnderWay = Atomic(false)

    struct Statistics: Sendable {
        var commits: UInt64 = 0
        var writes: UInt64 = 0
        var entries: UInt64 = 0
        /// Transactions of the log store that took in what the journal had.
        var moves: UInt64 = 0
        var isFull = false
    }

    /// How long to wait before a write that found no room is tried again.
    private static let retryInterval = TimeAmount.seconds(1)
    /// What is durable in the journal is moved once there is so much of it, or after this long.
    private static let moveBytes = 2 << 20
    private static let moveInterval = TimeAmount.milliseconds(500)

    init(
        store: LogStore,
        journal: LogJournal,
        inbox: Inbox,
        logger: Logger,
        fail: @escaping @Sendable (any Error) -> Void
    ) {
        self.store = store
        self.journal = journal
        self.inbox = inbox
        self.logger = logger
        self.fail = fail
    }

    var snapshot: Statistics { statistics.withLock { $0 } }

    func write(_ write: LogWrite) {
        let isFirst = queued.withLock { queued in
            queued.append(write)
            return queued.count == 1
        }
        if isFirst { worker.run { self.writeQueued() } }
    }

    private func writeQueued() {
        let batch = queued.withLock { queued in
            defer { queued = [] }
            return queued
        }
        guard !batch.isEmpty else { return }
        do throws(StorageError) {
            try journal.write(batch)
        } catch {
            return Self.isRoomMissing(error) ? retry(batch, error) : fail(error)
        }
        statistics.withLock { statistics in
            statistics.commits += 1
            statistics.writes += UInt64(batch.count)
            statistics.entries += UInt64(batch.reduce(0) { $0 + $1.entries.count })
        }
        if let last = batch.last {
            // The last write stands for those before it; the log reaches as far as the last one with entries.
            let end = batch.last { !$0.entries.isEmpty }?.entries.last?.position
            inbox.post(.persisted(last.id, last: end ?? .zero))
        }
        note(isFull: isNearlyFull)
        scheduleMove()
    }

    private func scheduleMove() {
        if journal.pendingBytes >= Self.moveBytes {
            startMove()
        } else if isMoveTimed.compareExchange(expected: false, desired: true, ordering: .relaxed).exchanged {
            inbox.loop.scheduleTask(in: Self.moveInterval) {
                self.isMoveTimed.store(false, ordering: .relaxed)
                self.startMove()
            }
        }
    }

    private func startMove() {
        guard isMoveUnderWay.compareExchange(expected: false, desired: true, ordering: .relaxed).exchanged else {
            return
        }
        mover.run {
            self.move()
            self.isMoveUnderWay.store(false, ordering: .relaxed)
        }
    }

    /// What cannot be moved now stays in the journal, which takes no more once it is full.
    private func move() {
        do throws(StorageError) {
            try journal.move()
            statistics.withLock { $0.moves += 1 }
        } catch {
            guard Self.isRoomMissing(error) else { return fail(error) }
            logger.error("no room for the log, trying again", metadata: ["error": "\(error)"])
            note(isFull: true)
            inbox.loop.scheduleTask(in: Self.retryInterval) { self.startMove() }
        }
    }

    /// Nothing was acknowledged, and nothing is lost: the batch goes back to the front and waits for room. In between, the
    /// thread is free to compact, which is what makes room. As a leader this node is replaced by one that can write.
    private func retry(_ batch: [LogWrite], _ error: StorageError) {
        logger.error("no room for the log, trying again", metadata: ["error": "\(error)"])
        note(isFull: true)
        queued.withLock { $0.insert(contentsOf: batch, at: 0) }
        inbox.loop.scheduleTask(in: Self.retryInterval) { self.worker.run { self.writeQueued() } }
    }

    private func note(isFull: Bool) {
        let changed = statistics.withLock { statistics in
            defer { statistics.isFull = isFull }
            return statistics.isFull != isFull
        }
        if changed { inbox.post(.storage(isFull: isFull)) }
    }

    /// The state must be on disk up to this entry before this is called.
    func compact(before index: LogIndex) {
        perform { [self] () throws(StorageError) in
            let first = try store.truncatePrefix(before: index)
            note(isFull: isNearlyFull)
            inbox.post(.compacted(firstIndex: first))
        }
    }

    /// Carries out something between two writes, when all before are in the store.
    func perform(_ work: @escaping @Sendable () throws -> Void) {
        worker.run { [fail, journal] in
            do {
                try journal.move()
                try work()
            } catch {
                fail(error)
            }
        }
    }

    /// A tenth is kept for what a full log must still take: elections, and entries that a leader sends.
    private var isNearlyFull: Bool { (store.summary?.usedBytes ?? 0) >= store.limits.maxBytes / 10 * 9 }

    private static func isRoomMissing(_ error: StorageError) -> Bool {
        switch error {
        case .full, .diskFull: true
        default: false
        }
    }

    func stop() async {
        perform {}
        await worker.stop()
        await mover.stop()
    }
}
