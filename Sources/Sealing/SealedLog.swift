package import Kernel

/// One link of the hash chain: an entry, as its receiver has hashed it.
package struct ChainLink: Hashable, Sendable {
    package let index: LogIndex
    /// As the entry names it.
    package let previousHash: Digest
    /// Of the entry, computed from its bytes.
    package let hash: Digest

    package init(index: LogIndex, previousHash: Digest, hash: Digest) {
        self.index = index
        self.previousHash = previousHash
        self.hash = hash
    }
}

/// A receiver's log: entries come from anybody and seals from anybody, in any order, and it says how far entries may be applied.
///
/// Never past the newest seal that the chain reaches, over a gap, along a fork or backwards. A relay can keep entries back, and can
/// have its own taken in their place until the next seal shows that they are none.
package struct SealedLog: Hashable, Sendable {
    package enum Input: Hashable, Sendable {
        case link(ChainLink)
        /// Others are to come in the place of the links from here on that no seal has proved.
        case forget(from: LogIndex)
        case seal(Seal)
        case transition(TransitionSeal)
        /// The state's root at an index, one up to which applying was allowed.
        case applied(LogIndex, root: Digest)
        /// Somebody offers the state of this index by this seal, which may be older than the newest that is known.
        case snapshotOffered(Seal)
        /// The snapshot that was wanted is there. Its root was computed from what it holds.
        case snapshot(SealPoint)
    }

    package enum Effect: Hashable, Sendable {
        /// Entries up to here are sealed. Apply them in a batch that ends here, and report the root.
        case mayApply(through: LogIndex)
        /// Forget entries after this one: a seal has shown that they are not the log's, or a fork that they may not be. Fetch
        /// others, from elsewhere.
        case discard(after: LogIndex)
        /// The seal is one, and past what is here.
        case snapshotWanted(StateClaim)
        /// The snapshot is what a seal says. It may be put in the place of the state.
        case mayInstall(LogIndex)
        case linkRefused(LinkRefusal)
        case sealRefused(SealRefusal)
        case snapshotRefused(SnapshotRefusal)
        /// The own state is another one than the voters', or voters contradict each other: nothing is applied any more.
        case halt(Divergence)
    }

    package private(set) var trusted: TrustedHead
    /// The state may reflect the log up to here.
    package internal(set) var sealed: StateClaim
    /// Hashes of the entries after that, one after the other.
    var links: [Digest] = []
    /// Seals that the chain has not reached, ascending.
    var ahead: [StateClaim] = []
    /// Sealed points whose roots are still to be reported, ascending.
    var expected: [StateClaim] = []
    /// Of the snapshot that is wanted.
    var target: StateClaim?
    package internal(set) var isHalted = false
    /// Whether a seal has said what the state is. A state that was not the trusted one at first may be anything until then.
    package internal(set) var isProven: Bool
    let options: SealOptions

    /// Seals that are held in wait for links or for roots. Of more, the newest takes the place of the one before it: the oldest is
    /// the next to be reached, and were it let go, a chain that keeps so far behind would reach none.
    package static let maxHeldSeals = 32

    /// - Parameters:
    ///   - state: What the receiver's state is, when it is not the trusted one: after a restart it may be behind, and where it came
    ///     from somebody it may be ahead.
    ///   - isOwn: Whether the receiver has come to that state by what seals have proved. Otherwise the next seal has to prove it.
    package init(
        from trusted: TrustedHead,
        state: StateClaim? = nil,
        isOwn: Bool = true,
        options: SealOptions = SealOptions()
    ) {
        let state = state ?? trusted.claim
        invariant(
            state.index != trusted.claim.index || state == trusted.claim,
            "a state at \(state.index) is not what is sealed there"
        )
        self.trusted = trusted
        self.options = options
        sealed = state
        isProven = state == trusted.claim || isOwn && state.index < trusted.claim.index
        if state.index < trusted.claim.index { ahead = [trusted.claim] }
    }

    /// The next link that it lacks.
    package var nextIndex: LogIndex { LogIndex(sealed.index.number + UInt64(links.count)).next }
    var end: Digest { links.last ?? sealed.head }

    package mutating func step(_ input: Input, at now: WallTime, _ verifier: any SignatureVerifier) -> [Effect] {
        defer { checkInvariants() }
        guard !isHalted else { return [] }
        switch input {
        case .link(let link): return add(link)
        case .forget(let index):
            forget(from: index)
            return []
        case .seal(let seal):
            return accept { (head) throws(SealRefusal) in try head.accept(seal, at: now, verifier) }
        case .transition(let transition):
            return accept { (head) throws(SealRefusal) in try head.accept(transition, at: now, verifier) }
        case .applied(let index, let root): return applied(index, root)
        case .snapshotOffered(let seal): return consider(seal, at: now, verifier)
        case .snapshot(let point): return install(point)
        }
    }

    private mutating func accept(_ take: (inout TrustedHead) throws(SealRefusal) -> Void) -> [Effect] {
        do throws(SealRefusal) {
            try take(&trusted)
        } catch {
            guard case .contradiction(let divergence) = error else { return [.sealRefused(error)] }
            isHalted = true
            return [.halt(divergence)]
        }
        if !isProven, trusted.claim.index == sealed.index { return prove() }
        // A seal that only says it anew changes nothing but the time.
        guard trusted.claim.index > (ahead.last ?? sealed).index else { return [] }
        if ahead.count == Self.maxHeldSeals { ahead.removeLast() }
        ahead.append(trusted.claim)
        return advance()
    }

    /// The newest seal is of the very state that was to be proven.
    private mutating func prove() -> [Effect] {
        guard trusted.claim == sealed else {
            isHalted = true
            return [.halt(Divergence(own: sealed, other: trusted.claim))]
        }
        isProven = true
        return []
    }
}
