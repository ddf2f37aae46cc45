package import Cedar

/// Gives facts about entities, however they are kept.
package protocol EntitySource {
    /// Nil when the directory does not know the entity.
    func facts(_ uid: EntityUID) -> EntityFacts?

    /// The same of an entity that others are in; nil also where it is in nothing itself.
    func factsOfGroup(_ uid: EntityUID) -> EntityFacts?
}

extension EntitySource {
    package func factsOfGroup(_ uid: EntityUID) -> EntityFacts? { facts(uid) }
}

/// The entities that policies see at a time: the one view from which both the authorization of administrators and
/// decisions about agents read.
///
/// An object, so that whoever decides again and again can keep one for all requests.
package final class EntityView: EntityProvider {
    private var source: any EntitySource
    private var interval: TimeInterval
    /// Entities as this request knows them, in place of the source's. Few.
    private var overlay: [(uid: EntityUID, facts: EntityFacts)]

    package init(
        _ source: any EntitySource,
        in interval: TimeInterval,
        overlay: [(uid: EntityUID, facts: EntityFacts)] = []
    ) {
        self.source = source
        self.interval = interval
        self.overlay = overlay
    }

    /// Turns to another source and another time. Nothing is remembered of those before.
    package func show(
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

    package func ancestors(of uid: EntityUID) -> Ancestors {
        var found = Ancestors.none
        if let facts = facts(uid) { find(&found, of: facts) }
        return found
    }

    package func node(of uid: EntityUID) -> EntityNode {
        var node = EntityNode.none
        return read(uid, into: &node) ? node : .none
    }

    package func read(_ uid: EntityUID, into node: inout EntityNode) -> Bool {
        guard let facts = facts(uid) else { return false }
        EntityNode.replace(&node, with: uid, EntityContent(attributes: facts.attributes)) { find(&$0, of: facts) }
        return true
    }

    /// The list that grows is also what waits: each is walked over once, in the order in which they were found. What a request
    /// says of an entity is never what it is in.
    private func find(_ found: inout Ancestors, of facts: EntityFacts) {
        insertParents(of: facts, into: &found)
        var walked = 0
        while walked < found.list.count, !found.areTooMany {
            if let next = source.factsOfGroup(found.list[walked]) { insertParents(of: next, into: &found) }
            walked += 1
        }
    }

    private func insertParents(of facts: EntityFacts, into found: inout Ancestors) {
        for parent in facts.parents { found.insert(parent) }
        for grant in facts.grants where grant.counts(in: interval) { found.insert(grant.role) }
    }

    private func parents(_ facts: EntityFacts) -> [EntityUID] {
        facts.parents + facts.grants.filter { $0.counts(in: interval) }.map(\.role)
    }
}
