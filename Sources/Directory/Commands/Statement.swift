internal import Identity
package import Kernel

/// A word of its revoker that takes authority away, made outside the log: it counts wherever it is heard, before the log has
/// seen it. Merged as a set, by id.
package struct Statement: Hashable, Sendable {
    /// Of the cluster that it is meant for.
    package let lineage: Lineage
    /// In whose name: the warrant that the log issued to the revoker.
    package let warrant: String
    /// From 1 to the warrant's budget, each for one statement.
    package let sequence: UInt32
    package let kind: RevocationKind
    package let subject: RevocationSubject
    /// Whether it takes from everybody below its subject as well. See `Cascade`.
    package let cascades: Bool
    package let reason: String
    /// By the revoker's clock.
    package let issuedAt: WallTime

    package init(
        lineage: Lineage,
        warrant: String,
        sequence: UInt32,
        kind: RevocationKind,
        subject: RevocationSubject,
        cascades: Bool = false,
        reason: String,
        issuedAt: WallTime
    ) {
        self.lineage = lineage
        self.warrant = warrant
        self.sequence = sequence
        self.kind = kind
        self.subject = subject
        self.cascades = cascades
        self.reason = reason
        self.issuedAt = issuedAt
    }

    /// What the revoker signs. Lengths before texts, so that no two statements have the same bytes.
    ///
    /// One that cascades has a head of its own. A program that does not know of cascades reads it as one that does not, finds
    /// that the signature is of something else, and does not take it for less than it is.
    package var signedBytes: [UInt8] {
        var bytes = Array((cascades ? "reeve statement 3\0" : "reeve statement 2\0").utf8)
        bytes.append(bigEndian: lineage.high)
        bytes.append(bigEndian: lineage.low)
        bytes.append(bigEndian: UInt64(sequence))
        bytes.append(bigEndian: issuedAt.milliseconds)
        for text in [warrant, kind.rawValue, subject.description, reason] {
            bytes.append(bigEndian: UInt64(text.utf8.count))
            bytes += text.utf8
        }
        return bytes
    }
}

/// A statement with its revoker's signature, which the id does not cover: another signature makes no other statement.
package struct SignedStatement: Hashable, Sendable {
    package let statement: Statement
    package let signature: [UInt8]
    /// SHA-256 of what is signed.
    package let id: Digest

    /// Of an ECDSA signature on P-256 with SHA-256, r before s. FIPS 186-5 section 6.
    package static let signatureByteCount = 64

    package init(_ statement: Statement, signature: [UInt8]) {
        self.statement = statement
        self.signature = signature
        self.id = Digest.of(statement.signedBytes)
    }

    package func isSigned(by key: [UInt8], _ verifier: any SignatureVerifier) -> Bool {
        verifier.isValid(signature, of: statement.signedBytes, by: key)
    }
}

/// Why a statement does not count.
package enum StatementRefusal: String, Hashable, Sendable, CaseIterable {
    /// It is meant for another cluster.
    case otherCluster = "other_cluster"
    /// The log has issued no warrant of that name.
    case unknownWarrant = "unknown_warrant"
    case warrantWithdrawn = "warrant_withdrawn"
    /// It was made, or reached the log, after the warrant's end.
    case warrantExpired = "warrant_expired"
    /// Two statements had one sequence number: somebody else may have the key.
    case warrantFrozen = "warrant_frozen"
    /// The subject is none of those that the warrant names.
    case outOfScope = "out_of_scope"
    /// The warrant allows milder statements only.
    case levelTooHigh = "level_too_high"
    /// The warrant does not allow statements that cascade.
    case cascadeNotAllowed = "cascade_not_allowed"
    case overBudget = "over_budget"
    case badSignature = "bad_signature"
    /// The log knows no such principal or token.
    case unknownSubject = "unknown_subject"
    /// As many statements as may be stand against the subject, and this one is no stricter.
    case limitReached = "limit_reached"
    /// A value breaks its grammar or bounds.
    case invalid
}
