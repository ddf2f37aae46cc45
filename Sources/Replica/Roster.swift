package import Directory
package import Kernel

/// Who is in the cluster, as a state has it.
package struct Roster: Hashable, Sendable {
    /// Of members.
    package let sealKeys: SealKeys
    /// Voters and learners, ascending.
    package let members: [MemberID]
    /// Ascending.
    package let edges: [MemberID]
    /// Of those members and edges that are labelled with one.
    package let zones: [MemberID: String]

    package init(in view: some KeyValueView, codec: any DirectoryCodec) throws(StateDamage) {
        let view = DirectoryView(view, codec: codec)
        let members = try view.allMembers()
        self.sealKeys = SealKeys(members.compactMap { member in member.sealKey.map { (member.spec.id, $0) } })
        self.members = members.map(\.spec.id).sorted()
        let edges = try view.allEdges()
        self.edges = edges.map(\.spec.id).sorted()
        let labels = members.map { ($0.spec.id, $0.labels) } + edges.map { ($0.spec.id, $0.labels) }
        self.zones = Dictionary(uniqueKeysWithValues: labels.map { ($0, $1.zone) }.filter { !$1.isEmpty })
    }
}
