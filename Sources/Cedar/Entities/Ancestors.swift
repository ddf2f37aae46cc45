/// The entities that one entity is in, over one step to a parent or more.
///
/// Compared one by one while they are few, which is faster than a lookup, and kept as a set besides from then on.
package struct Ancestors: Hashable, Sendable {
    /// In the order in which they were found.
    package private(set) var list: [EntityUID] = []
    /// The same where they are many, else empty. For lookup only, never iterated.
    private var set: Set<EntityUID> = []

    package static let none = Ancestors()
    private static let fewCount = 16

    private init() {}

    package var isEmpty: Bool { list.isEmpty }

    package func contains(_ uid: EntityUID) -> Bool {
        list.count <= Self.fewCount ? list.contains(uid) : set.contains(uid)
    }

    /// False when it is among them already.
    @discardableResult package mutating func insert(_ uid: EntityUID) -> Bool {
        guard !contains(uid) else { return false }
        list.append(uid)
        if list.count == Self.fewCount + 1 { set = Set(list) } else if list.count > Self.fewCount { set.insert(uid) }
        return true
    }

    package mutating func formUnion(_ other: Ancestors) {
        if isEmpty { self = other } else { for uid in other.list { insert(uid) } }
    }
}
