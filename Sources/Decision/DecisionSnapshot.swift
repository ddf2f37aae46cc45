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
    /// Log index that the snapshot reflects.
    package internal(set) var revision: LogIndex
    /// Count of revocations recorded up to there.
    package internal(set) var epoch: UInt64 = 0
    /// Nil before the first entry of the log.
    package internal(set) var lineage: Lineage?
    package internal(set) var damage: StateDamage?
    /// No permit applies past this age.
    package internal(set) var maximumAge = Settings.defaultMaximumAge
    /// For some actions, past what age only a permit with an `@max_age` of its own applies.
    var actionAges: [ActionAge] = []
    /// Principals, roles, resources, administrators and members.
    private(set) var entities: TreeDictionary<EntityUID, EntityFacts> = [:]
    /// One, in an array, so that it is one reference: every decision counts those of its snapshot.
    private var indexes = [EntityIndex()]
    /// Those among the entities, in the order of the directory.
    var members: [MemberID] = []
    /// Of those that are not active.
    private var standings: TreeDictionary<RevocationSubject, Standing> = [:]
    /// How many of them are those of others as well.
    private var cascadeCount = 0
    /// By statements that the log has not judged yet; not of the state, and so not of its revision.
    /// One, or none, in an array, as for the indexes.
    private var provisional: [ProvisionalStandings] = []
    /// By the digest of the secret.
    var tokens: TreeDictionary<Digest, TokenFacts> = [:]
    /// Active policy sets but the one for administration, by name.
    package private(set) var policies: [ActivePolicySet] = []
    /// Decides over `Reeve::Action`.
    package internal(set) var administration: ActivePolicySet?

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
    package init() { self.revision = .zero }

    /// The strictest of what is recorded against the subject, what is to be, and what cascades onto it; active when nothing is.
    package func status(_ subject: RevocationSubject) -> SubjectStatus {
        let own = ownStatus(subject)
        guard hasCascades, case .principal(let id) = subject else { return own }
        return max(own, cascade(above: EntityUIDs.principal(id)).status)
    }

    /// Nothing of what comes from above.
    func ownStatus(_ subject: RevocationSubject) -> SubjectStatus {
        let recorded = standings[subject]?.status ?? .active
        return provisional.first.map { max(recorded, $0[subject]) } ?? recorded
    }

    /// What the settings say of an action of requests, where that is exceeded. While knowledge is fresh no name is compared.
    func actionAge(_ action: EntityUID, exceededBy age: Span) -> Span? {
        actionAges.first { age > $0.maximumAge && $0.action == action.id }?.maximumAge
    }

    /// Nil for one that is active.
    mutating func put(_ standing: Standing?, for subject: RevocationSubject) {
        if standings[subject]?.cascade != nil { cascadeCount -= 1 }
        if standing?.cascade != nil { cascadeCount += 1 }
        standings[subject] = standing
    }

    /// Whether the standing of anybody is that of others as well: where it is not, no decision asks who is above whom.
    var hasCascades: Bool { cascadeCount > 0 || provisional.first?.hasCascades ?? false }

    /// Whether decisions can be made at all.
    package var isUsable: Bool { lineage != nil && damage == nil }

    package var entityCount: Int { entities.count }

    /// Nil for an entity that is no more.
    mutating func put(_ facts: EntityFacts?, for uid: EntityUID) {
        show(provisional.isEmpty ? facts : inForce(facts, for: uid), for: uid)
    }

    private mutating func show(_ facts: EntityFacts?, for uid: EntityUID) {
        indexes[0].replace(uid, entities[uid], with: facts)
        entities[uid] = facts?.sharing(indexes[0].name)
    }

    /// Nil for a set that is in force no more.
    mutating func put(_ active: ActivePolicySet?, for name: String) {
        indexes[0].replace(self.active(name), with: active, for: name)
        policies.removeAll { $0.name == name }
        if let active { policies.append(active) }
        policies.sort { $0.name < $1.name }
    }

    /// Of the sets but the one for administration.
    func active(_ name: String) -> ActivePolicySet? { policies.first { $0.name == name } }

    /// Of the entities, and of the actions that policies name.
    var index: EntityIndex { indexes[0] }
}

/// What is in force beside the state.
extension DecisionSnapshot {
    /// The same state, and these statements in force beside it, in place of others.
    package func enforcing(_ statements: some Sequence<SignedStatement>) -> DecisionSnapshot {
        enforcing(ProvisionalStandings(statements))
    }

    /// The same state, with what is in force beside another one.
    func enforcing(as other: DecisionSnapshot) -> DecisionSnapshot {
        other.provisional.first.map { enforcing($0) } ?? self
    }

    private func enforcing(_ standings: ProvisionalStandings) -> DecisionSnapshot {
        var snapshot = self
        snapshot.provisional = []
        if let before = provisional.first {
            for uid in before.principals { snapshot.show(before.recordedFacts[uid], for: uid) }
        }
        guard !standings.isEmpty else { return snapshot }
        snapshot.provisional = [standings]
        for uid in standings.principals { snapshot.put(snapshot.entities[uid], for: uid) }
        return snapshot
    }

    /// A principal's status is one of its attributes.
    private mutating func inForce(_ facts: EntityFacts?, for uid: EntityUID) -> EntityFacts? {
        guard let id = PrincipalID(uid), provisional[0][.principal(id)] > .active else { return facts }
        provisional[0].recordedFacts[uid] = facts
        return facts?.having(ownStatus(.principal(id)))
    }
}

extension DecisionSnapshot: CascadingSource {
    /// As the state has them, and what is in force beside it: nothing of what cascades.
    package func facts(_ uid: EntityUID) -> EntityFacts? { entities[uid] }

    package func cascade(from uid: EntityUID) -> Cascade? {
        guard let id = PrincipalID(uid) else { return nil }
        let recorded = standings[.principal(id)]?.cascade
        guard let provisional = provisional.first?.cascade(from: uid) else { return recorded }
        return recorded.map { $0.stricter(provisional) } ?? provisional
    }

    /// The entities as policies are to see them, for views that come and go with each decision: they alone, since a snapshot has
    /// many parts to count references to, unless something cascades.
    var entitiesInForce: any EntitySource {
        hasCascades ? CascadedEntities(self) : EntityTable(entities: entities)
    }

    private struct EntityTable: EntitySource {
        fileprivate let entities: TreeDictionary<EntityUID, EntityFacts>

        func facts(_ uid: EntityUID) -> EntityFacts? { entities[uid] }
    }
}
