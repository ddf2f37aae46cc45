import Directory
import Host
import Kernel
import Logging
import Service
import ServiceLifecycle
import Wire

/// Names the node's data directory in the log, once, so that its peers will know it from one that has lost its data, and then the
/// key that it signs seals with.
struct MemberClaims: ServiceLifecycle.Service {
    let node: Node
    let logger: Logger

    /// Between attempts, while there is no leader or the node has not caught up.
    private static let interval = Duration.seconds(1)
    /// Between attempts while the cluster's feature level knows no seals, which may be for as long as it runs.
    private static let levelInterval = Duration.seconds(10)

    private enum Attempt {
        case done
        case again(after: Duration)
    }

    /// - Throws: `ServiceError` when the log names another data directory.
    func run() async throws {
        try await cancelWhenGracefulShutdown {
            try await untilDone(claimInstance)
            try await untilDone(claimSealKey)
        }
    }

    private func untilDone(_ attempt: () async throws -> Attempt) async throws {
        while !Task.isCancelled {
            guard case .again(let pause) = try await attempt() else { return }
            // Cancelled is asked in the loop.
            try? await Task.sleep(for: pause)
        }
    }

    private func claimInstance() async throws -> Attempt {
        guard let record = await record() else { return .again(after: Self.interval) }
        if record.instance == node.instance { return .done }
        do {
            try await submit(.claimMember(instance: node.instance))
            return .done
        } catch {
            guard error.code == RefusalCode.identityClaimed.rawValue else { return .again(after: Self.interval) }
            logger.critical("this is not the data directory of this member", metadata: ["error": "\(error.message)"])
            throw error
        }
    }

    private func claimSealKey() async -> Attempt {
        guard let record = await record() else { return .again(after: Self.interval) }
        if record.sealKey == node.sealPublicKey { return .done }
        guard await level() >= .seals else { return .again(after: Self.levelInterval) }
        do {
            try await submit(.claimSealKey(node.sealPublicKey))
            return .done
        } catch {
            guard error.code == RefusalCode.sealKeyClaimed.rawValue else { return .again(after: Self.interval) }
            // It serves on: what it has is as good as before. Others have to seal without it.
            logger.error("this node signs no seals", metadata: ["error": "\(error.message)"])
            return .done
        }
    }

    private func submit(_ body: CommandBody) async throws(ServiceError) {
        let call = WriteCall(caller: .node(node.member), timeout: .seconds(5))
        _ = try await DirectoryWriter(client: node).submit(body, call)
    }

    private var reader: DirectoryReader { DirectoryReader(client: node, codec: ProtobufCodec()) }

    /// Nil while this node's state does not name it.
    private func record() async -> MemberRecord? {
        let member = node.member
        let found = try? await reader.read { view throws(StateDamage) in try view.member(member) }
        return found ?? nil
    }

    private func level() async -> FeatureLevel {
        let cluster = try? await reader.read { view throws(StateDamage) in try view.cluster() }
        return cluster?.featureLevel ?? .first
    }
}
