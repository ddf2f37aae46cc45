internal import Directory
internal import JSON
internal import Kernel
internal import Service

extension AdminAPI {
    static let auditRoutes: [AdminRoute] = [
        AdminRoute(
            "GET",
            "/v1/audit",
            .reader,
            query: ["from", "action", "target", "caller", "limit", "cursor"] + AdminCall.readQuery
        ) { api, call in try await api.audit(call) },
        AdminRoute(
            "GET",
            "/v1/audit/decisions",
            .reader,
            query: ["subject", "action", "resource", "result", "request_id", "since", "limit"]
        ) { api, call in
            let entries = try await api.options.search(decisionFilter(call))
            return Self.all(entries.map(\.json))
        },
    ]

    /// Rows that one request looks at, so that a search that finds nothing ends.
    private static let scanLimit = 10_000

    private func audit(_ call: AdminCall) async throws -> AdminResponse {
        let limit = try call.limit()
        guard let start = UInt64(call.query("cursor") ?? call.query("from") ?? "0") else {
            throw AdminCall.invalid("from must be a revision, and cursor the next of an earlier answer")
        }
        let filter = CommandFilter(call)
        let found = try await read(call) { view throws(StateDamage) in
            try filter.run(view, from: start, limit: limit, scanning: Self.scanLimit)
        }
        return .json([
            "items": .array(found.items.map(\.json)), "next": found.next.map { .string(String($0)) } ?? .null,
        ])
    }

    private static func decisionFilter(_ call: AdminCall) throws(ServiceError) -> DecisionLogFilter {
        var filter = DecisionLogFilter(limit: try call.limit())
        filter.subject = call.query("subject")
        filter.action = call.query("action")
        filter.resource = call.query("resource")
        filter.requestID = call.query("request_id")
        if let text = call.query("since") {
            guard let time = WallTime(rfc3339: text) else { throw AdminCall.invalid("since must be a time in UTC") }
            filter.since = time
        }
        switch call.query("result") {
        case nil: break
        case "allow": filter.isAllowed = true
        case "deny": filter.isAllowed = false
        default: throw AdminCall.invalid("result must be allow or deny")
        }
        return filter
    }
}

/// Which commands of the history are wanted. Every part that is given must be equal.
private struct CommandFilter: Sendable {
    let action: String?
    let target: String?
    let caller: String?

    init(_ call: AdminCall) {
        action = call.query("action")
        target = call.query("target")
        caller = call.query("caller")
    }

    struct Found: Sendable {
        var items: [CommandRecord] = []
        /// Revision at which the search goes on; nil at the end of the history.
        var next: UInt64?
    }

    func run(
        _ view: DirectoryView<ConsistentView>,
        from start: UInt64,
        limit: Int,
        scanning scanLimit: Int
    ) throws(StateDamage) -> Found {
        var found = Found()
        var next: UInt64? = start
        var scanned = 0
        while let from = next, scanned < scanLimit, found.items.count < limit {
            let page = try view.commands(from: LogIndex(from), limit: min(limit - found.items.count, 1000))
            found.items += page.items.filter(matches)
            scanned += page.items.count
            next = page.next == nil ? nil : page.items.last.map { $0.index.next.number }
        }
        found.next = next
        return found
    }

    private func matches(_ record: CommandRecord) -> Bool {
        (action == nil || action == record.action) && (target == nil || target == record.target)
            && (caller == nil || caller == record.caller.description)
    }
}

extension CommandRecord {
    fileprivate var json: JSONValue {
        let outcome: String
        switch result {
        case .done: outcome = "done"
        case .refused(let refusal):
            outcome = ([refusal.code.rawValue] + refusal.names).joined(separator: " ")
        }
        return [
            "revision": index.json, "time": time.json, "caller": caller.json, "action": .string(action),
            "target": .string(target), "result": .string(outcome), "idempotency_key": .string(idempotencyKey),
            "authenticated_by": .string(authenticatedBy.uuid),
        ]
    }
}

extension DecisionLogEntry {
    fileprivate var json: JSONValue {
        [
            "time": time.json, "request_id": .string(requestID), "caller": caller?.json ?? .null,
            "search": .bool(isSearch), "subject": subject.json,
            "action": .string(action), "resource": resource.json, "result": .string(isAllowed ? "allow" : "deny"),
            "code": .string(code), "policies": .array(policies.map { .string($0) }),
            "obligations": .array(obligations.map { .string($0) }), "advice": .array(advice.map { .string($0) }),
            "revision": revision.json, "epoch": epoch.json, "age_ms": ageMilliseconds.map(\.json) ?? .null,
        ]
    }
}

extension DecisionLogEntry.Entity {
    fileprivate var json: JSONValue { ["type": .string(type), "id": .string(id)] }
}
