package import Cedar

/// Gives facts about entities, however they are kept.
package protocol EntitySource {
    /// Nil when the directory does not know the entity.
    func facts(_ uid: EntityUID) -> EntityFacts?
}

/// The entities that policies see at a time: the one view from which both the authorization of administrators and
/// decisions about agents read.
package struct EntityView: EntityProvider {
    private let source: any EntitySource
    private let interval: TimeInterval
    /// Entities as this request knows them, in place of the source's. Few.
    private let overlay: [(uid: EntityUID, facts: EntityFacts)]

    package init(
        _ source: any EntitySource,
        in interval: TimeInterval,
        overlay: [(uid: EntityUID, facts: EntityFacts)] = []
    ) {
        self.source = source
        self.interval = interval
        self.overlay = overlay
    }

    package func facts(_ uid: EntityUID) -> EntityFacts? {
        overlay.first { $0.uid == uid }?.facts ?? source.facts(uid)
    }

    package func entity(_ uid: EntityUID) -> Entity? {
        facts(uid).map { Entity(uid: uid, attributes: $0.attributes, tags: .empty, parents: parents($0)) }
    }

    package func content(of uid: EntityUID) -> EntityContent? {
        facts(uid).map { EntityContent(attributes: $0.attributes) }
    }

    package func ancestors(of uid: EntityUID) -> Ancestors { facts(uid).map(ancestors) ?? .none }

    package func node(of uid: EntityUID) -> EntityNode {
        // One for all that are unknown, as actions are: nothing is allocated for them.
        guard let facts = facts(uid) else { return .none }
        return EntityNode(uid, EntityContent(attributes: facts.attributes), in: ancestors(facts))
    }

    private func ancestors(_ facts: EntityFacts) -> Ancestors {
        var found = Ancestors.none
        var next: EntityFacts? = facts
        // The list that grows is also what waits: each is walked over once, in the order in which they were found.
        var walked = 0
        while true {
            if let next { forEachParent(next) { found.insert($0) } }
            guard walked < found.list.count, !found.areTooMany else { return found }
            next = self.facts(found.list[walked])
            walked += 1
        }
    }

    private func parents(_ facts: EntityFacts) -> [EntityUID] {
        var parents: [EntityUID] = []
        forEachParent(facts) { parents.append($0) }
        return parents
    }

    private func forEachParent(_ facts: EntityFacts, _ body: (EntityUID) -> Void) {
        for parent in facts.parents { body(parent) }
        for grant in facts.grants where grant.counts(in: interval) { body(grant.role) }
    }
}
