internal import Directory
internal import JSON
internal import Kernel
internal import Service

extension AdminAPI {
    static let warrantRoutes: [AdminRoute] = [
        AdminRoute("GET", "/v1/warrants", .reader, query: AdminCall.listQuery) { api, call in
            let request = try call.list()
            let page = try await api.read(call) { view throws(StateDamage) in try view.warrants(request) }
            let tallies = await api.client.warrantTallies()
            return Self.page(page) { $0.json(beside: tallies) }
        },
        AdminRoute("GET", "/v1/warrants/{name}", .reader, query: AdminCall.readQuery) { api, call in
            let name = call.parameter("name")
            let record = try await api.find("warrant \(name)", call) { view throws(StateDamage) in
                try view.warrant(name)
            }
            return .json(record.json(beside: await api.client.warrantTallies()), tag: record.metadata.revision)
        },
        AdminRoute("POST", "/v1/warrants", .caller) { api, call in
            var body = try call.body()
            let spec = try WarrantSpec(reading: &body)
            try body.finish()
            return .receipt(
                try await api.writer.issueWarrant(spec, api.write(call)),
                status: 201,
                adding: [JSONMember("name", spec.name)]
            )
        },
        AdminRoute("DELETE", "/v1/warrants/{name}", .caller) { api, call in
            return .receipt(try await api.writer.withdrawWarrant(call.parameter("name"), api.write(call)))
        },
    ]
}

extension WarrantRecord {
    fileprivate func json(beside tallies: [WarrantTally]) -> JSONValue {
        let tally = tallies.first { $0.warrant == spec.name } ?? WarrantTally(warrant: spec.name)
        return .object((json.objectValue ?? []) + [JSONMember("at_this_node", tally.json)])
    }
}
