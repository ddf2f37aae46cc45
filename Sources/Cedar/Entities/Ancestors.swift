/// The entities that one entity is in, over one step to a parent or more.
///
/// Compared one by one while they are few, which is faster than a lookup, and found by their codes from then on.
package struct Ancestors: Sendable {
    /// In the order in which they were found.
    package private(set) var list: [EntityUID] = []
    /// Their places by their codes, where they are many.
    private var places: CodeTable?

    package static let none = Ancestors()
    /// An entity that has more takes no part in a decision: what asks about it denies.
    package static let maxCount = 10_000
    private static let fewCount = 12

    private init() {}

    package var isEmpty: Bool { list.isEmpty }
    /// Whether there are more than may be. Whoever looks for them may end there, so that some may be missing.
    package var areTooMany: Bool { list.count > Self.maxCount }
    /// What to work them out costs.
    var stepsToFind: Int { Self.stepsToFind(count: list.count) }

    static func stepsToFind(count: Int) -> Int { count / 16 }

    package func contains(_ uid: EntityUID) -> Bool {
        guard let places else {
            let list = list.span
            for place in list.indices where list[place] == uid { return true }
            return false
        }
        return places.first(uid.code) { list[Int($0)] == uid } != nil
    }

    /// The first that has this code. There is none more often than not, and then no name has to be looked at.
    func place(code: Int) -> Int? {
        if let places { return places.first(code).map(Int.init) }
        let list = list.span
        for place in list.indices where list[place].code == code { return place }
        return nil
    }

    /// False when it is among them already.
    @discardableResult package mutating func insert(_ uid: EntityUID) -> Bool {
        guard !contains(uid) else { return false }
        list.append(uid)
        places?.add(UInt32(list.count - 1), uid.code)
        if list.count == Self.fewCount + 1 {
            var table = CodeTable()
            for place in list.indices { table.add(UInt32(place), list[place].code) }
            places = table
        }
        return true
    }

    package mutating func formUnion(_ other: Ancestors) {
        if isEmpty { self = other } else { for uid in other.list { insert(uid) } }
    }
}
