package import Kernel

/// One voter's signature of a statement.
package struct SealSignature: Hashable, Sendable {
    package let member: MemberID
    /// ECDSA on P-256 with SHA-256, r before s. FIPS 186-5 section 6.
    package let bytes: [UInt8]

    package static let byteCount = 64

    package init(member: MemberID, bytes: [UInt8]) {
        self.member = member
        self.bytes = bytes
    }
}

/// A statement with the signatures of a quorum of the voters that it names.
package struct Seal: Hashable, Sendable {
    package let statement: SealStatement
    /// Sorted by member, each once, of voters of the named set alone.
    package let signatures: [SealSignature]

    package init(statement: SealStatement, signatures: [SealSignature]) {
        self.statement = statement
        self.signatures = signatures
    }
}

/// A seal whose voters are others than those of the seals before it, with what it takes to follow it from those.
///
/// As a root of TUF (specification section 5.3.4): old and new have both signed. Signatures for the two are apart, so that one of a
/// voter that was removed cannot count for the set that it was removed from.
package struct TransitionSeal: Hashable, Sendable {
    package let seal: Seal
    /// The set that the statement names.
    package let voters: VoterSet
    /// Digest of the set of the seals before.
    package let predecessor: Digest
    /// The same statement's signatures by a quorum of that set. Empty where a joint set is followed by its incoming half,
    /// which had the consent of the outgoing one from the joint set's seal on.
    package let endorsements: [SealSignature]

    package init(seal: Seal, voters: VoterSet, predecessor: Digest, endorsements: [SealSignature]) {
        self.seal = seal
        self.voters = voters
        self.predecessor = predecessor
        self.endorsements = endorsements
    }

    package var statement: SealStatement { seal.statement }
}
