import Consensus
import Kernel
import Logging
import NIOCore
import Replica
import Storage

/// Reads what others lack that lag: old entries, and, for a leader's followers, snapshots a chunk at a time.
final class CatchUpReader: @unchecked Sendable {
    // Safe: `open` is touched by closures of `worker` alone, which run one after the other.
    private var open: [MemberID: SnapshotReader] = [:]

    private let log: LogStore
    private let state: StateStore
    private let inbox: Inbox
    let worker = SerialWorker()
    private let logger: Logger

    static let chunkBytes = 256 * 1024

    init(log: LogStore, state: StateStore, inbox: Inbox, logger: Logger) {
        self.log = log
        self.state = state
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
        return try reader.chunk(number, maxBytes: Self.chunkBytes)
    }

    /// Lets go of the snapshots that a leader was sending, and with them of the pages that they keep from being used
    /// again.
    func closeAll() { worker.run { [self] in open = [:] } }

    func stop() async {
        worker.run { [self] in open = [:] }
        await worker.stop()
    }
}
