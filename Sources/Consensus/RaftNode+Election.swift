import Kernel

extension RaftNode {
    mutating func resetElectionTimer(at now: Instant) {
        let timeout = options.electionTimeout.microseconds
        let jitter = timeout == 0 ? 0 : random.next() % timeout
        electionDeadline = now.advanced(by: Span(microseconds: timeout + jitter))
    }

    mutating func electionTimeout(at now: Instant) {
        resetElectionTimer(at: now)
        guard mayLead, staging?.isInstalling != true else { return }
        campaign(.preCandidate, at: now)
    }

    /// Raft section 5.2; the preliminary round is 9.6.
    mutating func campaign(_ stage: Role, isTransfer: Bool = false, at now: Instant) {
        leader = nil
        votesGranted = []
        votesRefused = []
        role = stage
        resetElectionTimer(at: now)
        if stage == .preCandidate {
            for peer in progress.map(\.member) {
                send(.preVoteRequest(last: log.last), to: peer, term: term.next)
            }
            countVote(of: id, granted: true, at: now)
        } else {
            term = term.next
            vote = id
            counters.elections += 1
            out.mustWriteHardState = true
            // The own vote counts when it is durable, like any other.
            ownVoteWrite = thisWrite
            for peer in progress.map(\.member) {
                sendWhenDurable(.voteRequest(last: log.last, isTransfer: isTransfer), to: peer)
            }
        }
    }

    mutating func countVote(of voter: MemberID, granted: Bool, at now: Instant) {
        if granted { votesGranted.insert(voter) } else { votesRefused.insert(voter) }
        let quorum = Quorum.size(of: configuration.voters.count)
        if votesGranted.count >= quorum {
            if role == .preCandidate { campaign(.candidate, at: now) } else { becomeLeader(at: now) }
        } else if votesRefused.count > configuration.voters.count - quorum {
            becomeFollower(in: term, of: nil, at: now)
        }
    }

    mutating func becomeFollower(in newTerm: Term, of newLeader: MemberID?, at now: Instant) {
        if newTerm > term {
            term = newTerm
            vote = nil
            out.mustWriteHardState = true
            if staging?.isInstalling != true { staging = nil }
        }
        if role != .follower { resetElectionTimer(at: now) }
        role = .follower
        leader = newLeader
        transfer = nil
        ownVoteWrite = nil
    }

    private mutating func becomeLeader(at now: Instant) {
        role = .leader
        leader = id
        round = 0
        confirmedRound = 0
        transfer = nil
        progress = progress.map { Progress(member: $0.member, nextIndex: log.last.index.next) }
        quorumDeadline = now.advanced(by: options.electionTimeout)
        termStart = log.last.index.next
        uncommittedBytes = log.entries(from: commitIndex.next, through: log.last.index, maxBytes: .max)
            .reduce(0) { $0 + $1.byteCount }
        appendOwn([(log.lastTime, .empty)])
        broadcastAppend(sendIfEmpty: true, at: now)
        broadcastHeartbeat(at: now)
    }

    /// A leader that has not heard from a quorum for an election timeout cannot know that it still leads. 6.2.
    mutating func checkQuorum(at now: Instant) {
        quorumDeadline = now.advanced(by: options.electionTimeout)
        let active = 1 + progress.count { $0.isRecentlyActive }
        for place in progress.indices { progress[place].isRecentlyActive = false }
        if active < Quorum.size(of: configuration.voters.count) { becomeFollower(in: term, of: nil, at: now) }
    }

    /// Whether a leader has been heard lately, or is this member: then candidates are not listened to, so that a member
    /// that was away does not depose a leader that the others hear. 4.2.3.
    func hearsLeader(at now: Instant) -> Bool {
        if role == .leader { return true }
        guard leader != nil, let leaderHeardAt else { return false }
        return now.elapsed(since: leaderHeardAt) < options.electionTimeout
    }

    mutating func preVoteRequested(by candidate: MemberID, in candidateTerm: Term, last: LogPosition) {
        let granted = candidateTerm > term && last.isUpToDate(with: log.last)
        send(.preVoteResponse(granted: granted), to: candidate, term: granted ? candidateTerm : term)
    }

    mutating func voteRequested(by candidate: MemberID, last: LogPosition, at now: Instant) {
        let isFree = vote == candidate || (vote == nil && leader == nil)
        guard isFree, last.isUpToDate(with: log.last) else {
            return send(.voteResponse(granted: false), to: candidate)
        }
        if vote != candidate {
            vote = candidate
            out.mustWriteHardState = true
        }
        resetElectionTimer(at: now)
        sendWhenDurable(.voteResponse(granted: true), to: candidate)
    }
}
