import Kernel

extension RaftNode {
    /// What must hold between any two steps. Cheap: it looks at ends, never at every entry.
    package func checkInvariants() {
        log.checkInvariants()
        invariant(log.base.index <= appliedIndex, "\(log.base) in memory is past applied \(appliedIndex)")
        invariant(appliedIndex <= applyingIndex, "applied \(appliedIndex) is past applying \(applyingIndex)")
        invariant(applyingIndex <= commitIndex, "applying \(applyingIndex) is past committed \(commitIndex)")
        invariant(applyingIndex <= log.durableIndex, "applying \(applyingIndex) is past durable \(log.durableIndex)")
        invariant(commitIndex <= log.last.index, "committed \(commitIndex) is past the log's end \(log.last)")
        invariant(verifiedIndex <= log.last.index, "verified \(verifiedIndex) is past the log's end \(log.last)")
        invariant(log.last.term <= term, "the log ends in \(log.last.term), past \(term)")
        invariant(completedWrite <= lastWrite, "\(completedWrite) is durable, \(lastWrite) was the last issued")
        if let staging, staging.phase != .installing {
            invariant(role == .follower, "\(id) takes a snapshot as \(role)")
        }
        switch role {
        case .follower: break
        case .preCandidate: invariant(leader == nil, "\(id) asks for pre-votes beside \(leader as Any)")
        case .candidate: invariant(vote == id, "\(id) stands in \(term) having voted for \(vote as Any)")
        case .leader: checkLeading()
        }
    }

    private func checkLeading() {
        invariant(vote == id, "\(id) leads \(term) having voted for \(vote as Any)")
        invariant(leader == id, "\(id) leads \(term) and takes \(leader as Any) for the leader")
        invariant(confirmedRound <= round, "round \(confirmedRound) confirmed, \(round) begun")
        invariant(termStart <= log.last.index, "\(term) starts at \(termStart), past \(log.last)")
        invariant(uncommittedBytes >= 0, "\(uncommittedBytes) bytes wait for their commit")
        for follower in progress {
            let (match, next) = (follower.matchIndex, follower.nextIndex)
            invariant(match <= log.last.index, "\(follower.member) matches at \(match), past \(log.last)")
            invariant(next > match, "\(follower.member): next \(next), match \(match)")
            invariant(next <= log.last.index.next, "\(follower.member): next \(next) leaves a gap after \(log.last)")
            invariant(
                (follower.transfer != nil) == (follower.state == .snapshot),
                "\(follower.member) is in \(follower.state) with \(follower.transfer as Any)"
            )
        }
    }
}
