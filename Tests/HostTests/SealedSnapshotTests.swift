import Consensus
import Directory
import Kernel
import Logging
import NIOEmbedded
import Replica
import Sealing
import Storage
import TestSupport
import Testing
import Wire

@testable import Host

@Suite("A state for an edge") struct SealedSnapshotTests {
    private let folder: TemporaryDirectory
    private let directory: DataDirectory
    private let inbox = Inbox(loop: EmbeddedEventLoop())
    private let peer = MemberID(high: 1, low: 2)
    private let codec = ProtobufCodec()
    /// Of the first entry, which makes the cluster, and of four that do nothing.
    private let hashes: [Digest]

    init() throws {
        folder = try TemporaryDirectory()
        let genesis = MemoryNode.genesis
        directory = try DataDirectory(
            path: folder.path,
            owner: StoreOwner(lineage: genesis.lineage, member: genesis.voters[0].id)
        )
        let first = genesis.firstEntry(codec: codec)
        try directory.log.initialise(genesis: first, configuration: Configuration(voters: genesis.voters.map(\.id)))
        var entries: [Entry] = []
        for index in 2...5 {
            entries.append(
                Entry(
                    position: LogPosition(term: Term(1), index: LogIndex(UInt64(index))),
                    time: MemoryNode.start,
                    previousHash: entries.last?.hash ?? first.hash,
                    payload: .empty
                )
            )
        }
        try directory.log.write([LogWrite(id: .init(1), hardState: nil, entries: entries)])
        hashes = [first.hash] + entries.map(\.hash)
    }

    private var reader: CatchUpReader {
        CatchUpReader(
            log: directory.log,
            state: directory.state,
            codec: codec,
            inbox: inbox,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
    }

    private func claim(_ index: Int, _ root: Digest) -> StateClaim {
        StateClaim(index: LogIndex(UInt64(index)), head: hashes[index - 1], root: root, voters: .zero)
    }

    private func read(_ claim: StateClaim, maxBytes: Int = 1 << 20) async throws -> [Message.SnapshotChunk] {
        let reader = self.reader
        var chunks: [Message.SnapshotChunk] = []
        while chunks.last?.isLast != true {
            reader.readSealedSnapshot(for: peer, claim, number: UInt64(chunks.count), maxBytes: maxBytes)
            await withCheckedContinuation { done in reader.worker.run { done.resume() } }
            guard case .sealedSnapshotRead(for: peer, let chunk?, let byteCount)? = inbox.take().inputs.last else {
                break
            }
            chunks.append(chunk)
            #expect(UInt64(chunks.reduce(0) { $0 + $1.bytes.count }) <= byteCount)
        }
        await reader.stop()
        return chunks
    }

    /// What is committed goes so far.
    private func commit(through index: Int) throws {
        let entries = try #require(try directory.log.entries(from: LogIndex(1), maxBytes: .max)).entries.prefix(index)
        try directory.state.update { transaction, point in
            var applier = Applier(codec: codec)
            guard
                case .done(let batch) = applier.apply(
                    entries,
                    after: point.knowingVoters(from: directory.log),
                    to: &transaction
                )
            else { return ((), nil) }
            return ((), batch.point)
        }
    }

    private func root() throws -> Digest { try directory.state.read { StateTree.root(in: $0) } }

    @Test("is that at the seal, whatever of it is committed") func rollsForward() async throws {
        try commit(through: 1)
        let root = try self.root()
        for index in 1...5 {
            let chunks = try await read(claim(index, root), maxBytes: 500)
            #expect(chunks.count > 3)
            let point = try #require(chunks.first?.point)
            #expect(point.position.index == LogIndex(UInt64(index)) && point.hash == hashes[index - 1])
            #expect(point.configuration.voters == MemoryNode.genesis.voters.map(\.id))
        }
        #expect(try directory.state.applied().position.index == LogIndex(1))
        // Not the state of this log, not there yet, or not there any more.
        #expect(try await read(claim(3, .of([9]))).isEmpty)
        let ahead = StateClaim(index: LogIndex(6), head: hashes[4], root: root, voters: .zero)
        #expect(try await read(ahead).isEmpty)
        let other = StateClaim(index: LogIndex(3), head: .of([9]), root: root, voters: .zero)
        #expect(try await read(other).isEmpty)
    }

    @Test("is not to be had once more than that is committed, and is where nothing is") func committed() async throws {
        let start = try await read(claim(2, .of([9])))
        #expect(start.isEmpty)
        try commit(through: 4)
        let root = try self.root()
        #expect(try await read(claim(3, root)).isEmpty)
        #expect(try await !read(claim(4, root)).isEmpty)
        #expect(try await !read(claim(5, root)).isEmpty)
    }

    @Test("that came is one if it holds together, and then takes the place of the other") func staged() async throws {
        try commit(through: 5)
        let root = try self.root()
        let chunks = try await read(claim(5, root), maxBytes: 500)
        for lie in [true, false] {
            for chunk in try chunks.map({ try $0.withoutFirstPair(lie) }) { _ = try directory.stage(chunk) }
            let point = try #require(chunks.first?.point)
            let reader = self.reader
            reader.checkSnapshot(point, in: directory)
            await reader.stop()
            guard case .snapshotChecked(point, let facts)? = inbox.take().inputs.last else {
                Issue.record("nothing was answered")
                return
            }
            #expect(facts?.stateRoot == (lie ? nil : root))
        }
    }
}

extension Message.SnapshotChunk {
    fileprivate func withoutFirstPair(_ isWithout: Bool) throws -> Message.SnapshotChunk {
        guard isWithout, number == 0 else { return self }
        var pairs = try StatePairs(encoded: bytes)
        pairs.pairs.removeFirst()
        let bytes = pairs.encoded()
        return Message.SnapshotChunk(point: point, number: 0, isLast: isLast, bytes: bytes, digest: .of(bytes))
    }
}
