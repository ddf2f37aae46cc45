/// What is known of an entity.
public struct Entity: Hashable, Sendable {
    public let uid: EntityUID
    public let attributes: Record
    /// Looked up by names that are computed, and apart from the attributes.
    public let tags: Record
    /// Those it is directly in. They need not be known themselves.
    public let parents: [EntityUID]

    public init(uid: EntityUID, attributes: Record = .empty, tags: Record = .empty, parents: [EntityUID] = []) {
        self.uid = uid
        self.attributes = attributes
        self.tags = tags
        self.parents = parents
    }
}

/// What expressions read of an entity.
package struct EntityContent: Sendable {
    public let attributes: Record
    public let tags: Record

    package init(attributes: Record, tags: Record = .empty) {
        self.attributes = attributes
        self.tags = tags
    }
}

/// All that decisions ask about one entity. An object, so that to hand it on is to hand on one reference.
// Safe: after its initializer it is changed by `replace` alone, while there is one counted reference to it. References that are not
// counted are an evaluator's, which runs on one thread, to what it or its provider holds: it forgets those to its own nodes before
// it has another entity read into them.
package final class EntityNode: @unchecked Sendable {
    // What most decisions read comes first, so that it is in one or two lines of memory.
    @safe @exclusivity(unchecked) package private(set) var uid: EntityUID
    /// Those of the attributes.
    @safe @exclusivity(unchecked) private(set) var fields: FieldPlaces
    /// Of the ancestors, which are elsewhere in memory: how many they are, and the codes of the first of them.
    @safe @exclusivity(unchecked) private(set) var ancestorCount = 0
    @safe @exclusivity(unchecked) private var firstCodes = [4 of Int](repeating: 0)
    /// All that are reached over one step to a parent or more, known or not.
    @safe @exclusivity(unchecked) package private(set) var ancestors: Ancestors
    /// An entity that does not exist has neither attributes nor tags.
    @safe @exclusivity(unchecked) package private(set) var exists: Bool
    @safe @exclusivity(unchecked) package private(set) var attributes: Record
    @safe @exclusivity(unchecked) package private(set) var tags: Record

    package init(_ uid: EntityUID, _ content: EntityContent?, in ancestors: Ancestors) {
        self.uid = uid
        exists = content != nil
        attributes = content?.attributes ?? .empty
        tags = content?.tags ?? .empty
        self.ancestors = ancestors
        fields = attributes.places
        countAncestors()
    }

    private func countAncestors() {
        ancestorCount = ancestors.list.count
        for place in 0..<min(ancestorCount, firstCodes.count) { firstCodes[place] = ancestors.list[place].code }
    }

    /// Puts another entity into a node, in the memory that it has unless somebody else holds it.
    ///
    /// - Parameter find: Is given no ancestors, and adds those of the entity.
    package static func replace(
        _ node: inout EntityNode,
        with uid: EntityUID,
        _ content: EntityContent,
        find: (inout Ancestors) -> Void
    ) {
        guard isKnownUniquelyReferenced(&node) else {
            var ancestors = Ancestors.none
            find(&ancestors)
            return node = EntityNode(uid, content, in: ancestors)
        }
        node.uid = uid
        node.exists = true
        node.attributes = content.attributes
        node.tags = content.tags
        node.fields = content.attributes.places
        node.ancestors.removeAll()
        find(&node.ancestors)
        node.countAncestors()
    }

    func ancestorCode(_ place: Int) -> Int {
        place < firstCodes.count ? firstCodes[place] : ancestors.list[place].code
    }

    /// Of the first ancestor that has this code.
    func ancestorPlace(code: Int) -> Int? {
        guard ancestorCount <= firstCodes.count else { return ancestors.place(code: code) }
        for place in 0..<ancestorCount where firstCodes[place] == code { return place }
        return nil
    }

    /// Stands for all that do not exist and are in nothing.
    package static let none = EntityNode(EntityUID(type: "", id: ""), nil, in: .none)
    /// To it, for ever.
    static let held = unsafe Unmanaged.passUnretained(none)
}

/// Where a decision finds its entities.
///
/// One decision must get the same answer to the same question however often it asks.
package protocol EntityProvider {
    /// Nil for an entity that does not exist.
    func entity(_ uid: EntityUID) -> Entity?

    /// The same without its parents, which a provider may have to work out.
    func content(of uid: EntityUID) -> EntityContent?

    /// All that are reached from the entity over one step to a parent or more, known or not; or some, where they are too
    /// many. That every entity is `in` itself is not asked here.
    func ancestors(of uid: EntityUID) -> Ancestors

    /// Both in one answer. `EntityNode.none` may stand for an entity of which nothing is known.
    func node(of uid: EntityUID) -> EntityNode

    /// The same in a node that the caller has, so that none has to be made. False where nothing is known of the entity, and
    /// where `EntityNode.none` would stand for it.
    func read(_ uid: EntityUID, into node: inout EntityNode) -> Bool

    /// The same of a provider that holds it for as long as it is held itself, so that nobody has to count references, and
    /// that admits no entity with too many ancestors: of the entity that has this code and is meant. Nil where it does not.
    func heldNode(_ code: Int, where isMeant: (EntityNode) -> Bool) -> Unmanaged<EntityNode>?
}

extension EntityProvider {
    package func content(of uid: EntityUID) -> EntityContent? {
        entity(uid).map { EntityContent(attributes: $0.attributes, tags: $0.tags) }
    }

    package func node(of uid: EntityUID) -> EntityNode { EntityNode(uid, content(of: uid), in: ancestors(of: uid)) }

    package func read(_ uid: EntityUID, into node: inout EntityNode) -> Bool {
        node = self.node(of: uid)
        return node !== EntityNode.none
    }

    package func heldNode(_ code: Int, where isMeant: (EntityNode) -> Bool) -> Unmanaged<EntityNode>? { nil }

    package func isDescendant(_ uid: EntityUID, of ancestor: EntityUID) -> Bool {
        ancestors(of: uid).contains(ancestor)
    }

    /// Walks over the parents, each entity once, so that a cycle ends it too.
    package func ancestors(of uid: EntityUID) -> Ancestors {
        var found = Ancestors.none
        var waiting = entity(uid)?.parents ?? []
        while !found.areTooMany, let next = waiting.popLast() {
            if found.insert(next), let entity = entity(next) { waiting += entity.parents }
        }
        return found
    }
}
