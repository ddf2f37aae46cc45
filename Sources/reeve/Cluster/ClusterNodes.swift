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

        var json: JSONValue {
            .object([
                JSONMember(name: "node", value: .string(node.name)),
                JSONMember(name: "status", value: status ?? .null),
                JSONMember(name: "error", value: error.json),
            ])
        }

        var warnings: [String] {
            (status?["warnings"]?.arrayValue ?? []).map { "\(node.name): \($0.cell)" } + (error.map { [$0] } ?? [])
        }
    }

    /// Asks the nodes of the context, and the members that these tell of.
    static func ask(_ client: ClusterClient) async -> [Row] {
        let rows = await ask(client, client.context.nodes)
        let peers = rows.compactMap(\.status).max { revision(of: $0) < revision(of: $1) }?["peers"]?.arrayValue ?? []
        let others = peers.compactMap { peer -> ClusterContext.Node? in
            guard let name = peer["name"]?.stringValue, let address = peer["api_address"]?.stringValue,
                !address.isEmpty, !client.context.nodes.contains(where: { $0.name == name })
            else { return nil }
            return ClusterContext.Node(name: name, admin: "https://\(address)", decisions: "")
        }
        // With --node one is asked for on purpose.
        guard client.context.nodes.count > 1 else { return rows }
        let known = Set(peers.compactMap { $0["name"]?.stringValue })
        let members = rows.filter { $0.status != nil || peers.isEmpty || known.contains($0.node.name) }
        return members + (await ask(client, others))
    }

    private static func revision(of status: JSONValue) -> Int64 { status["revision"]?.integerValue ?? 0 }

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
