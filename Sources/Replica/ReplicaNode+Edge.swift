import Consensus
import Decision
import Gossip
import Kernel
package import Sealing

// An edge goes by seals alone: who voters are, what the log is, how old its knowledge is. docs/decisions/0038.
extension ReplicaNode {
    package var isEdge: Bool { edge != nil }
    /// Whether what this node answers from is what voters have sealed; of members, always.
    package var isProven: Bool { edge?.isProven ?? true }

    /// Where others can begin; nil before the first seal.
    package var newestCheckpoint: Checkpoint? {
        if let edge { return edge.isProven ? edge.sealed?.trusted.checkpoint : nil }
        guard let trusted = seals.watch?.trusted, trusted.newest != nil else { return nil }
        return trusted.checkpoint
    }

    /// What edges say to others, and are told. Anything else would be an edge's word where a member's is meant. Consensus hears known
    /// members alone, since the link of an edge may be open for a moment before the state names it, and after.
    func mayPass(_ body: PeerMessage.Body, from sender: MemberID) -> Bool {
        if edge == nil, case .raft = body { return isKnownMember(sender) }
        guard edge != nil || facts.isEdge(sender) else { return true }
        switch body {
        case .gossip, .statementsHeld, .successionWanted, .succession, .entriesWanted, .entriesFound: return true
        case .raft, .forward, .forwardRefused, .votersWanted, .voters, .statements, .sealWanted, .sealAnswered, .sealed,
            .sealedByOthers:
            return false
        }
    }

    /// By the log as far as this node has it, or by the word of those who know it further.
    private func isKnownMember(_ sender: MemberID) -> Bool {
        configuration.contains(sender) || facts.isMember(sender) || believedVoters.contains(sender)
            || introductions.names(sender)
    }

    /// Goes on from what an earlier process has left, and once that is applied, from what it comes to.
    mutating func advanceEdge(at now: Moment, into effects: inout [Effect]) {
        guard edge != nil, haltReason == nil else { return }
        if edge?.sealed == nil {
            guard applied.position.index == raft.lastPosition.index else {
                return commitWhatIsThere(at: now, into: &effects)
            }
            beginEdge(at: now, into: &effects)
        }
        feedConsensus(at: now, into: &effects)
        installSnapshot(at: now, into: &effects)
    }

    /// Nothing is in an edge's log but what was sealed.
    private mutating func commitWhatIsThere(at now: Moment, into effects: inout [Effect]) {
        let last = raft.lastPosition
        guard raft.commitIndex < last.index else { return }
        lead(.heartbeat(commitIndex: last.index, round: 0), in: max(raft.term, last.term), at: now, into: &effects)
    }

    private mutating func beginEdge(at now: Moment, into effects: inout [Effect]) {
        guard let checkpoint = seals.memory.checkpoint,
            let point = SealPoint(applied, root: facts.stateRoot, keys: facts.sealKeys)
        else { return halt("this edge has no checkpoint to begin from; \(Self.joinAgain)", at: now, into: &effects) }
        do throws(TrustedHead.CheckpointRefusal) {
            let start = seals.memory.start(at: point, checkpoint, appliedAt: applied.time)
            let trusted = try TrustedHead(start, at: now.wall)
            guard start.index != point.index || start.claim == point.claim else {
                return diverge(Divergence(own: point.claim, other: start.claim), at: now, into: &effects)
            }
            let isOwn = seals.memory.voters != nil
            edge?.begin(from: SealedLog(from: trusted, state: point.claim, isOwn: isOwn))
        } catch {
            // The own clock may be set right yet.
            return noteExpiry("\(error)", into: &effects)
        }
        for step in seals.memory.succession.steps {
            _ = takeAtEdge(.transition(step), from: nil, at: now, into: &effects)
        }
        if applied.position.index >= restoredIndex { serve(into: &effects) }
    }

    private static let joinAgain = "remove it, and let it join again in a new folder"

    /// It ages out by itself, and goes on if the clock was wrong and is set right.
    private mutating func noteExpiry(_ reason: String, into effects: inout [Effect]) {
        guard edge?.isExpiryNoted == false else { return }
        edge?.isExpiryNoted = true
        let message = "this edge follows no seals: by its clock, what it knows of voters is too old, or of the future"
        let advice = "set the clock right; if it is right, \(Self.joinAgain)"
        effects.append(.note(Note(.error, message, .init("reason", reason), .init("advice", advice))))
    }

    mutating func offered(
        _ offered: [LogRecord],
        from neighbour: MemberID,
        at now: Moment,
        into effects: inout [Effect]
    ) {
        guard edge != nil, haltReason == nil else { return }
        let entries = offered.compactMap { record in
            records.decodeEntry(record.bytes).flatMap { $0.index == record.index ? $0 : nil }
        }
        guard entries.count == offered.count else {
            return spread(.logRefused(from: neighbour), at: now, into: &effects)
        }
        let verifier = seals.verifier
        let outcome = edge?.offer(entries, from: neighbour, at: now.wall, verifier) ?? .nothing
        follow(outcome, at: now, into: &effects)
    }

    /// - Parameter neighbour: Nil where it is from this node's own disk.
    mutating func takeAtEdge(
        _ news: SealNews,
        from neighbour: MemberID?,
        at now: Moment,
        into effects: inout [Effect]
    ) -> GossipNode.Verdict {
        guard haltReason == nil, let before = edge?.sealed?.trusted else { return .passedOver }
        let verifier = seals.verifier
        let outcome = edge?.take(news, at: now.wall, verifier) ?? .nothing
        if case .sealRefused(let refusal) = outcome {
            return refused(news, refusal, from: neighbour, at: now, into: &effects)
        }
        if case .transition(let transition) = news, transition.voters != before.voters {
            seals.memory.succession.append(transition)
        }
        edge?.isExpiryNoted = false
        date(news.statement, at: now)
        follow(outcome, at: now, into: &effects)
        keepCheckpoint(at: now.monotonic, into: &effects)
        return .counts
    }

    /// How old a seal is by the wall clock, and by that of the seals before with the monotonic one: whichever is more.
    private mutating func date(_ seal: SealStatement, at now: Moment) {
        let before = edge?.newest
        edge?.newest = EdgeLog.Receipt(time: seal.time, receivedAt: now.monotonic)
        if let end = edge?.doubtsClockUntil, now.monotonic < end { return }
        var age = now.wall.elapsed(since: seal.time).microseconds
        if let before {
            let passed = now.monotonic.elapsed(since: before.receivedAt).microseconds
            let proven = seal.time.elapsed(since: before.time).microseconds
            age = max(age, passed > proven ? passed - proven : 0)
        }
        let error = options.clocks.maxClockError.microseconds
        let proof = FreshnessProof(
            provenAt: seal.time,
            age: Span(microseconds: age + error),
            commitIndex: seal.index
        )
        tracker.receive(proof, at: now.monotonic, applied: applied.position.index)
    }

    /// A valid seal from the future shows that the own clock is behind those of a quorum. By it, old seals would look fresh. A forged
    /// one costs its sender what any other does: to find that out takes as long.
    private mutating func judgeFuture(
        _ news: SealNews,
        at now: Moment,
        into effects: inout [Effect]
    ) -> GossipNode.Verdict {
        guard let trusted = edge?.sealed?.trusted, news.statement.claim.voters == trusted.voters.digest else {
            return .passedOver
        }
        do throws(SignatureFlaw) {
            try trusted.voters.verify(news.signatures, of: news.statement.signedBytes, seals.verifier)
        } catch {
            counters.refusedSeals += 1
            return .refused
        }
        if edge?.doubtsClockUntil.map({ $0 < now.monotonic }) ?? true {
            let note = Note(.warning, "the clock is behind those of the voters", .init("seal", "\(news.statement)"))
            effects.append(.note(note))
        }
        edge?.doubtsClockUntil = now.monotonic.advanced(by: Self.clockDoubt)
        // Whoever passes it on has done nothing wrong.
        return .passedOver
    }

    /// Longer than from one seal to the next.
    private static let clockDoubt = Span.seconds(5)

    private mutating func refused(
        _ news: SealNews,
        _ refusal: SealRefusal,
        from neighbour: MemberID?,
        at now: Moment,
        into effects: inout [Effect]
    ) -> GossipNode.Verdict {
        switch refusal {
        // It crossed another on its way.
        case .alreadyKnown, .termGoesBack, .indexGoesBack, .timeGoesBack: return .passedOver
        case .fromTheFuture: return judgeFuture(news, at: now, into: &effects)
        case .unknownVoters, .otherPredecessor:
            if neighbour != nil { askForSuccession(at: now, into: &effects) }
            return .passedOver
        case .trustExpired:
            noteExpiry("\(refusal)", into: &effects)
            return .passedOver
        default:
            counters.refusedSeals += 1
            return .refused
        }
    }

    /// The state has moved.
    mutating func appliedAtEdge(at now: Moment, into effects: inout [Effect]) {
        guard edge != nil else { return }
        let verifier = seals.verifier
        let outcome = edge?.applied(applied.position.index, root: facts.stateRoot, at: now.wall, verifier) ?? .nothing
        follow(outcome, at: now, into: &effects)
        keepCheckpoint(at: now.monotonic, into: &effects)
    }

    mutating func follow(_ outcome: EdgeLog.Outcome, at now: Moment, into effects: inout [Effect]) {
        switch outcome {
        case .offerRefused(let neighbour): spread(.logRefused(from: neighbour), at: now, into: &effects)
        case .offerDoubted: spread(.logDoubted, at: now, into: &effects)
        case .halt(let divergence): diverge(divergence, at: now, into: &effects)
        case .nothing, .sealRefused, .snapshotWanted, .snapshotRefused, .mayInstall: break
        }
        if applied.position.index >= restoredIndex { serve(into: &effects) }
    }

    /// As a leader would, whose word is what seals prove.
    private mutating func feedConsensus(at now: Moment, into effects: inout [Effect]) {
        // Of a long run, the next piece once the last is applied.
        guard edge?.underWay == nil || applied.position.index == raft.lastPosition.index,
            let entries = edge?.next(), let last = entries.last
        else { return }
        let append = Consensus.Message.Append(previous: raft.lastPosition, entries: entries, commitIndex: last.index)
        lead(.append(append), in: max(raft.term, last.term), at: now, into: &effects)
        guard raft.commitIndex < last.index else { return }
        halt("the log took no entries after \(raft.lastPosition), which a seal proves", at: now, into: &effects)
    }

    mutating func lead(
        _ body: Consensus.Message.Body,
        in term: Term,
        at now: Moment,
        into effects: inout [Effect]
    ) {
        let message = Consensus.Message(lineage: lineage, from: Self.sealsAsLeader, to: member, term: term, body: body)
        advance(.receive(message), at: now, into: &effects)
    }

    /// Nobody's id.
    private static let sealsAsLeader = MemberID(high: 0, low: 0, incarnation: 0)

    /// What the next process begins from: renewed with the voters, with the first proof, and once an hour for its date.
    private mutating func keepCheckpoint(at now: Instant, into effects: inout [Effect]) {
        guard isProven, haltReason == nil, let trusted = edge?.sealed?.trusted else { return }
        let isDue = edge?.checkpointKeptAt.map { now.elapsed(since: $0) >= Self.checkpointInterval } ?? true
        guard isDue || trusted.voters != seals.memory.voters else { return }
        edge?.checkpointKeptAt = now
        seals.memory.voters = trusted.voters
        seals.memory.checkpoint = trusted.checkpoint
        effects.append(.keepSealMemory(seals.memory))
    }

    private static let checkpointInterval = Span.seconds(3600)
}

extension EdgeLog {
    /// The state as it is: sealed, or given to this edge and what others are asked to go on from.
    func claim(applied: LogIndex) -> StateClaim? {
        guard let sealed, underWay == nil, sealed.sealed.index == applied else { return nil }
        return sealed.sealed
    }
}

extension SealMemory {
    /// What an edge begins from whose state is at a point: the point itself, where an earlier process has seen that it is sealed, or
    /// what this edge was given when it joined, or has seen since that lies ahead of its state.
    fileprivate func start(at point: SealPoint, _ checkpoint: Checkpoint, appliedAt time: WallTime) -> Checkpoint {
        guard voters != nil, checkpoint.index < point.index else { return checkpoint }
        let isOfSameVoters = checkpoint.voters == point.voters
        return Checkpoint(
            lineage: checkpoint.lineage,
            index: point.index,
            head: point.head,
            root: point.root,
            time: isOfSameVoters ? max(checkpoint.time, time) : time,
            voters: point.voters
        )
    }
}
