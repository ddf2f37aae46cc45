import Decision
import Directory
import HTTPAPI
import Host
import Kernel
import Keys
import Logging
import Replica
import Service
import ServiceLifecycle
import Wire

/// Tells the log what this node has counted of roll-outs whose rings it is in: a voter by itself, others by one that they reach.
final class RolloutReporter: ServiceLifecycle.Service {
    private let node: Node
    private let counter: RolloutCounter
    private let certificate: NodeCertificate
    /// As they are shown to others now.
    private let credentials: @Sendable () -> NodeCredentials
    private let logger: Logger

    private static let interval = Duration.seconds(1)

    init(
        node: Node,
        counter: RolloutCounter,
        certificate: NodeCertificate,
        credentials: @escaping @Sendable () -> NodeCredentials,
        logger: Logger
    ) {
        self.node = node
        self.counter = counter
        self.certificate = certificate
        self.credentials = credentials
        self.logger = logger
    }

    func run() async throws {
        await cancelWhenGracefulShutdown { [self] in
            var driver = RolloutDriver()
            var news = RolloutNews()
            let reader = DirectoryReader(client: node, codec: ProtobufCodec())
            while !Task.isCancelled {
                let shares = node.decisionState.snapshot.rollouts
                counter.keep(shares.filter(\.isRunning).map(\.stage))
                let now = node.now()
                for report in driver.due(shares, counts: { counter.counts(of: $0) }, at: now.monotonic) {
                    let set = report.stage.set
                    let record = try? await reader.read { view throws(StateDamage) in try view.rollout(set) }
                    if news.take(report, of: record ?? nil, at: now) { await send(report) }
                }
                // Cancelled is asked in the loop.
                try? await Task.sleep(for: Self.interval)
            }
        }
    }

    /// The next one says more, so that this one is not sent again.
    private func send(_ report: RolloutReport) async {
        let status = await node.status()
        let voters = status.peers.filter(\.isVoter)
        do {
            if voters.contains(where: { $0.member == node.member }) {
                let call = WriteCall(caller: .node(node.member), timeout: .seconds(5))
                _ = try await DirectoryWriter(client: node).submit(.reportRollout(report), call)
                return
            }
            guard let voter = (voters.filter(\.isConnected) + voters).first else { return }
            try await certificate.report(report, to: voter.name, at: voter.apiAddress, showing: credentials())
        } catch {
            logger.info(
                "a report on a roll-out was not taken",
                metadata: ["set": "\(report.stage.set)", "reason": "\(error)"]
            )
        }
    }
}
