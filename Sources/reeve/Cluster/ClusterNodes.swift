import HTTPAPI
import JSON

/// The nodes of a cluster and what each says of itself.
enum ClusterNodes {
    struct Row: Sendable {
        let node: ClusterContext.Node
        let status: JSONValue?
        let error: String?
        /// As the log has them; nil where nobody was asked or told.
        fileprivate(set) var labels: JSONValue?

        var isReady: Bool { status?["ready"]?.boolValue == true }
        var leads: Bool { status?["role"]?.stringValue == "leader" }
        var isEdge: Bool { status?["role"]?.stringValue == "edge" }
        fileprivate var revision: Int64 { status?["revision"]?.integerValue ?? 0 }

        var members: [JSONMember] {
            [
                JSONMember(name: "node", value: .string(node.name)),
                JSONMember(name: "status", value: status ?? .null),
                JSONMember(name: "error", value: error.json),
                JSONMember(name: "labels", value: labels ?? .null),
            ]
        }

        var warnings: [String] {
            (status?["warnings"]?.arrayValue ?? []).map { "\(node.name): \($0.cell)" } + (error.map { [$0] } ?? [])
        }
    }

    /// Asks the nodes of the context, and the members that these tell of.
    ///
    /// - Parameter edges: Whether also the edges, of which there may be a thousand, and what nodes are labelled with, as far as the
    ///   caller may know of that.
    static func ask(_ client: ClusterClient, edges: Bool = false) async -> [Row] {
        let rows = await ask(client, client.nodes)
        // With --node one is asked for on purpose.
        guard client.nodes.count > 1 else { return rows }
        let newest = rows.filter { $0.status != nil }.max { $0.revision < $1.revision }
        let peers = newest?.status?["peers"]?.arrayValue?.compactMap { node($0, at: $0["api_address"]) } ?? []
        let listed = edges ? await list(client, by: newest?.node) : []
        let told = peers + self.edges(listed)
        let others = told.filter { node in !client.nodes.contains { $0.name == node.name } }
        let known = Set(told.map(\.name))
        let members = rows.filter { $0.status != nil || peers.isEmpty || known.contains($0.node.name) }
        let all = members + (await ask(client, others))
        return all.map { row in
            var row = row
            row.labels = listed.first { $0["name"]?.stringValue == row.node.name }?["labels"]
            return row
        }
    }

    private static func list(_ client: ClusterClient, by node: ClusterContext.Node?) async -> [JSONValue] {
        guard let node else { return [] }
        let reply = try? await client.send(ClusterClient.Request(path: "/v1/members"), to: node, timeout: .seconds(5))
        return reply?.body["items"]?.arrayValue ?? []
    }

    private static func edges(_ listed: [JSONValue]) -> [ClusterContext.Node] {
        listed.filter { $0["role"]?.stringValue == "edge" }
            .compactMap { self.node($0, at: $0["api_addresses"]?.arrayValue?.first) }
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
