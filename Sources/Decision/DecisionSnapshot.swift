package import Cedar
package import Directory
internal import HashTreeCollections
internal import Identity
package import Kernel

/// Everything that decisions are made from, as of one revision of the directory: an immutable value.
///
/// A newer one shares all that did not change with the one that it was made from, so it costs what changed. A snapshot that
/// could not be read whole, because a stored row is damaged, denies everything.
package struct DecisionSnapshot: Hashable, Sendable {
    /// One, in an array, so that it is one reference: every decision counts those of its snapshot.
    var parts = [Parts()]

    struct Parts: Hashable, Sendable {
        var revision = LogIndex.zero
        var epoch: UInt64 = 0
        var lineage: Lineage?
        var damage: StateDamage?
        var maximumAge = Settings.defaultMaximumAge
        /// For some actions, past what age only a permit with an `@max_age` of its own applies.
        var actionAges: [ActionAge] = []
        /// Principals, roles, resources, administrators, members and edges.
        fileprivate var entities: TreeDictionary<EntityUID, EntityFacts> = [:]
        /// Those of them that others are in and that are in something themselves. They are few, so that who is in what is soon
        /// found.
        fileprivate var nested: TreeDictionary<EntityUID, EntityFacts> = [:]
        /// Of the entities, and of the actions that policies name.
        fileprivate var index = EntityIndex()
        /// The members and edges among the entities.
        var nodes: [MemberID] = []
        /// Of those that are not active.
        fileprivate var standings: TreeDictionary<RevocationSubject, Standing> = [:]
        /// How many of them are those of others as well.
        fileprivate var cascadeCount = 0
        /// By statements that the log has not judged yet; not of the state, and so not of its revision.
        fileprivate var provisional: ProvisionalStandings?
        /// By the digest of the secret.
        var tokens: TreeDictionary<Digest, TokenFacts> = [:]
        fileprivate var policies: [ActivePolicySet] = []
        /// Who decides from it, and what that node is labelled with; nil outside of a cluster, where no roll-out reaches.
        var node: MemberID?
        var labels = Labels.none
        /// Those that are under way and have reached the node, by their sets.
        var rollouts: [RolloutShare] = []
        /// Sets of which an earlier version is in force here. By set.
        var unreadPolicies: [UnreadPolicies] = []
        fileprivate var policiesAskAboutKnowledge = false
        var administration: ActivePolicySet?
    }

    struct TokenFacts: Hashable, Sendable {
        let id: String
        let principal: PrincipalID
        let expiresAt: WallTime
        /// Nil where the principal itself issued it, or no principal did.
        let issuer: EntityUID?
    }

    /// What is recorded against a subject.
    struct Standing: Hashable, Sendable {
        let status: SubjectStatus
        let cascade: Cascade?
    }

    /// Knows nothing and denies everything: the snapshot of a node that has no state yet.
    ///
    /// - Parameter node: Who decides from it. Nil is in no ring of a roll-out.
    package init(for node: MemberID? = nil) { parts[0].node = node }

    /// Log index that the snapshot reflects.
    package var revision: LogIndex { parts[0].revision }
    /// Count of revocations recorded up to there.
    package var epoch: UInt64 { parts[0].epoch }
    /// Nil before the first entry of the log.
    package var lineage: Lineage? { parts[0].lineage }
    package var damage: StateDamage? { parts[0].damage }
    /// No permit applies past this age.
    package var maximumAge: Span { parts[0].maximumAge }
    /// Who decides from it.
    package var node: MemberID? { parts[0].node }
    /// Roll-outs that have reached this node.
    package var rollouts: [RolloutShare] { parts[0].rollouts }
    /// Sets of which an earlier version is in force here than everywhere else, since this program cannot read the other. By set.
    package var unreadPolicies: [UnreadPolicies] { parts[0].unreadPolicies }
    /// In force here, but the one for administration, by name.
    package var policies: [ActivePolicySet] { parts[0].policies }
    /// Whether a policy of those may read what a node knows of its own knowledge.
    var policiesAskAboutKnowledge: Bool { parts[0].policiesAskAboutKnowledge }
    /// Decides over `Reeve::Action`.
    package var administration: ActivePolicySet? { parts[0].administration }

    /// The strictest of what is recorded against the subject, what is to be, and what cascades onto it; active when nothing is.
    package func status(_ subject: RevocationSubject) -> SubjectStatus {
        let own = ownStatus(subject)
        guard hasCascades, case .principal(let id) = subject else { return own }
        return max(own, cascade(above: EntityUIDs.principal(id)).status)
    }

    /// Nothing of what comes from above.
    func ownStatus(_ subject: RevocationSubject) -> SubjectStatus {
        let recorded = parts[0].standings.isEmpty ? .active : parts[0].standings[subject]?.status ?? .active
        return parts[0].provisional.map { max(recorded, $0[subject]) } ?? recorded
    }

    /// What the settings say of an action of requests, where that is exceeded. While knowledge is fresh no name is compared.
    func actionAge(_ action: EntityUID, exceededBy age: Span) -> Span? {
        parts[0].actionAges.first { age > $0.maximumAge && $0.action == action.id }?.maximumAge
    }

    /// Nil for one that is active.
    mutating func put(_ standing: Standing?, for subject: RevocationSubject) {
        if parts[0].standings[subject]?.cascade != nil { parts[0].cascadeCount -= 1 }
        if standing?.cascade != nil { parts[0].cascadeCount += 1 }
        parts[0].standings[subject] = standing
    }

    /// Whether the standing of anybody is that of others as well: where it is not, no decision asks who is above whom.
    var hasCascades: Bool { parts[0].cascadeCount > 0 || parts[0].provisional?.hasCascades ?? false }

    /// Whether decisions can be made at all.
    package var isUsable: Bool { lineage != nil && damage == nil }

    /// Whether there are facts about the entity.
    func knows(_ uid: EntityUID) -> Bool { parts[0].entities.keys.contains(uid) }

    package var entityCount: Int { parts[0].entities.count }

    /// Nil for an entity that is no more.
    mutating func put(_ facts: EntityFacts?, for uid: EntityUID) {
        show(parts[0].provisional == nil ? facts : inForce(facts, for: uid), for: uid)
    }

    private mutating func show(_ facts: EntityFacts?, for uid: EntityUID) {
        let old = parts[0].entities[uid]
        parts[0].index.replace(uid, old, with: facts)
        let facts = facts?.sharing(parts[0].index.name)
        parts[0].entities[uid] = facts
        noteNesting(of: uid)
        guard old?.groups != facts?.groups else { return }
        for group in old?.groups ?? [] { noteNesting(of: group) }
        for group in facts?.groups ?? [] { noteNesting(of: group) }
    }

    private mutating func noteNesting(of uid: EntityUID) {
        let facts = parts[0].index.name(of: uid) == nil ? nil : parts[0].entities[uid]
        let nested = facts.flatMap { $0.groups.isEmpty ? nil : $0 }
        if nested != nil || parts[0].nested[uid] != nil { parts[0].nested[uid] = nested }
    }

    /// Nil for a set that is in force no more.
    mutating func put(_ active: ActivePolicySet?, for name: String) {
        parts[0].index.replace(self.active(name), with: active, for: name)
        parts[0].policies.removeAll { $0.name == name }
        if let active { parts[0].policies.append(active) }
        parts[0].policies.sort { $0.name < $1.name }
        parts[0].policiesAskAboutKnowledge = policies.contains { $0.asksAboutKnowledge }
    }

    /// What the same state comes to where another version of a set is in force, or none, and nothing is rolled out. For decisions:
    /// searches go by the policies of this one.
    func deciding(by version: ActivePolicySet?, in set: String) -> DecisionSnapshot {
        var snapshot = self
        snapshot.parts[0].rollouts = []
        snapshot.parts[0].policies = (policies.filter { $0.name != set } + [version].compactMap { $0 })
            .sorted { $0.name < $1.name }
        snapshot.parts[0].policiesAskAboutKnowledge = snapshot.policies.contains { $0.asksAboutKnowledge }
        return snapshot
    }

    /// Of the sets but the one for administration.
    func active(_ name: String) -> ActivePolicySet? { policies.first { $0.name == name } }

    var index: EntityIndex { parts[0].index }

    /// By the digest of the secret.
    func token(_ digest: Digest) -> TokenFacts? { parts[0].tokens[digest] }
}

/// What is in force beside the state.
extension DecisionSnapshot {
    /// The same state, and these statements in force beside it, in place of others.
    package func enforcing(_ statements: some Sequence<SignedStatement>) -> DecisionSnapshot {
        enforcing(ProvisionalStandings(statements))
    }

    /// The same state, with what is in force beside another one.
    func enforcing(as other: DecisionSnapshot) -> DecisionSnapshot {
        other.parts[0].provisional.map { enforcing($0) } ?? self
    }

    private func enforcing(_ standings: ProvisionalStandings) -> DecisionSnapshot {
        var snapshot = self
        snapshot.parts[0].provisional = nil
        if let before = parts[0].provisional {
            for uid in before.principals { snapshot.show(before.recordedFacts[uid], for: uid) }
        }
        guard !standings.isEmpty else { return snapshot }
        snapshot.parts[0].provisional = standings
        for uid in standings.principals { snapshot.put(snapshot.facts(uid), for: uid) }
        return snapshot
    }

    /// A principal's status is one of its attributes.
    private mutating func inForce(_ facts: EntityFacts?, for uid: EntityUID) -> EntityFacts? {
        guard let id = PrincipalID(uid), let standings = parts[0].provisional, standings[.principal(id)] > .active
        else { return facts }
        parts[0].provisional?.recordedFacts[uid] = facts
        return facts?.having(ownStatus(.principal(id)))
    }
}

extension DecisionSnapshot: CascadingSource {
    /// As the state has them, and what is in force beside it: nothing of what cascades.
    package func facts(_ uid: EntityUID) -> EntityFacts? { parts[0].entities[uid] }

    package func cascade(from uid: EntityUID) -> Cascade? {
        guard let id = PrincipalID(uid) else { return nil }
        let recorded = parts[0].standings[.principal(id)]?.cascade
        guard let provisional = parts[0].provisional?.cascade(from: uid) else { return recorded }
        return recorded.map { $0.stricter(provisional) } ?? provisional
    }

    /// The entities as policies are to see them, for views that come and go with each decision: they alone, since a snapshot has
    /// many parts to count references to, unless something cascades.
    var entitiesInForce: any EntitySource {
        hasCascades ? CascadedEntities(self) : EntityTable(parts: parts)
    }

    private struct EntityTable: EntitySource {
        /// One, of which these are held.
        fileprivate let parts: [Parts]

        func facts(_ uid: EntityUID) -> EntityFacts? { parts[0].entities[uid] }

        func factsOfGroup(_ uid: EntityUID) -> EntityFacts? {
            parts[0].nested.isEmpty ? nil : parts[0].nested[uid]
        }
    }
}
