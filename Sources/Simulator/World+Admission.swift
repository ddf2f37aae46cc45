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
        guard let refusal, !isIntroduced(frame, refusal) else { return true }
        refusalCount += 1
        return false
    }

    private func isIntroduced(_ frame: WorldEvent.Frame, _ refusal: PeerAdmission.Refusal) -> Bool {
        guard options.introducesNewMembers, refusal == .unknown else { return false }
        return [(frame.from, frame.sender), (frame.to, frame.receiver)]
            .allSatisfy { node, member in members[node] == member && membership.isMember(node) }
    }

    /// A sender that has ended since has asked before.
    private func answerRefusal(_ frame: WorldEvent.Frame) -> PeerAdmission.Refusal? {
        guard !frame.isForged, members[frame.from] == frame.sender else { return nil }
        return machines[frame.from].process?.admission.refusal(of: frame.receiver, from: machines[frame.to].instance)
    }

    /// The state of a node names other members than before, or other members agree.
    mutating func refreshAdmission(_ node: Int) {
        guard let configuration = machines[node].process?.replica.configuration else { return }
        let admission = admission(of: node, under: configuration)
        machines[node].process?.admission = admission
    }

    func admission(of node: Int, under configuration: Configuration) -> PeerAdmission {
        let view = DirectoryView(machines[node].state.current.pairs, codec: options.codec)
        let request = ListRequest(limit: ListRequest.maximumLimit)
        let named = (try? view.members(request).items) ?? []
        let former = ((try? view.formerMembers(request).items) ?? []).map(\.id)
        let instances = named.compactMap { member in member.instance.map { (member.spec.id, $0) } }
        return PeerAdmission(
            members: PeerAdmission.peers(
                of: members[node],
                named: named.map(\.spec.id),
                configuration: configuration.members,
                introduced: machines[node].introducedBy,
                former: former
            ),
            instances: Dictionary(instances) { _, last in last },
            former: former
        )
    }
}

extension DirectoryEvent {
    var changesMembers: Bool {
        switch self {
        case .bootstrapped, .membersChanged: true
        default: false
        }
    }
}
