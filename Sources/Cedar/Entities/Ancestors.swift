/// The entities that one entity is in, over one step to a parent or more.
///
/// Compared one by one while they are few, which is faster than hashing them, and kept as a set from then on.
package enum Ancestors: Hashable, Sendable {
    case few([EntityUID])
    case many(Set<EntityUID>)

    package static let none = Ancestors.few([])
    private static let fewCount = 16

    package var isEmpty: Bool {
        switch self {
        case .few(let list): list.isEmpty
        case .many(let set): set.isEmpty
        }
    }

    package func contains(_ uid: EntityUID) -> Bool {
        switch self {
        case .few(let list): list.contains(uid)
        case .many(let set): set.contains(uid)
        }
    }

    /// False when it is among them already.
    @discardableResult package mutating func insert(_ uid: EntityUID) -> Bool {
        switch self {
        case .few(var list):
            guard !list.contains(uid) else { return false }
            // Or the append would copy.
            self = .none
            list.append(uid)
            self = list.count > Self.fewCount ? .many(Set(list)) : .few(list)
            return true
        case .many(var set):
            self = .none
            defer { self = .many(set) }
            return set.insert(uid).inserted
        }
    }

    package mutating func formUnion(_ other: Ancestors) {
        switch other {
        case .few(let list): for uid in list { insert(uid) }
        case .many(let others):
            switch self {
            case .few(let list): self = .many(others.union(list))
            case .many(let set): self = .many(others.union(set))
            }
        }
    }
}
