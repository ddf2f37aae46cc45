package import Kernel

extension RaftNode {
    /// Only a voter whose log is whole may ask to lead.
    var mayCampaign: Bool {
        mayLead && mayVote && !isReplacingLog && configuration.isVoter(id) && log.last.isUpToDate(with: acknowledgedEnd)
    }

    mutating func resetElectionTimer(at now: Instant) {
        hintEnd = nil
        electionDeadline = now.advanced(by: options.electionTimeout).advanced(by: electionDelay())
    }

    /// What comes on top of the election timeout, at most as much again.
    ///
    /// The followers of a leader that falls silent stand by turns: the first has not long to wait, and the next leaves it
    /// the time to win, so that they do not split the vote. Who knows no leader has no turn, and chance decides, as in Raft
    /// section 9.3.
    private mutating func electionDelay() -> Span {
        let chance = random.next()
        guard let leader, leader != id else {
            return Span(microseconds: chance % options.electionTimeout.microseconds)
        }
        let turn = min(UInt64(turn(without: leader)), RaftOptions.turns - 1)
        let spacing = options.turnSpacing.microseconds
        return Span(microseconds: turn * spacing + chance % max(spacing / 2, 1))
    }

    /// How many would stand before this member if `leader` were gone.
    private func turn(without leader: MemberID) -> Int {
        configuration.allVoters.count { $0 != leader && $0 < id }
    }

    mutating func electionTimeout(at now: Instant) {
        let hintEnd = hintEnd
        resetElectionTimer(at: now)
        if mayCampaign, !isDiskStalled(at: now), !hasUnappliedChange { campaign(.preCandidate, at: now) }
        // Who was asked may have the hint only now. To ask again too soon harms nobody: who has granted it waits.
        if role == .preCandidate, let hintEnd, now < hintEnd { waitForTurn(afterOthers: 1, until: hintEnd, at: now) }
    }

    /// Raft section 5.2; the preliminary round is 9.6.
    mutating func campaign(_ stage: Role, isTransfer: Bool = false, at now: Instant) {
        refuseReads(.leadershipLost)
        leader = nil
        staging = nil
        postponedCampaign = nil
        votes = [:]
        role = stage
        resetElectionTimer(at: now)
        if stage == .preCandidate {
            for peer in configuration.allVoters where peer != id {
                send(.preVoteRequest(last: log.last), to: peer, term: term.next)
            }
            countVote(of: id, granted: true, at: now)
        } else {
            enter(term.next, voting: id)
            counters.elections += 1
            // The own vote counts when it is durable, like any other.
            ownVoteWrite = thisWrite
            for peer in configuration.allVoters where peer != id {
                sendWhenDurable(.voteRequest(last: log.last, isTransfer: isTransfer), to: peer)
            }
        }
    }

    private mutating func enter(_ newTerm: Term, voting choice: MemberID?) {
        term = newTerm
        vote = choice
        verifiedIndex = commitIndex
        out.mustWriteHardState = true
    }

    mutating func countVote(of voter: MemberID, granted: Bool, at now: Instant) {
        // The first answer stands.
        guard votes[voter] == nil else { return }
        votes[voter] = granted
        switch Quorum.outcome(in: configuration, { votes[$0] }) {
        case .won: if role == .preCandidate { campaign(.candidate, at: now) } else { becomeLeader(at: now) }
        case .lost: becomeFollower(in: term, of: nil, at: now)
        case .pending: break
        }
    }

    /// The vote is forgotten with the term, never within it.
    mutating func becomeFollower(in newTerm: Term, of newLeader: MemberID?, at now: Instant) {
        // Chunks are bound to a leader and its term: one that leads again may have lost of its state what it sent before.
        // What is being installed was whole before.
        if newTerm > term || leader != newLeader, staging?.phase != .installing { staging = nil }
        if newTerm > term { enter(newTerm, voting: nil) }
        if role == .leader || leader != newLeader { refuseReads(.leadershipLost) }
        if role != .follower { resetElectionTimer(at: now) }
        if role == .leader { resetProgress() }
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
        resetProgress()
        quorumDeadline = now.advanced(by: options.electionTimeout)
        termStart = log.last.index.next
        // An earlier leader may have left a change.
        pendingChangeIndex = log.last.index
        appendOwn([(log.lastTime, .empty)])
        uncommittedBytes = log.byteCount(after: commitIndex, through: log.last.index)
        broadcastAppend(sendIfEmpty: true, at: now)
        broadcastHeartbeat(at: now)
    }

    /// A leader that has not heard from a quorum for an election timeout cannot know that it still leads. 6.2.
    mutating func checkQuorum(at now: Instant) {
        quorumDeadline = now.advanced(by: options.electionTimeout)
        let active = Set(progress.filter(\.isHeardSinceCheck).map(\.member) + [id])
        for place in progress.indices { progress[place].quorumChecked() }
        guard Quorum.outcome(in: configuration, { active.contains($0) }) != .won else { return }
        note(.warning, "stepped down: no quorum was heard", .init("term", "\(term)"))
        becomeFollower(in: term, of: nil, at: now)
    }

    /// Whether a leader has been heard lately, or is this member: then candidates are not listened to, so that a member
    /// that was away does not depose a leader that the others hear. 4.2.3.
    package func hearsLeader(at now: Instant) -> Bool {
        if role == .leader { return true }
        guard leader != nil, let leaderHeardAt else { return false }
        return now.elapsed(since: leaderHeardAt) < options.electionTimeout
    }

    /// Promises nothing, so it may be granted to any number of candidates. A refusal tells this member's own term, so
    /// that a candidate with the better log and the lower term catches up with it.
    mutating func preVoteRequested(by candidate: MemberID, in candidateTerm: Term, last: LogPosition, at now: Instant) {
        let isFree = candidateTerm > term || mayVote(for: candidate)
        let granted = mayVote && isFree && isUpToDate(last) && !isPreferred(to: candidate, last)
        if granted { yieldIfHinted(at: now) }
        send(.preVoteResponse(granted: granted), to: candidate, term: granted ? candidateTerm : term)
    }

    /// Also with what was cut off this member's log.
    private func isUpToDate(_ last: LogPosition) -> Bool {
        last.isUpToDate(with: log.last) && last.isUpToDate(with: acknowledgedEnd)
    }

    private func mayVote(for candidate: MemberID) -> Bool { vote == candidate || (vote == nil && leader == nil) }

    mutating func voteRequested(by candidate: MemberID, last: LogPosition, at now: Instant) {
        guard mayVote, mayVote(for: candidate), isUpToDate(last) else {
            return send(.voteResponse(granted: false), to: candidate)
        }
        if vote != candidate {
            vote = candidate
            out.mustWriteHardState = true
        }
        resetElectionTimer(at: now)
        sendWhenDurable(.voteResponse(granted: true), to: candidate)
    }

    /// Follows a hint that the leader's process has ended.
    ///
    /// It is safe whether true or not. To take the leader for silent is what any member does after an election timeout;
    /// here it is done early. The campaign begins with pre-votes, which change no state: when the hint is false and a
    /// quorum still hears the leader, they are ignored and the next heartbeat ends it. Members that were given the hint
    /// listen to candidates at once, and only they: it takes a quorum of them to depose anybody.
    mutating func linkClosed(to peer: MemberID, at now: Instant) {
        if role == .leader {
            // What was under way to it is lost, so it is asked where its log ends.
            let place = progress.firstIndex { $0.member == peer }
            if let place, progress[place].state == .replicate { progress[place].becomeProbe() }
        }
        guard role == .follower, leader == peer else { return }
        leaderHeardAt = nil
        refuseReads(.leadershipLost)
        guard hintEnd == nil else { return }
        let turn = turn(without: peer)
        let due = electionDeadline
        waitForTurn(afterOthers: turn, until: now.advanced(by: options.electionTimeout), at: now)
        electionDeadline = min(electionDeadline, due)
    }

    /// Stands when `count` others have had time for it, and then again and again until `end`, when it is a follower like any
    /// other.
    ///
    /// By turns, and not at random moments: of two that stand at nearly the same time neither may win, and then both wait for
    /// an election timeout.
    private mutating func waitForTurn(afterOthers count: Int, until end: Instant, at now: Instant) {
        let wait = UInt64(count) * options.linkHintSpacing.microseconds
        hintEnd = end
        electionDeadline = now.advanced(
            by: Span(microseconds: wait + random.next() % options.linkHintJitter.microseconds)
        )
    }

    /// Of two that ask each other, on the same hint, both would get their pre-votes, and then neither the votes. So the one
    /// whose turn it was goes on, and the other gives up for it.
    private func isPreferred(to candidate: MemberID, _ last: LogPosition) -> Bool {
        hintEnd != nil && role == .preCandidate && id < candidate && log.last.isUpToDate(with: last)
    }

    /// A member that has the same hint stands already, and can win: let it.
    private mutating func yieldIfHinted(at now: Instant) {
        guard let hintEnd, role == .follower || role == .preCandidate else { return }
        if role == .preCandidate { becomeFollower(in: term, of: nil, at: now) }
        waitForTurn(afterOthers: configuration.allVoters.count - 1, until: hintEnd, at: now)
    }
}
