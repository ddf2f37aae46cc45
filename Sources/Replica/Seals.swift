package import Kernel
package import Sealing

/// What a node begins with of seals.
package struct SealStart: Sendable {
    package let verifier: any SignatureVerifier
    /// Kept by an earlier process of this member, as is `memory`.
    package let mark: SealMark?
    package let memory: SealMemory

    package init(verifier: any SignatureVerifier, mark: SealMark? = nil, memory: SealMemory = SealMemory()) {
        self.verifier = verifier
        self.mark = mark
        self.memory = memory
    }
}

/// A member's part in seals: what it signs, what it asks others to sign while it leads, and what it has heard to be sealed.
///
/// A member applies by consensus. Seals tell it whether its state is its quorum's, and it passes them on to those who have nothing
/// else to go by. docs/decisions/0034, docs/decisions/0036.
struct Seals: Sendable {
    let verifier: any SignatureVerifier
    let lineage: Lineage
    /// Nil while not all voters have named a key, and so cannot seal.
    var roots: RootHistory?
    var signer: SealSigner
    var collector: SealCollector
    /// Nil until this member has something recent of its own to begin with.
    var watch: SealWatch?
    var memory: SealMemory
    /// What led here before this member missed a step, until others have told it that one. Of this process alone: who starts again leads
    /// whom it still can.
    private(set) var interrupted: InterruptedSuccession?
    /// Since when receivers are left behind who know former voters alone.
    private var brokenSince: WallTime?
    /// Since when the voters in force are those that they are.
    var votersSince: Instant
    /// The term in which the collector was told that this member leads.
    var leadsIn: Term?
    /// What the signer was told last.
    var followed: Followed
    /// When the collector was told last what is committed.
    var sampledAt: Instant?
    var sampledIndex = LogIndex.zero
    var wakeAt: Instant?
    /// Whose state was said to differ from this leader's, in this term.
    var alarmedOf: [[MemberID]] = []

    struct Followed: Hashable, Sendable {
        let leader: MemberID?
        let term: Term
    }

    /// How long the voters that are in force may take to be sealed before others may take their place unsealed.
    static let grace = Span.seconds(10)

    init(_ start: SealStart, lineage: Lineage, roots: RootHistory?, term: Term, at now: Instant) {
        verifier = start.verifier
        self.lineage = lineage
        self.roots = roots
        memory = start.memory
        signer = SealSigner(lineage: lineage, mark: start.mark, term: term)
        collector = SealCollector(lineage: lineage, sealedVoters: start.memory.voters)
        votersSince = now
        followed = Followed(leader: nil, term: term)
    }

    /// The newest seal that this member has verified.
    var newest: Seal? { watch?.trusted.newest }

    /// What follows for the succession from what the watch has taken.
    ///
    /// - Returns: Whether there is something to keep.
    mutating func followWatch() -> Bool {
        guard let watch, watch.trusted.newest != nil else { return false }
        let before = memory
        if let voters = memory.voters, interrupted == nil {
            interrupted = InterruptedSuccession(memory.succession, to: voters, before: watch.succession)
        }
        if let interrupted, watch.trusted.time.elapsed(since: interrupted.time) > SealOptions().trustPeriod {
            self.interrupted = nil
        }
        memory.succession = watch.succession
        memory.voters = watch.succession.end ?? memory.voters ?? watch.trusted.voters
        guard memory.voters != watch.trusted.voters else {
            brokenSince = nil
            return memory != before
        }
        let since = brokenSince ?? watch.trusted.time
        brokenSince = since
        // By now nobody is left who could follow.
        if watch.trusted.time.elapsed(since: since) > SealOptions().trustPeriod {
            follow(Succession(), to: watch.trusted.voters)
        }
        return memory != before
    }

    /// Whether others may know of steps that this member does not.
    var lacksSteps: Bool { brokenSince != nil || interrupted != nil }

    /// Up to whom this member could follow before it lacked a step, and since when.
    var known: (VoterSet, since: WallTime)? {
        if let interrupted { return (interrupted.voters, interrupted.steps.lastTime) }
        return memory.voters.map { ($0, memory.succession.lastTime) }
    }

    /// Takes steps from where this member has lost the way, if they lead to where it knows it again.
    ///
    /// - Returns: Whether there is something to keep.
    mutating func resume(by steps: [TransitionSeal]) throws(SealRefusal) -> Bool {
        guard let whole = try interrupted?.resumed(by: steps, to: memory.succession, verifier), let end = whole.end
        else { return false }
        interrupted = nil
        follow(whole, to: end)
        return true
    }

    mutating func follow(_ succession: Succession, to voters: VoterSet) {
        memory.succession = succession
        memory.voters = voters
        watch?.succession = succession
        brokenSince = nil
    }

    /// What a run of entries came to.
    mutating func record(_ recorded: [RecordedRoot], at now: Instant) {
        for root in recorded {
            if roots?.newest.voters != root.point.voters { votersSince = now }
            if roots == nil {
                roots = RootHistory(at: root.point, time: root.last)
            } else {
                roots?.record(root.point, first: root.first, last: root.last)
            }
        }
    }

    /// Another state has taken the place of the former one; nil where its voters cannot seal.
    mutating func restart(at point: SealPoint?, time: WallTime, at now: Instant) {
        if roots?.newest.voters != point?.voters { votersSince = now }
        roots = point.map { RootHistory(at: $0, time: time) }
    }

    /// Whether a change of the voters would leave nobody behind, or has waited long enough for that.
    func allowsChange(at now: Instant) -> Bool {
        guard let roots else { return true }
        return collector.hasSealed(roots.newest.voters) || now.elapsed(since: votersSince) >= Self.grace
    }

    /// Begins to judge seals by what this member has applied itself, where that is recent. Others agree on it by now.
    mutating func beginWatch(appliedAt time: WallTime, at now: WallTime) {
        guard watch == nil, let point = roots?.newest else { return }
        let checkpoint = Checkpoint(
            lineage: lineage,
            index: point.index,
            head: point.head,
            root: point.root,
            time: time,
            voters: point.voters
        )
        watch = (try? TrustedHead(checkpoint, at: now)).map { SealWatch(from: $0, succession: memory.succession) }
    }
}
