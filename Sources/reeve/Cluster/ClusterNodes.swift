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
        /// It answers, and the cluster has removed it, or what it was before it joined again.
        var isRemoved = false
        /// As others say, where it does not answer.
        var isToldVoter = false

        var isVoter: Bool {
            guard !isRemoved, let role = status?["role"]?.stringValue else { return isToldVoter }
            return role != "learner" && role != "edge"
        }

        /// Which member it is, and which life of it; nil where it does not say.
        fileprivate var identity: String? { status.flatMap { ClusterNodes.identity($0, "member") } }

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
                JSONMember(name: "removed", value: .bool(isRemoved)),
            ]
        }

        var warnings: [String] {
            (status?["warnings"]?.arrayValue ?? []).map { "\(node.name): \($0.cell)" } + (error.map { [$0] } ?? [])
        }
    }

    /// Asks the nodes of the context, and the members that these tell of.
    ///
    /// - Parameters:
    ///   - edges: Whether also the edges, of which there may be a thousand, and what nodes are labelled with, as far as the caller
    ///     may know of that.
    ///   - isAlone: Whether those of the context are asked for on purpose, and no others.
    static func ask(_ client: ClusterClient, edges: Bool = false, isAlone: Bool = false) async -> [Row] {
        let rows = await ask(client, client.nodes)
        guard !isAlone else { return rows }
        let newest = rows.filter { $0.status != nil }.max {
            ($0.isReady ? 1 : 0, $0.revision) < ($1.isReady ? 1 : 0, $1.revision)
        }
        // An edge has no peers, but the list.
        let listed = edges || newest?.isEdge == true ? await list(client, by: newest?.node) : []
        let view = View(newest, listed: listed.filter { edges || $0["role"]?.stringValue != "edge" })
        let others = view.nodes.filter { node in !client.nodes.contains { $0.name == node.name } }
        let members = rows.filter { $0.status != nil || view.names.isEmpty || view.names.contains($0.node.name) }
        return view.completed(members + (await ask(client, others)))
    }

    /// What one node says of the others.
    struct View {
        private let teller: Row?
        private let listed: [JSONValue]
        /// Members, then edges by name.
        let nodes: [ClusterContext.Node]
        let names: Set<String>
        private let voters: Set<String>
        /// Of all that the cluster has now; nil where the node is not ready, and may not know.
        private let identities: Set<String>?

        init(_ teller: Row?, listed: [JSONValue]) {
            let peers = teller?.status?["peers"]?.arrayValue ?? []
            let (edges, members) = (
                listed.filter { $0["role"]?.stringValue == "edge" }, listed.filter { $0["role"]?.stringValue != "edge" }
            )
            self.teller = teller
            self.listed = listed
            let told = peers.compactMap { ClusterNodes.node($0, at: $0["api_address"]) }
            let unheard = members.compactMap { ClusterNodes.node($0, at: $0["api_addresses"]?.arrayValue?.first) }
                .filter { node in node.name != teller?.node.name && !told.contains { $0.name == node.name } }
            let far = edges.compactMap { ClusterNodes.node($0, at: $0["api_addresses"]?.arrayValue?.first) }
            nodes = told + unheard + far.sorted { $0.name < $1.name }
            names = Set(nodes.map(\.name))
            voters = Set(
                (peers + members).filter { $0["voter"]?.boolValue == true }.compactMap { $0["name"]?.stringValue }
            )
            let known =
                peers.compactMap { ClusterNodes.identity($0, "member") }
                + listed.compactMap { ClusterNodes.identity($0, "id") }
            identities = teller?.isReady == true ? Set(known) : nil
        }

        func completed(_ rows: [Row]) -> [Row] {
            rows.map { row in
                var row = row
                row.labels = listed.first { $0["name"]?.stringValue == row.node.name }?["labels"]
                row.isToldVoter = voters.contains(row.node.name)
                row.isRemoved = isRemoved(row)
                return row
            }
        }

        /// An edge is missed only in a list, which not every caller is given.
        private func isRemoved(_ row: Row) -> Bool {
            guard let identities, let identity = row.identity, row.node.name != teller?.node.name else { return false }
            guard !row.isEdge || !listed.isEmpty else { return false }
            return !identities.contains(identity)
        }
    }

    fileprivate static func identity(_ told: JSONValue, _ member: String) -> String? {
        told[member]?.stringValue.map { "\($0)/\(told["incarnation"]?.cell ?? "")" }
    }

    private static func list(_ client: ClusterClient, by node: ClusterContext.Node?) async -> [JSONValue] {
        guard let node else { return [] }
        let reply = try? await client.send(ClusterClient.Request(path: "/v1/members"), to: node, timeout: .seconds(5))
        return reply?.body["items"]?.arrayValue ?? []
    }

    fileprivate static func node(_ told: JSONValue, at address: JSONValue?) -> ClusterContext.Node? {
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
