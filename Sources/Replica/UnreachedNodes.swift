import Gossip
package import Kernel

/// A node that gossip finds not to be reachable. That takes nothing from it: who may do what comes from the log alone.
package struct UnreachedNode: Hashable, Sendable {
    package let member: MemberID
    /// Whether it had the time to refute that. Otherwise it is suspected.
    package let isUnreachable: Bool
    /// When it was suspected first.
    package let since: Instant
}

/// Those of the overlay that are not reachable, in order of their ids. No more than the log has members and edges.
struct UnreachedNodes: Sendable {
    private(set) var all: [UnreachedNode] = []

    /// - Returns: Since when it had not been reachable; nil where it had.
    @discardableResult
    mutating func note(_ member: MemberID, _ reachability: GossipNode.Reachability, at now: Instant) -> Instant? {
        let place = all.partitioningIndex { $0.member >= member }
        let known = place < all.count && all[place].member == member ? all.remove(at: place) : nil
        guard reachability != .reachable else { return known?.since }
        let node = UnreachedNode(
            member: member,
            isUnreachable: reachability == .unreachable,
            since: known?.since ?? now
        )
        all.insert(node, at: place)
        return known?.since
    }

    mutating func keep(_ isInOverlay: (MemberID) -> Bool) { all.removeAll { !isInOverlay($0.member) } }
}

extension ReplicaNode {
    /// Of members and edges, as this node and its neighbours see it, in order of their ids. Nil as long as the log names no edge, so that
    /// nobody looks.
    package var unreachedNodes: [UnreachedNode]? { gossip == nil ? nil : unreached.all }

    mutating func noteReachability(
        of peer: MemberID,
        _ reachability: GossipNode.Reachability,
        at now: Instant,
        into effects: inout [Effect]
    ) {
        let before = unreached.note(peer, reachability, at: now)
        let field = Note.Field("member", "\(peer)")
        switch reachability {
        case .suspected:
            effects.append(.note(Note(.info, "a node is suspected: a neighbour of it hears nothing", field)))
        case .unreachable: effects.append(.note(Note(.warning, "a node is unreachable", field)))
        case .reachable:
            let time = Note.Field("after_ms", "\(before.map { now.elapsed(since: $0).milliseconds } ?? 0)")
            effects.append(.note(Note(.info, "a node is reachable again", field, time)))
        }
    }
}
