/// Names and their values: what a record literal, a context, an entity's attributes and its tags are.
///
/// Sorted by name in the order of code points, each name once, so that equal records are equal arrays.
package struct Record: Sendable {
    private let storage: Storage

    /// Its memory, so that fields can be read in their places: see `FieldPlaces`.
    private final class Storage: Sendable {
        let fields: FixedBuffer<Field>
        let weight: Int

        init(_ fields: [Field]) {
            self.fields = FixedBuffer(fields)
            weight = Value.sum(fields.lazy.map { $0.name.text.utf8.count / 16 + $0.value.weight + 1 })
        }
    }

    package struct Field: Hashable, Sendable {
        package let name: AttributeName
        package let value: Value

        package init(name: AttributeName, value: Value) {
            self.name = name
            self.value = value
        }
    }

    package static let empty = Record(sorted: [])
    private init(sorted fields: [Field]) { storage = Storage(fields) }

    /// Of a name given twice the last counts. Costs least for fields that are sorted.
    package init(fields: [Field]) {
        guard !Self.isSorted(fields) else {
            self.init(sorted: fields)
            return
        }
        var unique: [Field] = []
        unique.reserveCapacity(fields.count)
        let order = fields.indices.sorted { (fields[$0].name, $0) < (fields[$1].name, $1) }
        for index in order {
            if unique.last?.name == fields[index].name { unique.removeLast() }
            unique.append(fields[index])
        }
        self.init(sorted: unique)
    }

    package init(_ pairs: [(String, Value)]) {
        self.init(fields: pairs.map { Field(name: AttributeName($0), value: $1) })
    }

    package var isEmpty: Bool { count == 0 }
    package var count: Int { storage.fields.count }
    /// One for each field, and what its name and its value weigh.
    var weight: Int { storage.weight }

    package subscript(name: AttributeName) -> Value? { places.value(of: name)?.value }

    /// Good for as long as the record is held.
    var places: FieldPlaces { unsafe FieldPlaces(base: storage.fields.base, count: count) }

    package subscript(name: String) -> Value? { self[AttributeName(name)] }

    /// The fields of both; where a name is in both, the other's counts.
    package func merging(_ other: Record) -> Record {
        var merged: [Field] = []
        merged.reserveCapacity(fields.count + other.fields.count)
        var rest = fields[...]
        for field in other.fields {
            while let own = rest.first, own.name < field.name {
                merged.append(own)
                rest.removeFirst()
            }
            if rest.first?.name == field.name { rest.removeFirst() }
            merged.append(field)
        }
        merged.append(contentsOf: rest)
        return Record(sorted: merged)
    }

    /// Whether each name comes after the one before it.
    private static func isSorted(_ fields: [Field]) -> Bool {
        for place in fields.indices.dropFirst() where !(fields[place - 1].name < fields[place].name) { return false }
        return true
    }
}

extension Record {
    package var fields: Fields { Fields(record: self) }

    /// In the order of their names.
    package struct Fields: RandomAccessCollection, Sendable {
        fileprivate let record: Record

        package var startIndex: Int { 0 }
        package var endIndex: Int { record.count }
        package subscript(place: Int) -> Field { record.storage.fields[place] }
    }
}

extension Record: Hashable {
    package static func == (lhs: Record, rhs: Record) -> Bool {
        lhs.storage === rhs.storage
            || lhs.weight == rhs.weight && lhs.storage.fields.hasSameElements(as: rhs.storage.fields)
    }

    package func hash(into hasher: inout Hasher) { storage.fields.hash(into: &hasher) }
}

extension Record: ExpressibleByDictionaryLiteral {
    package init(dictionaryLiteral elements: (String, Value)...) { self.init(elements) }
}

extension Record: CustomStringConvertible {
    package var description: String {
        "{" + fields.map { "\($0.name.text.cedarQuoted): \($0.value)" }.joined(separator: ", ") + "}"
    }
}
