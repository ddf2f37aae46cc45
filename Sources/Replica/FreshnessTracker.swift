import Decision
import Kernel

/// Turns heartbeats that a quorum acknowledged into proofs of freshness.
///
/// A proof counts only once the state reflects everything that was committed when it was made: otherwise an old state
/// would be dated by a new proof, and a revocation could be missed by a decision that claims to be newer.
struct FreshnessTracker: Sendable {
    private struct Round: Sendable {
        let number: UInt64
        let beganAt: Moment
        let commitIndex: LogIndex
    }

    private struct Pending: Sendable {
        let freshness: Freshness
        let commitIndex: LogIndex
    }

    /// The newest proof that the applied state satisfies.
    private(set) var current: Freshness?
    /// Of the leader's rounds, those not yet confirmed and the newest confirmed one, oldest first.
    private var rounds: [Round] = []
    private var newestConfirmed: Round?
    /// A round is dated when it is first seen, and never again: a confirmed one that was dated anew would prove what
    /// nobody has acknowledged.
    private var lastBegun: UInt64 = 0
    /// Waiting for the state to catch up, oldest first.
    private var pending: [Pending] = []

    /// Rounds and proofs that wait; when there are more, every other one is let go, since a newer one says more.
    private static let capacity = 64

    /// Forgets the rounds of a leadership that ended.
    mutating func endLeadership() {
        rounds = []
        newestConfirmed = nil
        lastBegun = 0
    }

    mutating func beginRound(_ number: UInt64, at now: Moment, commitIndex: LogIndex) {
        guard number > lastBegun else { return }
        lastBegun = number
        if rounds.count == Self.capacity { rounds.removeFirst(Self.capacity / 2) }
        rounds.append(Round(number: number, beganAt: now, commitIndex: commitIndex))
    }

    /// A round that proves nothing. It is not dated later either, when it may have been acknowledged already.
    mutating func skipRound(_ number: UInt64) { lastBegun = max(lastBegun, number) }

    mutating func confirmRound(_ number: UInt64, applied: LogIndex) {
        guard let place = rounds.lastIndex(where: { $0.number <= number }) else { return }
        let round = rounds[place]
        rounds.removeFirst(place + 1)
        newestConfirmed = round
        note(Freshness(provenAt: round.beganAt.wall, anchor: round.beganAt.monotonic), round.commitIndex, applied)
    }

    /// What a leader tells its followers with a heartbeat.
    func proof(at now: Instant) -> FreshnessProof? {
        newestConfirmed.map {
            FreshnessProof(
                provenAt: $0.beganAt.wall,
                age: now.elapsed(since: $0.beganAt.monotonic),
                commitIndex: $0.commitIndex
            )
        }
    }

    mutating func receive(_ proof: FreshnessProof, at now: Instant, applied: LogIndex) {
        // Monotonic clocks begin with the machine, or the process. What was proven before cannot be dated by one: begun with it,
        // it would look younger than it is.
        guard now.microseconds >= proof.age.microseconds else { return }
        let anchor = Instant(microseconds: now.microseconds - proof.age.microseconds)
        note(Freshness(provenAt: proof.provenAt, anchor: anchor), proof.commitIndex, applied)
    }

    /// Takes up the newest waiting proof that the state now satisfies.
    mutating func advance(applied: LogIndex) {
        guard let place = pending.lastIndex(where: { $0.commitIndex <= applied }) else { return }
        adopt(pending[place].freshness)
        pending.removeFirst(place + 1)
    }

    private mutating func note(_ freshness: Freshness, _ commitIndex: LogIndex, _ applied: LogIndex) {
        if commitIndex <= applied {
            adopt(freshness)
        } else {
            if pending.count == Self.capacity { pending.removeFirst(Self.capacity / 2) }
            pending.append(Pending(freshness: freshness, commitIndex: commitIndex))
        }
    }

    /// Time that was proven never goes back, also across leaders whose clocks differ within the allowed error.
    private mutating func adopt(_ freshness: Freshness) {
        guard let current else {
            self.current = freshness
            return
        }
        guard freshness.anchor >= current.anchor, freshness.provenAt >= current.provenAt else { return }
        self.current = freshness
    }
}
