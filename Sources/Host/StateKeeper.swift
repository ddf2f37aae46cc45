import Consensus
import Decision
import Directory
import Kernel
import Keys
import Logging
import NIOCore
import Replica
import Service
import Storage
import Synchronization

/// The one thread that changes the state: it applies entries, publishes what decisions are made from, and takes in
/// snapshots.
///
/// Entries are durable in the log before they come here, so nobody waits for the disk: what is applied gathers in memory, and
/// another thread commits it once a while, when somebody wants to read, or when it has grown, while more is applied. A crash
/// loses what was not committed, and the log brings it back.
final class StateKeeper: @unchecked Sendable {
    // Safe: the following are touched by closures of `worker` alone, which run one after the other.
    private var applier: Applier
    /// Nil before the first use, and after a commit that failed for good.
    private var working: WorkingState?
    private var isCommitting = false
    private var isCommitScheduled = false
    private var waiting: [Waiting] = []
    /// In force beside the state, by id.
    private var statements: [Digest: SignedStatement] = [:]
    /// Came while there was too much in memory, and waits for a commit.
    private var held: [Entry]?

    /// Somebody who goes on once all that was applied up to an entry is committed, or cannot be for now.
    private struct Waiting {
        let index: LogIndex
        let resume: @Sendable (StorageError?) -> Void
    }

    private let directory: DataDirectory
    private let codec: any DirectoryCodec
    private let cell: DecisionCell
    private let roster: MemberRoster
    private let inbox: Inbox
    private let room: StorageRoom
    private let verifier = P256Verifier()
    private let worker = SerialWorker()
    private let committer = SerialWorker()
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
    private static let commitInterval = TimeAmount.seconds(1)
    /// Past so much in memory a commit begins at once. While one before it lasts, entries then wait.
    private static let maxOpenBytes = 32 * 1024 * 1024

    init(
        directory: DataDirectory,
        codec: any DirectoryCodec,
        cell: DecisionCell,
        roster: MemberRoster,
        inbox: Inbox,
        room: StorageRoom,
        statements: [SignedStatement],
        logger: Logger,
        fail: @escaping @Sendable (any Error) -> Void
    ) {
        for signed in statements { self.statements[signed.id] = signed }
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
            guard !isLarge || working?.isSettled ?? true else {
                held = entries
                return
            }
            try applyNow(entries)
        }
    }

    private var isLarge: Bool { (working?.openBytes ?? 0) > Self.maxOpenBytes }

    private func applyNow(_ entries: [Entry]) throws {
        let applied: AppliedBatch
        do { applied = try attempt(entries) } catch let error as StorageError where error.isRoomMissing {
            return retry(entries, error)
        }
        room.note(.state, isFull: false)
        inbox.post(.applied(applied))
        if isLarge { beginCommit() } else { scheduleCommit(in: Self.commitInterval) }
    }

    /// Nothing was changed: the node goes on with what it has applied, and with these entries once there is room. Until it
    /// has answered for them, it is given neither others nor a snapshot in their place.
    private func retry(_ entries: [Entry], _ error: StorageError) {
        noteFull(error)
        inbox.loop.scheduleTask(in: StorageRoom.retryInterval) { self.apply(entries) }
    }

    private func noteFull(_ error: StorageError, for part: StorageRoom.Part = .state) {
        logger.error("no room for the \(part), trying again", metadata: ["error": "\(error)"])
        room.note(part, isFull: true)
    }

    private enum Attempt: Sendable {
        case done(AppliedBatch, DecisionSnapshot, MemberFacts?)
        case blocked(after: Int, reason: String)
    }

    /// An entry that cannot be applied takes no effect, and nothing after it; those before it do.
    private func attempt(_ entries: [Entry]) throws -> AppliedBatch {
        switch try apply(entries, in: try openWorking()) {
        case .done(let applied, let snapshot, let members):
            return publish(applied, snapshot, members, of: entries)
        case .blocked(0, let reason):
            return try unchanged().halted(because: reason)
        case .blocked(let count, let reason):
            let before = entries.prefix(count)
            guard case .done(let applied, let snapshot, let members) = try apply(before, in: try openWorking()) else {
                throw StorageError.corrupt(path: directory.state.path, reason: "what was applied does not apply again")
            }
            return publish(applied, snapshot, members, of: before).halted(because: reason)
        }
    }

    /// Before anybody hears that the entries are applied.
    private func publish(
        _ applied: AppliedBatch,
        _ snapshot: DecisionSnapshot,
        _ members: MemberFacts?,
        of entries: some Collection<Entry>
    ) -> AppliedBatch {
        show(snapshot)
        if let members { roster.learned(members) }
        note { statistics in
            statistics.batches += 1
            statistics.entries += UInt64(entries.count)
        }
        return applied
    }

    private func show(_ snapshot: DecisionSnapshot) {
        logger.report(snapshot, after: cell.current.snapshot)
        cell.publish(snapshot)
    }

    private func openWorking() throws -> WorkingState {
        if let working { return working }
        let opened = try directory.state.openWorkingState()
        working = opened
        return opened
    }

    private func apply(_ entries: some Collection<Entry>, in working: WorkingState) throws -> Attempt {
        let before = cell.current.snapshot
        return try working.apply { transaction, point -> (Attempt, applied: SnapshotPoint?) in
            switch applier.apply(entries, after: point.knowingVoters(from: directory.log), to: &transaction) {
            case .done(let applied):
                let snapshot = before.updated(
                    with: applied.events,
                    at: applied.facts.revision,
                    from: transaction,
                    codec: codec
                )
                do throws(StateDamage) {
                    let members =
                        applied.events.contains(where: \.changesMembers)
                        ? try MemberFacts(in: transaction, codec: codec) : nil
                    return (.done(applied, snapshot, members), applied.point)
                } catch {
                    return (.blocked(after: 0, reason: "\(error)"), nil)
                }
            case .blocked(let count, let reason):
                return (.blocked(after: count, reason: reason), nil)
            }
        }
    }

    private func unchanged() throws -> AppliedBatch {
        let working = try openWorking()
        let facts = try working.read { transaction, point in
            Result { () throws(StateDamage) in
                try DirectoryFacts(at: point.position.index, in: transaction, codec: codec)
            }
        }
        let point = working.applied.knowingVoters(from: directory.log)
        return AppliedBatch(point: point, outcomes: [], events: [], facts: try facts.get(), halt: nil)
    }

    private func scheduleCommit(in time: TimeAmount) {
        guard !isCommitScheduled else { return }
        isCommitScheduled = true
        inbox.loop.scheduleTask(in: time) { [self] in
            perform { [self] in
                isCommitScheduled = false
                beginCommit()
            }
        }
    }

    /// One at a time: what is applied meanwhile is the next one's.
    private func beginCommit() {
        guard !isCommitting, let changes = working?.freeze() else { return }
        isCommitting = true
        committer.run { [self] in
            let result = Result { () throws(StorageError) in try directory.state.commit(changes) }
            perform { [self] in try ended(result, changes) }
        }
    }

    private func ended(_ result: Result<Void, StorageError>, _ changes: StateChanges) throws {
        isCommitting = false
        switch result {
        case .success:
            do throws(StorageError) { try working?.settle() } catch { return giveUp(error) }
            try committed(changes)
        case .failure(let error) where error.isRoomMissing:
            noteFull(error)
            resumeWaiting(with: error) { _ in true }
            scheduleCommit(in: StorageRoom.retryInterval)
        case .failure(let error): giveUp(error)
        }
    }

    /// The node ends, and nobody waits for what is not coming.
    private func giveUp(_ error: StorageError) {
        working = nil
        fail(error)
        resumeWaiting(with: error) { _ in true }
    }

    private func committed(_ changes: StateChanges) throws {
        room.note(.state, isFull: false)
        let index = changes.applied.position.index
        note { statistics in
            statistics.commits += 1
            statistics.committed = index
        }
        resumeWaiting(with: nil) { $0.index <= index }
        if !waiting.isEmpty || isLarge {
            beginCommit()
        } else if working?.hasOpenChanges == true {
            scheduleCommit(in: Self.commitInterval)
        }
        if let entries = held {
            held = nil
            try applyNow(entries)
        }
    }

    private func resumeWaiting(with error: StorageError?, _ isMeant: (Waiting) -> Bool) {
        let meant = waiting.filter(isMeant)
        waiting.removeAll(where: isMeant)
        for waiting in meant { waiting.resume(error) }
    }

    /// Goes on, on any thread, once all that is applied is committed, or cannot be for now or for good.
    private func commitAll(then resume: @escaping @Sendable (StorageError?) -> Void) {
        guard let working, working.applied.position.index > snapshot.committed else { return resume(nil) }
        waiting.append(Waiting(index: working.applied.position.index, resume: resume))
        beginCommit()
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
                self.commitAll { error in
                    waiting.resume(returning: error.map { .failure(.unreadable($0)) } ?? .success(()))
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

    /// Forces the state to disk, so that the log before what it reflects may go. Waits for room as long as there is none.
    func prepareCompaction(before index: LogIndex, then compact: @escaping @Sendable (Compaction) -> Void) {
        perform { [self] in
            commitAll { [self] error in
                guard error == nil else {
                    inbox.loop.scheduleTask(in: StorageRoom.retryInterval) {
                        self.prepareCompaction(before: index, then: compact)
                    }
                    return
                }
                committer.run { [self] in
                    do { compact(try Compaction.prepare(before: index, state: directory.state)) } catch { fail(error) }
                }
            }
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

    /// After what is being committed, and between two writes of the log, since both are replaced.
    func install(_ point: SnapshotPoint, log: LogWriter) {
        perform { [self] in
            commitAll { [self] error in
                // What found no room is about to be replaced, and must not be tried again after that.
                if error != nil { working = nil }
                log.performOnceThereIsRoom { [self] () throws(StorageError) in
                    try directory.installSnapshot(point)
                    perform { [self] in try publishInstalled(point) }
                }
            }
        }
    }

    private func publishInstalled(_ point: SnapshotPoint) throws {
        working = nil
        applier = Applier(codec: codec)
        let view = try directory.state.openView()
        defer { view.close() }
        let facts = try DirectoryFacts(at: point.position.index, in: view, codec: codec)
        let node = cell.current.snapshot.node
        let snapshot = DecisionSnapshot(from: view, revision: facts.revision, codec: codec, for: node)
        show(snapshot.enforcing(statements.values))
        roster.learned(try MemberFacts(in: view, codec: codec))
        note { $0.committed = facts.revision }
        inbox.post(.snapshotInstalled(point, facts))
    }

    func judge(_ statements: [SignedStatement], broughtAt: WallTime?) {
        perform { [self] in
            let judgements = try openWorking().read { transaction, _ in
                let view = DirectoryView(transaction, codec: codec)
                return Result { () throws(StateDamage) in
                    try statements.map { (signed) throws(StateDamage) in
                        (signed, try view.judge(signed, broughtAt: broughtAt, verifier))
                    }
                }
            }
            inbox.post(.judged(try judgements.get()))
        }
    }

    /// Decisions go by them at once, which harms nobody, and whoever waits hears of it when they are durable.
    func enforce(_ new: [SignedStatement]) {
        perform { [self] in
            for signed in new { statements[signed.id] = signed }
            show(cell.current.snapshot.enforcing(statements.values))
            try keep(new)
        }
    }

    private func keep(_ new: [SignedStatement]) throws {
        // Some may have been released while there was no room.
        do throws(StorageError) { try directory.keep(new.filter { statements[$0.id] != nil }) } catch {
            guard error.isRoomMissing else { throw error }
            noteFull(error, for: .statements)
            inbox.loop.scheduleTask(in: StorageRoom.retryInterval) { self.perform { try self.keep(new) } }
            return
        }
        room.note(.statements, isFull: false)
        inbox.post(.enforced(new.map(\.id)))
    }

    func release(_ ids: [Digest]) {
        perform { [self] in
            for id in ids { statements[id] = nil }
            show(cell.current.snapshot.enforcing(statements.values))
            // What stays on the disk for want of room is asked about again by the next process.
            do throws(StorageError) { try directory.log.forget(ids) } catch {
                guard error.isRoomMissing else { throw error }
            }
        }
    }

    func stop() async {
        await withCheckedContinuation { stopped in
            // What finds no room is in the log all the same.
            worker.run {
                self.commitAll { _ in stopped.resume() }
            } otherwise: {
                stopped.resume()
            }
        }
        await committer.stop()
        worker.run { [self] in
            working = nil
            resumeWaiting(with: nil) { _ in true }
        }
        await worker.stop()
    }
}
