package import Kernel

/// A leader's side of seals: for which index and time it asks, and when it has enough signatures. docs/decisions/0034.
///
/// One seal is open at a time. The next is opened when that is complete, cannot be completed any more, or has waited for
/// `patience`: were it replaced as soon as there is a newer one, none would be completed where an answer takes longer than commits.
package struct SealCollector: Hashable, Sendable {
    package enum Input: Hashable, Sendable {
        /// This member leads in the term, and has committed an entry of it. Before that it knows too little of what is committed.
        case leading(Term)
        case notLeading
        /// What is committed now, and where the log ends. Left out while the leader's clock is not confirmed by a quorum's: what
        /// it dates proves nothing then.
        case committed(through: LogIndex, last: LogIndex)
        /// The roots have moved.
        case applied
        case answered(SealAnswer, by: MemberID)
        /// The voters up to whom a receiver can follow, as far as this member knows.
        case sealed(by: VoterSet)
        case wake
    }

    package enum Effect: Hashable, Sendable {
        /// Also of this member itself.
        case ask(SealStatement, of: MemberID)
        /// With a transition where its voters are not those up to whom a receiver can follow. Where those have not consented in time,
        /// it comes without, and is one for whoever knows its own voters; with the next seal they are asked again.
        case completed(Seal, TransitionSeal?)
        /// A voter's state is another one than this leader's.
        case diverged(Divergence)
        /// A quorum has one state that is not this member's, which must stop.
        case halt(Divergence)
        case note(Note)
    }

    private struct Opening: Hashable, Sendable {
        let index: LogIndex
        let time: WallTime
        let at: Instant
    }

    private let lineage: Lineage
    private let options: SealOptions
    /// Leads and has committed in this term.
    private var term: Term?
    private var samples = CommitSamples()
    private var lastIndex = LogIndex.zero
    /// Up to whom a receiver can follow; nil before the first seal of a log.
    package private(set) var sealedVoters: VoterSet?
    private var open: OpenSeal?
    /// The newest of this term.
    private var lastOpening: Opening?
    /// The time of the last input.
    private var steppedAt = Instant.zero
    /// After a quorum was found to have another state.
    package private(set) var isHalted = false

    package init(lineage: Lineage, sealedVoters: VoterSet?, options: SealOptions = SealOptions()) {
        self.lineage = lineage
        self.sealedVoters = sealedVoters
        self.options = options
    }

    package mutating func step(
        _ input: Input,
        roots: RootHistory,
        at now: Moment,
        _ verifier: any SignatureVerifier
    ) -> [Effect] {
        steppedAt = now.monotonic
        var effects: [Effect] = []
        switch input {
        case .leading(let term): if !isHalted, self.term != term { begin(term) }
        case .notLeading: begin(nil)
        case .committed(let index, let last):
            samples.add(now.wall, index)
            lastIndex = last
        case .applied, .wake: break
        case .answered(let answer, let member): effects += answered(answer, by: member, verifier)
        case .sealed(let voters): sealedVoters = voters
        }
        return effects + openIfDue(roots, at: now)
    }

    /// Whether a receiver can follow the seals from one set of voters to that in force. A change of the voters that is proposed
    /// before may leave behind who has not seen it, until it is given a new checkpoint.
    package func hasSealed(_ voters: VoterSet) -> Bool { sealedVoters == voters }

    /// When `wake` is due, nil while there is nothing to wait for.
    package func nextWake(roots: RootHistory) -> Instant? {
        guard let due = nextOpening(roots) else { return nil }
        // What was due and could not be opened waits for a root or a time that is newer. To look again at once would be to spin.
        return due > steppedAt ? due : steppedAt.advanced(by: options.busyInterval)
    }

    /// Nil while there is nothing to ask for.
    private func nextOpening(_ roots: RootHistory) -> Instant? {
        guard term != nil else { return nil }
        if let open { return open.openedAt.advanced(by: options.patience) }
        guard let point = candidate(roots) else { return nil }
        return lastOpening.map { $0.at.advanced(by: interval(to: point)) } ?? .zero
    }

    private mutating func begin(_ term: Term?) {
        self.term = term
        samples = CommitSamples()
        lastIndex = .zero
        open = nil
        lastOpening = nil
    }

    private mutating func openIfDue(_ roots: RootHistory, at now: Moment) -> [Effect] {
        guard let term, let due = nextOpening(roots), due <= now.monotonic else { return [] }
        guard let point = candidate(roots), let time = samples.newest(notBeyond: point.index) else { return [] }
        if let lastOpening, time <= lastOpening.time { return [] }
        let statement = SealStatement(lineage: lineage, term: term, claim: point.claim, time: time)
        let opened = OpenSeal(
            statement,
            voters: point.voters,
            sealed: sealedVoters ?? point.voters,
            at: now.monotonic
        )
        samples.drop(through: time)
        let former = open.map(giveUp) ?? []
        open = opened
        lastOpening = Opening(index: point.index, time: time, at: now.monotonic)
        return former + opened.asked.map { .ask(statement, of: $0) }
    }

    private func interval(to point: SealPoint) -> Span {
        guard let lastOpening, point.index <= lastOpening.index else { return options.busyInterval }
        return options.idleInterval
    }

    /// The newest point that the others are sure to have a root of as well: a boundary, or the end of a log that has come to rest.
    /// One of an earlier term would not prove a commit in this one.
    private func candidate(_ roots: RootHistory) -> SealPoint? {
        let newest = roots.newest
        let point = newest.index >= lastIndex ? newest : roots.newestBoundary
        guard let point, point.term == term, point.index >= lastOpening?.index ?? .zero else { return nil }
        return point
    }

    private mutating func answered(
        _ answer: SealAnswer,
        by member: MemberID,
        _ verifier: any SignatureVerifier
    ) -> [Effect] {
        // The answer to one that was given up finds nobody waiting.
        guard var open, open.id == answer.id, open.awaits(member) else { return [] }
        self.open = nil
        var effects: [Effect] = []
        switch answer.word {
        case .signed(let bytes):
            let signature = SealSignature(member: member, bytes: bytes)
            if open.isValid(signature, verifier) {
                open.add(signature)
            } else {
                open.refuse(member)
                effects.append(
                    .note(Note(.warning, "a voter's signature of a seal is wrong", .init("voter", "\(member)")))
                )
            }
        case .refused(.differs(let claim)) where claim.index == open.statement.index && claim != open.statement.claim:
            open.report(claim, by: member)
            effects.append(.diverged(Divergence(own: open.statement.claim, other: claim, members: [member])))
        case .refused: open.refuse(member)
        }
        return effects + settle(open)
    }

    private mutating func settle(_ open: OpenSeal) -> [Effect] {
        if let divergence = open.outvoting {
            isHalted = true
            begin(nil)
            return [.halt(divergence)]
        }
        if open.isComplete {
            sealedVoters = open.voters
            return [.completed(open.seal, open.transition)]
        }
        if open.isLost { return giveUp(open) }
        self.open = open
        return []
    }

    /// To wait for the consent of former voters for ever would be to seal nothing any more once they are gone.
    private func giveUp(_ open: OpenSeal) -> [Effect] { open.hasQuorum ? [.completed(open.seal, nil)] : [] }
}
