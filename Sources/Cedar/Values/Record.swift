/// Names and their values: what a record literal, a context, an entity's attributes and its tags are.
///
/// Sorted by name in the order of code points, each name once, so that equal records are equal arrays.
package struct Record: Hashable, Sendable {
    package let fields: [Field]

    package struct Field: Hashable, Sendable {
        package let name: AttributeName
        package let value: Value

        package init(name: AttributeName, value: Value) {
            self.name = name
            self.value = value
        }
    }

    package static let empty = Record(sorted: [])
    private static let fewCount = 8

    private init(sorted fields: [Field]) { self.fields = fields }

    /// Of a name given twice the last counts. Costs least for fields that are sorted.
    package init(fields: [Field]) {
        guard !Self.isSorted(fields) else {
            self.fields = fields
            return
        }
        var unique: [Field] = []
        unique.reserveCapacity(fields.count)
        let order = fields.indices.sorted { (fields[$0].name, $0) < (fields[$1].name, $1) }
        for index in order {
            if unique.last?.name == fields[index].name { unique.removeLast() }
            unique.append(fields[index])
        }
        self.fields = unique
    }

    package init(_ pairs: [(String, Value)]) {
        self.init(fields: pairs.map { Field(name: AttributeName($0), value: $1) })
    }

    package var isEmpty: Bool { fields.isEmpty }
    package var count: Int { fields.count }

    package subscript(name: AttributeName) -> Value? { place(of: name).map { fields[$0].value } }

    /// Where the field of that name is. One by one while they are few, and else by bisection.
    func place(of name: AttributeName) -> Int? {
        let fields = fields.span
        if fields.count <= Self.fewCount {
            for place in fields.indices where fields[place].name == name { return place }
            return nil
        }
        var range = fields.indices
        while let middle = range.middle {
            if fields[middle].name == name { return middle }
            range = fields[middle].name < name ? (middle + 1)..<range.upperBound : range.lowerBound..<middle
        }
        return nil
    }

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

extension Record: ExpressibleByDictionaryLiteral {
    package init(dictionaryLiteral elements: (String, Value)...) { self.init(elements) }
}

extension Record: CustomStringConvertible {
    package var description: String {
        "{" + fields.map { "\($0.name.text.cedarQuoted): \($0.value)" }.joined(separator: ", ") + "}"
    }
}
