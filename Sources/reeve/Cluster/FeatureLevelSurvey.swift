import JSON

/// Which feature levels the builds of a cluster's members know, as each says of itself.
struct FeatureLevelSurvey: Hashable {
    enum Knowledge: Hashable {
        case upTo(UInt32)
        /// It answers, and does not say: a build from before this was asked.
        case untold
        /// Which node, and why.
        case noAnswer(String)
    }

    struct Member: Hashable {
        let name: String
        let knowledge: Knowledge
    }

    let members: [Member]

    /// Asks all whom the log has as members or edges at this moment, whatever the context names.
    static func ask(_ client: ClusterClient) async throws -> FeatureLevelSurvey {
        let reply = try await client.send(.init(path: "/v1/cluster/status?consistency=linearizable"))
        let members = (reply.body["members"]?.arrayValue ?? []) + (reply.body["edges"]?.arrayValue ?? [])
        let nodes = members.map { member in
            let name = member["name"]?.stringValue ?? ""
            return client.nodes.first { $0.name == name }
                ?? ClusterContext.Node(
                    name: name,
                    admin: "https://\(member["api_addresses"]?.arrayValue?.first?.stringValue ?? "")",
                    decisions: ""
                )
        }
        let rows = await ClusterNodes.ask(client, nodes)
        let answers = zip(members, rows).map { Member($0, answered: $1) }
        return FeatureLevelSurvey(members: answers.sorted { $0.name < $1.name })
    }

    /// - Throws: `CommandError` that says of each member what speaks against the level.
    func check(_ level: UInt32, assumingUpgraded assumed: [String]) throws {
        if let stranger = assumed.first(where: { name in !members.contains { $0.name == name } }) {
            throw CommandError("is not a member", at: stranger, advice: "see `reeve cluster status`")
        }
        let objections = members.compactMap { $0.objection(to: level, isAssumed: assumed.contains($0.name)) }
        guard objections.isEmpty else {
            throw CommandError(
                "not every member is known to know feature level \(level):\n  "
                    + objections.joined(separator: "\n  ")
            )
        }
    }

    var table: Table {
        var table = Table("node", "knows up to")
        for member in members { table.add(member.name, member.knowledge.text) }
        return table
    }
}

extension FeatureLevelSurvey.Member {
    init(_ member: JSONValue, answered row: ClusterNodes.Row) {
        name = row.node.name
        guard let status = row.status else {
            knowledge = .noAnswer(row.error ?? "\(name): no answer")
            return
        }
        guard status["member"]?.stringValue == member["member"]?.stringValue else {
            knowledge = .noAnswer("\(name): another node answers at \(row.node.admin)")
            return
        }
        knowledge = status["supported_feature_level"]?.featureLevel.map { .upTo($0) } ?? .untold
    }

    /// What speaks against a level that every member has to know; nil where nothing does. Consent takes the place of an answer
    /// that cannot be had, not of one that says no.
    fileprivate func objection(to level: UInt32, isAssumed: Bool) -> String? {
        switch knowledge {
        case .upTo(let known):
            return known >= level ? nil : "\(name): its build knows levels up to \(known) only; upgrade it"
        case .untold: return "\(name): its build is too old to say which levels it knows; upgrade it"
        case .noAnswer(let reason):
            guard !isAssumed else { return nil }
            return "\(reason); start it, or give --assume-upgraded \(name) if you know that its build is new enough"
        }
    }
}

extension FeatureLevelSurvey.Knowledge {
    fileprivate var text: String {
        switch self {
        case .upTo(let level): "\(level)"
        case .untold: "does not say"
        case .noAnswer: "no answer"
        }
    }
}
