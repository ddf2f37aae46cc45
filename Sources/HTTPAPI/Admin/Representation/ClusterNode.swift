internal import Directory
internal import JSON
internal import Kernel

/// A node that the log names, whatever its part in the cluster.
struct ClusterNode: Sendable {
    enum Role: String, Sendable { case voter, learner, edge }

    let spec: MemberSpec
    let role: Role
    let json: JSONValue

    init(_ record: MemberRecord) {
        self.init(
            record.spec,
            record.isVoter ? .voter : .learner,
            [
                JSONMember("labels", record.labels.json),
                JSONMember("instance", (record.instance?.hex).json),
                JSONMember("issuer_fingerprint", (record.issuerFingerprint?.hex).json),
            ] + record.metadata.members
        )
    }

    init(_ record: EdgeRecord) {
        let rest = [
            JSONMember("labels", record.labels.json), JSONMember("instance", record.instance.hex),
            JSONMember("issuer_fingerprint", .null),
        ]
        self.init(record.spec, .edge, rest + record.metadata.members)
    }

    private init(_ spec: MemberSpec, _ role: Role, _ rest: [JSONMember]) {
        self.spec = spec
        self.role = role
        let members = [JSONMember("role", role.rawValue), JSONMember("voter", .bool(role == .voter))]
        json = .object((spec.json.objectValue ?? []) + members + rest)
    }
}

extension DirectoryView {
    /// Members, then edges.
    func allNodes() throws(StateDamage) -> [ClusterNode] {
        try allMembers().map { ClusterNode($0) } + allEdges().map { ClusterNode($0) }
    }
}
