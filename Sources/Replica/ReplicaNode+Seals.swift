internal import Consensus
internal import Kernel
package import Sealing

/// Seals beside consensus: the leader asks for one when there is something new to seal, and once a second.
extension ReplicaNode {
    /// The newest seal that this node has verified or made.
    package var newestSeal: Seal? { edge == nil ? seals.newest : edge?.sealed?.trusted.newest }
    /// How this node's state was found to differ from what a quorum has sealed.
    package var divergence: Divergence? { seals.memory.divergence }

    /// What follows for seals from any input.
    mutating func advanceSeals(at now: Moment, into effects: inout [Effect]) {
        guard seals.roots != nil, haltReason == nil else {
            seals.wakeAt = nil
            return
        }
        let followed = Seals.Followed(leader: raft.leader, term: raft.term)
        if followed != seals.followed {
            seals.followed = followed
            sign(.following(leader: followed.leader, in: followed.term), at: now, into: &effects)
        }
        lead(at: now, into: &effects)
        // Between two samples it is told nothing, so that it may want to be woken by now.
        let due = seals.roots.flatMap { seals.collector.nextWake(roots: $0) }
        seals.wakeAt = due.map { max($0, now.monotonic.advanced(by: Self.sealSampling)) }
    }

    /// A leader learns of what is committed at least this often, as long as anything happens to it.
    private static let sealSampling = Span.milliseconds(10)

    private mutating func lead(at now: Moment, into effects: inout [Effect]) {
        let term = raft.role == .leader && raft.hasCommittedInTerm && mayLead ? raft.term : nil
        if term != seals.leadsIn {
            seals.leadsIn = term
            seals.sampledAt = nil
            seals.alarmedOf = []
            collect(term.map { .leading($0) } ?? .notLeading, at: now, into: &effects)
        }
        guard term != nil, isSampleDue(at: now.monotonic), clocks.isConfirmed(at: now.monotonic) else { return }
        seals.sampledAt = now.monotonic
        seals.sampledIndex = raft.commitIndex
        collect(.committed(through: raft.commitIndex, last: raft.lastPosition.index), at: now, into: &effects)
    }

    private func isSampleDue(at now: Instant) -> Bool {
        guard let last = seals.sampledAt else { return true }
        return seals.sampledIndex != raft.commitIndex || now.elapsed(since: last) >= Self.sealSampling
    }

    /// The state has moved.
    mutating func recordRoots(_ batch: AppliedBatch, at now: Moment, into effects: inout [Effect]) {
        guard edge == nil else { return }
        seals.record(batch.roots, at: now.monotonic)
        guard let roots = seals.roots else { return }
        guard roots.newest.index == batch.point.position.index else {
            seals.restart(at: nil, time: batch.point.time, at: now.monotonic)
            return
        }
        if let divergence = seals.watch?.applied(roots) { return diverge(divergence, at: now, into: &effects) }
        sign(.applied, at: now, into: &effects)
        if seals.leadsIn != nil { collect(.applied, at: now, into: &effects) }
    }

    /// From the leader alone: nobody else has any, and to check one costs a signature of each voter.
    mutating func receive(_ news: SealNews, from sender: MemberID, at now: Moment, into effects: inout [Effect]) {
        guard sender == raft.leader else {
            counters.strangeSeals += 1
            return
        }
        take(news, at: now, into: &effects)
    }

    /// Steps the part that signs.
    mutating func sign(_ input: SealSigner.Input, at now: Moment, into effects: inout [Effect]) {
        guard let roots = seals.roots, haltReason == nil else { return }
        for effect in seals.signer.step(input, roots: roots, at: now) {
            switch effect {
            case .persist(let mark): effects.append(.keepSealMark(mark))
            case .sign(let statement): effects.append(.signSeal(statement))
            case .answer(let answer, let leader) where leader == member:
                collect(.answered(answer, by: member), at: now, into: &effects)
            case .answer(let answer, let leader):
                effects.append(.send(PeerMessage(stamp: now.wall, body: .sealAnswered(answer)), to: leader, after: nil))
            }
        }
    }

    /// Steps the part that has others sign.
    mutating func collect(_ input: SealCollector.Input, at now: Moment, into effects: inout [Effect]) {
        guard let roots = seals.roots, haltReason == nil else { return }
        let verifier = seals.verifier
        for effect in seals.collector.step(input, roots: roots, at: now, verifier) {
            switch effect {
            case .ask(let statement, let voter) where voter == member:
                sign(.asked(statement, by: member), at: now, into: &effects)
            case .ask(let statement, let voter):
                effects.append(.send(PeerMessage(stamp: now.wall, body: .sealWanted(statement)), to: voter, after: nil))
            case .completed(let seal, let transition):
                counters.completedSeals += 1
                let news = transition.map { SealNews.transition($0) } ?? .seal(seal)
                for peer in configuration.members where peer != member {
                    effects.append(.send(PeerMessage(stamp: now.wall, body: news.body), to: peer, after: nil))
                }
                take(news, at: now, into: &effects)
            case .diverged(let divergence): alarm(of: divergence, into: &effects)
            case .halt(let divergence): diverge(divergence, at: now, into: &effects)
            case .note(let note): effects.append(.note(note))
            }
        }
    }

    private mutating func take(_ news: SealNews, at now: Moment, into effects: inout [Effect]) {
        seals.beginWatch(appliedAt: applied.time, at: now.wall)
        guard let roots = seals.roots, haltReason == nil else { return }
        let verifier = seals.verifier
        let divergence: Divergence?
        do throws(SealRefusal) {
            divergence = try seals.watch?.accept(news, roots: roots, at: now.wall, verifier)
        } catch {
            return refuse(news, error, at: now, into: &effects)
        }
        if let divergence { return diverge(divergence, at: now, into: &effects) }
        publish(news.record, at: now, into: &effects)
        if seals.followWatch() { keepSuccession(at: now, into: &effects) }
        if seals.lacksSteps { askForSuccession(at: now, into: &effects) }
    }

    mutating func keepSuccession(at now: Moment, into effects: inout [Effect]) {
        effects.append(.keepSealMemory(seals.memory))
        if let voters = seals.memory.voters { collect(.sealed(by: voters), at: now, into: &effects) }
    }

    private mutating func refuse(
        _ news: SealNews,
        _ refusal: SealRefusal,
        at now: Moment,
        into effects: inout [Effect]
    ) {
        switch refusal {
        // Valid all the same: where this node began with what it had applied itself, it is that which is wrong.
        case .contradiction:
            if let divergence = seals.roots?.divergence(from: news.statement) {
                return diverge(divergence, at: now, into: &effects)
            }
        // It crossed another on its way, or is of before this process, or this node has applied more by now. What is old of the log may be
        // news of how voters came from others.
        case .alreadyKnown, .termGoesBack, .indexGoesBack, .timeGoesBack:
            if case .transition(let step) = news { follow([step], at: now, into: &effects) }
            return
        // What this member has applied tells it who votes, and the next seal is judged by that.
        case .unknownVoters, .otherPredecessor, .trustExpired: seals.watch = nil
        default: break
        }
        counters.refusedSeals += 1
        effects.append(
            .note(
                Note(
                    .warning,
                    "a seal was refused",
                    .init("seal", "\(news.statement)"),
                    .init("reason", "\(refusal)")
                )
            )
        )
    }

    /// This state is not the quorum's: nothing is answered by it any more, in this process and the next.
    mutating func diverge(_ divergence: Divergence, at now: Moment, into effects: inout [Effect]) {
        seals.memory.divergence = divergence
        effects.append(.keepSealMemory(seals.memory))
        effects.append(.note(Self.alarm(divergence)))
        halt(divergence.reason, at: now, into: &effects)
        stopServing(into: &effects)
    }

    /// Once for each member: it says the same to each seal.
    private mutating func alarm(of divergence: Divergence, into effects: inout [Effect]) {
        guard !seals.alarmedOf.contains(divergence.members) else { return }
        seals.alarmedOf.append(divergence.members)
        effects.append(.note(Self.alarm(divergence)))
    }

    private static func alarm(_ divergence: Divergence) -> Note {
        Note(
            .error,
            "states differ",
            .init("index", "\(divergence.own.index)"),
            .init("here", "\(divergence.own)"),
            .init("there", "\(divergence.other)"),
            .init("by", divergence.members.isEmpty ? "a seal" : "\(divergence.members)")
        )
    }
}
