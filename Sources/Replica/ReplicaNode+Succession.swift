import Gossip
package import Kernel
package import Sealing

// How a node that has missed a change of the voters follows it: it asks others, one after the other. An edge asks its neighbours and
// believes none of them; a member asks voters, so that it can answer edges, and goes on from there when it leads.
extension ReplicaNode {
    mutating func askForSuccession(at now: Moment, into effects: inout [Effect]) {
        guard let (known, time) = followedVoters,
            let source = successionSearch.next(among: successionSources, at: now.monotonic)
        else { return }
        let body = PeerMessage.Body.successionWanted(voters: known.digest, since: time)
        effects.append(.send(PeerMessage(stamp: now.wall, body: body), to: source, after: nil))
    }

    /// Up to whom this node can follow, and since when.
    package var followedVoters: (VoterSet, since: WallTime)? {
        if let edge { return edge.sealed.map { ($0.trusted.voters, $0.trusted.time) } }
        return seals.known
    }

    private var successionSources: [MemberID] {
        edge == nil ? voters.filter { $0 != member } : neighbours.filter { openLinks.contains($0) }
    }

    /// Seldom: it is large beside the question.
    mutating func answerSuccession(
        of neighbour: MemberID,
        _ voters: Digest,
        since time: WallTime,
        at now: Moment,
        into effects: inout [Effect]
    ) {
        guard successionPace.isDue(neighbour, at: now.monotonic) else { return }
        let steps = Array(seals.memory.succession.steps(from: voters, since: time))
        guard !steps.isEmpty else { return }
        successionPace.answered(neighbour, at: now.monotonic)
        effects.append(.send(PeerMessage(stamp: now.wall, body: .succession(steps)), to: neighbour, after: nil))
    }

    mutating func receive(
        _ steps: [TransitionSeal],
        from sender: MemberID,
        at now: Moment,
        into effects: inout [Effect]
    ) {
        guard steps.count <= Succession.limit, successionSearch.takesAnswer(of: sender) else { return }
        guard edge != nil else { return follow(steps, at: now, into: &effects) }
        for step in steps {
            guard takeAtEdge(.transition(step), from: nil, at: now, into: &effects) != .refused else { return }
        }
    }

    mutating func follow(_ steps: [TransitionSeal], at now: Moment, into effects: inout [Effect]) {
        guard haltReason == nil else { return }
        do throws(SealRefusal) {
            if try seals.resume(by: steps) { return keepSuccession(at: now, into: &effects) }
            guard var known = seals.memory.voters, steps.last?.voters != known else { return }
            var succession = seals.memory.succession
            for step in steps {
                try step.verify(from: known, seals.verifier)
                succession.append(step)
                known = step.voters
            }
            seals.follow(succession, to: succession.end ?? known)
            keepSuccession(at: now, into: &effects)
        } catch {
            counters.refusedSeals += 1
        }
    }
}
