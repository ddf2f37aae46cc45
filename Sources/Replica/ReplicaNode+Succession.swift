import Gossip
import Kernel
import Sealing

// How an edge that has missed a change of the voters follows it: it asks its neighbours, and believes none of them.
extension ReplicaNode {
    /// Of each neighbour in turn: who brings a seal of unknown voters may have made it up.
    mutating func askForSuccession(at now: Moment, into effects: inout [Effect]) {
        let neighbours = self.neighbours.filter { openLinks.contains($0) }
        let last = edge?.successionAskedOf
        guard let trusted = edge?.sealed?.trusted,
            edge?.successionAskedAt.map({ now.monotonic.elapsed(since: $0) >= Self.successionPause }) ?? true,
            let neighbour = neighbours.first(where: { id in last.map { id > $0 } ?? true }) ?? neighbours.first
        else { return }
        edge?.successionAskedAt = now.monotonic
        edge?.successionAskedOf = neighbour
        edge?.isSuccessionAwaited = true
        let body = PeerMessage.Body.successionWanted(voters: trusted.voters.digest, since: trusted.time)
        effects.append(.send(PeerMessage(stamp: now.wall, body: body), to: neighbour, after: nil))
    }

    private static let successionPause = Span.seconds(1)

    private static let answerPause = Span.milliseconds(50)

    /// Seldom: it is large beside the question.
    mutating func answerSuccession(
        of neighbour: MemberID,
        _ voters: Digest,
        since time: WallTime,
        at now: Moment,
        into effects: inout [Effect]
    ) {
        let isDue = successionAnsweredAt.map { now.monotonic.elapsed(since: $0) >= Self.answerPause } ?? true
        guard isDue else { return }
        let steps = Array(seals.memory.succession.steps(from: voters, since: time))
        guard !steps.isEmpty else { return }
        successionAnsweredAt = now.monotonic
        effects.append(.send(PeerMessage(stamp: now.wall, body: .succession(steps)), to: neighbour, after: nil))
    }

    mutating func receive(
        _ steps: [TransitionSeal],
        from neighbour: MemberID,
        at now: Moment,
        into effects: inout [Effect]
    ) {
        guard edge?.successionAskedOf == neighbour, edge?.isSuccessionAwaited == true,
            steps.count <= Succession.limit
        else { return }
        edge?.isSuccessionAwaited = false
        for step in steps {
            guard takeAtEdge(.transition(step), from: nil, at: now, into: &effects) != .refused else { return }
        }
    }
}
