import Consensus
import Decision
import Directory
import Foundation
import HTTPAPI
import Host
import Identity
import Kernel
import Keys
import Logging
import NIOPosix
import Replica
import Service
import ServiceLifecycle
import Storage
import UnixSignals

/// The composition root of a node: builds every part from the configuration and passes each what it needs.
struct NodeProcess {
    private let node: Node
    private let decisions: DataPlaneServer<AuthZENResponder>
    private let admin: AdminServer
    private let logger: Logger

    init(_ configuration: NodeConfiguration, logger: Logger) async throws {
        let genesis = try GenesisFile.load(configuration.genesisFile).genesis
        let member = try Self.member(configuration, of: genesis)
        let credentials = try await Self.credentials(configuration, member: member, genesis: genesis, logger: logger)
        let node = try Node(
            settings: NodeSettings(
                member: member,
                genesis: genesis,
                dataDirectory: configuration.dataDirectory,
                credentials: credentials,
                bindHost: configuration.listen.raft.host,
                bindPort: configuration.listen.raft.port,
                options: ReplicaOptions(configuration),
                storage: DataDirectory.Limits(configuration.limits)
            ),
            seed: UInt64.random(in: .min ... .max),
            logger: logger
        )
        let log = try DecisionLogStore(
            directory: configuration.decisionLog.directory,
            limits: DecisionLogStore.Limits(
                fileByteCount: Int(clamping: configuration.decisionLog.maxFileBytes),
                fileCount: Int(configuration.decisionLog.maxFiles),
                patience: configuration.decisionLog.patience
            )
        )
        let counters = DecisionCounters()
        decisions = try await DataPlaneServer.bind(
            DataPlaneServer.Configuration(
                host: configuration.listen.decisions.host,
                port: configuration.listen.decisions.port,
                tls: try ServerTLS.context(credentials),
                verifier: credentials.verifier
            ),
            responder: AuthZENResponder(
                client: node,
                log: log,
                baseURL: "https://\(configuration.listen.decisions)",
                counters: counters
            ),
            logger: logger
        )
        admin = AdminServer(
            AdminAPI(
                client: node,
                codec: node.codec,
                options: Self.adminOptions(configuration, log: log, decisions: counters, server: decisions.counters)
            ),
            AdminServer.Configuration(
                host: configuration.listen.admin.host,
                port: configuration.listen.admin.port,
                credentials: credentials
            ),
            logger: logger
        )
        self.node = node
        self.logger = logger
    }

    /// Stops in the reverse order: first no more requests, then the node.
    func run() async throws {
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [
                    .init(service: node, failureTerminationBehavior: .gracefullyShutdownGroup),
                    .init(service: decisions, failureTerminationBehavior: .gracefullyShutdownGroup),
                    .init(service: admin, failureTerminationBehavior: .gracefullyShutdownGroup),
                ],
                gracefulShutdownSignals: [.sigterm, .sigint],
                logger: logger
            )
        )
        try await group.run()
    }

    private static func member(_ configuration: NodeConfiguration, of genesis: Genesis) throws -> MemberSpec {
        guard let member = genesis.voters.first(where: { $0.id == configuration.member }) else {
            throw CommandError(
                "member \(configuration.member.uuid) incarnation \(configuration.member.incarnation) is not in the genesis",
                at: configuration.genesisFile,
                advice: "use the configuration and genesis that one `reeve cluster init` made"
            )
        }
        guard member.name == configuration.name else {
            throw CommandError(
                "the genesis calls this member \(member.name), the configuration \(configuration.name)",
                at: configuration.genesisFile
            )
        }
        return member
    }

    private static func credentials(
        _ configuration: NodeConfiguration,
        member: MemberSpec,
        genesis: Genesis,
        logger: Logger
    ) async throws -> NodeCredentials {
        let passphraseFile = configuration.tls.passphraseFile
        let (credentials, warnings) = try NodeCredentials.load(
            configuration.tls.files,
            allowPlainKey: configuration.tls.allowPlainKey
        ) { () throws(KeysError) -> Passphrase? in
            try passphraseFile.map { path throws(KeysError) in
                Passphrase(String(decoding: try KeyFiles.read(path, limit: 4096), as: UTF8.self))
            }
        }
        for warning in warnings { logger.warning("private key", metadata: ["warning": "\(warning)"]) }
        let now = NodeClock().now().wall
        try await credentials.check(
            as: [.server, .client],
            expecting: .member(name: member.name, key: member.keyFingerprint),
            at: now
        )
        guard credentials.trustDomain.description == genesis.trustDomain else {
            throw CommandError(
                "the certificate is of trust domain \(credentials.trustDomain), the genesis of \(genesis.trustDomain)",
                at: configuration.tls.files.certificate
            )
        }
        let left = credentials.validity.remaining(at: now)
        if left < .seconds(UInt64(configuration.tls.warnDays) * 86_400) {
            logger.warning(
                "the node's certificate expires soon",
                metadata: [
                    "days": "\(left.milliseconds / 86_400_000)", "file": "\(configuration.tls.files.certificate)",
                ]
            )
        }
        return credentials
    }

    private static func adminOptions(
        _ configuration: NodeConfiguration,
        log: DecisionLogStore,
        decisions: DecisionCounters,
        server: DataPlaneCounters
    ) -> AdminAPI.Options {
        let directory = configuration.decisionLog.directory
        var options = AdminAPI.Options(
            log: log,
            search: { filter async throws(ServiceError) in try await search(directory, filter) }
        )
        options.certificateWarning = .seconds(UInt64(configuration.tls.warnDays) * 86_400)
        options.metrics = { NodeMetrics.samples(decisions: decisions, server: server, log: log) }
        return options
    }

    /// Reading files blocks, so it is done on a thread that may.
    private static func search(
        _ directory: String,
        _ filter: DecisionLogFilter
    ) async throws(ServiceError) -> [DecisionLogEntry] {
        do {
            return try await NIOThreadPool.singleton.runIfActive {
                try DecisionLogSearch.run(directory: directory, filter: filter)
            }
        } catch {
            throw ServiceError(
                .unavailable,
                code: "log_unreadable",
                message: "The decision log cannot be read: \(error)."
            )
        }
    }
}

extension ReplicaOptions {
    init(_ configuration: NodeConfiguration) {
        var raft = RaftOptions()
        raft.heartbeatInterval = configuration.timers.heartbeat
        raft.electionTimeout = configuration.timers.election
        self.init(raft: raft)
        maxPendingRequests = Int(configuration.limits.maxPendingRequests)
        keptEntries = configuration.limits.keptEntries
        compactionStep = configuration.limits.compactionStep
    }
}

extension DataDirectory.Limits {
    init(_ limits: NodeConfiguration.Limits) {
        self.init(
            log: LogStore.Limits(maxBytes: limits.maxLogBytes),
            state: StateStore.Limits(maxBytes: limits.maxStateBytes)
        )
    }
}
