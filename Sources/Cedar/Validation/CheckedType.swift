/// The type of an expression, finer than what a schema can say: bools that are known, unions of entity types, and records
/// that may have more than is known of them. Unions arise in permissive mode only.
indirect enum CheckedType: Hashable, Sendable {
    /// Of no value; a part of every other type, so that it fits wherever one is wanted. The type of the elements of an empty
    /// set, and of what nothing is known of.
    case never
    /// With its value, where every evaluation gives the same.
    case bool(Bool?)
    case long, string
    case set(CheckedType)
    case record(CheckedRecord)
    case entity(EntityUnion)
    case extensionType(ExtensionType)

    static let anyBool = CheckedType.bool(nil)
    static let `true` = CheckedType.bool(true)
    static let `false` = CheckedType.bool(false)

    static func entity(_ type: EntityTypeName) -> CheckedType { .entity(EntityUnion(type)) }

    init(_ type: SchemaType) {
        switch type {
        case .bool: self = .anyBool
        case .long: self = .long
        case .string: self = .string
        case .set(let element): self = .set(CheckedType(element))
        case .record(let record): self = .record(CheckedRecord(record))
        case .entity(let type): self = .entity(type)
        case .ipaddr: self = .extensionType(.ipaddr)
        case .decimal: self = .extensionType(.decimal)
        case .datetime: self = .extensionType(.datetime)
        case .duration: self = .extensionType(.duration)
        case .any: self = .never
        }
    }

    /// How many parts it has, a measure of the work with it.
    var size: Int {
        switch self {
        case .never, .bool, .long, .string, .extensionType: 1
        case .set(let element): 1 + element.size
        case .record(let record): record.size
        case .entity(let union): union.types.count
        }
    }

    /// Whether `<` and its like compare two values of this type.
    var isOrdered: Bool {
        switch self {
        case .long, .extensionType(.datetime), .extensionType(.duration): true
        case .never, .bool, .string, .set, .record, .entity, .extensionType: false
        }
    }
}

enum ExtensionType: String, Hashable, Sendable {
    case ipaddr, decimal, datetime, duration
}

/// What is known of the fields of a record.
struct CheckedRecord: Hashable, Sendable {
    /// Sorted by name, each name once.
    let attributes: [Attribute]
    let rest: Rest
    let size: Int

    struct Attribute: Hashable, Sendable {
        let name: AttributeName
        let type: CheckedType
        let isRequired: Bool
    }

    /// Fields that are not listed.
    enum Rest: Comparable {
        case none
        /// Some that not all records have of which it may be one. None of them can be read.
        case unshared
        /// Any, of any type. One can be read once it was tested.
        case unknown
    }

    /// The attributes must be sorted.
    init(sorted attributes: [Attribute], rest: Rest = .none) {
        self.attributes = attributes
        self.rest = rest
        size = attributes.reduce(1) { $0 + $1.type.size }
    }

    init(_ record: RecordType) {
        self.init(
            sorted: record.attributes.map {
                Attribute(name: $0.name, type: CheckedType($0.type), isRequired: $0.isRequired)
            },
            rest: record.isOpen ? .unknown : .none
        )
    }

    static let empty = CheckedRecord(sorted: [])

    /// By bisection.
    subscript(name: AttributeName) -> Attribute? {
        var range = attributes.indices
        while let middle = range.middle {
            let attribute = attributes[middle]
            if attribute.name == name { return attribute }
            range = attribute.name < name ? (middle + 1)..<range.upperBound : range.lowerBound..<middle
        }
        return nil
    }
}

/// Entity types of which a reference has one.
struct EntityUnion: Hashable, Sendable {
    /// Sorted, at least one.
    let types: [EntityTypeName]

    init(_ type: EntityTypeName) { types = [type] }

    private init(sorted types: [EntityTypeName]) { self.types = types }

    /// Nil for several.
    var single: EntityTypeName? { types.count == 1 ? types[0] : nil }

    func contains(_ type: EntityTypeName) -> Bool { types.contains(type) }

    func isDisjoint(with other: EntityUnion) -> Bool {
        union(other).types.count == types.count + other.types.count
    }

    func union(_ other: EntityUnion) -> EntityUnion {
        var merged: [EntityTypeName] = []
        merged.reserveCapacity(types.count + other.types.count)
        var rest = types[...]
        for type in other.types {
            while let own = rest.first, own < type {
                merged.append(own)
                rest.removeFirst()
            }
            if rest.first == type { rest.removeFirst() }
            merged.append(type)
        }
        return EntityUnion(sorted: merged + rest)
    }
}
