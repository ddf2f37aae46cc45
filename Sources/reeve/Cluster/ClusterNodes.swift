import HTTPAPI
import JSON

/// The nodes of a cluster and what each says of itself.
enum ClusterNodes {
    struct Row: Sendable {
        let node: ClusterContext.Node
        let status: JSONValue?
        let error: String?

        var isReady: Bool { status?["ready"]?.boolValue == true }
        var leads: Bool { status?["role"]?.stringValue == "leader" }
        var isEdge: Bool { status?["role"]?.stringValue == "edge" }
        fileprivate var revision: Int64 { status?["revision"]?.integerValue ?? 0 }

        var members: [JSONMember] {
            [
                JSONMember(name: "node", value: .string(node.name)),
                JSONMember(name: "status", value: status ?? .null),
                JSONMember(name: "error", value: error.json),
            ]
        }

        var warnings: [String] {
            (status?["warnings"]?.arrayValue ?? []).map { "\(node.name): \($0.cell)" } + (error.map { [$0] } ?? [])
        }
    }

    /// Asks the nodes of the context, and the members that these tell of.
    ///
    /// - Parameter edges: Whether also the edges, of which there may be a thousand, as far as the caller may know of them.
    static func ask(_ client: ClusterClient, edges: Bool = false) async -> [Row] {
        let rows = await ask(client, client.context.nodes)
        // With --node one is asked for on purpose.
        guard client.context.nodes.count > 1 else { return rows }
        let newest = rows.filter { $0.status != nil }.max { $0.revision < $1.revision }
        let peers = newest?.status?["peers"]?.arrayValue?.compactMap { node($0, at: $0["api_address"]) } ?? []
        let found = edges ? await self.edges(client, by: newest?.node) : []
        let told = peers + found
        let others = told.filter { node in !client.context.nodes.contains { $0.name == node.name } }
        let known = Set(told.map(\.name))
        let members = rows.filter { $0.status != nil || peers.isEmpty || known.contains($0.node.name) }
        return members + (await ask(client, others))
    }

    private static func edges(_ client: ClusterClient, by node: ClusterContext.Node?) async -> [ClusterContext.Node] {
        guard let node else { return [] }
        let reply = try? await client.send(ClusterClient.Request(path: "/v1/members"), to: node, timeout: .seconds(5))
        let edges = (reply?.body["items"]?.arrayValue ?? []).filter { $0["role"]?.stringValue == "edge" }
        return edges.compactMap { self.node($0, at: $0["api_addresses"]?.arrayValue?.first) }
            .sorted { $0.name < $1.name }
    }

    private static func node(_ told: JSONValue, at address: JSONValue?) -> ClusterContext.Node? {
        guard let name = told["name"]?.stringValue, let address = address?.stringValue, !address.isEmpty else {
            return nil
        }
        return ClusterContext.Node(name: name, admin: "https://\(address)", decisions: "")
    }

    /// A row for each, in their order.
    static func ask(_ client: ClusterClient, _ nodes: [ClusterContext.Node]) async -> [Row] {
        await withTaskGroup(of: (Int, Row).self) { group in
            for (index, node) in nodes.enumerated() {
                group.addTask {
                    do {
                        let request = ClusterClient.Request(path: "/v1/node/status")
                        let reply = try await client.send(request, to: node, timeout: .seconds(5))
                        return (index, Row(node: node, status: reply.body, error: nil))
                    } catch {
                        return (index, Row(node: node, status: nil, error: "\(error)"))
                    }
                }
            }
            var rows: [(Int, Row)] = []
            for await row in group { rows.append(row) }
            return rows.sorted { $0.0 < $1.0 }.map(\.1)
        }
    }
}
