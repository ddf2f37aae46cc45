import Consensus
import Decision
import Directory
import Kernel
import Logging
import Replica
import Storage

/// The one thread that changes the state: it applies entries, publishes what decisions are made from, and installs
/// snapshots.
final class StateKeeper: @unchecked Sendable {
    // Safe: `applier` and `staged` are touched by closures of `worker` alone, which run one after the other.
    private var applier: Applier
    private var staged: StagedSnapshot?

    private let store: StateStore
    private let codec: any DirectoryCodec
    private let cell: DecisionCell
    private let inbox: Inbox
    private let worker = SerialWorker()
    private let logger: Logger
    private let fail: @Sendable (any Error) -> Void

    init(
        applier: Applier,
        store: StateStore,
        codec: any DirectoryCodec,
        cell: DecisionCell,
        inbox: Inbox,
        logger: Logger,
        fail: @escaping @Sendable (any Error) -> Void
    ) {
        self.applier = applier
        self.store = store
        self.codec = codec
        self.cell = cell
        self.inbox = inbox
        self.logger = logger
        self.fail = fail
    }

    func apply(_ entries: [Entry]) {
        worker.run { [self] in
            do {
                let batch = try applyNow(entries)
                inbox.post(.applied(batch))
            } catch {
                fail(error)
            }
        }
    }

    private func applyNow(_ entries: [Entry]) throws -> AppliedBatch {
        let before = cell.current.snapshot
        let (batch, snapshot) = try store.write { transaction, point in
            let batch = applier.apply(entries, after: point, to: &transaction)
            let snapshot = before.updated(with: batch.events, at: batch.facts, from: transaction, codec: codec)
            return ((batch, snapshot), batch.point)
        }
        cell.publish(snapshot)
        return batch
    }

    /// Forces the state to disk, so that the log before what it reflects may go.
    func sync(then done: @escaping @Sendable () -> Void) {
        worker.run { [self] in
            do throws(StorageError) {
                try store.sync()
                done()
            } catch {
                fail(error)
            }
        }
    }

    func stage(_ chunk: Message.SnapshotChunk) {
        worker.run { [self] in
            do throws(StorageError) {
                if chunk.number == 0 || staged?.point != chunk.point {
                    staged = try store.stage(chunk.point)
                }
                try staged?.append(chunk.bytes, isLast: chunk.isLast)
                inbox.post(.snapshotStaged(chunk.point.position, nextChunk: chunk.number + 1))
            } catch {
                // The sender starts over; what stood before is untouched.
                staged = nil
                inbox.post(.snapshotStaged(chunk.point.position, nextChunk: 0))
                logger.error("snapshot chunk not staged", metadata: ["error": "\(error)"])
            }
        }
    }

    func install(_ point: SnapshotPoint, log: LogWriter) {
        worker.run { [self] in
            do {
                guard let staged, staged.point == point else { return }
                try store.install(staged)
                self.staged = nil
                let (snapshot, facts) = try store.read { view, point in
                    let facts = DirectoryFacts(revision: point.position.index, view: view, codec: codec)
                    return (DecisionSnapshot(from: view, facts: facts, codec: codec), facts)
                }
                cell.publish(snapshot)
                log.reset(to: point) { [inbox] in inbox.post(.snapshotInstalled(point, facts)) }
            } catch {
                fail(error)
            }
        }
    }

    func stop() async { await worker.stop() }
}
