/// Entities in memory, with all their ancestors worked out beforehand.
package struct EntityStore: Sendable {
    private let nodes: ContiguousArray<EntityNode>
    /// Of each of the nodes.
    private let parents: ContiguousArray<[EntityUID]>
    /// Where a node is, by the code of its identity.
    private let places: CodeTable

    package static let empty = EntityStore([], AncestorClosure(entities: [:]))

    private init(_ list: [Entity], _ closure: AncestorClosure) {
        var (nodes, parents): (ContiguousArray<EntityNode>, ContiguousArray<[EntityUID]>) = ([], [])
        var places = CodeTable()
        for entity in list where places.first(entity.uid.code, where: { nodes[Int($0)].uid == entity.uid }) == nil {
            places.add(UInt32(nodes.count), entity.uid.code)
            let content = EntityContent(attributes: entity.attributes, tags: entity.tags)
            nodes.append(EntityNode(entity.uid, content, in: closure.ancestors[entity.uid] ?? .none))
            parents.append(entity.parents)
        }
        (self.nodes, self.parents, self.places) = (nodes, parents, places)
    }

    private func place(of uid: EntityUID) -> Int? {
        places.first(uid.code) { nodes[Int($0)].uid == uid }.map(Int.init)
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
        self.init(list, closure)
    }
}

extension EntityStore: EntityProvider {
    package func entity(_ uid: EntityUID) -> Entity? {
        place(of: uid).map {
            let node = nodes[$0]
            return Entity(uid: uid, attributes: node.attributes, tags: node.tags, parents: parents[$0])
        }
    }

    package func content(of uid: EntityUID) -> EntityContent? {
        place(of: uid).map { EntityContent(attributes: nodes[$0].attributes, tags: nodes[$0].tags) }
    }

    package func ancestors(of uid: EntityUID) -> Ancestors { place(of: uid).map { nodes[$0].ancestors } ?? .none }

    package func node(of uid: EntityUID) -> EntityNode {
        place(of: uid).map { nodes[$0] } ?? .none
    }
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
