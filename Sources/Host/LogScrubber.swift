import Consensus
import Kernel
import Logging
import NIOCore
import Replica
import Storage
import Synchronization

/// Reads the whole log now and then to see that it is still what was written: damage is to be found while other nodes
/// have what was lost, not when it is needed.
///
/// Slowly, in steps of bounded bytes on the reader's thread, so that a scrub costs a percent of a core and holds nobody
/// up.
final class LogScrubber: Sendable {
    struct Progress: Sendable {
        /// The entry to go on with.
        var next = LogIndex.zero
        /// How far the scrub under way has come, or where the last one ended.
        var through = LogIndex.zero
        /// Scrubs that went to the end of the log.
        var passes: UInt64 = 0
        var entries: UInt64 = 0
        var bytes: UInt64 = 0
        fileprivate var isOpen = true
    }

    static let stepBytes = 1024 * 1024
    private static let stepInterval = TimeAmount.milliseconds(250)
    private static let passInterval = TimeAmount.hours(1)

    private let store: LogStore
    private let worker: SerialWorker
    private let inbox: Inbox
    private let logger: Logger
    private let fail: @Sendable (any Error) -> Void
    private let progress = Mutex(Progress())

    init(
        store: LogStore,
        worker: SerialWorker,
        inbox: Inbox,
        logger: Logger,
        fail: @escaping @Sendable (any Error) -> Void
    ) {
        self.store = store
        self.worker = worker
        self.inbox = inbox
        self.logger = logger
        self.fail = fail
    }

    var snapshot: Progress { progress.withLock { $0 } }

    func start() { schedule(in: Self.stepInterval) }

    /// No step begins after this; `worker` may have one left.
    func stop() { progress.withLock { $0.isOpen = false } }

    private func schedule(in delay: TimeAmount) {
        inbox.loop.scheduleTask(in: delay) { self.worker.run { self.step() } }
    }

    private func step() {
        let progress = snapshot
        guard progress.isOpen else { return }
        do throws(StorageError) {
            let step = try store.scrub(from: progress.next, maxBytes: Self.stepBytes)
            if !step.damage.isEmpty { inbox.post(.logDamaged(step.damage)) }
            advance(past: step)
            schedule(in: step.next == nil ? Self.passInterval : Self.stepInterval)
        } catch {
            if error.isFatal { return fail(error) }
            logger.error("log not readable", metadata: ["error": "\(error)"])
            schedule(in: Self.passInterval)
        }
    }

    private func advance(past step: ScrubStep) {
        progress.withLock { progress in
            progress.entries += UInt64(step.entryCount)
            progress.bytes += UInt64(step.byteCount)
            progress.through = step.through
            progress.next = step.next ?? .zero
            if step.next == nil { progress.passes += 1 }
        }
    }
}

extension LogCut {
    /// What an operator should know of it.
    var metadata: Logger.Metadata {
        [
            "first": "\(first.number)",
            "last": "\(last.number)",
            "committed": isCommitted ? "yes" : "not known",
            "kind": isFollowedByWholeEntries ? "an entry was damaged after it was written" : "the log ended in it",
            "consequence": "the node does not lead, and votes as if it had them, until a leader has replaced them",
        ]
    }
}
