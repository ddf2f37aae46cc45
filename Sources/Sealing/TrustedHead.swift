package import Kernel

/// What a receiver knows to be sealed, and by whose word: a checkpoint at first, then the newest seal that followed from it.
///
/// It moves forward alone: term and index never lower, time higher. Receivers know nobody's clock but their own.
package struct TrustedHead: Hashable, Sendable {
    package private(set) var claim: StateClaim
    package private(set) var time: WallTime
    /// In force at the claim's index.
    package private(set) var voters: VoterSet
    /// Nil until the first seal after the checkpoint.
    package private(set) var newest: Seal?
    package let lineage: Lineage
    private let options: SealOptions

    /// Why a checkpoint is not begun with.
    package enum CheckpointRefusal: Error, Hashable, Sendable {
        case tooOld(age: Span, limit: Span)
        case fromTheFuture(WallTime, now: WallTime)
    }

    package init(
        _ checkpoint: Checkpoint,
        at now: WallTime,
        options: SealOptions = SealOptions()
    ) throws(CheckpointRefusal) {
        let age = now.elapsed(since: checkpoint.time)
        if age > options.trustPeriod { throw .tooOld(age: age, limit: options.trustPeriod) }
        if checkpoint.time > now.advanced(by: options.maxClockError) {
            throw .fromTheFuture(checkpoint.time, now: now)
        }
        claim = checkpoint.claim
        time = checkpoint.time
        voters = checkpoint.voters
        lineage = checkpoint.lineage
        self.options = options
    }

    /// Where another receiver can begin.
    package var checkpoint: Checkpoint {
        Checkpoint(
            lineage: lineage,
            index: claim.index,
            head: claim.head,
            root: claim.root,
            time: time,
            voters: voters
        )
    }

    /// Takes a seal by the voters that are known.
    package mutating func accept(
        _ seal: Seal,
        at now: WallTime,
        _ verifier: any SignatureVerifier
    ) throws(SealRefusal) {
        try checkOrder(of: seal.statement, at: now)
        guard seal.statement.claim.voters == voters.digest else { throw .unknownVoters(seal.statement.claim.voters) }
        try seal.verify(by: voters, verifier)
        try adopt(seal, voters)
    }

    /// Takes a seal by other voters, to whom those that are known have agreed.
    package mutating func accept(
        _ transition: TransitionSeal,
        at now: WallTime,
        _ verifier: any SignatureVerifier
    ) throws(SealRefusal) {
        // Who is past the transition needs its seal alone.
        if transition.voters == voters { return try accept(transition.seal, at: now, verifier) }
        try checkOrder(of: transition.statement, at: now)
        try transition.verify(from: voters, verifier)
        try adopt(transition.seal, transition.voters)
    }

    /// What can be refused without looking at a signature.
    private func checkOrder(of statement: SealStatement, at now: WallTime) throws(SealRefusal) {
        if statement.lineage != lineage { throw .otherLineage(statement.lineage) }
        if statement == newest?.statement { throw .alreadyKnown }
        if statement.time > now.advanced(by: options.maxClockError) {
            throw .fromTheFuture(statement.time, now: now)
        }
        if let term = newest?.statement.term, statement.term < term { throw .termGoesBack(known: term) }
        if statement.index < claim.index { throw .indexGoesBack(known: claim.index) }
        if statement.time <= time { throw .timeGoesBack(known: time) }
        try checkTrust(at: now)
    }

    private func checkTrust(at now: WallTime) throws(SealRefusal) {
        let age = now.elapsed(since: time)
        if age > options.trustPeriod { throw .trustExpired(age: age) }
    }

    /// Whether a seal is one by the voters that are known, whenever they made it; nothing is taken from it.
    package func verify(_ seal: Seal, at now: WallTime, _ verifier: any SignatureVerifier) throws(SealRefusal) {
        if seal.statement.lineage != lineage { throw .otherLineage(seal.statement.lineage) }
        if seal.statement.index > claim.index { throw .notTaken(known: claim.index) }
        try checkTrust(at: now)
        guard seal.statement.claim.voters == voters.digest else { throw .unknownVoters(seal.statement.claim.voters) }
        try seal.verify(by: voters, verifier)
    }

    private mutating func adopt(_ seal: Seal, _ voters: VoterSet) throws(SealRefusal) {
        let next = seal.statement.claim
        if next.index == claim.index, next != claim { throw .contradiction(Divergence(own: claim, other: next)) }
        claim = next
        time = seal.statement.time
        self.voters = voters
        newest = seal
    }
}
