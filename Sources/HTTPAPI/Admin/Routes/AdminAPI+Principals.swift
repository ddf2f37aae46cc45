internal import Decision
internal import Directory
internal import Identity
internal import JSON
internal import Kernel
internal import Service

extension AdminAPI {
    static let principalRoutes: [AdminRoute] = [
        AdminRoute("GET", "/v1/principals", .reader, query: AdminCall.listQuery + ["kind"]) { api, call in
            try await api.listPrincipals(call)
        },
        AdminRoute("GET", "/v1/principals/{kind}/{name}", .reader, query: AdminCall.readQuery) { api, call in
            try await api.getPrincipal(call)
        },
        AdminRoute("PUT", "/v1/principals/{kind}/{name}", .caller, preconditions: true) { api, call in
            let id = try principalID(call)
            var reader = try call.body()
            let spec = try PrincipalSpec(id, reading: &reader)
            try reader.finish()
            return try await api.put(.principal(spec), call)
        },
        AdminRoute("DELETE", "/v1/principals/{kind}/{name}", .caller, preconditions: true) { api, call in
            try await api.delete(.principal(principalID(call)), call)
        },
    ]

    private static func principalID(_ call: AdminCall) throws(ServiceError) -> PrincipalID {
        let text = "\(call.parameter("kind"))/\(call.parameter("name"))"
        guard let id = PrincipalID(parsing: text) else {
            let kinds = PrincipalKind.allCases.map(\.rawValue).joined(separator: ", ")
            throw AdminCall.invalid(
                "a principal is KIND/NAME with a kind of \(kinds) and a name of \(PrincipalID.grammar)"
            )
        }
        return id
    }

    private func listPrincipals(_ call: AdminCall) async throws -> AdminResponse {
        let name = call.query("kind") ?? PrincipalKind.agent.rawValue
        guard let kind = PrincipalKind(rawValue: name) else {
            throw AdminCall.invalid(
                "kind must be one of \(PrincipalKind.allCases.map(\.rawValue).joined(separator: ", "))"
            )
        }
        let request = try call.list()
        let found = try await read(call) { view throws(StateDamage) in
            let page = try view.principals(kind, request)
            var items: [(PrincipalRecord, SubjectStatus)] = []
            for record in page.items { items.append((record, try view.status(.principal(record.spec.id)))) }
            return Page(items: items, next: page.next)
        }
        let snapshot = client.decisionState.snapshot
        return Self.page(found) { record, recorded in
            .object(record.members(status: max(recorded, snapshot.status(.principal(record.spec.id)))))
        }
    }

    private func getPrincipal(_ call: AdminCall) async throws -> AdminResponse {
        let id = try Self.principalID(call)
        let found = try await find("principal \(id)", call) { view throws(StateDamage) in
            try view.principal(id).map { record throws(StateDamage) in
                PrincipalState(
                    record: record,
                    status: try view.status(.principal(id)),
                    assignments: try view.assignments(of: id),
                    statements: try view.revocations(of: .principal(id))
                )
            }
        }
        let snapshot = client.decisionState.snapshot
        let status = max(found.status, snapshot.status(.principal(id)))
        let assignments = found.assignments.map { record in
            JSONValue.object(record.members.filter { $0.name != "principal" })
        }
        let members = [
            JSONMember("assignments", .array(assignments)),
            JSONMember("statements", .array(found.statements.map(\.json))),
            JSONMember("cascade", snapshot.cascade(above: EntityUIDs.principal(id)).json),
        ]
        return .json(.object(found.record.members(status: status) + members), tag: found.record.metadata.revision)
    }

    /// A principal with what hangs on it, as of one state.
    private struct PrincipalState {
        let record: PrincipalRecord
        let status: SubjectStatus
        let assignments: [AssignmentRecord]
        let statements: [RevocationRecord]
    }
}

extension CascadeFinding {
    /// Null where nothing comes from above.
    fileprivate var json: JSONValue {
        switch self {
        case .none: .null
        case .under(let cascade): .object(cascade.members)
        case .unknown: ["status": .string(status.rawValue)]
        }
    }
}

extension PrincipalRecord {
    func members(status: SubjectStatus) -> [JSONMember] {
        [
            JSONMember("id", spec.id.description), JSONMember("kind", spec.id.kind.rawValue),
            JSONMember("name", spec.id.name), JSONMember("status", status.rawValue),
        ] + spec.members + metadata.members
    }
}
