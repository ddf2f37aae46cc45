internal import JSON

/// Ids in the order of their bytes, each once, that can be read on from anywhere.
///
/// A B+ tree by value: a changed copy shares all nodes but those on the way to the change with the one that it was made from.
struct SortedIDs: Sendable {
    private var root = Node()

    init() {}

    init(_ ids: some Sequence<String>) {
        for id in ids { insert(id) }
    }

    var isEmpty: Bool { root.isEmpty }

    /// Does nothing where it is there.
    mutating func insert(_ id: String) {
        guard let sibling = root.insert(id) else { return }
        root = Node(children: [root, sibling])
    }

    /// Does nothing where it is not there.
    mutating func remove(_ id: String) {
        root.remove(id)
        while root.children.count == 1 { root = root.children[0] }
    }

    /// Calls `body` with one after the other of those behind `id`, until it returns false.
    func forEach(after id: String, _ body: (String) -> Bool) { _ = root.forEach(after: id, body) }

    /// The first of all lists together that come after an id, in order and each once.
    static func merged(_ lists: [SortedIDs], after id: String, limit: Int) -> [String] {
        lists.reduce([]) { $0.merging($1, after: id, limit: limit) }
    }
}

extension SortedIDs {
    /// A leaf, which has ids, or a branch, which has children: up to 64 of them, and at least one but in an empty tree.
    fileprivate struct Node: Sendable {
        var ids: [String] = []
        var children: [Node] = []

        private static let limit = 64

        var isEmpty: Bool { ids.isEmpty && children.isEmpty }
        private var isLeaf: Bool { children.isEmpty }
        private var width: Int { isLeaf ? ids.count : children.count }

        private var least: String { isLeaf ? ids[0] : children[0].least }

        /// What had no room, and comes next to this.
        mutating func insert(_ id: String) -> Node? {
            if isLeaf {
                let place = place(of: id)
                if place < ids.count, ids[place].isExactly(id) { return nil }
                return Self.insert(id, at: place, into: &ids).map { Node(ids: $0) }
            }
            let place = child(for: id)
            guard let sibling = children[place].insert(id) else { return nil }
            return Self.insert(sibling, at: place + 1, into: &children).map { Node(children: $0) }
        }

        /// Of a list that was full, the second half.
        private static func insert<Part>(_ part: Part, at place: Int, into parts: inout [Part]) -> [Part]? {
            guard parts.count == limit else {
                parts.insert(part, at: place)
                return nil
            }
            // What comes in order fills its nodes.
            if place == limit { return [part] }
            let half = limit / 2
            var rest = Array(parts[half...])
            parts.removeSubrange(half...)
            if place <= half { parts.insert(part, at: place) } else { rest.insert(part, at: place - half) }
            return rest
        }

        mutating func remove(_ id: String) {
            if isLeaf {
                let place = place(of: id)
                if place < ids.count, ids[place].isExactly(id) { ids.remove(at: place) }
                return
            }
            let place = child(for: id)
            children[place].remove(id)
            let next = place + 1
            if children[place].isEmpty {
                children.remove(at: place)
            } else if next < children.count, children[place].width + children[next].width <= Self.limit / 2 {
                let sibling = children.remove(at: next)
                children[place].ids += sibling.ids
                children[place].children += sibling.children
            }
        }

        /// From the beginning without an id. False when `body` had enough.
        func forEach(after id: String?, _ body: (String) -> Bool) -> Bool {
            if isLeaf {
                var first = id.map(place) ?? 0
                if let id, first < ids.count, ids[first].isExactly(id) { first += 1 }
                return ids[first...].allSatisfy(body)
            }
            let first = id.map(child) ?? 0
            return children[first].forEach(after: id, body)
                && children[(first + 1)...].allSatisfy { $0.forEach(after: nil, body) }
        }

        /// Where it is, or would have to be.
        private func place(of id: String) -> Int { ids.firstPlace { !$0.precedesExactly(id) } }

        /// In which it is, if it is in any.
        private func child(for id: String) -> Int {
            max(children.firstPlace { id.precedesExactly($0.least) } - 1, 0)
        }
    }
}

extension Array {
    /// The first element for which a condition holds that holds for all behind it, too; by bisection.
    fileprivate func firstPlace(where condition: (Element) -> Bool) -> Int {
        // What comes in order belongs at the end.
        guard let last, condition(last) else { return count }
        var (low, high) = (0, count - 1)
        while low < high {
            let middle = (low + high) / 2
            if condition(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}

extension [String] {
    fileprivate func merging(_ list: SortedIDs, after id: String, limit: Int) -> [String] {
        var merged: [String] = []
        var place = 0
        list.forEach(after: id) { next in
            while place < count, merged.count < limit, self[place].precedesExactly(next) {
                merged.append(self[place])
                place += 1
            }
            guard merged.count < limit else { return false }
            if place < count, self[place].isExactly(next) { place += 1 }
            merged.append(next)
            return true
        }
        return merged + self[place...].prefix(limit - merged.count)
    }
}

extension SortedIDs: Hashable {
    /// How they are divided says nothing.
    static func == (lhs: SortedIDs, rhs: SortedIDs) -> Bool {
        lhs.list.elementsEqual(rhs.list) { $0.isExactly($1) }
    }

    func hash(into hasher: inout Hasher) { hasher.combine(list.first) }

    private var list: [String] {
        var list: [String] = []
        forEach(after: "") {
            list.append($0)
            return true
        }
        return list
    }
}
