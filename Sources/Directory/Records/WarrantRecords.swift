package import Identity
package import Kernel

/// A revoker's right to take authority away without waiting for the log.
package struct WarrantSpec: Hashable, Sendable {
    /// Never used for another one.
    package let name: String
    /// Public key of the revoker, on P-256: a compressed point. SEC 1 section 2.3.3.
    package let key: [UInt8]
    package let scope: Scope
    /// The strictest statement that it may make.
    package let level: RevocationKind
    /// Whether its statements may cascade, and so take from those below a subject that the scope does not name.
    package let cascades: Bool
    /// Exclusive, for the time at which a statement is made.
    package let expiresAt: WallTime
    /// How many statements it may make.
    package let budget: UInt32

    /// Against whom. A token is in scope with its principal. Says nothing of those below: see `cascades`.
    package enum Scope: Hashable, Sendable {
        case everybody
        /// Sorted, each once.
        case principals([PrincipalID])
        /// Whoever this principal answers for, at any remove, but not itself.
        case ownedBy(PrincipalID)
    }

    package init(
        name: String,
        key: [UInt8],
        scope: Scope,
        level: RevocationKind,
        cascades: Bool = false,
        expiresAt: WallTime,
        budget: UInt32
    ) {
        self.name = name
        self.key = key
        self.scope = scope
        self.level = level
        self.cascades = cascades
        self.expiresAt = expiresAt
        self.budget = budget
    }
}

/// A warrant and what became of it. Kept for ever, as what was stated under it is.
package struct WarrantRecord: Hashable, Sendable {
    package enum State: String, Hashable, Sendable, CaseIterable {
        case valid
        case withdrawn
        /// Two statements under one sequence number were recorded.
        case frozen
    }

    package let spec: WarrantSpec
    package let issuer: Caller
    package let state: State
    /// How many statements under it are recorded.
    package let spent: UInt32
    package let metadata: RecordMetadata

    package init(
        spec: WarrantSpec,
        issuer: Caller,
        state: State = .valid,
        spent: UInt32 = 0,
        metadata: RecordMetadata
    ) {
        self.spec = spec
        self.issuer = issuer
        self.state = state
        self.spent = spent
        self.metadata = metadata
    }

    /// While the log does not have a statement, it may come this late after the warrant's end: the voters may have been out
    /// of reach.
    package static let handOverSpan = Span.milliseconds(Limits.retentionMilliseconds)
}

/// Where a recorded statement was made: outside the log, under a warrant.
package struct WarrantMark: Hashable, Sendable {
    package let warrant: String
    package let sequence: UInt32
    /// By the revoker's clock.
    package let issuedAt: WallTime
    package let signature: [UInt8]

    package init(warrant: String, sequence: UInt32, issuedAt: WallTime, signature: [UInt8]) {
        self.warrant = warrant
        self.sequence = sequence
        self.issuedAt = issuedAt
        self.signature = signature
    }

    init(_ signed: SignedStatement) {
        self.init(
            warrant: signed.statement.warrant,
            sequence: signed.statement.sequence,
            issuedAt: signed.statement.issuedAt,
            signature: signed.signature
        )
    }
}

/// A statement that the log refused. Kept for ever: it counts nowhere any more, wherever it still is.
package struct RefusedStatementRecord: Hashable, Sendable {
    package let statement: SignedStatement
    package let refusal: StatementRefusal
    package let index: LogIndex
    package let time: WallTime

    package init(statement: SignedStatement, refusal: StatementRefusal, index: LogIndex, time: WallTime) {
        self.statement = statement
        self.refusal = refusal
        self.index = index
        self.time = time
    }
}
