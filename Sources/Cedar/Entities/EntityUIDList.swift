/// Identities in an order, each by a reference: where a million entities are in the same few groups, each of these is kept
/// once.
package struct EntityUIDList: Sendable {
    /// An identity that lists have in common.
    package final class Name: Hashable, Sendable {
        package let uid: EntityUID

        package init(_ uid: EntityUID) { self.uid = uid }

        package static func == (lhs: Name, rhs: Name) -> Bool { lhs.uid == rhs.uid }
        package func hash(into hasher: inout Hasher) { hasher.combine(uid) }
    }

    private let names: [Name]

    package init(_ uids: [EntityUID]) { names = uids.map { Name($0) } }

    private init(names: [Name]) { self.names = names }

    /// The same, by others' names where there are some.
    package func sharing(_ name: (EntityUID) -> Name?) -> EntityUIDList {
        EntityUIDList(names: names.map { name($0.uid) ?? $0 })
    }
}

extension EntityUIDList: RandomAccessCollection {
    package var startIndex: Int { 0 }
    package var endIndex: Int { names.count }
    package subscript(place: Int) -> EntityUID { names[place].uid }
}

extension EntityUIDList: Hashable {
    package static func == (lhs: EntityUIDList, rhs: EntityUIDList) -> Bool { lhs.elementsEqual(rhs) }
    package func hash(into hasher: inout Hasher) { hasher.combine(Array(self)) }
}
