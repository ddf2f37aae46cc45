/// Names and their values: what a record literal, a context, an entity's attributes and its tags are.
///
/// Sorted by name in the order of code points, each name once, so that equal records are equal arrays.
public struct Record: Sendable {
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

    public struct Field: Hashable, Sendable {
        public let name: AttributeName
        public let value: Value

        public init(name: AttributeName, value: Value) {
            self.name = name
            self.value = value
        }
    }

    public static let empty = Record(sorted: [])
    private init(sorted fields: [Field]) { storage = Storage(fields) }

    /// Of a name given twice the last counts. Costs least for fields that are sorted.
    public init(fields: [Field]) {
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

    public init(_ pairs: [(String, Value)]) {
        self.init(fields: pairs.map { Field(name: AttributeName($0), value: $1) })
    }

    public var isEmpty: Bool { count == 0 }
    public var count: Int { storage.fields.count }
    /// One for each field, and what its name and its value weigh.
    var weight: Int { storage.weight }

    public subscript(name: AttributeName) -> Value? { places.value(of: name)?.value }

    /// Good for as long as the record is held.
    var places: FieldPlaces { unsafe FieldPlaces(base: storage.fields.base, count: count) }

    public subscript(name: String) -> Value? { self[AttributeName(name)] }

    /// The fields of both; where a name is in both, the other's counts.
    public func merging(_ other: Record) -> Record {
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
    public var fields: Fields { Fields(record: self) }

    /// In the order of their names.
    public struct Fields: RandomAccessCollection, Sendable {
        fileprivate let record: Record

        public var startIndex: Int { 0 }
        public var endIndex: Int { record.count }
        public subscript(place: Int) -> Field { record.storage.fields[place] }
    }
}

extension Record: Hashable {
    public static func == (lhs: Record, rhs: Record) -> Bool {
        lhs.storage === rhs.storage
            || lhs.weight == rhs.weight && lhs.storage.fields.hasSameElements(as: rhs.storage.fields)
    }

    public func hash(into hasher: inout Hasher) { storage.fields.hash(into: &hasher) }
}

extension Record: ExpressibleByDictionaryLiteral {
    public init(dictionaryLiteral elements: (String, Value)...) { self.init(elements) }
}

extension Record: CustomStringConvertible {
    public var description: String {
        "{" + fields.map { "\($0.name.text.cedarQuoted): \($0.value)" }.joined(separator: ", ") + "}"
    }
}
