package import Directory
package import Identity
package import Kernel

/// Who and what the simulated organisation consists of. The same for every seed.
package struct Population: Sendable {
    /// `agent/standing` first: it has a grant that outlives the run and is never revoked.
    package let agents: [PrincipalID]
    package let documents: [EntityName]

    package static let standing = 0
    package static let role = "reader"
    package static let policySet = "documents"
    /// A set that changes all the time and permits nothing.
    package static let changingSet = "experiments"
    package static let standingGrant = "standing"
    /// The standing grant ends a day after the world begins: later than any run, sooner than a clock a year ahead.
    package static let standingExpiry = VirtualClock.worldStart.advanced(by: .seconds(24 * 60 * 60))
    /// The first ring of roll-outs.
    private static let canary = Labels([Labels.Entry("ring", "canary")]) ?? .none
    package static let action = "read"
    package static let valueAttribute = "value"

    package static let agentCount = 500
    package static let documentCount = 8

    package init() {
        let (agentCount, documentCount) = (Self.agentCount, Self.documentCount)
        agents = (["standing"] + (1..<agentCount).map { "agent-\($0)" }).compactMap {
            PrincipalID(kind: .agent, name: $0)
        }
        documents = (0..<documentCount).map { EntityName(type: "Document", id: "d\($0)") }
        invariant(agents.count == agentCount, "every name of an agent fits the grammar")
    }

    /// What must stand before the load begins, in order.
    package var setup: [CommandBody] {
        [
            .put(.role(RoleSpec(name: Self.role)), .none),
            .put(.principal(PrincipalSpec(id: agents[Self.standing])), .none),
            .put(.assignment(grant(Self.standingGrant, to: Self.standing, until: Self.standingExpiry)), .none),
        ] + Self.warrantNames.indices.map { .issueWarrant(warrant($0)) } + [
            .draftPolicies(PolicyDraft(set: Self.policySet, text: Self.policyText)),
            .activatePolicies(set: Self.policySet, version: 1, .none),
        ] + documents.indices.map { .put(.resource(document($0, value: 0)), .none) }
    }

    /// Every fourth agent answers for the one that is created after it.
    package static func below(_ agent: Int) -> [Int] {
        agent % 4 == 2 && agent + 1 < agentCount ? [agent + 1] : []
    }

    /// Whether what is stated against the agent takes from those below as well: so it is for half of those that have any.
    package static func cascades(from agent: Int) -> Bool { agent % 8 == 2 }

    /// Whom a statement against the agent takes from besides.
    package static func takenBesides(_ agent: Int) -> [Int] { cascades(from: agent) ? below(agent) : [] }

    package func revocation(of agent: Int, reason: String) -> CommandBody {
        .revoke(.principal(agents[agent]), reason: reason, cascades: Self.cascades(from: agent))
    }

    package func agent(_ number: Int) -> PrincipalSpec {
        let owner = number > 0 && Self.below(number - 1).contains(number) ? agents[number - 1] : nil
        return PrincipalSpec(id: agents[number], owner: owner)
    }

    package func document(_ number: Int, value: Int64) -> ResourceSpec {
        ResourceSpec(id: documents[number], attributes: [Self.valueAttribute: .long(value)])
    }

    package func grant(_ id: String, to agent: Int, until expiry: WallTime) -> AssignmentSpec {
        AssignmentSpec(id: id, principal: agents[agent], role: Self.role, expiresAt: expiry)
    }

    static func labelling(_ isCanary: Bool) -> LabelChange {
        isCanary ? LabelChange(set: canary) : LabelChange(removed: canary.entries.map(\.key))
    }

    static func rollout(of version: UInt64) -> RolloutSpec {
        RolloutSpec(
            set: changingSet,
            version: version,
            rings: [Ring(canary), .all],
            soak: .seconds(1),
            minimumDecisions: 0
        )
    }

    private static let policyText = """
        @id("readers-read")
        permit (principal in Role::"reader", action == Action::"read", resource is Document);
        """
}
