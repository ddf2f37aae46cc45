import Directory
import JSON

/// Which nodes are in which ring of a roll-out, by the labels that the log has.
struct RingMembers {
    private let nodes: [(name: String, labels: Labels)]

    /// - Parameter members: Of `GET /v1/members`.
    init(_ members: [JSONValue]) {
        nodes = members.compactMap { member in
            guard let name = member["name"]?.stringValue else { return nil }
            let entries = (member["labels"]?.objectValue ?? []).map {
                Labels.Entry($0.name, $0.value.stringValue ?? "")
            }
            return Labels(entries).map { (name, $0) }
        }
    }

    /// Nil for a caller who may roll out, and not know of nodes.
    static func ask(_ client: ClusterClient) async throws -> RingMembers? {
        do {
            return RingMembers(try await client.send(.init(path: "/v1/members")).body["items"]?.arrayValue ?? [])
        } catch let error as APIError where error.status == 403 { return nil }
    }

    func names(in ring: Ring) -> [String] {
        nodes.filter { ring.contains($0.labels) }.map(\.name)
    }

    /// - Throws: Where a ring has nobody: a roll-out would stop before it, for ever.
    func check(_ rings: [Ring]) throws {
        guard let empty = rings.first(where: { names(in: $0).isEmpty }) else { return }
        let labelled = nodes.flatMap { node in node.labels.entries.map { "\($0.key)=\($0.value) (\(node.name))" } }
        let known = labelled.isEmpty ? "no node has labels" : "nodes have \(labelled.joined(separator: ", "))"
        throw CommandError(
            "no node has the labels \(empty); the roll-out would never go on",
            advice: "\(known); `reeve cluster label` gives some"
        )
    }
}
