package import Directory
package import Kernel

/// What the log makes of statements, when disks are gone, and at the end.
extension StatementChecker {
    /// A node's state has the log's word on a statement.
    package mutating func judged(_ signed: SignedStatement, _ verdict: Verdict, by node: Int) throws(Violation) {
        guard let place = places[signed.id] else {
            guard case .recorded(let index) = verdict else { return }
            throw Violation(.authority, "statement \(signed.id), which no revoker made, is recorded at \(index)")
        }
        let known = statements[place]
        if let earlier = known.verdict {
            guard earlier != verdict else { return }
            throw Violation(.stateRoot, "n\(node + 1) has \(verdict) for \(known.name), others \(earlier)")
        }
        statements[place].verdict = verdict
        if case .refused(let refusal, let index) = verdict { try checkReason(refusal, at: index, for: known) }
    }

    /// A revoker was told that its statement counts nowhere, by a node or by the log.
    package func refused(_ id: Digest, _ refusal: StatementRefusal) throws(Violation) {
        guard let known = self[id] else { return }
        switch refusal {
        case .badSignature, .otherCluster, .outOfScope, .levelTooHigh, .cascadeNotAllowed, .overBudget, .warrantExpired,
            .invalid:
            throw Violation(.history, "\(known.name) is refused as \(refusal), which it is not")
        // A node may not have heard of the warrant or the agent yet.
        case .unknownWarrant, .warrantWithdrawn, .warrantFrozen, .unknownSubject, .limitReached: return
        }
    }

    private func checkReason(_ refusal: StatementRefusal, at index: LogIndex, for known: Known) throws(Violation) {
        let warrant = known.signed.statement.warrant
        let isReason =
            switch refusal {
            case .warrantWithdrawn: unwanted.contains(warrant)
            case .warrantFrozen: isFrozen(warrant) && judged(before: index, known) != 1
            case .limitReached: true
            case .badSignature, .otherCluster, .outOfScope, .levelTooHigh, .cascadeNotAllowed, .overBudget,
                .warrantExpired, .invalid, .unknownWarrant, .unknownSubject:
                false
            }
        guard !isReason else { return }
        throw Violation(.revocation, "the log refuses \(known.name) as \(refusal), which it is not")
    }

    private func isFrozen(_ warrant: String) -> Bool { frozenAt(warrant) != nil }

    /// How many under the same number the log had judged by then.
    private func judged(before index: LogIndex, _ known: Known) -> Int {
        statements.count { other in
            other.id != known.id && other.verdict.map { $0.index < index } ?? false
                && other.signed.statement.warrant == known.signed.statement.warrant
                && other.signed.statement.sequence == known.signed.statement.sequence
        }
    }
}

/// When disks are gone, and at the end.
extension StatementChecker {
    /// A machine's disks are gone, and with them what it has said.
    package mutating func forgets(_ node: Int) {
        for place in statements.indices { statements[place].holders.removeAll { $0.node == node } }
    }

    /// A cluster goes on from a backup, to which what survivors have was added, recorded or not; or was not.
    ///
    /// - Parameter verdict: By the state that it goes on from.
    package mutating func restored(isMerged: Bool, verdict: (Digest) -> Verdict?) throws(Violation) {
        for place in statements.indices {
            let known = statements[place]
            let found = verdict(known.id)
            statements[place].verdict = found
            statements[place].holders = []
            guard isMerged, known.isRecorded || !known.isRefused && !known.holders.isEmpty else { continue }
            if case .recorded = found { continue }
            throw Violation(.knowledge, "a restore loses \(known.name), which a survivor has")
        }
        withdrawals = [:]
    }

    /// Those on which the log has a word, or owes one: a member has them.
    package func owed(to members: Set<Int>) -> [Known] {
        statements.filter { known in
            known.verdict != nil || known.holders.contains { members.contains($0.node) }
        }
    }

    /// Everything has come together: what a node's state says of each.
    package func scan(
        _ node: Int,
        members: Set<Int>,
        verdict: (SignedStatement) -> Verdict?,
        state: (_ warrant: String) -> WarrantRecord.State?
    ) throws(Violation) {
        for known in owed(to: members) {
            let found = verdict(known.signed)
            guard let expected = known.verdict, let found else {
                let witnesses = known.holders.map { "n\($0.node + 1)" }.joined(separator: ", ")
                throw Violation(
                    .revocation,
                    "n\(node + 1) has no verdict on \(known.name), for which there answered: \(witnesses)"
                )
            }
            guard found == expected else {
                throw Violation(.stateRoot, "n\(node + 1) has \(found) for \(known.name), others \(expected)")
            }
        }
        for warrant in Set(statements.map(\.signed.statement.warrant)).sorted() where isFrozen(warrant) {
            guard state(warrant) == .frozen else {
                throw Violation(
                    .authority,
                    "n\(node + 1) takes '\(warrant)' for \(state(warrant).map(\.rawValue) ?? "unknown"),"
                        + " under which two statements have one number"
                )
            }
        }
    }
}
