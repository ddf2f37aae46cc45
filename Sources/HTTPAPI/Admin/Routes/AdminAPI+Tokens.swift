internal import Decision
internal import Directory
internal import Identity
internal import JSON
internal import Kernel
internal import Service

extension AdminAPI {
    static let tokenRoutes: [AdminRoute] = [
        AdminRoute("GET", "/v1/tokens", .reader, query: AdminCall.listQuery + ["principal"]) { api, call in
            try await api.listTokens(call)
        },
        AdminRoute("GET", "/v1/tokens/{id}", .reader, query: AdminCall.readQuery) { api, call in
            let id = call.parameter("id")
            let found = try await api.find("token \(id)", call) { view throws(StateDamage) in
                guard let record = try view.token(id) else { return nil as (TokenRecord, SubjectStatus)? }
                return (record, try view.status(.token(id)))
            }
            let status = max(found.1, api.client.decisionState.snapshot.status(.token(id)))
            return .json(found.0.json(status: status), tag: found.0.metadata.revision)
        },
        AdminRoute("POST", "/v1/tokens", .caller) { api, call in try await api.issueToken(call) },
        AdminRoute("DELETE", "/v1/tokens/{id}", .caller, preconditions: true) { api, call in
            try await api.delete(.token(call.parameter("id")), call)
        },
    ]

    private func listTokens(_ call: AdminCall) async throws -> AdminResponse {
        let request = try call.list()
        let principal = try call.principal("principal")
        let found = try await read(call) { view throws(StateDamage) in
            let records: Page<TokenRecord> =
                if let principal {
                    Page(items: try view.tokens(of: principal), next: nil)
                } else {
                    try view.tokens(request)
                }
            var items: [(TokenRecord, SubjectStatus)] = []
            for record in records.items { items.append((record, try view.status(.token(record.grant.id)))) }
            return Page(items: items, next: records.next)
        }
        let snapshot = client.decisionState.snapshot
        return Self.page(found) { record, recorded in
            record.json(status: max(recorded, snapshot.status(.token(record.grant.id))))
        }
    }

    /// The secret is in this one answer and nowhere else.
    private func issueToken(_ call: AdminCall) async throws -> AdminResponse {
        var body = try call.body()
        let principal = try body.principal("principal")
        let expiresAt = try body.time("expires_at")
        let description = try body.optionalString("description") ?? ""
        let id = try body.optionalString("id")
        try body.finish()
        let issued = try await writer.issueToken(
            id: id ?? Self.drawnID(call),
            for: principal,
            expiresAt: expiresAt,
            description: description,
            reader: reader,
            write(call)
        )
        return .receipt(
            issued.receipt,
            status: 201,
            adding: [JSONMember("id", issued.id), JSONMember("token", issued.secret.text)]
        )
    }

    /// The same for a retry, so that it is the same command; it is told that the secret was shown before.
    private static func drawnID(_ call: AdminCall) throws(ServiceError) -> String {
        if let key = try call.header("Idempotency-Key"), let caller = call.credential {
            return String(Digest.of(Array("\(caller) \(key)".utf8)).hex.prefix(16))
        }
        var source = SystemRandomNumberGenerator()
        return (0..<8).map { _ in UInt8.random(in: 0...255, using: &source) }.hex
    }
}

extension AdminCall {
    func principal(_ name: String) throws(ServiceError) -> PrincipalID? {
        guard let text = query(name) else { return nil }
        guard let id = PrincipalID(parsing: text) else { throw Self.invalid("\(name) must be KIND/NAME") }
        return id
    }
}

extension TokenRecord {
    func json(status: SubjectStatus) -> JSONValue {
        .object(
            [
                JSONMember("id", grant.id), JSONMember("principal", grant.principal.description),
                JSONMember("status", status.rawValue), JSONMember("expires_at", grant.expiresAt.json),
                JSONMember("description", grant.description), JSONMember("issuer", issuer.json),
            ] + metadata.members
        )
    }
}
