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
    private let queue = Mutex(Queue())
    private let statistics = Mutex(Statistics())
    /// As the node was told last.
    private let wasLarge = Mutex(false)

    private struct Queue: Sendable {
        enum Phase: Sendable {
            case open
            /// What is in front found no room, or a damaged log before it, and is tried again after a while.
            case waiting
            /// A write is lost. To carry out a later one would say of this one that it is durable.
            case failed
        }

        var writes: [LogWrite] = []
        var phase = Phase.open
    }

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
        let isFirst = queue.withLock { queue in
            guard queue.phase != .failed else { return false }
            queue.writes.append(write)
            return queue.phase == .open && queue.writes.count == 1
        }
        if isFirst { worker.run { self.writeQueued() } }
    }

    private func writeQueued() {
        let batch = queue.withLock { queue in
            defer { queue.writes = [] }
            return queue.writes
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
        noteSize()
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
            queue.withLock { queue in
                queue.writes = []
                queue.phase = .failed
            }
            fail(error)
        }
    }

    /// Nothing was acknowledged, and nothing is lost: the batch goes back to the front and waits. In between, the thread is
    /// free to compact, which is what makes room, and to repair. As a leader this node is replaced by one that can write.
    private func retry(_ batch: [LogWrite]) {
        queue.withLock { queue in
            queue.writes.insert(contentsOf: batch, at: 0)
            queue.phase = .waiting
        }
        inbox.loop.scheduleTask(in: StorageRoom.retryInterval) { [self] in
            queue.withLock { $0.phase = .open }
            worker.run { self.writeQueued() }
        }
    }

    func compact(_ compaction: Compaction) {
        performOnceThereIsRoom { [self] () throws(StorageError) in
            let first = try compaction.run(on: store)
            // Before the node may think of the next.
            noteSize()
            inbox.post(.compacted(firstIndex: first))
        }
    }

    /// Puts entries in the place of damaged ones.
    func repair(_ entries: [Entry], hash: Digest) {
        performOnceThereIsRoom { [self] () throws(StorageError) in
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
        performOnceThereIsRoom { [store] () throws(StorageError) in try store.forgetLostTail() }
    }

    /// Carries out something between two writes.
    func perform(_ work: @escaping @Sendable () throws -> Void) {
        worker.run { [fail] in
            do { try work() } catch { fail(error) }
        }
    }

    /// As `perform`, again and again while it finds no room: this may be the very work that makes some.
    func performOnceThereIsRoom(_ work: @escaping @Sendable () throws(StorageError) -> Void) {
        perform { [self] in
            do throws(StorageError) {
                try work()
                noteSize()
            } catch {
                guard error.isRoomMissing else { throw error }
                logger.error("no room on the disk, trying again", metadata: ["error": "\(error)"])
                room.note(.log, isFull: true)
                inbox.loop.scheduleTask(in: StorageRoom.retryInterval) { self.performOnceThereIsRoom(work) }
            }
        }
    }

    /// A tenth is kept for what a full log must still take: elections, and entries that a leader sends. At half of it the node
    /// is to cut what it has applied, so that it comes to that only where nothing can be cut.
    private func noteSize() {
        let used = store.summary?.usedBytes ?? 0
        room.note(.log, isFull: used >= store.limits.maxBytes / 10 * 9)
        let isLarge = used >= store.limits.maxBytes / 2
        let isNews = wasLarge.withLock { wasLarge in
            defer { wasLarge = isLarge }
            return wasLarge != isLarge
        }
        if isNews { inbox.post(.logSize(isLarge: isLarge)) }
    }

    func stop() async { await worker.stop() }
}
