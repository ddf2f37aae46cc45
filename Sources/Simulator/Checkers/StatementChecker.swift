package import Directory
package import Kernel

/// S1 and S3, and half of S2, for statements that are made outside the log.
///
/// - What counts was made by one of the world's revokers, under a warrant that was good for all that the node knew.
/// - A node that has said that a statement counts has it on its disk, or knows the log's word, and never allows again what it
///   takes away, until the log has refused it; a crash is no excuse. In a cluster at peace the others follow in time.
/// - Where a member has it, the log judges it: records it, unless there is a reason, and says the same everywhere.
/// - Two statements under one number are both recorded, and the warrant is frozen.
package struct StatementChecker: Sendable {
    /// The word of the log.
    package enum Verdict: Hashable, Sendable {
        case recorded(LogIndex)
        case refused(StatementRefusal, LogIndex)

        package var index: LogIndex {
            switch self {
            case .recorded(let index), .refused(_, let index): index
            }
        }
    }

    package struct Known: Sendable {
        package let signed: SignedStatement
        package let agent: Int
        /// Below that one, where the statement cascades.
        package let others: [Int]
        package internal(set) var verdict: Verdict?
        /// Machines that have said that it counts, and when first.
        package internal(set) var holders: [(node: Int, since: Instant)] = []

        var taken: [Int] { [agent] + others }
        package var id: Digest { signed.id }
        var name: String { "statement \(signed.id) against agent \(agent)" }
        var isRefused: Bool { if case .refused = verdict { true } else { false } }
        var isRecorded: Bool { if case .recorded = verdict { true } else { false } }
    }

    /// What a node has of a statement at the moment.
    package struct Possession: Hashable, Sendable {
        package let isOnDisk: Bool
        package let isEnforced: Bool
        /// Whether its state has the log's word on it.
        package let isJudged: Bool

        package init(isOnDisk: Bool, isEnforced: Bool, isJudged: Bool) {
            self.isOnDisk = isOnDisk
            self.isEnforced = isEnforced
            self.isJudged = isJudged
        }
    }

    /// Those that the world's revokers made, in order.
    package internal(set) var statements: [Known] = []
    var places: [Digest: Int] = [:]
    /// At which index clients were told that a warrant is withdrawn.
    var withdrawals: [String: LogIndex] = [:]
    /// Those that somebody wanted to withdraw.
    private(set) var unwanted: Set<String> = []

    package init() {}

    /// A revoker made a statement under its warrant, well signed and within all bounds.
    package mutating func made(_ signed: SignedStatement, against agent: Int, and others: [Int] = []) {
        guard places[signed.id] == nil else { return }
        places[signed.id] = statements.count
        statements.append(Known(signed: signed, agent: agent, others: others))
    }

    package mutating func asksToWithdraw(_ warrant: String) { unwanted.insert(warrant) }

    /// A client was told that a warrant is withdrawn.
    package mutating func withdrawn(_ warrant: String, at index: LogIndex) { withdrawals[warrant] = index }

    package subscript(id: Digest) -> Known? { places[id].map { statements[$0] } }

    /// From whom any takes, in the order of making.
    package var agents: [Int] { statements.flatMap(\.taken) }
}

/// While a run goes on.
extension StatementChecker {
    /// A node that has applied the log that far finds that a statement counts.
    package func accepts(_ node: Int, _ signed: SignedStatement, applied: LogIndex) throws(Violation) {
        guard self[signed.id]?.signed == signed else {
            throw Violation(
                .authority,
                "n\(node + 1) accepts statement \(signed.id) under warrant '\(signed.statement.warrant)',"
                    + " number \(signed.statement.sequence), which no revoker made"
            )
        }
        let warrant = signed.statement.warrant
        let frozen = frozenAt(warrant)
        // To withdraw a frozen one changes nothing.
        if let end = withdrawals[warrant], end <= applied, frozen.map({ end < $0 }) ?? true {
            throw Violation(
                .authority,
                "n\(node + 1) at \(applied) accepts statement \(signed.id) under '\(warrant)', withdrawn at \(end)"
            )
        }
        guard let frozen, frozen <= applied else { return }
        // The second one under another number shows the same as the first pair.
        let others = statements.count {
            $0.signed.statement.warrant == warrant && $0.signed.statement.sequence == signed.statement.sequence
                && $0.verdict.map { $0.index <= applied } ?? false
        }
        guard others == 1 else {
            throw Violation(
                .authority,
                "n\(node + 1) at \(applied) accepts statement \(signed.id) under '\(warrant)', frozen at \(frozen)"
            )
        }
    }

    /// A node begins to go by a statement.
    package func enforces(_ node: Int, _ signed: SignedStatement) throws(Violation) {
        guard self[signed.id]?.signed != signed else { return }
        throw Violation(
            .authority,
            "n\(node + 1) enforces statement \(signed.id) under warrant '\(signed.statement.warrant)', which no revoker made"
        )
    }

    /// The index at which the second of two statements under one number was recorded.
    func frozenAt(_ warrant: String) -> LogIndex? {
        var first: [UInt32: LogIndex] = [:]
        var frozen: [LogIndex] = []
        for known in statements where known.signed.statement.warrant == warrant {
            guard case .recorded(let index) = known.verdict else { continue }
            if let other = first[known.signed.statement.sequence] {
                frozen.append(max(index, other))
                first[known.signed.statement.sequence] = min(index, other)
            } else {
                first[known.signed.statement.sequence] = index
            }
        }
        return frozen.min()
    }

    /// A node tells a client or another node that a statement counts there.
    package mutating func acknowledges(
        _ node: Int,
        _ id: Digest,
        at now: Instant,
        _ possession: Possession
    ) throws(Violation) {
        guard let place = places[id] else {
            // Of what was refused others need not tell it.
            if possession.isJudged { return }
            throw Violation(.authority, "n\(node + 1) says that statement \(id) counts, which no revoker made")
        }
        guard possession.isJudged || possession.isOnDisk else {
            throw Violation(.revocation, "n\(node + 1) answers for \(statements[place].name), which is not on its disk")
        }
        guard possession.isJudged || possession.isEnforced else {
            throw Violation(.revocation, "n\(node + 1) answers for \(statements[place].name) and does not enforce it")
        }
        guard !statements[place].holders.contains(where: { $0.node == node }) else { return }
        statements[place].holders.append((node, now))
    }

    /// A node goes by its state from now on, and no more by the statement beside it.
    package func releases(_ node: Int, _ id: Digest, isJudged: Bool) throws(Violation) {
        guard !isJudged, let known = self[id] else { return }
        throw Violation(.revocation, "n\(node + 1) lets go of \(known.name), on which its state has no verdict")
    }

    /// What a node that allowed may plead.
    package struct Circumstances: Sendable {
        package let applied: LogIndex
        package let now: Instant
        /// Since when nothing was wrong anywhere; nil where something is, or the node is no member.
        package let peaceSince: Instant?
        /// Machines that the cluster hears.
        package let members: Set<Int>

        package init(applied: LogIndex, now: Instant, peaceSince: Instant?, members: Set<Int>) {
            self.applied = applied
            self.now = now
            self.peaceSince = peaceSince
            self.members = members
        }
    }

    /// A node answered a request with allow that every kind of statement forbids.
    package func allowed(_ agent: Int, by node: Int, _ plea: Circumstances) throws(Violation) {
        for known in statements where known.taken.contains(agent) && !known.isRefused {
            if known.holders.contains(where: { $0.node == node }) {
                throw Violation(.revocation, "n\(node + 1) allows agent \(agent) after it answered for \(known.name)")
            }
            if case .recorded(let index) = known.verdict, index <= plea.applied {
                throw Violation(
                    .revocation,
                    "n\(node + 1) at \(plea.applied) allows agent \(agent); \(known.name) is recorded at \(index)"
                )
            }
            let first = known.holders.filter { plea.members.contains($0.node) }.map(\.since).min()
            guard let first, let peace = plea.peaceSince else { continue }
            let calm = max(first, peace.advanced(by: PropagationChecker.settling))
            guard plea.now <= calm.advanced(by: PropagationChecker.bound) else {
                throw Violation(
                    .propagation,
                    "n\(node + 1) allows agent \(agent) \(plea.now.elapsed(since: first).milliseconds) ms after"
                        + " \(known.name), though nothing keeps it from knowing"
                )
            }
        }
    }
}
