import Consensus
import Directory
import Kernel

extension ReplicaNode {
    mutating func submit(_ submissions: [Submission], into effects: inout [Effect]) {
        for submission in submissions {
            if let refusal = refusal(of: submission) {
                effects.append(.reply(submission.id, .refused(refusal)))
            } else {
                requests.add(submission)
            }
        }
    }

    private func refusal(of submission: Submission) -> SubmitRefusal? {
        if let haltReason { return .halted(reason: haltReason) }
        if edge != nil { return .edge }
        if stopping != .no { return .shuttingDown }
        guard submission.level <= facts.featureLevel else {
            return .featureLevel(submission.level, inForce: facts.featureLevel)
        }
        if requests.count >= options.maxPendingRequests { return .tooManyRequests(limit: options.maxPendingRequests) }
        let limit = options.raft.maxEntryBytes
        if submission.command.count > limit {
            return .entryTooLarge(byteCount: submission.command.count, limit: limit)
        }
        return nil
    }

    mutating func awaitRevision(
        _ id: RequestID,
        _ revision: LogIndex,
        deadline: Instant,
        into effects: inout [Effect]
    ) {
        if applied.position.index >= revision {
            effects.append(.reply(id, .reached(applied.position.index)))
        } else if requests.count >= options.maxPendingRequests {
            effects.append(.reply(id, .refused(.tooManyRequests(limit: options.maxPendingRequests))))
        } else {
            requests.addWaiter(id, revision: revision, deadline: deadline)
        }
    }

    /// Hands what waits to the leader, be it this node or another.
    mutating func dispatch(at now: Moment, into effects: inout [Effect]) {
        guard let leader = raft.leader else { return }
        requests.reclaim(
            leader: leader,
            term: raft.term,
            isSelf: leader == member,
            now: now.monotonic,
            interval: options.resendInterval
        )
        guard requests.hasUnsent else { return }
        if leader != member {
            forward(to: leader, at: now, into: &effects)
        } else if mayPropose(at: now) {
            propose(at: now, into: &effects)
        }
    }

    func mayPropose(at now: Moment) -> Bool {
        raft.role == .leader && mayLead && clocks.isAcceptable(at: now.monotonic)
    }

    private mutating func forward(to leader: MemberID, at now: Moment, into effects: inout [Effect]) {
        for (id, write) in requests.takeUnsent() {
            requests.markSent(id, to: leader, in: raft.term, at: now.monotonic)
            counters.forwarded += 1
            let body = PeerMessage.Body.forward(id, command: write.command)
            effects.append(.send(PeerMessage(stamp: now.wall, body: body), to: leader, after: nil))
        }
    }

    private mutating func propose(at now: Moment, into effects: inout [Effect]) {
        if isStorageFull {
            for (id, _) in requests.takeUnsent() {
                // An attempt as any other: the first is refused for good, a later one is made again after a while.
                requests.markSent(id, to: member, in: raft.term, at: now.monotonic)
                refused(id, .storageFull, isOwn: true, at: now, into: &effects)
            }
            return
        }
        let term = raft.term
        var proposals: [RaftNode.Proposal] = []
        for (id, write) in requests.takeUnsent() {
            requests.markSent(id, to: member, in: term, at: now.monotonic)
            if let refusal = refusal(of: write.change, at: now.monotonic) {
                refused(id, refusal, isOwn: true, at: now, into: &effects)
            } else {
                proposals.append(proposal(of: write.command, changing: write.change, by: .client(id), at: now))
            }
        }
        advance(.propose(proposals), at: now, into: &effects)
    }

    /// What does not depend on time is looked at first: who tries again after `notYet` is not told of another refusal for sure.
    private func refusal(of change: MemberChange?, at now: Instant) -> PeerMessage.ForwardRefusal? {
        guard let change else { return nil }
        if case .promote(let id) = change, let refusal = lag(of: id) { return refusal }
        return changesVoters(change) && !seals.allowsChange(at: now) ? .notYet : nil
    }

    /// A voter that lacks much of the log would hold up every commit that needs it. Raft dissertation section 4.2.1.
    private func lag(of member: MemberID) -> PeerMessage.ForwardRefusal? {
        // Whoever is no member is refused by the directory.
        guard let learner = raft.followers.first(where: { $0.id == member }) else { return nil }
        let (last, held) = (raft.lastPosition.index.number, learner.matchIndex.number)
        let missing = last > held ? last - held : 0
        // One that was just added counts as active for a while, heard or not, so it must have acknowledged something.
        let isPresent = held > 0 && learner.isRecentlyActive
        guard missing > options.promotionLag || !isPresent else { return nil }
        return .notCaughtUp(missing: missing)
    }

    private func changesVoters(_ change: MemberChange) -> Bool {
        switch change {
        case .addLearner: false
        case .promote: true
        case .remove(let id): configuration.isVoter(id)
        }
    }

    mutating func proposal(
        of command: [UInt8],
        changing change: MemberChange?,
        by proposer: Proposer,
        at now: Moment
    ) -> RaftNode.Proposal {
        nextProposal += 1
        let id = RaftNode.ProposalID(nextProposal)
        proposers[id] = proposer
        let change = change.map { ConfigurationChange($0) }
        return RaftNode.Proposal(id: id, time: now.wall, payload: command, change: change)
    }

    mutating func receiveForward(
        _ id: RequestID,
        _ command: [UInt8],
        from sender: MemberID,
        at now: Moment,
        into effects: inout [Effect]
    ) {
        guard let decoded = try? codec.decodeCommand(command), decoded.requiredLevel <= options.supportedLevel,
            decoded.clusterLevel <= facts.featureLevel,
            decoded.authenticatedBy == sender, configuration.contains(sender)
        else {
            // A member vouches only for callers that it has authenticated itself. What no node could apply would halt them all,
            // and what the cluster was not raised to those of an older program. Where this leader has yet to apply that it was,
            // the command is sent again.
            counters.undecodableForwards += 1
            return
        }
        let digest = Digest.of(command)
        if !mayPropose(at: now) {
            return refuseForward(id, digest, .notLeader, to: sender, at: now, into: &effects)
        }
        if forwardedCommands.contains(digest) {
            // Sent again since nothing commits. The copy that stands here cannot be lost while this node leads, and a
            // second one would but fill the log; its outcome is heard of by applying it.
            counters.repeatedForwards += 1
            return
        }
        if isStorageFull { return refuseForward(id, digest, .storageFull, to: sender, at: now, into: &effects) }
        let change = decoded.body.memberChange
        if let refusal = refusal(of: change, at: now.monotonic) {
            return refuseForward(id, digest, refusal, to: sender, at: now, into: &effects)
        }
        let proposer = Proposer.forwarded(by: sender, id, command: digest)
        let proposal = proposal(of: command, changing: change, by: proposer, at: now)
        advance(.propose([proposal]), at: now, into: &effects)
    }

    /// Says nothing of what it has taken before: it may take effect, and who sent it hears so from the log, or sends it again.
    private mutating func refuseForward(
        _ id: RequestID,
        _ command: Digest,
        _ refusal: PeerMessage.ForwardRefusal,
        to sender: MemberID,
        at now: Moment,
        into effects: inout [Effect]
    ) {
        guard !takenForwards.contains(command) else {
            counters.repeatedForwards += 1
            return
        }
        let message = PeerMessage(stamp: now.wall, body: .forwardRefused(id, refusal))
        effects.append(.send(message, to: sender, after: nil))
    }

    mutating func accepted(_ proposal: RaftNode.ProposalID) {
        guard case .forwarded(_, _, let command)? = proposers.removeValue(forKey: proposal) else { return }
        forwardedCommands.insert(command)
        takenForwards.insert(command)
    }

    mutating func refused(
        _ proposal: RaftNode.ProposalID,
        _ raftRefusal: RaftNode.Refusal,
        at now: Moment,
        into effects: inout [Effect]
    ) {
        guard let proposer = proposers.removeValue(forKey: proposal) else { return }
        let refusal: PeerMessage.ForwardRefusal =
            switch raftRefusal {
            case .notLeader, .transferring: .notLeader
            case .entryTooLarge(let byteCount, let limit): .entryTooLarge(byteCount: byteCount, limit: limit)
            case .overloaded, .applyingLags: .overloaded
            case .noCommitInTerm, .changePending: .notYet
            case .invalidChange(let flaw): .invalidChange(reason: flaw.reason)
            }
        switch proposer {
        case .client(let id): refused(id, refusal, isOwn: true, at: now, into: &effects)
        case .forwarded(let sender, let id, let command):
            refuseForward(id, command, refusal, to: sender, at: now, into: &effects)
        case .statement(let id): refusedStatement(id, at: now)
        }
    }

    /// A refusal is final for the request only if no earlier copy can be under way and trying again is of no use.
    mutating func refused(
        _ id: RequestID,
        _ refusal: PeerMessage.ForwardRefusal,
        isOwn: Bool,
        at now: Moment,
        into effects: inout [Effect]
    ) {
        guard requests.contains(id) else { return }
        guard requests.wasSentOnce(id), let final = Self.finalRefusal(for: refusal) else {
            return requests.markRefused(id, refusal, isOwn: isOwn, at: now.monotonic)
        }
        requests.finish(id)
        effects.append(.reply(id, .refused(final)))
    }

    private static func finalRefusal(for refusal: PeerMessage.ForwardRefusal) -> SubmitRefusal? {
        switch refusal {
        case .notLeader, .notYet: nil
        case .entryTooLarge(let byteCount, let limit): .entryTooLarge(byteCount: byteCount, limit: limit)
        case .overloaded: .overloaded
        case .storageFull: .storageFull
        case .notCaughtUp(let missing): .notCaughtUp(missing: missing)
        case .invalidChange(let reason): .invalidChange(reason: reason)
        }
    }

    mutating func expire(at now: Instant, into effects: inout [Effect]) {
        let expired = requests.expire(at: now)
        guard !expired.isEmpty else { return }
        newReads.removeAll { !requests.isUnplaced($0) }
        for expired in expired { effects.append(answer(to: expired)) }
    }

    func answer(to expired: RequestTable.Expired) -> Effect {
        switch expired {
        case .lostWrite(let id, .notYet): .reply(id, .refused(.notYet))
        case .lostWrite(let id, let refusal):
            .reply(id, .refused(refusal.flatMap(Self.finalRefusal) ?? .noLeader))
        case .sentWrite(let id): .reply(id, .outcomeUnknown)
        case .wait(let id): .reply(id, .refused(.behind(applied: applied.position.index)))
        case .read(let id): .reply(id, .refused(.noLeader))
        }
    }
}
