package import Kernel

/// How far a statement goes. Ordered from the mildest to the strictest.
package enum RevocationKind: String, Hashable, Comparable, Sendable, CaseIterable {
    case restrict
    case quarantine
    /// Never lifted.
    case revoke

    private var rank: Int {
        switch self {
        case .restrict: 0
        case .quarantine: 1
        case .revoke: 2
        }
    }

    package static func < (lhs: Self, rhs: Self) -> Bool { lhs.rank < rhs.rank }
}

/// A recorded statement that takes authority away. Kept for ever.
package struct RevocationRecord: Hashable, Sendable {
    package struct Lift: Hashable, Sendable {
        package let by: Caller
        package let reason: String
        package let index: LogIndex
        package let time: WallTime

        package init(by: Caller, reason: String, index: LogIndex, time: WallTime) {
            self.by = by
            self.reason = reason
            self.index = index
            self.time = time
        }
    }

    /// Digest of the statement.
    package let id: Digest
    package let kind: RevocationKind
    package let subject: RevocationSubject
    /// Whether it takes from everybody below its subject as well. See `Cascade`.
    package let cascades: Bool
    package let reason: String
    package let revoker: Caller
    package let index: LogIndex
    package let time: WallTime
    /// Nil for one that began as a command.
    package let warrant: WarrantMark?
    package let lift: Lift?

    package init(
        id: Digest,
        kind: RevocationKind,
        subject: RevocationSubject,
        cascades: Bool = false,
        reason: String,
        revoker: Caller,
        index: LogIndex,
        time: WallTime,
        warrant: WarrantMark? = nil,
        lift: Lift? = nil
    ) {
        self.id = id
        self.kind = kind
        self.subject = subject
        self.cascades = cascades
        self.reason = reason
        self.revoker = revoker
        self.index = index
        self.time = time
        self.warrant = warrant
        self.lift = lift
    }

    func lifted(_ lift: Lift) -> RevocationRecord {
        RevocationRecord(
            id: id,
            kind: kind,
            subject: subject,
            cascades: cascades,
            reason: reason,
            revoker: revoker,
            index: index,
            time: time,
            warrant: warrant,
            lift: lift
        )
    }
}

/// What is in force against a subject. Outlives the subject's own record, so that deleting cannot undo a revocation.
///
/// A subject without such a record is active.
package struct StandingRecord: Hashable, Sendable {
    package struct Statement: Hashable, Sendable {
        package let id: Digest
        package let kind: RevocationKind
        package let cascades: Bool

        package init(id: Digest, kind: RevocationKind, cascades: Bool = false) {
            self.id = id
            self.kind = kind
            self.cascades = cascades
        }

        /// Whether nothing is gained by another one.
        func covers(_ kind: RevocationKind, cascades: Bool) -> Bool {
            self.kind >= kind && (self.cascades || !cascades)
        }
    }

    package let subject: RevocationSubject
    /// Statements that are not lifted, in the order of the log.
    package let statements: [Statement]
    package let metadata: RecordMetadata

    package init(subject: RevocationSubject, statements: [Statement], metadata: RecordMetadata) {
        self.subject = subject
        self.statements = statements
        self.metadata = metadata
    }

    /// The strictest statement that is not lifted.
    package var status: SubjectStatus { SubjectStatus(statements.map(\.kind).max()) }

    /// What those below the subject are under: the strictest statement that cascades and is not lifted, the first of several.
    package var cascade: Cascade? {
        guard case .principal(let id) = subject else { return nil }
        var strictest: Statement?
        for statement in statements where statement.cascades && strictest.map({ $0.kind < statement.kind }) ?? true {
            strictest = statement
        }
        return strictest.map {
            Cascade(ancestor: EntityUIDs.principal(id), status: SubjectStatus($0.kind), statement: $0.id)
        }
    }
}

/// The level in force for a principal or a token.
package enum SubjectStatus: String, Hashable, Comparable, Sendable, CaseIterable {
    case active
    case restricted
    case quarantined
    case revoked

    package init(_ strictest: RevocationKind?) {
        switch strictest {
        case nil: self = .active
        case .restrict: self = .restricted
        case .quarantine: self = .quarantined
        case .revoke: self = .revoked
        }
    }

    private var rank: Int {
        switch self {
        case .active: 0
        case .restricted: 1
        case .quarantined: 2
        case .revoked: 3
        }
    }

    package static func < (lhs: Self, rhs: Self) -> Bool { lhs.rank < rhs.rank }
}
