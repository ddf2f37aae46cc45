import Consensus
import Decision
import Directory
import Kernel
import Logging
import NIOCore
import Replica
import Service
import Storage

/// The one thread that changes the state: it applies entries, publishes what decisions are made from, and takes in
/// snapshots.
final class StateKeeper: @unchecked Sendable {
    // Safe: `applier` is touched by closures of `worker` alone, which run one after the other.
    private var applier: Applier

    private let directory: DataDirectory
    private let codec: any DirectoryCodec
    private let cell: DecisionCell
    private let roster: MemberRoster
    private let inbox: Inbox
    private let room: StorageRoom
    private let worker = SerialWorker()
    private let logger: Logger
    private let fail: @Sendable (any Error) -> Void

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
    }

    func apply(_ entries: [Entry]) {
        worker.run { [self] in
            do {
                var (batch, blocked) = try attempt(entries[...])
                if let blocked {
                    // Those before the one that cannot be applied take effect all the same.
                    if blocked.count > 0 { batch = try attempt(entries.prefix(blocked.count)).batch }
                    let reached = try batch ?? unchanged()
                    batch = reached.halted(because: blocked.reason)
                }
                room.note(.state, isFull: false)
                if let batch { inbox.post(.applied(batch)) }
            } catch let error as StorageError where error.isRoomMissing {
                retry(entries, error)
            } catch {
                fail(error)
            }
        }
    }

    /// Nothing was changed: the node goes on with what it has applied, and with these entries once there is room. Until it
    /// has answered for them, it is given neither others nor a snapshot in their place.
    private func retry(_ entries: [Entry], _ error: StorageError) {
        logger.error("no room for the state, trying again", metadata: ["error": "\(error)"])
        room.note(.state, isFull: true)
        inbox.loop.scheduleTask(in: StorageRoom.retryInterval) { self.apply(entries) }
    }

    private typealias Blocked = (count: Int, reason: String)

    /// One transaction. What it makes of the decision snapshot is published before anybody hears of it.
    private func attempt(_ entries: ArraySlice<Entry>) throws -> (batch: AppliedBatch?, blocked: Blocked?) {
        let before = cell.current.snapshot
        let update = try directory.state.update { transaction, point -> (Update, applied: SnapshotPoint?) in
            switch applier.apply(entries, after: point.knowingVoters(from: directory.log), to: &transaction) {
            case .done(let batch):
                let snapshot = before.updated(
                    with: batch.events,
                    at: batch.facts.revision,
                    from: transaction,
                    codec: codec
                )
                do throws(StateDamage) {
                    let members = batch.changesMembers ? try MemberFacts(in: transaction, codec: codec) : nil
                    return (.done(batch, snapshot, members), batch.point)
                } catch {
                    return (.blocked(0, "\(error)"), nil)
                }
            case .blocked(let count, let reason):
                return (.blocked(count, reason), nil)
            }
        }
        switch update {
        case .done(let batch, let snapshot, let members):
            cell.publish(snapshot)
            if let members { roster.learned(members) }
            return (batch, nil)
        case .blocked(let count, let reason):
            return (nil, (count, reason))
        }
    }

    private enum Update: Sendable {
        case done(AppliedBatch, DecisionSnapshot, MemberFacts?)
        case blocked(Int, String)
    }

    private func unchanged() throws -> AppliedBatch {
        let view = try directory.state.openView()
        defer { view.close() }
        let point = try view.applied().knowingVoters(from: directory.log)
        let facts = try DirectoryFacts(at: point.position.index, in: view, codec: codec)
        return AppliedBatch(point: point, outcomes: [], events: [], facts: facts, halt: nil)
    }

    /// Forces the state to disk, so that the log before what it reflects may go.
    func prepareCompaction(before index: LogIndex, then compact: @escaping @Sendable (Compaction) -> Void) {
        worker.run { [self] in
            do {
                compact(try Compaction.prepare(before: index, state: directory.state))
            } catch {
                fail(error)
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

    /// After what is being applied, and between two writes of the log, since both are replaced.
    func install(_ point: SnapshotPoint, log: LogWriter) {
        worker.run { [self] in
            log.perform { [self] in
                try directory.installSnapshot(point)
                worker.run { [self] in publishInstalled(point) }
            }
        }
    }

    private func publishInstalled(_ point: SnapshotPoint) {
        do {
            let view = try directory.state.openView()
            defer { view.close() }
            let facts = try DirectoryFacts(at: point.position.index, in: view, codec: codec)
            cell.publish(DecisionSnapshot(from: view, revision: facts.revision, codec: codec))
            roster.learned(try MemberFacts(in: view, codec: codec))
            inbox.post(.snapshotInstalled(point, facts))
        } catch {
            fail(error)
        }
    }

    func stop() async { await worker.stop() }
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
