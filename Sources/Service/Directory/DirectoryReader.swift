package import Directory
package import Kernel

/// Reads of the directory, each of one consistent state.
package struct DirectoryReader: Sendable {
    private let client: any ReplicaClient
    private let codec: any DirectoryCodec

    package init(client: any ReplicaClient, codec: any DirectoryCodec) {
        self.client = client
        self.codec = codec
    }

    /// Gives what `query` finds.
    ///
    /// - Parameters:
    ///   - consistency: Waits until the state is as new as that.
    ///   - timeout: How long to wait for it.
    package func read<Result: Sendable>(
        _ consistency: ReadConsistency = .local,
        within timeout: Kernel.Span = .seconds(10),
        _ query: @escaping @Sendable (DirectoryView<ConsistentView>) throws(StateDamage) -> Result
    ) async throws(ServiceError) -> Result {
        switch consistency {
        case .atLeast(let revision): if revision > .zero { try await client.wait(until: revision, within: timeout) }
        case .linearizable: try await client.waitUntilCurrent(within: timeout)
        }
        let codec = codec
        return try await client.read { view throws(ServiceError) in
            do throws(StateDamage) {
                return try query(DirectoryView(ConsistentView(view), codec: codec))
            } catch {
                throw ServiceError(error)
            }
        }
    }

    /// As `read`, where nothing found is an error that names what was looked for.
    package func find<Result: Sendable>(
        _ name: String,
        _ consistency: ReadConsistency = .local,
        within timeout: Kernel.Span = .seconds(10),
        _ query: @escaping @Sendable (DirectoryView<ConsistentView>) throws(StateDamage) -> Result?
    ) async throws(ServiceError) -> Result {
        let found = try await read(consistency, within: timeout, query)
        guard let found else {
            throw ServiceError(.notFound, code: "not_found", message: "there is no \(name)")
        }
        return found
    }
}

/// The view that a read works on, as one type whatever keeps the state.
package struct ConsistentView: KeyValueView {
    private let view: any KeyValueView

    package init(_ view: any KeyValueView) { self.view = view }

    package func value(for key: [UInt8]) -> [UInt8]? { view.value(for: key) }
    package func first(atOrAfter key: [UInt8]) -> (key: [UInt8], value: [UInt8])? { view.first(atOrAfter: key) }
}
