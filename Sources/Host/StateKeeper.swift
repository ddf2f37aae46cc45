import Consensus
import Decision
import Directory
import Kernel
import Logging
import NIOCore
import Replica
import Service
import Storage
import Synchronization

/// The one thread that changes the state: it applies entries, publishes what decisions are made from, and takes in
/// snapshots.
///
/// Entries are durable in the log before they come here, so nobody waits for the disk: applied entries gather in one
/// transaction, which is committed once a while, when somebody wants to read, or when it has grown. A crash loses it, and
/// the log brings it back.
final class StateKeeper: @unchecked Sendable {
    // Safe: `applier`, `open` and `isCommitScheduled` are touched by closures of `worker` alone, which run one after the other.
    private var applier: Applier
    private var open: Open?
    private var isCommitScheduled = false

    private struct Open {
        let batch: StateBatch
        /// What it holds, to be applied once more when it has to be given up.
        var entries: [Entry] = []
        var byteCount = 0
    }

    private let directory: DataDirectory
    private let codec: any DirectoryCodec
    private let cell: DecisionCell
    private let roster: MemberRoster
    private let inbox: Inbox
    private let room: StorageRoom
    private let worker = SerialWorker()
    private let logger: Logger
    private let fail: @Sendable (any Error) -> Void
    private let statistics: Mutex<Statistics>

    struct Statistics: Sendable {
        var commits: UInt64 = 0
        var batches: UInt64 = 0
        var entries: UInt64 = 0
        /// What readers of the store see.
        var committed: LogIndex
    }

    /// How long what is applied may wait for its commit: what a start then has to apply again.
    private static let commitInterval = TimeAmount.milliseconds(250)
    /// A transaction past either bound is committed at once.
    private static let maxOpenEntries = 8192
    private static let maxOpenBytes = 16 * 1024 * 1024

    init(
        directory: DataDirectory,
        codec: any DirectoryCodec,
        cell: DecisionCell,
        roster: MemberRoster,
        inbox: Inbox,
        room: StorageRoom,
        logger: Logger,
        fail: @escaping @Sendable (any Error) -> Void
    ) {
        self.applier = Applier(codec: codec)
        self.directory = directory
        self.codec = codec
        self.cell = cell
        self.roster = roster
        self.inbox = inbox
        self.room = room
        self.logger = logger
        self.fail = fail
        statistics = Mutex(Statistics(committed: cell.current.snapshot.revision))
    }

    var snapshot: Statistics { statistics.withLock { $0 } }

    func apply(_ entries: [Entry]) {
        perform { [self] in
            let applied: AppliedBatch
            do { applied = try attempt(entries) } catch let error as StorageError where canWait(for: error) {
                return retry(entries, error)
            }
            room.note(.state, isFull: false)
            inbox.post(.applied(applied))
            guard applied.halt == nil, let open else { return }
            if open.entries.count > Self.maxOpenEntries || open.byteCount > Self.maxOpenBytes {
                _ = try commitIfThereIsRoom()
            } else {
                scheduleCommit(in: Self.commitInterval)
            }
        }
    }

    /// Nothing was changed: the node goes on with what it has applied, and with these entries once there is room. Until it
    /// has answered for them, it is given neither others nor a snapshot in their place.
    private func retry(_ entries: [Entry], _ error: StorageError) {
        noteFull(error)
        inbox.loop.scheduleTask(in: StorageRoom.retryInterval) { self.apply(entries) }
    }

    private func noteFull(_ error: StorageError) {
        logger.error("no room for the state, trying again", metadata: ["error": "\(error)"])
        room.note(.state, isFull: true)
    }

    /// Whether there is no room and nothing was lost by trying: then the same is right once there is.
    private func canWait(for error: StorageError) -> Bool { error.isRoomMissing && open?.batch.isIntact ?? true }

    private enum Attempt: Sendable {
        case done(AppliedBatch, DecisionSnapshot, MemberFacts?)
        case blocked(after: Int, reason: String)
    }

    /// What it makes of the decision snapshot is published before anybody hears of it.
    private func attempt(_ entries: [Entry]) throws -> AppliedBatch {
        let batch = try openBatch()
        switch try apply(entries, in: batch) {
        case .done(let applied, let snapshot, let members):
            open?.entries += entries
            open?.byteCount += entries.reduce(0) { $0 + $1.byteCount }
            cell.publish(snapshot)
            if let members { roster.learned(members) }
            note { statistics in
                statistics.batches += 1
                statistics.entries += UInt64(entries.count)
            }
            return applied
        case .blocked(let count, let reason):
            batch.abandon()
            let before = (open?.entries ?? []) + entries.prefix(count)
            open = nil
            return try applyAgain(before).halted(because: reason)
        }
    }

    private func openBatch() throws -> StateBatch {
        if let open { return open.batch }
        let batch = try directory.state.begin()
        open = Open(batch: batch)
        return batch
    }

    private func apply(_ entries: [Entry], in batch: StateBatch) throws -> Attempt {
        let before = cell.current.snapshot
        return try batch.apply { transaction, point -> (Attempt, applied: SnapshotPoint?) in
            switch applier.apply(entries, after: point.knowingVoters(from: directory.log), to: &transaction) {
            case .done(let applied):
                let snapshot = before.updated(
                    with: applied.events,
                    at: applied.facts.revision,
                    from: transaction,
                    codec: codec
                )
                do throws(StateDamage) {
                    let members = applied.changesMembers ? try MemberFacts(in: transaction, codec: codec) : nil
                    return (.done(applied, snapshot, members), applied.point)
                } catch {
                    return (.blocked(after: 0, reason: "\(error)"), nil)
                }
            case .blocked(let count, let reason):
                return (.blocked(after: count, reason: reason), nil)
            }
        }
    }

    /// The transaction that holds an entry which cannot be applied is worth nothing. Those before the entry take effect all
    /// the same, in another one; some have been reported before.
    private func applyAgain(_ entries: [Entry]) throws -> AppliedBatch {
        guard !entries.isEmpty else { return try unchanged() }
        let batch = try directory.state.begin()
        guard case .done(let applied, let snapshot, let members) = try apply(entries, in: batch) else {
            throw StorageError.corrupt(path: directory.state.path, reason: "what was applied does not apply again")
        }
        cell.publish(snapshot)
        if let members { roster.learned(members) }
        open = Open(batch: batch)
        try commit()
        return applied
    }

    private func scheduleCommit(in time: TimeAmount) {
        guard !isCommitScheduled else { return }
        isCommitScheduled = true
        inbox.loop.scheduleTask(in: time) { [self] in
            perform { [self] in
                isCommitScheduled = false
                _ = try commitIfThereIsRoom()
            }
        }
    }

    /// The disk may have filled up since: then what is applied waits, as what is to be applied does.
    ///
    /// - Returns: What is missing.
    private func commitIfThereIsRoom() throws -> StorageError? {
        guard let batch = open?.batch else { return nil }
        do { try batch.checkDisk() } catch let error where canWait(for: error) {
            noteFull(error)
            scheduleCommit(in: StorageRoom.retryInterval)
            return error
        }
        try commit()
        room.note(.state, isFull: false)
        return nil
    }

    private func commit() throws {
        guard let batch = open?.batch else { return }
        open = nil
        try batch.commit()
        note { statistics in
            statistics.commits += 1
            statistics.committed = batch.applied.position.index
        }
    }

    /// Returns when whoever opens the store sees at least what is published now.
    ///
    /// - Throws: Also when what was published is not coming: a commit failed, or it was given up for a snapshot that is on
    ///   its way. An answer from before what the caller was promised is worse than none.
    func commitPublished() async throws(ServiceError) {
        let revision = cell.current.snapshot.revision
        guard snapshot.committed < revision else { return }
        let outcome: Result<Void, ServiceError> = await withCheckedContinuation { waiting in
            worker.run {
                do {
                    let missing = try self.commitIfThereIsRoom()
                    waiting.resume(returning: missing.map { .failure(.unreadable($0)) } ?? .success(()))
                } catch {
                    self.fail(error)
                    waiting.resume(returning: .failure(.unreadable(error)))
                }
            } otherwise: {
                waiting.resume(returning: .failure(ServiceError(.shuttingDown)))
            }
        }
        try outcome.get()
        let committed = snapshot.committed
        guard committed >= revision else { throw .behind(committed, revision) }
    }

    private func note(_ change: (inout Statistics) -> Void) { statistics.withLock { change(&$0) } }

    /// Carries out something after what was asked for before. The node does not survive an error.
    private func perform(_ work: @escaping @Sendable () throws -> Void) {
        worker.run { [fail] in
            do { try work() } catch { fail(error) }
        }
    }

    private func unchanged() throws -> AppliedBatch {
        let view = try directory.state.openView()
        defer { view.close() }
        let point = try view.applied().knowingVoters(from: directory.log)
        let facts = try DirectoryFacts(at: point.position.index, in: view, codec: codec)
        return AppliedBatch(point: point, outcomes: [], events: [], facts: facts, halt: nil)
    }

    /// Forces the state to disk, so that the log before what it reflects may go. Waits for room as long as there is none.
    func prepareCompaction(before index: LogIndex, then compact: @escaping @Sendable (Compaction) -> Void) {
        perform { [self] in
            guard try commitIfThereIsRoom() == nil else {
                inbox.loop.scheduleTask(in: StorageRoom.retryInterval) {
                    self.prepareCompaction(before: index, then: compact)
                }
                return
            }
            compact(try Compaction.prepare(before: index, state: directory.state))
        }
    }

    func stage(_ chunk: Message.SnapshotChunk) {
        worker.run { [self] in
            do {
                let next = try directory.stage(chunk)
                inbox.post(.snapshotStaged(chunk.point.position, nextChunk: next))
            } catch {
                // The sender starts over; what stood before is untouched.
                inbox.post(.snapshotStaged(chunk.point.position, nextChunk: 0))
                logger.error("snapshot chunk not staged", metadata: ["error": "\(error)"])
            }
        }
    }

    /// After what is being applied, and between two writes of the log, since both are replaced.
    func install(_ point: SnapshotPoint, log: LogWriter) {
        perform { [self] in
            if try commitIfThereIsRoom() != nil {
                // It is about to be replaced.
                open?.batch.abandon()
                open = nil
            }
            log.perform { [self] in
                try directory.installSnapshot(point)
                perform { [self] in try publishInstalled(point) }
            }
        }
    }

    private func publishInstalled(_ point: SnapshotPoint) throws {
        let view = try directory.state.openView()
        defer { view.close() }
        let facts = try DirectoryFacts(at: point.position.index, in: view, codec: codec)
        cell.publish(DecisionSnapshot(from: view, revision: facts.revision, codec: codec))
        roster.learned(try MemberFacts(in: view, codec: codec))
        note { $0.committed = facts.revision }
        inbox.post(.snapshotInstalled(point, facts))
    }

    func stop() async {
        // What finds no room is in the log all the same.
        perform { [self] in _ = try commitIfThereIsRoom() }
        await worker.stop()
    }
}

extension AppliedBatch {
    fileprivate var changesMembers: Bool {
        events.contains { event in
            switch event {
            case .bootstrapped, .membersChanged: true
            default: false
            }
        }
    }
}
