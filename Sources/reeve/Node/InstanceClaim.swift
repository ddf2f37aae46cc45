import Directory
import Host
import Kernel
import Logging
import Service
import ServiceLifecycle
import Wire

/// Names the node's data directory in the log, once, so that its peers will know it from one that has lost its data.
struct InstanceClaim: ServiceLifecycle.Service {
    let node: Node
    let logger: Logger

    /// Between attempts, while there is no leader or the node has not caught up.
    private static let interval = Duration.seconds(1)

    /// - Throws: `ServiceError` when the log names another data directory.
    func run() async throws {
        try await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                if try await claim() { return }
                // Cancelled is asked in the loop.
                try? await Task.sleep(for: Self.interval)
            }
        }
    }

    /// Whether there is nothing more to do.
    private func claim() async throws -> Bool {
        let member = node.member
        let reader = DirectoryReader(client: node, codec: ProtobufCodec())
        let found = try? await reader.read { view throws(StateDamage) in try view.member(member) }
        guard let record = found ?? nil else { return false }
        if record.instance == node.instance { return true }
        let call = WriteCall(caller: .node(member), timeout: .seconds(5))
        do {
            _ = try await DirectoryWriter(client: node).submit(.claimMember(instance: node.instance), call)
            return true
        } catch {
            guard error.code == RefusalCode.identityClaimed.rawValue else { return false }
            logger.critical("this is not the data directory of this member", metadata: ["error": "\(error.message)"])
            throw error
        }
    }
}
