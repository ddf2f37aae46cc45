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
    private let renewer: CertificateRenewer
    private let rollouts: RolloutReporter
    /// An edge claims nothing in the log, which has named its data directory since it joined.
    private let role: NodeConfiguration.Role
    private let logger: Logger

    init(_ configuration: NodeConfiguration, logger: Logger) async throws {
        let genesisFile = try GenesisFile.load(configuration.genesisFile)
        let genesis = genesisFile.genesis
        let introduction = try configuration.introductionFile.map { try IntroductionFile.load($0) }
        let member = try Self.member(configuration, of: genesis, introduction)
        let credentials = try await Self.credentials(configuration, member: member, genesis: genesis, logger: logger)
        let enrolment = try NodeEnrolment(configuration, genesisFile, credentials)
        let node = try Node(
            settings: NodeSettings(
                member: member,
                isEdge: configuration.role == .edge,
                genesis: genesis,
                invitedBy: introduction?.members,
                dataDirectory: configuration.dataDirectory,
                credentials: credentials,
                // An edge signs no seals. No key of its is in the log, so that none counts that it could have.
                sealKey: { configuration.role == .edge ? PrivateKey() : try configuration.sealKey() },
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
        let tls = try ServerTLS(credentials)
        let certificate = NodeCertificate(
            path: configuration.tls.files.certificate,
            member: member,
            key: credentials.key,
            roots: credentials.roots,
            enrolment: enrolment
        )
        let renewer = try CertificateRenewer(
            node: node,
            certificate: certificate,
            credentials: credentials,
            logger: logger
        ) { renewed in
            try node.present(renewed)
            try tls.present(renewed)
        }
        let counters = DecisionCounters()
        let counter = RolloutCounter()
        decisions = try await DataPlaneServer.bind(
            DataPlaneServer.Configuration(
                host: configuration.listen.decisions.host,
                port: configuration.listen.decisions.port,
                tls: tls,
                verifier: credentials.verifier
            ),
            responder: AuthZENResponder(
                client: node,
                log: log,
                baseURL: "https://\(Self.decisionAddress(of: member, configuration))",
                counters: counters,
                rollouts: counter
            ),
            logger: logger
        )
        admin = AdminServer(
            AdminAPI(
                client: node,
                codec: node.codec,
                options: Self.adminOptions(
                    configuration,
                    enrolment: enrolment,
                    renewer: renewer,
                    log: log,
                    decisions: counters,
                    server: decisions.counters,
                    rollouts: counter
                )
            ),
            AdminServer.Configuration(
                host: configuration.listen.admin.host,
                port: configuration.listen.admin.port,
                tls: tls,
                verifier: credentials.verifier
            ),
            logger: logger
        )
        self.node = node
        self.renewer = renewer
        rollouts = RolloutReporter(
            node: node,
            counter: counter,
            certificate: certificate,
            credentials: { renewer.credentials },
            logger: logger
        )
        self.role = configuration.role
        self.logger = logger
    }

    /// Stops in the reverse order: first no more requests, then the node.
    func run() async throws {
        var services: [ServiceGroupConfiguration.ServiceConfiguration] = [
            .init(service: node, failureTerminationBehavior: .gracefullyShutdownGroup),
            .init(service: decisions, failureTerminationBehavior: .gracefullyShutdownGroup),
            .init(service: admin, failureTerminationBehavior: .gracefullyShutdownGroup),
            .init(service: renewer, failureTerminationBehavior: .gracefullyShutdownGroup),
            .init(service: rollouts, failureTerminationBehavior: .gracefullyShutdownGroup),
        ]
        if role == .member {
            services.append(
                .init(
                    service: MemberClaims(node: node, logger: logger),
                    successTerminationBehavior: .ignore,
                    failureTerminationBehavior: .gracefullyShutdownGroup
                )
            )
        }
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: services,
                gracefulShutdownSignals: [.sigterm, .sigint],
                logger: logger
            )
        )
        try await group.run()
    }

    /// Where clients reach the node: as the log says. What it listens on may be `0.0.0.0`.
    private static func decisionAddress(of member: MemberSpec, _ configuration: NodeConfiguration) -> String {
        member.apiAddresses.count == 2 ? member.apiAddresses[1] : "\(configuration.listen.decisions)"
    }

    /// Which member the configuration means, as the genesis or the introduction describes it.
    static func member(
        _ configuration: NodeConfiguration,
        of genesis: Genesis,
        _ introduction: IntroductionFile?
    ) throws -> MemberSpec {
        let known = introduction.map { [$0.member] } ?? genesis.voters
        let file = configuration.introductionFile ?? configuration.genesisFile
        guard let member = known.first(where: { $0.id == configuration.member }) else {
            throw CommandError(
                "member \(configuration.member.uuid) incarnation \(configuration.member.incarnation) is not in it",
                at: file,
                advice: "use the files that one `reeve cluster init` or `reeve node join` made together"
            )
        }
        guard member.name == configuration.name else {
            throw CommandError("it calls this member \(member.name), the configuration \(configuration.name)", at: file)
        }
        return member
    }

    private static func credentials(
        _ configuration: NodeConfiguration,
        member: MemberSpec,
        genesis: Genesis,
        logger: Logger
    ) async throws -> NodeCredentials {
        let (credentials, warnings) = try NodeCredentials.load(
            configuration.tls.files,
            allowPlainKey: configuration.tls.allowPlainKey,
            passphrase: configuration.tls.passphrase
        )
        for warning in warnings { logger.warning("private key", metadata: ["warning": "\(warning)"]) }
        let now = NodeClock().now().wall
        do {
            try await credentials.check(
                as: [.server, .client],
                expecting: .member(name: member.name, key: member.keyFingerprint),
                at: now
            )
        } catch {
            guard case .refused(.expired) = error.problem else { throw error }
            // Not by itself: a clock that is wrong after a start would spoil a good certificate.
            throw CommandError(
                error.description,
                at: configuration.tls.files.certificate,
                advice: "check the clock; if it is right, run `reeve node renew` with this node's configuration"
            )
        }
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
        enrolment: NodeEnrolment,
        renewer: CertificateRenewer,
        log: DecisionLogStore,
        decisions: DecisionCounters,
        server: DataPlaneCounters,
        rollouts: RolloutCounter
    ) -> AdminAPI.Options {
        let directory = configuration.decisionLog.directory
        var options = AdminAPI.Options(
            log: log,
            search: { filter async throws(ServiceError) in try await search(directory, filter) }
        )
        options.enrolment = enrolment
        options.renewal = { renewer.report }
        options.rolloutCounts = { rollouts.counts(of: $0) }
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

extension NodeEnrolment {
    init(_ configuration: NodeConfiguration, _ genesis: GenesisFile, _ credentials: NodeCredentials) throws {
        let issuer = try configuration.tls.issuer.map { files in
            let key = try PrivateKeyFile.load(
                files.key,
                allowPlain: configuration.tls.allowPlainKey,
                passphrase: configuration.tls.passphrase
            ).key
            let certificates = try ParsedCertificate.load(files.certificate)
            guard let certificate = certificates.first, certificates.count == 1 else {
                throw CommandError("must hold one certificate", at: files.certificate)
            }
            return try CertificateIssuer(
                certificate: certificate,
                key: key,
                trustDomain: credentials.trustDomain,
                place: files.certificate
            )
        }
        self.init(
            issuer: issuer,
            roots: credentials.roots,
            genesis: genesis.genesis.json,
            lifetime: .seconds(UInt64(configuration.tls.issuedDays) * 86_400)
        )
    }
}

extension NodeConfiguration.TLSFiles {
    /// What unlocks the node's keys; nil when they are in clear.
    func passphrase() throws(KeysError) -> Passphrase? {
        try passphraseFile.map { path throws(KeysError) in
            Passphrase(String(decoding: try KeyFiles.read(path, limit: 4096), as: UTF8.self))
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
