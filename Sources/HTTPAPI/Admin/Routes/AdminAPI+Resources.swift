internal import Directory
internal import JSON
internal import Service

extension AdminAPI {
    static let resourceRoutes: [AdminRoute] = [
        AdminRoute("GET", "/v1/resources", .reader, query: AdminCall.listQuery + ["type"]) { api, call in
            let request = try call.list()
            let type = call.query("type")
            let page = try await api.read(call) { view throws(StateDamage) in try view.resources(type: type, request) }
            return Self.page(page) { .object($0.members) }
        },
        AdminRoute("GET", "/v1/resources/{type}/{id}", .reader, query: AdminCall.readQuery) { api, call in
            let id = resourceName(call)
            let record = try await api.find("resource \(id.text)", call) { view throws(StateDamage) in
                try view.resource(id)
            }
            return .json(.object(record.members), tag: record.metadata.revision)
        },
        AdminRoute("PUT", "/v1/resources/{type}/{id}", .caller, preconditions: true) { api, call in
            var reader = try call.body()
            let spec = try ResourceSpec(resourceName(call), reading: &reader)
            try reader.finish()
            return try await api.put(.resource(spec), call)
        },
        AdminRoute("DELETE", "/v1/resources/{type}/{id}", .caller, preconditions: true) { api, call in
            try await api.delete(.resource(resourceName(call)), call)
        },
    ]

    private static func resourceName(_ call: AdminCall) -> EntityName {
        EntityName(type: call.parameter("type"), id: call.parameter("id"))
    }
}

extension ResourceRecord {
    var members: [JSONMember] {
        [JSONMember("type", spec.id.type), JSONMember("id", spec.id.id)] + spec.members + metadata.members
    }
}
