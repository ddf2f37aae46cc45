/// What a node is marked with: keys and values, in the order of the keys, each key once.
///
/// `zone` is the one key that Reeve reads itself: what may be lost at once, such as a region.
package struct Labels: Hashable, Sendable {
    package struct Entry: Hashable, Sendable, CustomStringConvertible {
        package let key: String
        package let value: String

        package init(_ key: String, _ value: String) {
            self.key = key
            self.value = value
        }

        package var description: String { "\(key)=\(value)" }
    }

    package let entries: [Entry]

    package static let zoneKey = "zone"
    package static let none = Labels()

    private init() { entries = [] }

    /// Nil when a key occurs twice.
    package init?(_ entries: [Entry]) {
        let sorted = entries.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
        for (lower, upper) in zip(sorted, sorted.dropFirst())
        where lower.key.utf8.elementsEqual(upper.key.utf8) { return nil }
        self.entries = sorted
    }

    package subscript(_ key: String) -> String? { entries.first { $0.key.utf8.elementsEqual(key.utf8) }?.value }

    /// Empty where there is none.
    package var zone: String { self[Self.zoneKey] ?? "" }
    package var isEmpty: Bool { entries.isEmpty }

    /// Few enough, and each within the grammar.
    package var isValid: Bool {
        entries.count <= Limits.labels
            && entries.allSatisfy { Grammar.isLabelKey($0.key) && Grammar.isLabelValue($0.value) }
    }

    package func changed(by change: LabelChange) -> Labels {
        let kept = entries.filter { entry in
            change.set[entry.key] == nil && !change.removed.contains { $0.utf8.elementsEqual(entry.key.utf8) }
        }
        return Labels(kept + change.set.entries) ?? self
    }
}

/// What becomes of a node's labels; those that are not named stay.
package struct LabelChange: Hashable, Sendable {
    package let set: Labels
    /// Keys, sorted, each once.
    package let removed: [String]

    package init(set: Labels = .none, removed: [String] = []) {
        self.set = set
        self.removed = removed.sortedUnique()
    }

    /// Something is changed, and nothing both set and removed.
    package var isValid: Bool {
        self.set.isValid && removed.count <= Limits.labels
            && removed.allSatisfy { Grammar.isLabelKey($0) && self.set[$0] == nil }
            && !(self.set.isEmpty && removed.isEmpty)
    }
}
