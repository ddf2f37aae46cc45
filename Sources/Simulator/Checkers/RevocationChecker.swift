package import Kernel

/// S1: no node allows what it knows to be revoked: since it acknowledged the revocation itself, or since it
/// applied the log that far. A crash is no excuse. A quarantine counts as one until somebody asks for its end.
package struct RevocationChecker: Sendable {
    package struct Revocation: Sendable {
        package let agent: Int
        package let revision: LogIndex
        /// Of a quarantine, which can be lifted.
        fileprivate var statement: Digest?
        /// Whether it cascades from somebody else, and bars nobody's name.
        fileprivate var isCascaded = false
        fileprivate var acknowledgedBy: [Int]
        /// Whether it is from before a restore, and so what was not to come back by it.
        fileprivate var isRestored = false
    }

    /// In the order of acknowledgement.
    package private(set) var revocations: [Revocation] = []
    /// Statements whose end somebody has asked for.
    private var lifted: [Digest] = []

    package init() {}

    /// A node told a client that the agent is revoked, or is quarantined by a statement.
    package mutating func acknowledged(
        _ agent: Int,
        at revision: LogIndex,
        by node: Int,
        statement: Digest? = nil,
        isCascaded: Bool = false
    ) {
        if let statement, lifted.contains(statement) { return }
        if let place = revocations.firstIndex(where: { $0.agent == agent && $0.revision == revision }) {
            revocations[place].acknowledgedBy.append(node)
        } else {
            revocations.append(
                Revocation(
                    agent: agent,
                    revision: revision,
                    statement: statement,
                    isCascaded: isCascaded,
                    acknowledgedBy: [node]
                )
            )
        }
    }

    /// A client asks for the end of one statement, and of no other.
    package mutating func asksToLift(_ statement: Digest) {
        lifted.append(statement)
        revocations.removeAll { $0.statement == statement }
    }

    /// A client was told that there is an agent of this name: its own, or made anew.
    package func named(_ agent: Int, at revision: LogIndex) throws(Violation) {
        guard let revocation = revocations.first(where: { $0.agent == agent && $0.bars(revision) }) else { return }
        throw Violation(
            .revocation,
            "agent \(agent), revoked at \(revocation.revision) for ever, was made anew at \(revision)"
        )
    }

    /// Other nodes go on from a backup at that revision, which knows all that was revoked before.
    ///
    /// - Parameter quarantined: Nil where what was revoked since the backup was added to it; otherwise all agents that the
    ///   backup knows, who are all out of action, while nothing is left of statements about others.
    package mutating func restored(at revision: LogIndex, quarantined: [Int]?) {
        revocations = (quarantined ?? revocations.map(\.agent)).map {
            Revocation(agent: $0, revision: revision, acknowledgedBy: [], isRestored: true)
        }
    }

    /// A node answered a request with allow.
    package func allowed(_ agent: Int, by node: Int, applied: LogIndex) throws(Violation) {
        for revocation in revocations where revocation.agent == agent {
            if revocation.acknowledgedBy.contains(node) {
                throw Violation(
                    .revocation,
                    "n\(node + 1) allows agent \(agent) after it acknowledged its revocation at \(revocation.revision)"
                )
            }
            if revocation.revision <= applied {
                throw Violation(
                    revocation.isRestored ? .knowledge : .revocation,
                    "n\(node + 1) at \(applied) allows agent \(agent), revoked at \(revocation.revision)"
                )
            }
        }
    }
}

extension RevocationChecker.Revocation {
    fileprivate func bars(_ revision: LogIndex) -> Bool {
        statement == nil && !isCascaded && !isRestored && self.revision < revision
    }
}
