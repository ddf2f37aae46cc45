import Consensus
import Directory
import Kernel
import Logging
import NIOCore
import Replica
import Sealing
import Storage

/// Reads what others lack that lag: old entries, and snapshots a chunk at a time, for a leader's followers and for edges.
final class CatchUpReader: @unchecked Sendable {
    // Safe: `open` is touched by closures of `worker` alone, which run one after the other.
    private(set) var open: [MemberID: SnapshotReader] = [:]
    /// For edges.
    private var openSealed: [MemberID: SnapshotReader] = [:]

    private let log: LogStore
    private let state: StateStore
    private let codec: any DirectoryCodec
    private let inbox: Inbox
    let worker = SerialWorker()
    private let logger: Logger

    static let chunkBytes = 256 * 1024

    init(log: LogStore, state: StateStore, codec: any DirectoryCodec, inbox: Inbox, logger: Logger) {
        self.log = log
        self.state = state
        self.codec = codec
        self.inbox = inbox
        self.logger = logger
    }

    func readEntries(for peer: MemberID, from index: LogIndex, maxBytes: Int) {
        worker.run { [self] in
            do throws(StorageError) {
                let found = try log.entries(from: index, maxBytes: maxBytes)
                inbox.post(.entriesRead(for: peer, previous: found?.previous, entries: found?.entries ?? []))
            } catch {
                report(error)
                inbox.post(.entriesRead(for: peer, previous: nil, entries: []))
            }
        }
    }

    /// For a neighbour that lacks what is no longer in memory.
    func readLog(for peer: MemberID, after index: LogIndex, maxBytes: Int) {
        worker.run { [self] in
            var entries: [Entry] = []
            do throws(StorageError) {
                entries = try log.entries(from: index.next, maxBytes: maxBytes)?.entries ?? []
            } catch {
                report(error)
            }
            inbox.post(.logRead(for: peer, after: index, entries: entries))
        }
    }

    /// For a member whose log is damaged.
    func readForRepair(for peer: MemberID, first: LogIndex, last: LogIndex, maxBytes: Int) {
        worker.run { [self] in
            var entries: [Entry] = []
            do throws(StorageError) {
                entries = try log.entries(from: first, endingAt: last, maxBytes: maxBytes)
            } catch {
                report(error)
            }
            inbox.post(.readForRepair(for: peer, first: first, last: last, entries: entries))
        }
    }

    private func report(_ error: StorageError) {
        logger.error("log not readable", metadata: ["error": "\(error)"])
        if let damage = log.damage(behind: error) { inbox.post(.logDamaged(damage)) }
    }

    func readSnapshot(for peer: MemberID, position: LogPosition?, number: UInt64) {
        worker.run { [self] in
            do throws(StorageError) {
                inbox.post(.snapshotRead(for: peer, try chunk(for: peer, position: position, number: number)))
            } catch {
                open[peer] = nil
                logger.error("snapshot not readable", metadata: ["error": "\(error)"])
                inbox.post(.snapshotRead(for: peer, nil))
            }
        }
    }

    private func chunk(
        for peer: MemberID,
        position: LogPosition?,
        number: UInt64
    ) throws(StorageError) -> Message.SnapshotChunk? {
        if number == 0, position == nil || open[peer]?.point.position != position {
            open[peer] = try state.openSnapshot()
        }
        guard let reader = open[peer], position == nil || reader.point.position == position else { return nil }
        let chunk = try reader.chunk(number, maxBytes: Self.chunkBytes)
        // The leader keeps the last one to send it again, and the store need not keep old pages for it.
        if chunk?.isLast ?? true { open[peer] = nil }
        return chunk
    }

    /// A chunk of the state that a seal is of.
    func readSealedSnapshot(for peer: MemberID, _ claim: StateClaim, number: UInt64, maxBytes: Int) {
        worker.run { [self] in
            do {
                if number == 0 { openSealed[peer] = try openSnapshot(at: claim) }
                let reader = openSealed[peer].flatMap { $0.point.position.index == claim.index ? $0 : nil }
                let chunk = try reader?.chunk(number, maxBytes: maxBytes)
                inbox.post(.sealedSnapshotRead(for: peer, chunk, byteCount: reader?.byteCount ?? 0))
            } catch {
                openSealed[peer] = nil
                logger.error("snapshot not readable", metadata: ["error": "\(error)"])
                inbox.post(.sealedSnapshotRead(for: peer, nil, byteCount: 0))
            }
        }
    }

    /// What is committed, and in memory on top of it what the log has up to the claim. Nil where more is committed already, and where it
    /// comes to something else: who has another state than the voters hands it to nobody.
    private func openSnapshot(at claim: StateClaim) throws -> SnapshotReader? {
        try state.openSnapshot { transaction, committed in
            let point = committed.knowingVoters(from: log)
            guard point.position.index <= claim.index else { return nil }
            let end = try apply(through: claim.index, after: point, to: &transaction)
            return end?.hash == claim.head && StateTree.root(in: transaction) == claim.root ? end : nil
        }
    }

    private func apply(
        through index: LogIndex,
        after point: SnapshotPoint,
        to transaction: inout StateTransaction
    ) throws -> SnapshotPoint? {
        var applier = Applier(codec: codec)
        var point = point
        while point.position.index < index, transaction.byteCount <= Self.maxUncommittedBytes {
            let found = try log.entries(from: point.position.index.next, maxBytes: Self.chunkBytes)?.entries ?? []
            let entries = found.prefix { $0.index <= index }
            guard !entries.isEmpty, case .done(let batch) = applier.apply(entries, after: point, to: &transaction)
            else {
                return nil
            }
            point = batch.point
        }
        return point.position.index == index ? point : nil
    }

    /// A commit begins long before so much is applied.
    private static let maxUncommittedBytes = 256 << 20

    func closeSealedSnapshot(for peer: MemberID) { worker.run { [self] in openSealed[peer] = nil } }

    /// Whether what is staged is a state, and which.
    func checkSnapshot(_ point: SnapshotPoint, in directory: DataDirectory) {
        worker.run { [self] in
            do {
                let facts = try directory.readStaged(at: point) { view -> DirectoryFacts? in
                    guard StateTree.checkedRoot(of: view) != nil else { return nil }
                    // Of rows that do not decode the sender knows the digests just as well.
                    return try? DirectoryFacts(at: point.position.index, in: view, codec: codec)
                }
                inbox.post(.snapshotChecked(point, facts ?? nil))
            } catch {
                logger.error("staged snapshot not readable", metadata: ["error": "\(error)"])
                inbox.post(.snapshotChecked(point, nil))
            }
        }
    }

    /// Lets go of the snapshots that a leader was sending, and with them of the pages that they keep from being used
    /// again.
    func closeAll() { worker.run { [self] in open = [:] } }

    /// Those that were being sent to anybody else.
    func closeAll(but members: [MemberID]) {
        worker.run { [self] in open = open.filter { members.contains($0.key) } }
    }

    func stop() async {
        worker.run { [self] in (open, openSealed) = ([:], [:]) }
        await worker.stop()
    }
}
