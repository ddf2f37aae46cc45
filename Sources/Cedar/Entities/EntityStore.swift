/// Entities in memory, with all their ancestors worked out beforehand.
///
/// A table of open addressing by the codes of their identities: two words, which existential containers hold in place.
public struct EntityStore: Sendable {
    // Safe: what it points to is immutable, and held by `nodes` for as long as the store is.
    @safe private struct Slot: @unchecked Sendable {
        var code = 0
        var node: Unmanaged<EntityNode>?
    }

    /// A power of two of them, at most half of them taken.
    private let slots: ContiguousArray<Slot>
    private let nodes: ContiguousArray<EntityNode>
    /// Of what is in each slot.
    private let parents: ContiguousArray<[EntityUID]>

    public static let empty = EntityStore([], AncestorClosure(entities: [:], maxWork: 0))

    private init(_ list: [Entity], _ closure: AncestorClosure) {
        var size = 8
        while size < list.count * 2 { size *= 2 }
        var slots = ContiguousArray(repeating: Slot(), count: size)
        var nodes = ContiguousArray<EntityNode>()
        var parents = ContiguousArray(repeating: [EntityUID](), count: size)
        for entity in list {
            var place = entity.uid.code & (size - 1)
            while let other = unsafe slots[place].node, unsafe other._withUnsafeGuaranteedRef({ $0.uid != entity.uid })
            {
                place = (place + 1) & (size - 1)
            }
            guard unsafe slots[place].node == nil else { continue }
            let content = EntityContent(attributes: entity.attributes, tags: entity.tags)
            let node = EntityNode(entity.uid, content, in: closure.ancestors[entity.uid] ?? .none)
            nodes.append(node)
            unsafe slots[place] = Slot(code: entity.uid.code, node: Unmanaged.passUnretained(node))
            parents[place] = entity.parents
        }
        (self.slots, self.nodes, self.parents) = (slots, nodes, parents)
    }

    /// Of the one that has this code and is meant. Nil where there is none.
    @inline(__always) private func place(_ code: Int, where isMeant: (EntityNode) -> Bool) -> Int? {
        let slots = slots.span
        var place = code & (slots.count - 1)
        while let node = unsafe slots[place].node {
            if slots[place].code == code, unsafe node._withUnsafeGuaranteedRef({ isMeant($0) }) { return place }
            place = (place + 1) & (slots.count - 1)
        }
        return nil
    }

    private func node(at place: Int) -> EntityNode? { unsafe slots[place].node?.takeUnretainedValue() }

    private func place(of uid: EntityUID) -> Int? { place(uid.code) { $0.uid == uid } }

    /// What may be looked at to find the ancestors of all entities: for each parent of each entity, it and its ancestors.
    public static let maxAncestorWork = 20_000_000

    /// An entity may be given twice if it is the same both times. No entity may be its own ancestor, or have more than
    /// `Ancestors.maxCount`.
    public init(_ list: [Entity], maxAncestorWork: Int = Self.maxAncestorWork) throws(EntityStoreError) {
        var entities: [EntityUID: Entity] = [:]
        for entity in list {
            if let other = entities.updateValue(entity, forKey: entity.uid), !other.hasSameContent(as: entity) {
                throw .conflictingEntities(entity.uid)
            }
        }
        var closure = AncestorClosure(entities: entities, maxWork: maxAncestorWork)
        for entity in list { try closure.close(entity.uid) }
        self.init(list, closure)
    }
}

extension EntityStore: EntityProvider {
    public func entity(_ uid: EntityUID) -> Entity? {
        guard let place = place(of: uid), let node = node(at: place) else { return nil }
        return Entity(uid: uid, attributes: node.attributes, tags: node.tags, parents: parents[place])
    }

    package func content(of uid: EntityUID) -> EntityContent? {
        place(of: uid).flatMap { node(at: $0) }.map { EntityContent(attributes: $0.attributes, tags: $0.tags) }
    }

    package func ancestors(of uid: EntityUID) -> Ancestors { node(of: uid).ancestors }

    package func node(of uid: EntityUID) -> EntityNode { place(of: uid).flatMap { node(at: $0) } ?? .none }

    package func heldNode(_ code: Int, where isMeant: (EntityNode) -> Bool) -> Unmanaged<EntityNode>? {
        guard let place = place(code, where: isMeant) else { return unsafe EntityNode.held }
        return unsafe slots[place].node
    }
}

/// Why entities cannot be kept together.
public enum EntityStoreError: Error, Hashable, Sendable {
    case conflictingEntities(EntityUID)
    case cycle(EntityUID)
    case tooManyAncestors(EntityUID, limit: Int)
    /// All entities together.
    case tooManyAncestorsInAll(limit: Int)
}

extension EntityStoreError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .conflictingEntities(let uid): "the entity \(uid) is given twice with different content"
        case .cycle(let uid): "the entity \(uid) is its own ancestor"
        case .tooManyAncestors(let uid, let limit): "the entity \(uid) has more than \(limit) ancestors"
        case .tooManyAncestorsInAll(let limit):
            "to find the ancestors of all entities, more than \(limit) would have to be looked at"
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
    private let maxWork: Int
    private var work = 0

    init(entities: [EntityUID: Entity], maxWork: Int) {
        self.entities = entities
        self.maxWork = maxWork
    }

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
                ancestors[uid] = try ancestors(of: entity)
                open.remove(uid)
                stack.removeLast()
            }
        }
    }

    /// From those of its parents, which are known by now.
    private mutating func ancestors(of entity: Entity) throws(EntityStoreError) -> Ancestors {
        var all = Ancestors.none
        for parent in entity.parents {
            let inherited = ancestors[parent] ?? .none
            work += inherited.list.count + 1
            guard work <= maxWork else { throw .tooManyAncestorsInAll(limit: maxWork) }
            all.insert(parent)
            all.formUnion(inherited)
            guard !all.areTooMany else { throw .tooManyAncestors(entity.uid, limit: Ancestors.maxCount) }
        }
        return all
    }
}
