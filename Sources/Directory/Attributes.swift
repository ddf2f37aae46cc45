/// Named values, sorted by the bytes of their names and each name once, so that equal content has equal bytes.
package struct Attributes: Hashable, Sendable, Sequence, ExpressibleByDictionaryLiteral {
    package struct Entry: Hashable, Sendable {
        package let name: String
        package let value: AttributeValue

        package init(_ name: String, _ value: AttributeValue) {
            self.name = name
            self.value = value
        }
    }

    package let entries: [Entry]

    package static let empty = Attributes()

    private init() { entries = [] }

    /// Nil when a name occurs twice.
    package init?(_ entries: [Entry]) {
        let sorted = entries.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
        for (lower, upper) in zip(sorted, sorted.dropFirst())
        where lower.name.utf8.elementsEqual(upper.name.utf8) { return nil }
        self.entries = sorted
    }

    /// For constants in code; of a repeated name the last value counts.
    package init(dictionaryLiteral elements: (String, AttributeValue)...) {
        self = elements.reduce(.empty) { $0.setting($1.0, to: $1.1) }
    }

    package subscript(_ name: String) -> AttributeValue? {
        entries.first { $0.name.utf8.elementsEqual(name.utf8) }?.value
    }

    package func setting(_ name: String, to value: AttributeValue) -> Attributes {
        let others = entries.filter { !$0.name.utf8.elementsEqual(name.utf8) }
        return Attributes(others + [Entry(name, value)]) ?? self
    }

    package var isEmpty: Bool { entries.isEmpty }
    package func makeIterator() -> [Entry].Iterator { entries.makeIterator() }
}
