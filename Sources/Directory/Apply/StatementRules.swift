internal import Identity
package import Kernel

/// What a node makes of a statement, by the state that it has.
package enum StatementJudgement: Hashable, Sendable {
    /// It counts, until the log says otherwise, as far as what the node has beside the log leaves room.
    case acceptable(WarrantUse)
    /// It does not count by this state, and may have counted by an earlier one: the log is to say so.
    case disputed(StatementRefusal)
    /// It counts nowhere, or this state does not know its warrant yet.
    case unacceptable(StatementRefusal)
    /// The log has it, and the state enforces it.
    case recorded(LogIndex)
    /// The log has refused it, for good.
    case refused(StatementRefusal)
}

/// What the log has of the warrant of a statement that it has not judged.
package struct WarrantUse: Hashable, Sendable {
    package let budget: UInt32
    /// How many statements under it are recorded.
    package let spent: UInt32
    /// For good: by what the log has.
    package let isFrozen: Bool
    /// Recorded under the same number.
    package let twins: [Digest]
    /// Whether one under the same number was refused, which shows two hands as well.
    package let hasRefusedTwin: Bool

    package init(
        budget: UInt32,
        spent: UInt32 = 0,
        isFrozen: Bool = false,
        twins: [Digest] = [],
        hasRefusedTwin: Bool = false
    ) {
        self.budget = budget
        self.spent = spent
        self.isFrozen = isFrozen
        self.twins = twins
        self.hasRefusedTwin = hasRefusedTwin
    }
}

extension DirectoryView {
    /// What a node that hears a statement makes of it.
    ///
    /// - Parameter broughtAt: The earliest that it can be when its revoker brings it; nil when another node does, which has looked at the
    ///   time if it is in good order.
    package func judge(
        _ signed: SignedStatement,
        broughtAt: WallTime?,
        _ verifier: any SignatureVerifier
    ) throws(StateDamage) -> StatementJudgement {
        if let record = try revocation(signed.id) { return .recorded(record.index) }
        if let record = try refusedStatement(signed.id) { return .refused(record.refusal) }
        let lasting = try lastingRefusal(of: signed)
        if let lasting, !lasting.isOfItsHolder { return .unacceptable(lasting) }
        guard let warrant = try warrant(signed.statement.warrant), signed.isSigned(by: warrant.spec.key, verifier)
        else {
            return .unacceptable(.badSignature)
        }
        if let lasting { return .unacceptable(lasting) }
        if let broughtAt, broughtAt >= warrant.spec.expiresAt { return .unacceptable(.warrantExpired) }
        let time = try ledger()?.time ?? .distantPast
        if let refusal = try refusal(of: signed, at: time) { return .disputed(refusal) }
        return .acceptable(try use(of: warrant, sequence: signed.statement.sequence))
    }

    private func use(of warrant: WarrantRecord, sequence: UInt32) throws(StateDamage) -> WarrantUse {
        let judged = statements(under: warrant.spec.name, sequence: sequence)
        var twins: [Digest] = []
        for id in judged where try revocation(id) != nil { twins.append(id) }
        return WarrantUse(
            budget: warrant.spec.budget,
            spent: warrant.spent,
            isFrozen: warrant.state == .frozen,
            twins: twins,
            hasRefusedTwin: twins.count < judged.count
        )
    }

    /// Why it counts under no state that follows this one, unless its warrant is yet to be issued.
    func lastingRefusal(of signed: SignedStatement) throws(StateDamage) -> StatementRefusal? {
        // A node that has just joined has no state yet, and with it no idea of which cluster it is in.
        guard let cluster = try cluster() else { return .unknownWarrant }
        guard signed.statement.lineage == cluster.lineage else { return .otherCluster }
        guard let warrant = try warrant(signed.statement.warrant) else { return .unknownWarrant }
        return signed.lastingRefusal(under: warrant.spec)
    }

    /// Why it does not count by this state, and may have counted by an earlier one.
    ///
    /// - Parameter time: Of the log.
    func refusal(of signed: SignedStatement, at time: WallTime) throws(StateDamage) -> StatementRefusal? {
        guard let warrant = try warrant(signed.statement.warrant) else { return .unknownWarrant }
        let subject = signed.statement.subject
        if warrant.state == .withdrawn { return .warrantWithdrawn }
        if warrant.state == .frozen, try !isSecond(signed) { return .warrantFrozen }
        if time >= warrant.spec.expiresAt.advanced(by: WarrantRecord.handOverSpan) { return .warrantExpired }
        guard try isKnown(subject) else { return .unknownSubject }
        guard try isInScope(subject, of: warrant.spec.scope) else { return .outOfScope }
        return try hasRoom(for: signed.statement) ? nil : .limitReached
    }

    /// Whether one statement alone has the same number: then this one, which shows that the key is in two hands, is
    /// recorded as well.
    private func isSecond(_ signed: SignedStatement) throws(StateDamage) -> Bool {
        statements(under: signed.statement.warrant, sequence: signed.statement.sequence).count == 1
    }

    /// Those recorded or refused under a number of a warrant.
    package func statements(under warrant: String, sequence: UInt32) -> [Digest] {
        let prefix = Key(.statementsByWarrant).text(warrant).number(UInt64(sequence)).bytes
        var ids: [Digest] = []
        view.scan(prefix: prefix) { key, _ in
            if let id = Digest(bytes: key[prefix.count...]) { ids.append(id) }
            return ids.count < Limits.statementsPerSequence
        }
        return ids
    }

    private func isKnown(_ subject: RevocationSubject) throws(StateDamage) -> Bool {
        if try standing(subject) != nil { return true }
        return switch subject {
        case .principal(let id): try principal(id) != nil
        case .token(let id): try token(id) != nil
        }
    }

    private func isInScope(
        _ subject: RevocationSubject,
        of scope: WarrantSpec.Scope
    ) throws(StateDamage) -> Bool {
        if case .everybody = scope { return true }
        let principal: PrincipalID
        switch subject {
        case .principal(let id): principal = id
        case .token(let id):
            guard let token = try token(id) else { return false }
            principal = token.grant.principal
        }
        return switch scope {
        case .everybody: true
        case .principals(let principals): principals.contains(principal)
        case .ownedBy(let owner): try isOwned(principal, by: owner)
        }
    }

    private func isOwned(_ principal: PrincipalID, by owner: PrincipalID) throws(StateDamage) -> Bool {
        var current = principal
        // Owners may form a cycle.
        for _ in 0..<Limits.hierarchyDepth {
            guard let next = try self.principal(current)?.spec.owner else { return false }
            if next == owner { return true }
            current = next
        }
        return false
    }

    private func hasRoom(for statement: Statement) throws(StateDamage) -> Bool {
        guard let standing = try standing(statement.subject) else { return true }
        return standing.statements.count < Limits.statementsPerSubject
            || !standing.statements.contains { $0.covers(statement.kind, cascades: statement.cascades) }
    }
}

extension StatementRefusal {
    /// Whether it says that whoever has the key tries what the warrant does not allow, which is not to be said of anybody else.
    fileprivate var isOfItsHolder: Bool {
        switch self {
        case .warrantExpired, .levelTooHigh, .cascadeNotAllowed, .overBudget: true
        case .otherCluster, .unknownWarrant, .warrantWithdrawn, .warrantFrozen, .outOfScope, .badSignature,
            .unknownSubject, .limitReached, .invalid:
            false
        }
    }
}

extension SignedStatement {
    /// Why it counts under no state in which there is this warrant.
    fileprivate func lastingRefusal(under warrant: WarrantSpec) -> StatementRefusal? {
        guard signature.count == Self.signatureByteCount, statement.reason.utf8.count <= Limits.textByteCount else {
            return .invalid
        }
        // Nobody is below a token.
        if case .token = statement.subject, statement.kind != .revoke || statement.cascades { return .invalid }
        if statement.issuedAt >= warrant.expiresAt { return .warrantExpired }
        if statement.sequence < 1 || statement.sequence > warrant.budget { return .overBudget }
        if statement.cascades, !warrant.cascades { return .cascadeNotAllowed }
        return statement.kind > warrant.level ? .levelTooHigh : nil
    }
}
