internal import Directory
internal import JSON
internal import Service

extension AdminAPI {
    static let featureLevelRoutes: [AdminRoute] = [
        AdminRoute("GET", "/v1/feature-level", .reader, query: AdminCall.readQuery) { api, call in
            let record = try await api.find("cluster yet", call) { view throws(StateDamage) in try view.cluster() }
            return .json(.object(record.levelMembers + record.metadata.members), tag: record.metadata.revision)
        },
        AdminRoute("POST", "/v1/feature-level/raise", .caller) { api, call in
            var body = try call.body()
            let level = FeatureLevel(try body.integer("level", in: FeatureLevel.first.number...UInt32.max))
            try body.finish()
            return .receipt(try await api.raise(to: level, call))
        },
    ]

    /// Only this node's own build is looked at here; whoever raises the level has asked the other members.
    private func raise(to level: FeatureLevel, _ call: AdminCall) async throws -> WriteReceipt {
        guard level <= .supported else {
            throw ServiceError(
                .conflict,
                code: "feature_level_unknown",
                message: "this node's build knows feature levels up to \(FeatureLevel.supported.number), "
                    + "not \(level.number); upgrade all nodes first"
            )
        }
        let current = try await reader.find("cluster yet") { view throws(StateDamage) in try view.cluster() }
            .featureLevel
        guard level >= current else {
            throw ServiceError(
                .conflict,
                code: "feature_level_lower",
                message: "the cluster is at feature level \(current.number), and a level is never lowered"
            )
        }
        return try await writer.raiseFeatureLevel(to: level, write(call))
    }
}

extension ClusterRecord {
    fileprivate var levelMembers: [JSONMember] {
        let levels = FeatureLevel.known.map { level -> JSONValue in
            [
                "level": .integer(Int64(level.number)), "in_force": .bool(level <= featureLevel),
                "brings": level.brings.json,
            ]
        }
        return [
            JSONMember("level", .integer(Int64(featureLevel.number))),
            JSONMember("supported", .integer(Int64(FeatureLevel.supported.number))),
            JSONMember("levels", .array(levels)),
        ]
    }
}
