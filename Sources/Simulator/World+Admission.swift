internal import Consensus
internal import Directory
internal import Kernel
internal import Replica

/// Whom a node's links let in, by the rules of the links themselves.
extension World {
    /// Both ends of a link ask who the other is.
    mutating func admits(_ frame: WorldEvent.Frame) -> Bool {
        let refusal =
            machines[frame.to].process?.admission.refusal(of: frame.sender, from: frame.instance)
            ?? answerRefusal(frame)
        guard refusal != nil else { return true }
        refusalCount += 1
        return false
    }

    /// A sender that has ended since has asked before.
    private func answerRefusal(_ frame: WorldEvent.Frame) -> PeerAdmission.Refusal? {
        guard !frame.isForged, members[frame.from] == frame.sender else { return nil }
        return machines[frame.from].process?.admission.refusal(of: frame.receiver, from: machines[frame.to].instance)
    }

    /// The state of a node names other members than before, or other members agree.
    mutating func refreshAdmission(_ node: Int) {
        guard let process = machines[node].process else { return }
        let configuration = process.replica.configuration
        let admission = admission(of: node, under: configuration)
        let dialled = dialled(by: node, under: configuration, process.neighbours)
        machines[node].process?.admission = admission
        machines[node].process?.dialled = dialled
        if process.admission != admission || process.dialled != dialled { reviewLinks(of: node) }
    }

    /// The node's neighbours in the overlay are others than before.
    mutating func follow(neighbours: [MemberID], of node: Int) {
        machines[node].process?.neighbours = neighbours
        refreshAdmission(node)
    }

    /// - Parameter neighbours: In the overlay of gossip.
    func dialled(by node: Int, under configuration: Configuration, _ neighbours: [MemberID]) -> Set<MemberID> {
        guard !membership.edges.isEmpty else { return [] }
        return PeerAdmission.dialled(
            isEdge: membership.isForEdge(node),
            members: namedMembers(by: node).map(\.spec.id),
            configuration: configuration.members,
            invited: machines[node].invitedBy,
            introduced: machines[node].words.introductions.map(\.spec.id),
            neighbours: neighbours
        )
    }

    func introductions(of members: [MemberID], by node: Int) -> [Introduction] {
        Introduction.of(members, in: namedMembers(by: node))
    }

    private func namedMembers(by node: Int) -> [MemberRecord] {
        let view = DirectoryView(machines[node].state.current.pairs, codec: options.codec)
        return (try? view.allMembers()) ?? []
    }

    func admission(of node: Int, under configuration: Configuration) -> PeerAdmission {
        let introductions = machines[node].words.introductions
        let view = DirectoryView(machines[node].state.current.pairs, codec: options.codec)
        let named = namedMembers(by: node)
        let edges = (try? view.allEdges()) ?? []
        let former = ((try? view.allFormerMembers()) ?? []).map(\.id)
        let instances =
            (introductions.map { ($0.spec.id, $0.instance) } + named.map { ($0.spec.id, $0.instance) }
            + edges.map { ($0.spec.id, Optional($0.instance)) })
            .compactMap { id, instance in instance.map { (id, $0) } }
        return PeerAdmission(
            members: PeerAdmission.peers(
                of: members[node],
                named: named.map(\.spec.id) + edges.map(\.spec.id),
                configuration: configuration.members,
                invited: machines[node].invitedBy,
                introduced: introductions.map(\.spec.id),
                former: former
            ),
            instances: Dictionary(instances) { _, last in last },
            former: former
        )
    }
}
