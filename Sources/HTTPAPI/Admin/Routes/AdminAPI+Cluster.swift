internal import Directory
internal import JSON
internal import Kernel
internal import Service

extension AdminAPI {
    static let clusterRoutes: [AdminRoute] = [
        AdminRoute("GET", "/v1/administrators", .reader, query: AdminCall.listQuery) { api, call in
            let request = try call.list()
            let page = try await api.read(call) { view throws(StateDamage) in try view.administrators(request) }
            return Self.page(page) { record in
                .object(
                    [JSONMember("fingerprint", record.spec.fingerprint.hex), JSONMember("name", record.spec.name)]
                        + record.metadata.members
                )
            }
        },
        AdminRoute("PUT", "/v1/administrators/{fingerprint}", .caller) { api, call in
            let fingerprint = try digest(call)
            var body = try call.body()
            let name = try body.string("name")
            try body.finish()
            return .receipt(
                try await api.writer.addAdministrator(fingerprint: fingerprint, name: name, api.write(call))
            )
        },
        AdminRoute("DELETE", "/v1/administrators/{fingerprint}", .caller) { api, call in
            return .receipt(try await api.writer.removeAdministrator(fingerprint: digest(call), api.write(call)))
        },
        AdminRoute("GET", "/v1/settings", .reader, query: AdminCall.readQuery) { api, call in
            let record = try await api.find("settings", call) { view throws(StateDamage) in try view.settings() }
            return .json(.object(record.settings.members + record.metadata.members), tag: record.metadata.revision)
        },
        AdminRoute("PUT", "/v1/settings", .caller, preconditions: true) { api, call in
            var body = try call.body()
            let settings = try Settings(reading: &body)
            try body.finish()
            return .receipt(try await api.writer.putSettings(settings, call.precondition(), api.write(call)))
        },
        AdminRoute("GET", "/v1/cluster/status", .reader, query: AdminCall.readQuery) { api, call in
            try await api.clusterStatus(call)
        },
    ]

    private static func digest(_ call: AdminCall) throws(ServiceError) -> Digest {
        guard let digest = Digest(hex: call.parameter("fingerprint")) else {
            throw AdminCall.invalid("a fingerprint is 64 hexadecimal digits")
        }
        return digest
    }

    private func clusterStatus(_ call: AdminCall) async throws -> AdminResponse {
        let found = try await read(call) { view throws(StateDamage) in
            (try view.cluster(), try view.allMembers(), try view.allEdges())
        }
        let status = await client.status()
        guard let cluster = found.0 else {
            throw ServiceError(.unavailable, code: "not_bootstrapped", message: "the log is empty")
        }
        let members = found.1.map { record -> JSONValue in
            let peer = status.peers.first { $0.member == record.spec.id }
            return [
                "member": .string(record.spec.id.uuid), "name": .string(record.spec.name),
                "voter": .bool(record.isVoter), "leader": .bool(status.leader == record.spec.id),
                "raft_address": .string(record.spec.raftAddress),
                "api_addresses": .array(record.spec.apiAddresses.map { .string($0) }),
                "connected": .bool(peer?.isConnected ?? false),
                "match_index": peer?.matchIndex.map(\.json) ?? .null,
                "reachability": status.reachability(of: record.spec.id).json,
            ]
        }
        let edges = found.2.map { record -> JSONValue in
            [
                "member": .string(record.spec.id.uuid), "name": .string(record.spec.name),
                "raft_address": .string(record.spec.raftAddress),
                "api_addresses": .array(record.spec.apiAddresses.map { .string($0) }),
                "reachability": status.reachability(of: record.spec.id).json,
            ]
        }
        return .json([
            "lineage": .string(cluster.lineage.description), "trust_domain": .string(cluster.trustDomain),
            "feature_level": .integer(Int64(cluster.featureLevel.number)), "revision": status.revision.json,
            "term": status.term.number.json, "members": .array(members),
            "edges": .array(edges),
        ])
    }
}
