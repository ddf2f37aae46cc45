/// Entities in memory, with all their ancestors worked out beforehand.
package struct EntityStore: Sendable {
    /// For lookup only, never iterated.
    private let entities: [EntityUID: Entity]
    private let nodes: [EntityUID: EntityNode]

    package static let empty = EntityStore(entities: [:], nodes: [:])

    private init(entities: [EntityUID: Entity], nodes: [EntityUID: EntityNode]) {
        self.entities = entities
        self.nodes = nodes
    }

    /// An entity may be given twice if it is the same both times. No entity may be its own ancestor.
    package init(_ list: [Entity]) throws(EntityStoreError) {
        var entities: [EntityUID: Entity] = [:]
        for entity in list {
            if let other = entities.updateValue(entity, forKey: entity.uid), !other.hasSameContent(as: entity) {
                throw .conflictingEntities(entity.uid)
            }
        }
        var closure = AncestorClosure(entities: entities)
        for entity in list { try closure.close(entity.uid) }
        var nodes: [EntityUID: EntityNode] = [:]
        nodes.reserveCapacity(entities.count)
        for entity in list {
            let content = EntityContent(attributes: entity.attributes, tags: entity.tags)
            nodes[entity.uid] = EntityNode(content, in: closure.ancestors[entity.uid] ?? .none)
        }
        self.init(entities: entities, nodes: nodes)
    }
}

extension EntityStore: EntityProvider {
    package func entity(_ uid: EntityUID) -> Entity? { entities[uid] }
    package func content(of uid: EntityUID) -> EntityContent? { nodes[uid]?.content }
    package func ancestors(of uid: EntityUID) -> Ancestors { nodes[uid]?.ancestors ?? .none }
    package func node(of uid: EntityUID) -> EntityNode { nodes[uid] ?? .unknown }
}

extension EntityStore: Hashable {
    /// The rest follows from the entities.
    package static func == (lhs: EntityStore, rhs: EntityStore) -> Bool { lhs.entities == rhs.entities }
    package func hash(into hasher: inout Hasher) { hasher.combine(entities) }
}

/// Why entities cannot be kept together.
package enum EntityStoreError: Error, Hashable, Sendable {
    case conflictingEntities(EntityUID)
    case cycle(EntityUID)
}

extension EntityStoreError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .conflictingEntities(let uid): "the entity \(uid) is given twice with different content"
        case .cycle(let uid): "the entity \(uid) is its own ancestor"
        }
    }
}

extension Entity {
    /// The order of parents says nothing.
    fileprivate func hasSameContent(as other: Entity) -> Bool {
        attributes == other.attributes && tags == other.tags && Set(parents) == Set(other.parents)
    }
}

/// The transitive closure over parents, depth first with an explicit stack, since hierarchies from outside may be deep.
private struct AncestorClosure {
    let entities: [EntityUID: Entity]
    private(set) var ancestors: [EntityUID: Ancestors] = [:]
    private var open: Set<EntityUID> = []

    init(entities: [EntityUID: Entity]) { self.entities = entities }

    mutating func close(_ root: EntityUID) throws(EntityStoreError) {
        var stack = [root]
        while let uid = stack.last {
            guard ancestors[uid] == nil, let entity = entities[uid] else {
                stack.removeLast()
                continue
            }
            if open.insert(uid).inserted {
                let unknown = entity.parents.filter { entities[$0] != nil && ancestors[$0] == nil }
                if let parent = unknown.first(where: open.contains) { throw .cycle(parent) }
                stack += unknown
            } else {
                var all = Ancestors.none
                for parent in entity.parents {
                    all.insert(parent)
                    all.formUnion(ancestors[parent] ?? .none)
                }
                ancestors[uid] = all
                open.remove(uid)
                stack.removeLast()
            }
        }
    }
}
