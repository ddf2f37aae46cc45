import Consensus
import DequeModule
import Directory
import Kernel
import Sealing

/// An edge's log: what neighbours offer, as far as seals prove it, in the order in which consensus is given it.
///
/// To its own consensus an edge is a follower whose leader says what seals prove, and nobody else says anything to it. So what
/// keeps the log of a follower keeps that of an edge: writes that are durable before they are applied, repair, compaction.
struct EdgeLog: Sendable {
    /// Nil until what an earlier process has left is applied, and the state is known from which seals are followed.
    private(set) var sealed: SealedLog?
    /// Offered, without a gap, and not with consensus. Bounded by what `SealedLog` holds.
    private var waiting: Deque<Offered> = []
    /// Consensus may be given the entries up to here.
    private var ready: LogIndex?
    /// A state that is to take the place of the log.
    var snapshot: EdgeSnapshot?
    /// Consensus is given the entries up to here, and the root of the state that they come to is to be compared.
    private(set) var underWay: LogIndex?
    /// Since when the checkpoint is what is kept for the next process.
    var checkpointKeptAt: Instant?
    /// The newest seal that was taken in this process.
    var newest: Receipt?
    /// Until then the own clock is held to be behind those of the voters.
    var doubtsClockUntil: Instant?
    var isExpiryNoted = false

    private struct Offered: Sendable {
        let entry: Entry
        let by: MemberID
    }

    struct Receipt: Hashable, Sendable {
        let time: WallTime
        let receivedAt: Instant
    }

    /// What an offer, or a seal, came to.
    enum Outcome: Hashable, Sendable {
        case nothing
        /// A seal has shown that what this neighbour offered is not the log's.
        case offerRefused(MemberID)
        /// What a neighbour offered does not follow on what others did. Which is the log's, a seal will tell.
        case offerDoubted
        case sealRefused(SealRefusal)
        case halt(Divergence)
        case snapshotWanted(StateClaim)
        case snapshotRefused(SnapshotRefusal)
        case mayInstall
    }

    var isProven: Bool { sealed?.isProven ?? false }

    mutating func begin(from sealed: SealedLog) { self.sealed = sealed }

    /// Takes entries in the place of all that no seal has proved from the first of them on.
    mutating func offer(
        _ entries: [Entry],
        from neighbour: MemberID,
        at now: WallTime,
        _ verifier: any SignatureVerifier
    ) -> Outcome {
        guard let first = entries.first, sealed != nil else { return .nothing }
        _ = step(.forget(from: first.index), at: now, verifier)
        let proved = sealed?.sealed.index ?? .zero
        waiting.removeAll { $0.entry.index >= first.index && $0.entry.index > proved }
        for entry in entries {
            waiting.append(Offered(entry: entry, by: neighbour))
            let link = ChainLink(index: entry.index, previousHash: entry.previousHash, hash: entry.hash)
            let outcome = step(.link(link), at: now, verifier)
            guard outcome == .nothing else { return outcome }
        }
        return .nothing
    }

    mutating func take(_ news: SealNews, at now: WallTime, _ verifier: any SignatureVerifier) -> Outcome {
        switch news {
        case .seal(let seal): step(.seal(seal), at: now, verifier)
        case .transition(let transition): step(.transition(transition), at: now, verifier)
        }
    }

    /// The state is at the entry that consensus was given last.
    mutating func applied(
        _ index: LogIndex,
        root: Digest,
        at now: WallTime,
        _ verifier: any SignatureVerifier
    ) -> Outcome {
        guard underWay == index else { return .nothing }
        underWay = nil
        return step(.applied(index, root: root), at: now, verifier)
    }

    /// What consensus is to be given now, if anything: a piece at a time, or it would do nothing else for long.
    mutating func next() -> [Entry] {
        if underWay == nil {
            guard snapshot?.isWaitingForLog != true else { return [] }
            underWay = ready
            ready = nil
        }
        guard let through = underWay else { return [] }
        var (byteCount, piece) = (0, [Entry]())
        while let next = waiting.first?.entry, next.index <= through, byteCount < Self.pieceBytes {
            byteCount += next.byteCount
            piece.append(next)
            waiting.removeFirst()
        }
        return piece
    }

    private static let pieceBytes = 4 << 20

    /// A state is offered by a seal.
    mutating func offered(by seal: Seal, at now: WallTime, _ verifier: any SignatureVerifier) -> Outcome {
        step(.snapshotOffered(seal), at: now, verifier)
    }

    /// A state has been staged that comes to this. Nothing is under way.
    mutating func install(_ point: SealPoint, at now: WallTime, _ verifier: any SignatureVerifier) -> Outcome {
        step(.snapshot(point), at: now, verifier)
    }

    private mutating func step(
        _ input: SealedLog.Input,
        at now: WallTime,
        _ verifier: any SignatureVerifier
    ) -> Outcome {
        var outcome = Outcome.nothing
        for effect in sealed?.step(input, at: now, verifier) ?? [] {
            switch effect {
            case .mayApply(let through): ready = through
            case .discard(let index): outcome = discard(after: index, isProven: input.isSeal)
            case .linkRefused(let refusal):
                // The last is the one that was just added.
                _ = waiting.popLast()
                if case .alreadySealed = refusal { continue }
                outcome = .offerDoubted
            case .sealRefused(let refusal): outcome = .sealRefused(refusal)
            case .halt(let divergence): return .halt(divergence)
            case .snapshotWanted(let claim): outcome = .snapshotWanted(claim)
            case .snapshotRefused(let refusal): outcome = .snapshotRefused(refusal)
            case .mayInstall:
                waiting = []
                ready = nil
                outcome = .mayInstall
            }
        }
        return outcome
    }

    /// - Parameter isProven: A seal gives them the lie, and not another offer.
    private mutating func discard(after index: LogIndex, isProven: Bool) -> Outcome {
        let first = waiting.first { $0.entry.index > index }
        waiting.removeAll { $0.entry.index > index }
        guard let first else { return .nothing }
        return isProven ? .offerRefused(first.by) : .offerDoubted
    }
}

extension SealedLog.Input {
    fileprivate var isSeal: Bool {
        switch self {
        case .seal, .transition: true
        case .link, .forget, .applied, .snapshotOffered, .snapshot: false
        }
    }
}
