import Consensus
import Decision
package import Directory
import Kernel
package import Keys
import Links
package import Logging
import NIOCore
import NIOPosix
package import Replica
import Service
import ServiceLifecycle
package import Storage
import Synchronization
import Wire

/// What a node is told at its start.
package struct NodeSettings: Sendable {
    package let member: MemberSpec
    /// Whether it goes by what voters have sealed, and never votes.
    package let isEdge: Bool
    package let genesis: Genesis
    /// For a node that joined: the members as they were then. Nil for a first voter.
    package let invitedBy: [MemberSpec]?
    package let dataDirectory: String
    package let credentials: NodeCredentials
    /// The key by which this member signs seals; the log names its public half. Asked for once the data directory is there.
    package let sealKey: @Sendable () throws -> PrivateKey
    /// Where to listen for peers.
    package let bindHost: String
    package let bindPort: Int
    package let options: ReplicaOptions
    package let storage: DataDirectory.Limits

    package init(
        member: MemberSpec,
        isEdge: Bool = false,
        genesis: Genesis,
        invitedBy: [MemberSpec]? = nil,
        dataDirectory: String,
        credentials: NodeCredentials,
        sealKey: @escaping @Sendable () throws -> PrivateKey,
        bindHost: String,
        bindPort: Int,
        options: ReplicaOptions,
        storage: DataDirectory.Limits
    ) {
        self.member = member
        self.isEdge = isEdge
        self.genesis = genesis
        self.invitedBy = invitedBy
        self.dataDirectory = dataDirectory
        self.credentials = credentials
        self.sealKey = sealKey
        self.bindHost = bindHost
        self.bindPort = bindPort
        self.options = options
        self.storage = storage
    }
}

/// A node whose own state says that it is no part of the cluster any more.
package struct RemovedMember: Error, Hashable, Sendable, CustomStringConvertible {
    let name: String

    package var description: String {
        "\(name) was removed from the cluster; to bring the machine back, run `reeve cluster add` where you administer it, "
            + "and `reeve node join` here, in a new folder"
    }
}

/// A real node: one `ReplicaNode` with LMDB under it, mutual-TLS links beside it and its clients above it.
package final class Node: ServiceLifecycle.Service, Sendable {
    let settings: NodeSettings
    /// Shared by all that read commands and records, so that each is decoded once.
    package let codec: any DirectoryCodec
    let clock: NodeClock
    let stores: NodeStores
    let loop: ReplicaLoop
    let inbox: Inbox
    let requests: RequestBook
    let cell: DecisionCell
    let links: PeerLinks
    let roster: MemberRoster
    let meter: EdgeMeter
    let complaints: FrameComplaints
    let log: LogWriter
    let keeper: StateKeeper
    let reader: CatchUpReader
    let backups = Atomic<Int>(0)
    package let sealPublicKey: [UInt8]
    /// Of the certificate that is shown to others now.
    let certificate: Mutex<CertificateValidity>
    let scrubber: LogScrubber
    private let group: MultiThreadedEventLoopGroup
    private let logger: Logger
    private let endings: AsyncStream<Ending>
    private let end: AsyncStream<Ending>.Continuation

    private enum Ending: Sendable {
        case failed(any Error)
        case readyToStop
    }

    /// How long a leader that stops waits for another to take over.
    private static let handOverSeconds: UInt64 = 3

    /// Opens the stores and prepares everything; `run` starts it.
    ///
    /// - Throws: `StorageError`, `LinksError`: what, where and what to do.
    package init(settings: NodeSettings, seed: UInt64, logger: Logger) throws {
        let clock = NodeClock()
        let codec = RecallingCodec(ProtobufCodec())
        let stores = try NodeStores(settings: settings, codec: codec)
        let start = try stores.start(codec: codec)
        let sealKey = try settings.sealKey()
        for run in start.log.damage {
            logger.error(
                "the log is damaged: this node neither votes nor leads until its peers have repaired it",
                metadata: ["first": "\(run.first)", "last": "\(run.last)"]
            )
        }
        logger.report(start.snapshot, after: nil)
        if let cut = start.cut { logger.error("cut a damaged end off the log", metadata: cut.metadata) }
        // Links and node share a thread: a frame reaches the node, and the disk's writer, without waking another.
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let inbox = Inbox(loop: group.next())
        let (endings, end) = AsyncStream.makeStream(of: Ending.self, bufferingPolicy: .bufferingOldest(4))
        let fail: @Sendable (any Error) -> Void = { end.yield(.failed($0)) }
        let remembered = RememberedVoters(in: settings.dataDirectory, logger: logger)
        let introduced = remembered.load()
        let invited = settings.invitedBy ?? settings.genesis.voters
        let replica = ReplicaNode(
            member: settings.member.id,
            lineage: settings.genesis.lineage,
            options: settings.options,
            codec: codec,
            records: WireRecordCodec(),
            isEdge: settings.isEdge,
            restored: start.log,
            facts: start.facts,
            applied: start.applied,
            invitedBy: invited.map(\.id),
            introduced: introduced,
            statements: start.statements,
            seals: start.seals,
            seed: seed,
            at: clock.now()
        )
        cell = DecisionCell(
            DecisionState(snapshot: start.snapshot, freshness: nil, isServing: replica.isServing)
        )
        roster = MemberRoster(
            own: settings.member,
            isEdge: settings.isEdge,
            invited: invited,
            introduced: introduced.introductions,
            logger: logger
        )
        roster.learned(start.members)
        roster.follow(start.applied.configuration)
        if roster.isRemoved { throw RemovedMember(name: settings.member.name) }
        meter = EdgeMeter()
        complaints = FrameComplaints()
        links = try PeerLinks(
            settings: settings,
            instance: stores.instance,
            roster: roster.roster,
            clock: clock,
            inbox: inbox,
            members: roster,
            meter: meter,
            complaints: complaints,
            group: group,
            logger: logger
        )
        roster.attach(links)
        let room = StorageRoom(inbox: inbox)
        log = LogWriter(store: stores.directory.log, inbox: inbox, room: room, logger: logger, fail: fail)
        keeper = StateKeeper(
            directory: stores.directory,
            codec: codec,
            cell: cell,
            roster: roster,
            inbox: inbox,
            room: room,
            statements: start.statements,
            logger: logger,
            fail: fail
        )
        reader = CatchUpReader(
            log: stores.directory.log,
            state: stores.directory.state,
            codec: codec,
            inbox: inbox,
            logger: logger
        )
        scrubber = LogScrubber(
            store: stores.directory.log,
            worker: reader.worker,
            inbox: inbox,
            logger: logger,
            fail: fail
        )
        requests = RequestBook()
        loop = ReplicaLoop(
            node: replica,
            loop: inbox.loop,
            around: ReplicaLoop.Surroundings(
                clock: clock,
                inbox: inbox,
                links: links,
                roster: roster,
                remembered: remembered,
                directory: stores.directory,
                log: log,
                state: keeper,
                reader: reader,
                seals: SealOffice(
                    directory: stores.directory,
                    key: sealKey,
                    roster: roster,
                    log: log,
                    inbox: inbox,
                    room: room,
                    logger: logger
                ),
                requests: requests,
                cell: cell,
                logger: logger,
                readyToStop: { end.yield(.readyToStop) }
            )
        )
        certificate = Mutex(settings.credentials.validity)
        sealPublicKey = sealKey.compressedPublicKey
        self.settings = settings
        self.codec = codec
        self.clock = clock
        self.stores = stores
        self.inbox = inbox
        self.group = group
        self.logger = logger
        self.endings = endings
        self.end = end
    }

    /// Runs until graceful shutdown, which hands leadership over first, or until a failure that the node must not
    /// survive, such as a disk that lost a write: that is thrown.
    package func run() async throws {
        do { try await links.start() } catch {
            // Others may be asking the node already, and are to be told.
            await tearDown()
            throw error
        }
        loop.start()
        scrubber.start()
        logger.info(
            "node started",
            metadata: ["node": "\(settings.member.name)", "address": "\(settings.bindHost):\(settings.bindPort)"]
        )
        let failure = await withGracefulShutdownHandler {
            await waitForEnd()
        } onGracefulShutdown: { [inbox, end] in
            inbox.post(.shutDown)
            // A peer that never takes over must not keep this node from stopping.
            _ = self.group.next().scheduleTask(in: .seconds(Int64(Self.handOverSeconds))) { end.yield(.readyToStop) }
        }
        await tearDown()
        if let failure { throw failure }
    }

    /// Shows peers another certificate of the same key and roots from now on.
    package func present(_ credentials: NodeCredentials) throws {
        try links.present(credentials)
        certificate.withLock { $0 = credentials.validity }
    }

    private func waitForEnd() async -> (any Error)? {
        for await ending in endings {
            switch ending {
            case .failed(let error):
                logger.critical("node halts", metadata: ["error": "\(error)"])
                return error
            case .readyToStop:
                return nil
            }
        }
        return nil
    }

    private func tearDown() async {
        scrubber.stop()
        await loop.stop()
        await links.shutdown()
        await log.stop()
        await keeper.stop()
        await reader.stop()
        requests.close()
        try? await group.shutdownGracefully()
        logger.info("node stopped", metadata: ["node": "\(settings.member.name)"])
    }
}
