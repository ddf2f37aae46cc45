internal import Directory
internal import JSON
internal import Service

extension AdminAPI {
    static let roleRoutes: [AdminRoute] = [
        AdminRoute("GET", "/v1/roles", .reader, query: AdminCall.listQuery) { api, call in
            let request = try call.list()
            let page = try await api.read(call) { view throws(StateDamage) in try view.roles(request) }
            return Self.page(page) { .object($0.members) }
        },
        AdminRoute("GET", "/v1/roles/{name}", .reader, query: AdminCall.readQuery) { api, call in
            let name = call.parameter("name")
            let record = try await api.find("role \(name)", call) { view throws(StateDamage) in try view.role(name) }
            return .json(.object(record.members), tag: record.metadata.revision)
        },
        AdminRoute("PUT", "/v1/roles/{name}", .caller, preconditions: true) { api, call in
            var reader = try call.body()
            let spec = try RoleSpec(call.parameter("name"), reading: &reader)
            try reader.finish()
            return try await api.put(.role(spec), call)
        },
        AdminRoute("DELETE", "/v1/roles/{name}", .caller, preconditions: true) { api, call in
            try await api.delete(.role(call.parameter("name")), call)
        },
    ]

    static let assignmentRoutes: [AdminRoute] = [
        AdminRoute("GET", "/v1/assignments", .reader, query: AdminCall.listQuery + ["principal", "role"]) { api, call in
            try await api.listAssignments(call)
        },
        AdminRoute("GET", "/v1/assignments/{id}", .reader, query: AdminCall.readQuery) { api, call in
            let id = call.parameter("id")
            let record = try await api.find("assignment \(id)", call) { view throws(StateDamage) in
                try view.assignment(id)
            }
            return .json(.object(record.members), tag: record.metadata.revision)
        },
        AdminRoute("PUT", "/v1/assignments/{id}", .caller, preconditions: true) { api, call in
            var reader = try call.body()
            let spec = try AssignmentSpec(call.parameter("id"), reading: &reader)
            try reader.finish()
            return try await api.put(.assignment(spec), call)
        },
        AdminRoute("DELETE", "/v1/assignments/{id}", .caller, preconditions: true) { api, call in
            try await api.delete(.assignment(call.parameter("id")), call)
        },
    ]

    private func listAssignments(_ call: AdminCall) async throws -> AdminResponse {
        let request = try call.list()
        let role = call.query("role")
        if let principal = try call.principal("principal") {
            guard role == nil else { throw AdminCall.invalid("give principal or role, not both") }
            let items = try await read(call) { view throws(StateDamage) in try view.assignments(of: principal) }
            return Self.all(items.map { .object($0.members) })
        }
        let page = try await read(call) { view throws(StateDamage) in
            if let role { return try view.assignments(ofRole: role, request) }
            return try view.assignments(request)
        }
        return Self.page(page) { .object($0.members) }
    }
}

extension RoleRecord {
    var members: [JSONMember] { [JSONMember("name", spec.name)] + spec.members + metadata.members }
}

extension AssignmentRecord {
    var members: [JSONMember] {
        [JSONMember("id", spec.id)] + spec.members + [JSONMember("grantor", grantor.json)] + metadata.members
    }
}
