package import Directory
package import Kernel

/// A statement that somebody makes, by number: the population's warrants and agents. The same numbers are the same statement.
package struct StatementAct: Hashable, Sendable {
    /// One of the population's warrants.
    package let warrant: Int
    package let sequence: UInt32
    package let kind: RevocationKind
    package let agent: Int
    package let flaw: Flaw

    /// What is wrong with it, so that it must count nowhere.
    package enum Flaw: Hashable, CaseIterable, Sendable {
        case none
        /// Signed by somebody who does not have the warrant's key.
        case wrongKey
        /// Well signed, under a warrant that the log never issued.
        case unissued
        case overBudget
        case aboveLevel
        case outOfScope
        case otherCluster
    }

    package init(warrant: Int, sequence: UInt32, kind: RevocationKind, agent: Int, flaw: Flaw = .none) {
        self.warrant = warrant
        self.sequence = sequence
        self.kind = kind
        self.agent = agent
        self.flaw = flaw
    }
}

/// Who may take authority away without the log.
extension Population {
    /// By number. The first is for everybody.
    package static let warrantNames = ["everybody", "some", "withdrawn", "leak"]
    /// Milder statements alone, against a few.
    package static let scopedWarrant = 1
    /// Withdrawn during some runs.
    package static let withdrawnWarrant = 2
    /// Of what scenarios have stated, whose numbers no client uses.
    package static let scenarioWarrant = 3
    private static let unissuedWarrant = "unissued"
    /// Every second of the agents that are made first.
    private static let scopedAgents = Array(stride(from: 2, through: 80, by: 2))

    package static func isInScope(_ agent: Int, of warrant: Int) -> Bool {
        warrant != scopedWarrant || scopedAgents.contains(agent)
    }

    package func warrant(_ number: Int) -> WarrantSpec {
        let name = Self.warrantNames[number]
        let isScoped = number == Self.scopedWarrant
        return WarrantSpec(
            name: name,
            key: KeyedHash.publicKey(name),
            scope: isScoped ? .principals(Self.scopedAgents.map { agents[$0] }.sorted()) : .everybody,
            level: isScoped ? .quarantine : .revoke,
            cascades: true,
            expiresAt: VirtualClock.worldStart.advanced(by: .seconds(365 * 24 * 60 * 60)),
            budget: 1000
        )
    }

    package func statement(_ act: StatementAct, in lineage: Lineage) -> SignedStatement {
        let spec = warrant(act.warrant)
        let statement = Statement(
            lineage: act.flaw == .otherCluster ? Lineage(high: lineage.high, low: ~lineage.low) : lineage,
            warrant: act.flaw == .unissued ? Self.unissuedWarrant : spec.name,
            sequence: act.sequence,
            kind: act.kind,
            subject: .principal(agents[act.agent]),
            cascades: Self.cascades(from: act.agent),
            reason: "simulated compromise",
            // The same numbers are the same statement, whenever it is brought.
            issuedAt: VirtualClock.worldStart.advanced(by: .milliseconds(UInt64(act.sequence)))
        )
        let key =
            switch act.flaw {
            case .wrongKey: KeyedHash.publicKey("attacker")
            case .unissued: KeyedHash.publicKey(Self.unissuedWarrant)
            case .none, .overBudget, .aboveLevel, .outOfScope, .otherCluster: spec.key
            }
        return SignedStatement(statement, signature: KeyedHash.signature(of: statement.signedBytes, by: key))
    }
}
