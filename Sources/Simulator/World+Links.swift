internal import Consensus
internal import Kernel
internal import Replica

/// Links as nodes are told of them. Consensus speaks whether there is a link or not; gossip over open ones alone, so that where
/// nobody can be an edge nobody is told.
extension World {
    private var hasOverlay: Bool { !membership.edges.isEmpty }

    /// Whom a node dials has changed, or whom it lets in, or its process has begun or ended: both ends find out by and by.
    mutating func reviewLinks(of node: Int, afterPowerLoss: Bool = false) {
        guard hasOverlay else { return }
        for other in machines.indices where other != node {
            scheduleReview(of: other, to: node, afterPowerLoss: afterPowerLoss)
            scheduleReview(of: node, to: other, afterPowerLoss: false)
        }
    }

    private mutating func scheduleReview(of node: Int, to other: Int, afterPowerLoss: Bool) {
        guard machines[node].isUp else { return }
        let process = machines[node].generation
        let delay = choices.linkReview(
            from: node,
            process: process,
            to: other,
            afterPowerLoss: afterPowerLoss,
            at: now
        )
        queue.schedule(.linkReviewed(node: node, process: process, to: other), at: now.advanced(by: delay))
    }

    /// A link is between two processes: it ends with either, and the next one is another.
    mutating func reviewLink(of node: Int, to other: Int) throws(Violation) {
        let old = machines[node].process?.links[other]
        let new = link(from: node, to: other)
        guard old != new else { return }
        machines[node].process?.links[other] = new
        if let old { try step(node, .link(old.member, isOpen: false)) }
        // A step may end the process.
        guard let new, machines[node].process?.links[other] == new else { return }
        try step(node, .link(new.member, isOpen: true))
    }

    /// What a node has to send frames over; nil where it does not dial, or is not let in.
    private func link(from node: Int, to other: Int) -> ProcessMemory.Link? {
        guard let process = machines[node].process, let peer = machines[other].process,
            process.dialled.contains(members[other]),
            process.admission.refusal(of: members[other], from: machines[other].instance) == nil,
            peer.admission.refusal(of: members[node], from: machines[node].instance) == nil
        else { return nil }
        return ProcessMemory.Link(member: members[other], process: machines[other].generation)
    }

    /// Whether a node's links carry what it sends to another.
    func dials(_ node: Int, _ other: Int) -> Bool {
        !hasOverlay || machines[node].process?.dialled.contains(members[other]) ?? false
    }

    mutating func readLog(_ node: Int, for peer: MemberID, after index: LogIndex, maxBytes: Int) throws(Violation) {
        let entries = machines[node].log.range(from: index.next, maxBytes: maxBytes)?.entries ?? []
        if entries.isEmpty, machines[node].log.stored(at: index.next) != nil { try scrub(node) }
        try step(node, .logRead(for: peer, after: index, entries: entries))
    }
}
