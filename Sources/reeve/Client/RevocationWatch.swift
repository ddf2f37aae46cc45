import Directory
import HTTPAPI
import Identity
import JSON
import Synchronization

/// Sends a revocation and asks every node for decisions until each denies.
struct RevocationWatch: Sendable {
    let client: ClusterClient
    let principal: PrincipalID
    /// What is asked about; nil asks for something that nobody has, and waits for the revision instead.
    let action: String?
    let resource: EntityName?

    static let timeout = Duration.seconds(10)
    private static let interval = Duration.milliseconds(1)

    struct Report: Sendable {
        struct Row: Sendable {
            let node: String
            /// What the node decided before; nil if it did not answer.
            let before: String?
            let after: String?
            /// From sending the revocation until the node had denied.
            let milliseconds: Double?
            let error: String?
        }

        let subject: String
        let revision: Int64
        /// Its id.
        var statement: String?
        /// From sending the revocation until it was acknowledged.
        let acknowledgedMilliseconds: Double
        let rows: [Row]

        var isComplete: Bool { rows.allSatisfy { $0.milliseconds != nil } }

        var text: String {
            var table = Table("node", "before", "after", "denied after")
            for row in rows {
                let time = row.milliseconds.map { "\(Self.rounded($0)) ms" } ?? "not yet"
                table.add(row.node, row.before ?? "no answer", row.after ?? "no answer", time)
            }
            let acknowledged = Self.rounded(acknowledgedMilliseconds)
            let errors = rows.compactMap { row in row.milliseconds == nil ? row.error.map { "\($0)\n" } : nil }.joined()
            return "\(subject) is revoked (revision \(revision), acknowledged after \(acknowledged) ms)\n"
                + (statement.map { "statement \($0)\n" } ?? "") + table.text + errors
                + (rows.contains { $0.before == "allow" } ? "" : Self.unproven)
        }

        private static let unproven = """
            No node allowed this before, so the times say when each knew of it, not when it began to deny; name what it may do \
            with --action and --resource.

            """

        var json: JSONValue {
            [
                "subject": .string(subject), "id": statement.json, "revision": .integer(revision),
                "acknowledged_ms": .decimal(Self.rounded(acknowledgedMilliseconds)),
                "nodes": .array(
                    rows.map { row in
                        [
                            "node": .string(row.node), "before": row.before.json, "after": row.after.json,
                            "denied_after_ms": row.milliseconds.map { .decimal(Self.rounded($0)) } ?? .null,
                            "error": row.error.json,
                        ]
                    }
                ),
            ]
        }

        private static func rounded(_ milliseconds: Double) -> String {
            let tenths = Int64((milliseconds * 10).rounded())
            return "\(tenths / 10).\(tenths % 10)"
        }
    }

    /// Revision of the revocation once it was acknowledged.
    private final class Acknowledgement: Sendable {
        let revision = Mutex<Int64?>(nil)
    }

    func run(_ revocation: ClusterClient.Request) async throws -> Report {
        var before: [String: String] = [:]
        // Also opens the connections, so that no handshake is measured below.
        for node in client.nodes { before[node.name] = try? await decide(at: node).decision }
        let clock = ContinuousClock()
        let start = clock.now
        let acknowledgement = Acknowledgement()
        return try await withThrowingTaskGroup(of: Report.Row.self) { group in
            for node in client.nodes {
                let earlier = before[node.name]
                group.addTask {
                    await watch(node, before: earlier, since: start, acknowledgement)
                }
            }
            let reply = try await client.send(revocation)
            let acknowledged = Self.milliseconds(clock.now - start)
            let revision = reply.body["revision"]?.integerValue ?? 0
            acknowledgement.revision.withLock { $0 = revision }
            var rows: [Report.Row] = []
            for try await row in group { rows.append(row) }
            return Report(
                subject: principal.description,
                revision: revision,
                statement: reply.body["id"]?.stringValue,
                acknowledgedMilliseconds: acknowledged,
                rows: rows.sorted { $0.node < $1.node }
            )
        }
    }

    private func watch(
        _ node: ClusterContext.Node,
        before: String?,
        since start: ContinuousClock.Instant,
        _ acknowledgement: Acknowledgement
    ) async -> Report.Row {
        var last: (decision: String, revision: Int64)?
        var failure: String?
        while ContinuousClock.now - start < Self.timeout, !Task.isCancelled {
            do {
                let answer = try await decide(at: node)
                (last, failure) = (answer, nil)
                if answer.decision == "deny", isCause(answer, before: before, acknowledgement.revision.withLock { $0 })
                {
                    let time = Self.milliseconds(ContinuousClock.now - start)
                    return Report.Row(node: node.name, before: before, after: "deny", milliseconds: time, error: nil)
                }
            } catch {
                failure = "\(error)"
            }
            try? await Task.sleep(for: Self.interval)
        }
        return Report.Row(node: node.name, before: before, after: last?.decision, milliseconds: nil, error: failure)
    }

    /// Whether a denial comes of the revocation: it was allowed before, or the node knows of the revocation by now.
    private func isCause(_ answer: (decision: String, revision: Int64), before: String?, _ revision: Int64?) -> Bool {
        if before == "allow" { return true }
        guard let revision else { return false }
        return answer.revision >= revision
    }

    private func decide(at node: ClusterContext.Node) async throws -> (decision: String, revision: Int64) {
        let resource = resource ?? EntityName(type: "Reeve::Probe", id: "revocation")
        let body: JSONValue = [
            "subject": ["type": .string(principal.kind.rawValue), "id": .string(principal.name)],
            "action": ["name": .string(action ?? "probe")],
            "resource": ["type": .string(resource.type), "id": .string(resource.id)],
        ]
        let request = ClusterClient.Request(method: .post, path: "/access/v1/evaluation", body: body)
        let reply = try await client.send(request, to: node, port: .decisions, timeout: .seconds(2))
        guard let isAllowed = reply.body["decision"]?.boolValue else {
            throw CommandError("the answer holds no decision", at: node.name)
        }
        return (isAllowed ? "allow" : "deny", reply.body["context"]?["revision"]?.integerValue ?? 0)
    }

    private static func milliseconds(_ duration: Duration) -> Double { duration / .milliseconds(1) }
}
