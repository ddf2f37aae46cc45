/// What a node keeps of seals for its next process, beside its mark. It changes when the voters do, when a state turns out to be
/// wrong, and on edges once an hour.
package struct SealMemory: Hashable, Sendable {
    /// Up to whom a receiver can follow; nil before the first seal. On an edge they are those of the newest seal, on a member perhaps of
    /// an earlier one, while those who sealed before have not consented to those who do now.
    package var voters: VoterSet?
    /// For members that know less.
    package var succession: Succession
    /// The own state was another one than a quorum's: it must not be gone by, in any process.
    package var divergence: Divergence?
    /// What an edge begins from: of its invitation at first, then of a seal. Nil on members, which go by what they have applied.
    package var checkpoint: Checkpoint?

    package init(
        voters: VoterSet? = nil,
        succession: Succession = Succession(),
        divergence: Divergence? = nil,
        checkpoint: Checkpoint? = nil
    ) {
        self.voters = voters
        self.succession = succession
        self.divergence = divergence
        self.checkpoint = checkpoint
    }
}
