import Consensus
import Decision
import Directory
import Gossip
import Kernel
import Sealing

extension ReplicaNode {
    /// Steps consensus and carries what it asks for out of the node.
    mutating func advance(_ input: RaftNode.Input, at now: Moment, into effects: inout [Effect]) {
        let raftEffects = raft.step(input, at: now.monotonic)
        trackRounds(at: now)
        for effect in raftEffects { carry(effect, at: now, into: &effects) }
    }

    private mutating func carry(_ effect: RaftNode.Effect, at now: Moment, into effects: inout [Effect]) {
        switch effect {
        case .persist(let write): effects.append(.persist(write))
        case .send(let message, let write):
            let body = PeerMessage.Body.raft(message, proof: proof(for: message, at: now.monotonic))
            effects.append(.send(PeerMessage(stamp: now.wall, body: body), to: message.to, after: write))
        case .apply(let entries):
            if haltReason == nil { effects.append(.apply(entries)) }
        case .accepted(let id, _): accepted(id)
        case .refused(let id, let refusal): refused(id, refusal, at: now, into: &effects)
        case .configurationChanged(let configuration): follow(configuration, at: now, into: &effects)
        case .roleChanged(let status):
            if status.role != .leader { tracker.endLeadership() }
            // The log of another term may lose what this one's holds.
            forwardedCommands = []
            effects.append(.roleChanged(status))
        // A node that applies no more has no use for what it would apply next.
        case .readEntries(member, _, _) where haltReason != nil: break
        case .readEntries(let peer, let from, let maxBytes):
            effects.append(.readEntries(for: peer, from: from, maxBytes: maxBytes))
        case .readSnapshot(let peer, let position, let number):
            effects.append(.readSnapshot(for: peer, position: position, number: number))
        case .stageSnapshot(let chunk): effects.append(.stageSnapshot(chunk))
        // It keeps its last good state.
        case .installSnapshot where haltReason != nil: break
        case .installSnapshot(let point): effects.append(.installSnapshot(point))
        case .note(let note): effects.append(.note(note))
        case .readReady(let id, let index): readReady(id, index, into: &effects)
        case .readRefused(let id, let refusal): readRefused(id, refusal, into: &effects)
        }
    }

    private func proof(for message: Consensus.Message, at now: Instant) -> FreshnessProof? {
        guard case .heartbeat = message.body else { return nil }
        return tracker.proof(at: now)
    }

    /// A leader may vouch for its commit index once that covers an entry of its own term: before, its predecessor may
    /// have committed more than it knows of. Raft section 8. For the date it may vouch while a quorum's clocks agree.
    private mutating func trackRounds(at now: Moment) {
        guard raft.role == .leader else { return }
        if raft.hasCommittedInTerm, clocks.isConfirmed(at: now.monotonic) {
            tracker.beginRound(raft.round, at: now, commitIndex: raft.commitIndex)
        } else {
            tracker.skipRound(raft.round)
        }
        tracker.confirmRound(raft.confirmedRound, applied: applied.position.index)
    }

    mutating func receive(
        _ message: PeerMessage,
        from sender: MemberID,
        at now: Moment,
        into effects: inout [Effect]
    ) {
        guard sender != member else {
            counters.strangers += 1
            return
        }
        guard mayPass(message.body, from: sender) else {
            counters.strangers += 1
            return
        }
        clocks.observe(message.stamp, from: sender, at: now)
        switch message.body {
        case .raft(let inner, let proof):
            receive(inner, proof: proof, stamp: message.stamp, from: sender, at: now, into: &effects)
        case .forward(let id, let command):
            receiveForward(id, command, from: sender, at: now, into: &effects)
        case .forwardRefused(let id, let refusal):
            // Anybody can guess the number of a request, and who does not have it knows nothing of its fate.
            if requests.wasSent(id, to: sender) { refused(id, refusal, isOwn: false, at: now, into: &effects) }
        case .entriesWanted(let first, let last):
            readForRepair(of: sender, first, last, at: now, into: &effects)
        case .entriesFound(let first, let last, let entries):
            receiveRepair(entries, first, last, from: sender, into: &effects)
        case .votersWanted: introduceVoters(to: sender, at: now, into: &effects)
        case .voters(let voters): receive(voters, from: sender, into: &effects)
        case .statements(let heard): receive(heard, from: sender, at: now, into: &effects)
        case .statementsHeld(let holdings): held(holdings, by: sender, at: now)
        case .sealWanted(let statement): sign(.asked(statement, by: sender), at: now, into: &effects)
        case .sealAnswered(let answer): collect(.answered(answer, by: sender), at: now, into: &effects)
        case .sealed(let seal): receive(.seal(seal), from: sender, at: now, into: &effects)
        case .sealedByOthers(let transition): receive(.transition(transition), from: sender, at: now, into: &effects)
        case .gossip(let inner): spread(.receive(inner, from: sender), at: now, into: &effects)
        case .successionWanted(let voters, let time):
            answerSuccession(of: sender, voters, since: time, at: now, into: &effects)
        case .succession(let steps): receive(steps, from: sender, at: now, into: &effects)
        }
    }

    private mutating func receive(
        _ message: Consensus.Message,
        proof: FreshnessProof?,
        stamp: WallTime,
        from sender: MemberID,
        at now: Moment,
        into effects: inout [Effect]
    ) {
        guard message.from == sender else {
            counters.strangers += 1
            return
        }
        guard isDatedSoundly(message, stamp: stamp, at: now) else {
            counters.stampsTooFarAhead += 1
            return
        }
        advance(.receive(message), at: now, into: &effects)
        guard let proof, raft.leader == sender, raft.term == message.term else { return }
        guard !clocks.isTooFarBehind(stamp, at: now) else {
            counters.lateProofs += 1
            return
        }
        tracker.receive(proof, at: now.monotonic, applied: applied.position.index)
    }

    /// What a leader sends must not come from the future, or every grant that is to end by then would end now.
    private func isDatedSoundly(_ message: Consensus.Message, stamp: WallTime, at now: Moment) -> Bool {
        switch message.body {
        case .heartbeat:
            !clocks.isTooFarAhead(stamp, at: now)
        case .append(let append):
            !clocks.isTooFarAhead(stamp, at: now)
                && !append.entries.contains { clocks.isTooFarAhead($0.time, at: now) }
        default:
            true
        }
    }

    /// What follows from any input: who may lead, what can be sent on, what is over, what is fresh.
    mutating func settle(at now: Moment, into effects: inout [Effect]) {
        mend(at: now, into: &effects)
        askForVoters(at: now, into: &effects)
        judge(at: now, into: &effects)
        finishHandOver(at: now.monotonic, into: &effects)
        dispatch(at: now, into: &effects)
        spreadStatements(at: now, into: &effects)
        askForReads(at: now, into: &effects)
        expire(at: now.monotonic, into: &effects)
        advanceSeals(at: now, into: &effects)
        advanceEdge(at: now, into: &effects)
        followOverlay(at: now, into: &effects)
        wakeGossip(at: now, into: &effects)
        spreadLog(at: now, into: &effects)
        tracker.advance(applied: applied.position.index)
        if let freshness = tracker.current, freshness != publishedFreshness {
            publishedFreshness = freshness
            effects.append(.publish(freshness))
            if isProofOfThisProcess(freshness) { serve(into: &effects) }
        }
        finishStopping(into: &effects)
    }

    mutating func serve(into effects: inout [Effect]) {
        guard !isServing, divergence == nil, isProven, Self.obstacle(in: facts, options) == nil else { return }
        isServing = true
        effects.append(.serving(true))
    }

    mutating func stopServing(into effects: inout [Effect]) {
        guard isServing else { return }
        isServing = false
        effects.append(.serving(false))
    }

    /// Whether this node may lead, and vote.
    mutating func judge(at now: Moment, into effects: inout [Effect]) {
        if mayVote != repair.runs.isEmpty {
            mayVote = repair.runs.isEmpty
            advance(.mayVote(mayVote), at: now, into: &effects)
        }
        guard edge == nil else { return }
        // A leader is confirmed by its followers' clocks; a follower by what the cluster has proven.
        let verdict = clocks.verdict(at: now, freshness: raft.role == .leader ? nil : tracker.current)
        let allowed = verdict == .good && haltReason == nil && stopping == .no && repair.isWhole
        guard allowed != mayLead else { return }
        mayLead = allowed
        if verdict != .good {
            effects.append(.note(Note(.warning, "clock out of bounds", .init("verdict", "\(verdict)"))))
        }
        advance(.mayLead(allowed), at: now, into: &effects)
    }
}
