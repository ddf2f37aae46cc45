internal import Directory
internal import JSON
internal import Kernel
internal import Service

/// Statements that were made outside the log, under warrants.
extension AdminAPI {
    static let statementRoutes: [AdminRoute] = [
        AdminRoute("POST", "/v1/statements", .open) { api, call in try await api.make(call) },
        AdminRoute("GET", "/v1/statements", .reader, query: AdminCall.listQuery + ["state"]) { api, call in
            try await api.listStatements(call)
        },
        AdminRoute("GET", "/v1/statements/{id}", .reader, query: AdminCall.readQuery) { api, call in
            try await api.getStatement(call)
        },
    ]

    /// What the longest reason takes with every character escaped, and the other members.
    static let statementByteCount = 32 * 1024

    /// Open to whoever has the warrant's key: the statement's signature is its credential. Asks neither leader nor quorum, and
    /// is not refused by a node that does not serve: it takes authority away, and never gives any.
    private func make(_ call: AdminCall) async throws -> AdminResponse {
        guard call.request.body.count <= Self.statementByteCount else {
            throw ServiceError(
                .tooLarge,
                code: "body_too_large",
                message: "a statement has at most \(Self.statementByteCount) bytes"
            )
        }
        var body = try call.body()
        let signed = try SignedStatement(reading: &body)
        try body.finish()
        let id = JSONMember("id", signed.id.hex)
        return switch try await writer.make(signed) {
        case .enforced: .json(.object([id, JSONMember("state", "enforced")]), status: 202)
        case .recorded(let revision):
            .json(.object([id, JSONMember("state", "recorded"), JSONMember("revision", revision.json)]))
        }
    }

    private func listStatements(_ call: AdminCall) async throws -> AdminResponse {
        switch call.query("state") {
        case "refused":
            let request = try call.list()
            let page = try await read(call) { view throws(StateDamage) in try view.refusedStatements(request) }
            return Self.page(page, \.json)
        case "enforced": return Self.all(await client.pendingStatements().map(Self.enforced))
        default:
            throw AdminCall.invalid(
                "state must be refused or enforced; those that are recorded are under /v1/revocations"
            )
        }
    }

    private func getStatement(_ call: AdminCall) async throws -> AdminResponse {
        guard let id = Digest(hex: call.parameter("id")) else {
            throw AdminCall.invalid("the id of a statement is 64 hexadecimal digits")
        }
        // Before the state is read: what was judged since is found there.
        let pending = await client.pendingStatements().first { $0.id == id }
        let judged = try await read(call) { view throws(StateDamage) -> (json: JSONValue, revision: LogIndex)? in
            if let record = try view.revocation(id) { return (record.statementJSON, record.index) }
            if let record = try view.refusedStatement(id) { return (record.json, record.index) }
            return nil
        }
        let containment = JSONMember("containment", await client.containment(of: id)?.json ?? .null)
        if let judged { return .json(judged.json.adding(containment), tag: judged.revision) }
        guard let pending else {
            throw ServiceError(.notFound, code: "not_found", message: "there is no statement \(id.hex) at this node")
        }
        return .json(Self.enforced(pending).adding(containment))
    }

    private static func enforced(_ signed: SignedStatement) -> JSONValue {
        .object([JSONMember("state", "enforced")] + signed.members)
    }
}

extension RevocationRecord {
    fileprivate var statementJSON: JSONValue {
        .object([JSONMember("state", "recorded")] + (json.objectValue ?? []))
    }
}

extension JSONValue {
    fileprivate func adding(_ member: JSONMember) -> JSONValue { .object((objectValue ?? []) + [member]) }
}

extension Containment {
    fileprivate var json: JSONValue {
        [
            "complete": .bool(isComplete),
            "nodes": .array(
                nodes.map {
                    [
                        "name": .string($0.name), "id": .string($0.member.uuid), "since": $0.since?.json ?? .null,
                        "first_hand": .bool($0.isFirstHand),
                    ]
                }
            ),
            "others_stop_by": othersStopBy?.json ?? .null,
        ]
    }
}
