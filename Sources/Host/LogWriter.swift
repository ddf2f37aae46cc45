import Consensus
import Kernel
import Logging
import NIOCore
import Replica
import Storage
import Synchronization

/// The one thread that writes the log. Writes that pile up while the disk syncs share the next sync: group commit.
final class LogWriter: Sendable {
    private let store: LogStore
    private let worker = SerialWorker()
    private let inbox: Inbox
    private let room: StorageRoom
    private let logger: Logger
    private let fail: @Sendable (any Error) -> Void
    private let queued = Mutex<[LogWrite]>([])
    private let statistics = Mutex(Statistics())

    struct Statistics: Sendable {
        var commits: UInt64 = 0
        var writes: UInt64 = 0
        var entries: UInt64 = 0
    }

    init(
        store: LogStore,
        inbox: Inbox,
        room: StorageRoom,
        logger: Logger,
        fail: @escaping @Sendable (any Error) -> Void
    ) {
        self.store = store
        self.inbox = inbox
        self.room = room
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
            try store.write(batch)
        } catch {
            return failed(batch, error)
        }
        statistics.withLock { statistics in
            statistics.commits += 1
            statistics.writes += UInt64(batch.count)
            statistics.entries += UInt64(batch.reduce(0) { $0 + $1.entries.count })
        }
        room.note(.log, isFull: isNearlyFull)
        for write in batch { inbox.post(.persisted(write.id, last: write.entries.last?.position ?? .zero)) }
    }

    private func failed(_ batch: [LogWrite], _ error: StorageError) {
        if error.isRoomMissing {
            logger.error("no room for the log, trying again", metadata: ["error": "\(error)"])
            room.note(.log, isFull: true)
            retry(batch)
        } else if let damage = store.damage(behind: error) {
            // What the batch follows has to be repaired first.
            logger.error("log is damaged, trying again", metadata: ["error": "\(error)"])
            inbox.post(.logDamaged(damage))
            retry(batch)
        } else {
            fail(error)
        }
    }

    /// Nothing was acknowledged, and nothing is lost: the batch goes back to the front and waits. In between, the thread is
    /// free to compact, which is what makes room, and to repair. As a leader this node is replaced by one that can write.
    private func retry(_ batch: [LogWrite]) {
        queued.withLock { $0.insert(contentsOf: batch, at: 0) }
        inbox.loop.scheduleTask(in: StorageRoom.retryInterval) { self.worker.run { self.writeQueued() } }
    }

    func compact(_ compaction: Compaction) {
        perform { [self] () throws(StorageError) in
            let first = try compaction.run(on: store)
            room.note(.log, isFull: isNearlyFull)
            inbox.post(.compacted(firstIndex: first))
        }
    }

    /// Puts entries in the place of damaged ones.
    func repair(_ entries: [Entry], hash: Digest) {
        perform { [self] () throws(StorageError) in
            do throws(StorageError) {
                try store.repair(entries, endingIn: hash)
                inbox.post(.logRepaired(true))
            } catch {
                guard case .misuse(let reason) = error else { throw error }
                logger.warning("repair does not fit the log", metadata: ["reason": "\(reason)"])
                inbox.post(.logRepaired(false))
            }
        }
    }

    func forgetLostTail() {
        perform { [store] () throws(StorageError) in try store.forgetLostTail() }
    }

    /// Carries out something between two writes.
    func perform(_ work: @escaping @Sendable () throws -> Void) {
        worker.run { [fail] in
            do { try work() } catch { fail(error) }
        }
    }

    /// A tenth is kept for what a full log must still take: elections, and entries that a leader sends.
    private var isNearlyFull: Bool { (store.summary?.usedBytes ?? 0) >= store.limits.maxBytes / 10 * 9 }

    func stop() async { await worker.stop() }
}
