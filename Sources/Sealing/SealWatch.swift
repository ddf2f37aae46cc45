package import Kernel

/// What a voter does with seals that it hears of: it applies by consensus, and compares.
///
/// A seal for an index that it has not applied yet is compared when it gets there.
package struct SealWatch: Hashable, Sendable {
    package private(set) var trusted: TrustedHead
    /// For others that know less. It may end before the trusted voters: a member goes by those that its own log names, also where no
    /// transition to them was heard, or made.
    package var succession: Succession
    /// Sealed, and not applied here; ascending.
    private(set) var ahead: [SealStatement] = []

    /// Of more, the newest takes the place of the one before it: a node that keeps so far behind would compare none otherwise.
    package static let maxHeldSeals = 32

    package init(from trusted: TrustedHead, succession: Succession = Succession()) {
        self.trusted = trusted
        self.succession = succession
    }

    /// Takes a seal. A divergence that is returned is of a quorum from this node, which must halt itself.
    package mutating func accept(
        _ seal: Seal,
        roots: RootHistory,
        at now: WallTime,
        _ verifier: any SignatureVerifier
    ) throws(SealRefusal) -> Divergence? {
        try trusted.accept(seal, at: now, verifier)
        return compare(seal.statement, roots)
    }

    package mutating func accept(
        _ transition: TransitionSeal,
        roots: RootHistory,
        at now: WallTime,
        _ verifier: any SignatureVerifier
    ) throws(SealRefusal) -> Divergence? {
        try trusted.accept(transition, at: now, verifier)
        succession.append(transition)
        return compare(transition.statement, roots)
    }

    /// The roots have moved.
    package mutating func applied(_ roots: RootHistory) -> Divergence? {
        while let next = ahead.first, next.index <= roots.newest.index {
            ahead.removeFirst()
            if let divergence = roots.divergence(from: next) { return divergence }
        }
        return nil
    }

    private mutating func compare(_ statement: SealStatement, _ roots: RootHistory) -> Divergence? {
        guard statement.index > roots.newest.index else { return roots.divergence(from: statement) }
        if ahead.count == Self.maxHeldSeals { ahead.removeLast() }
        ahead.append(statement)
        return nil
    }
}
