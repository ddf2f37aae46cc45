import Kernel

extension RaftNode {
    /// What must hold between any two steps. Cheap: it looks at ends, never at every entry.
    package func checkInvariants() {
        log.checkInvariants()
        invariant(log.base.index <= commitIndex, "\(log.base) in memory is past committed \(commitIndex)")
        invariant(
            readBack.entries.first.map { $0.index == applyingIndex.next } ?? true,
            "\(String(describing: readBack.entries.first?.index)) was read back to follow \(applyingIndex)"
        )
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
        invariant(configuration.flaw == nil, "configuration: \(configuration.flaw ?? "")")
        invariant(reads.count <= options.maxWaitingReads, "\(reads.count) reads wait")
        let underWay = lastWrite.number - completedWrite.number
        invariant(underWay >= writesUnderWay.count, "\(writesUnderWay.count) writes under way of \(underWay)")
        if role != .follower { invariant(configuration.isVoter(id), "\(id) is \(role) and no voter") }
        switch role {
        case .follower: checkForwardedReads()
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
        invariant(pendingChangeIndex <= log.last.index, "a change at \(pendingChangeIndex) is past \(log.last)")
        invariant(
            progress.lazy.map(\.member).elementsEqual(configuration.members.lazy.filter { $0 != id }),
            "\(id) leads \(progress.map(\.member)) in \(configuration)"
        )
        checkOwnReads()
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

    /// Ends alone, as everywhere here.
    private func checkOwnReads() {
        switch reads.first?.stage {
        case .confirming(let round, let index):
            invariant(round > confirmedRound, "a read waits for round \(round), and \(confirmedRound) is confirmed")
            invariant(round <= self.round, "a read waits for round \(round), and \(self.round) was the last begun")
            invariant(index >= termStart && index <= commitIndex, "a read at \(index), committed \(commitIndex)")
        case .forwarded: invariant(false, "\(id) leads, and forwards reads")
        case .queued, nil: break
        }
    }

    private func checkForwardedReads() {
        guard let first = reads.first else { return }
        invariant(leader != nil, "reads wait for no leader")
        if case .forwarded = first.stage { return }
        invariant(false, "a follower confirms reads")
    }
}
