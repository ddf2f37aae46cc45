import Consensus
import Directory
import Kernel
import Logging
import NIOEmbedded
import Replica
import Storage
import Synchronization
import TestSupport
import Testing
import Wire

@testable import Host

@Suite("Reading for others") struct CatchUpReaderTests {
    private let folder: TemporaryDirectory
    private let directory: DataDirectory
    private let inbox = Inbox(loop: EmbeddedEventLoop())
    private let peer = MemberID(high: 1, low: 2)

    init() throws {
        folder = try TemporaryDirectory()
        let genesis = MemoryNode.genesis
        directory = try DataDirectory(
            path: folder.path,
            owner: StoreOwner(lineage: genesis.lineage, member: genesis.voters[0].id)
        )
        try directory.log.initialise(
            genesis: genesis.firstEntry(codec: ProtobufCodec()),
            configuration: Configuration(voters: genesis.voters.map(\.id))
        )
        let first = genesis.firstEntry(codec: ProtobufCodec())
        var entries: [Entry] = []
        for index in 2...5 {
            entries.append(
                Entry(
                    position: LogPosition(term: Term(1), index: LogIndex(UInt64(index))),
                    time: MemoryNode.start,
                    previousHash: entries.last?.hash ?? first.hash,
                    payload: .command([UInt8](repeating: 1, count: 1000))
                )
            )
        }
        try directory.log.write([LogWrite(id: .init(1), hardState: nil, entries: entries)])
    }

    /// The indexes that a neighbour gets.
    private func read(after index: UInt64, maxBytes: Int = 1 << 20) async throws -> [UInt64] {
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let reader = CatchUpReader(
            log: directory.log,
            state: directory.state,
            codec: ProtobufCodec(),
            inbox: inbox,
            logger: logger
        )
        reader.readLog(for: peer, after: LogIndex(index), maxBytes: maxBytes)
        await reader.stop()
        guard case .logRead(for: peer, after: LogIndex(index), let entries)? = inbox.take().inputs.last else {
            throw StorageError.misuse("nothing was answered")
        }
        return entries.map(\.index.number)
    }

    @Test("a snapshot that was read to its end is not held open, and can be asked for again")
    func snapshotRead() async throws {
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let (log, state) = (directory.log, directory.state)
        let reader = CatchUpReader(log: log, state: state, codec: ProtobufCodec(), inbox: inbox, logger: logger)
        for position in [nil, LogPosition.zero] { reader.readSnapshot(for: peer, position: position, number: 0) }
        let left = Mutex(-1)
        reader.worker.run { left.withLock { $0 = reader.open.count } }
        await reader.stop()
        let chunks = inbox.take().inputs.map { input -> Message.SnapshotChunk? in
            if case .snapshotRead(for: peer, let chunk) = input { chunk } else { nil }
        }
        #expect(chunks.map { $0?.isLast } == [true, true])
        #expect(left.withLock { $0 } == 0)
    }

    @Test("a neighbour gets what follows on what it has, one entry at least, and nothing where that is gone")
    func logRead() async throws {
        #expect(try await read(after: 0) == [1, 2, 3, 4, 5])
        #expect(try await read(after: 3) == [4, 5])
        #expect(try await read(after: 2, maxBytes: 2500) == [3, 4])
        #expect(try await read(after: 2, maxBytes: 1) == [3])
        #expect(try await read(after: 5) == [])
        #expect(try await read(after: 9) == [])
        try directory.log.truncatePrefix(before: LogIndex(4))
        #expect(try await read(after: 2) == [])
        #expect(try await read(after: 3) == [4, 5])
    }
}
