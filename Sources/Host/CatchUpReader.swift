import Consensus
import Kernel
import Logging
import NIOCore
import Replica
import Storage

/// Reads what a leader sends to followers that lag: old entries, and snapshots a chunk at a time.
final class CatchUpReader: @unchecked Sendable {
    // Safe: `open` is touched by closures of `worker` alone, which run one after the other.
    private var open: [MemberID: OpenSnapshot] = [:]

    private struct OpenSnapshot {
        let reader: SnapshotReader
        var nextNumber: UInt64
        /// The chunk sent last, which is asked for again when it was lost.
        var last: Message.SnapshotChunk?
    }

    private let log: LogStore
    private let state: StateStore
    private let inbox: Inbox
    private let worker = SerialWorker()
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
                logger.error("log not readable", metadata: ["error": "\(error)"])
                inbox.post(.entriesRead(for: peer, previous: nil, entries: []))
            }
        }
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
        if number == 0 { open[peer] = OpenSnapshot(reader: try state.openSnapshot(), nextNumber: 0) }
        guard var snapshot = open[peer] else { return nil }
        if let position, snapshot.reader.point.position != position { return nil }
        if let last = snapshot.last, last.number == number { return last }
        guard snapshot.nextNumber == number else { return nil }
        let (bytes, isLast) = try snapshot.reader.nextChunk(maxBytes: Self.chunkBytes)
        let chunk = Message.SnapshotChunk(
            point: snapshot.reader.point,
            number: number,
            isLast: isLast,
            bytes: bytes,
            digest: .of(bytes)
        )
        snapshot.nextNumber += 1
        snapshot.last = chunk
        open[peer] = snapshot
        return chunk
    }

    /// Lets go of a peer's snapshot, and with it of the pages that it keeps from being used again.
    func close(for peer: MemberID) { worker.run { [self] in open[peer] = nil } }

    func stop() async {
        worker.run { [self] in open = [:] }
        await worker.stop()
    }
}
