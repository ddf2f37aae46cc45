import Consensus
import Decision
import Directory
import Glibc
import Identity
import Kernel
import Logging
import NIOEmbedded
import Replica
import Service
import Storage
import Synchronization
import TestSupport
import Testing
import Wire

@testable import Host

@Suite("The keeper of the state") struct StateKeeperTests {
    private let folder: TemporaryDirectory
    private let directory: DataDirectory
    private let cell = DecisionCell(DecisionState(snapshot: DecisionSnapshot(), freshness: nil, isServing: true))
    private let loop = NIOAsyncTestingEventLoop()
    private let inbox: Inbox
    private static let codec = ProtobufCodec()

    init() throws {
        inbox = Inbox(loop: loop)
        folder = try TemporaryDirectory()
        let genesis = MemoryNode.genesis
        let owner = StoreOwner(lineage: genesis.lineage, member: genesis.voters[0].id)
        directory = try DataDirectory(path: folder.path, owner: owner)
        try directory.log.initialise(
            genesis: genesis.firstEntry(codec: Self.codec),
            configuration: Configuration(voters: genesis.voters.map(\.id))
        )
    }

    private func makeKeeper(
        in directory: DataDirectory? = nil,
        statements: [SignedStatement] = [],
        fail: @escaping @Sendable (any Error) -> Void = { _ in }
    ) -> StateKeeper {
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        return StateKeeper(
            directory: directory ?? self.directory,
            codec: Self.codec,
            cell: cell,
            roster: MemberRoster(own: MemoryNode.genesis.voters[0], invited: [], logger: logger),
            inbox: inbox,
            room: StorageRoom(inbox: inbox),
            statements: statements,
            logger: logger,
            fail: fail
        )
    }

    private func apply(_ keeper: StateKeeper) async throws {
        keeper.apply([MemoryNode.genesis.firstEntry(codec: Self.codec)])
        for _ in 0..<1000 where cell.current.snapshot.revision == .zero { try await Task.sleep(for: .milliseconds(5)) }
        try #require(cell.current.snapshot.revision == LogIndex(1))
    }

    @Test("what is published can be read once its commit has been asked for") func commit() async throws {
        let keeper = makeKeeper()
        try await apply(keeper)
        #expect(try directory.state.applied().position.index == .zero)
        try await keeper.commitPublished()
        #expect(try directory.state.applied().position.index == LogIndex(1))
        await keeper.stop()
    }

    private func statement(_ sequence: UInt32 = 1) throws -> SignedStatement {
        let statement = Statement(
            lineage: MemoryNode.lineage,
            warrant: "w",
            sequence: sequence,
            kind: .quarantine,
            subject: .principal(try #require(PrincipalID(parsing: "agent/bot"))),
            reason: "odd",
            issuedAt: MemoryNode.start
        )
        return SignedStatement(statement, signature: [1])
    }

    @Test("a statement is confirmed once decisions go by it and the disk has it, and a command does not end it")
    func enforced() async throws {
        let keeper = makeKeeper()
        let signed = try statement()
        keeper.enforce([signed])
        try await apply(keeper)
        await keeper.stop()
        guard case .enforced([signed.id])? = inbox.take().inputs.first else { return #expect(Bool(false)) }
        #expect(cell.current.snapshot.status(signed.statement.subject) == .quarantined)
        #expect(try directory.keptStatements() == [signed])
    }

    @Test("a statement that is released is gone from decisions and disk, and others stay") func released() async throws
    {
        let (signed, other) = (try statement(), try statement(2))
        try directory.keep([signed, other])
        let keeper = makeKeeper(statements: [signed, other])
        keeper.release([signed.id])
        await keeper.stop()
        #expect(cell.current.snapshot.status(signed.statement.subject) == .quarantined, "by the other one")
        #expect(try directory.keptStatements() == [other])
        let last = makeKeeper(statements: [other])
        last.release([other.id])
        await last.stop()
        #expect(cell.current.snapshot.status(signed.statement.subject) == .active)
        #expect(try directory.keptStatements() == [])
    }

    @Test("a statement is judged by the state that there is") func judged() async throws {
        let keeper = makeKeeper()
        keeper.judge([try statement()], broughtAt: nil)
        await keeper.stop()
        guard case .judged(let judgements)? = inbox.take().inputs.first else { return #expect(Bool(false)) }
        #expect(judgements.map(\.1) == [.unacceptable(.unknownWarrant)], "it is empty")
    }

    @Test("a state that is full is read all the same: a statement is judged, and the node goes on") func fullState()
        async throws
    {
        let small = try TemporaryDirectory()
        let genesis = MemoryNode.genesis
        let full = try DataDirectory(
            path: small.path,
            owner: StoreOwner(lineage: genesis.lineage, member: genesis.voters[0].id),
            limits: DataDirectory.Limits(state: StateStore.Limits(maxBytes: 1))
        )
        let failures = Mutex(0)
        let keeper = makeKeeper(in: full) { _ in failures.withLock { $0 += 1 } }
        keeper.judge([try statement()], broughtAt: nil)
        await keeper.stop()
        guard case .judged(let judgements)? = inbox.take().inputs.first else { return #expect(Bool(false)) }
        #expect(judgements.map(\.1) == [.unacceptable(.unknownWarrant)])
        #expect(failures.withLock { $0 } == 0)
    }

    /// A node whose disk fails takes a moment to stop. Nobody may be told meanwhile that the store is up to date.
    @Test("after a commit that failed, nobody reads the state of before it") func failedCommit() async throws {
        let keeper = makeKeeper()
        try await apply(keeper)
        try refuseWrites(to: folder.path + "/state/1/data.mdb")
        await #expect(throws: ServiceError.self) { try await keeper.commitPublished() }
        await #expect(throws: ServiceError.behind(.zero, LogIndex(1))) { try await keeper.commitPublished() }
        await keeper.stop()
    }

    /// From now on the descriptors that this process has of the file are for reading only.
    private func refuseWrites(to path: String) throws {
        let reader = unsafe open(path, O_RDONLY)
        defer { close(reader) }
        let file = try #require(identity(of: reader))
        let others = (0..<1024 as Range<Int32>).filter { $0 != reader && identity(of: $0) == file }
        #expect(!others.isEmpty)
        for other in others { #expect(dup2(reader, other) == other) }
    }

    private func identity(of descriptor: Int32) -> [UInt]? {
        var facts = stat()
        return unsafe fstat(descriptor, &facts) == 0 ? [facts.st_dev, facts.st_ino] : nil
    }
}
