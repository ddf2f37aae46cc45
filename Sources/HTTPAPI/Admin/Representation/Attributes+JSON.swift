package import Directory
package import JSON

/// Attributes in Cedar's JSON form: `{"__entity": {"type": …, "id": …}}` names an entity, and
/// `{"__extn": {"fn": "ip", "arg": "10.0.0.0/8"}}` calls an extension constructor. A list is a set.
extension AttributeValue {
    package init(_ value: JSONValue, at path: FieldPath, depth: Int = 0) throws(FieldError) {
        guard depth < Limits.attributeDepth else {
            throw FieldError(path, "is nested deeper than \(Limits.attributeDepth) levels")
        }
        switch value {
        case .bool(let flag): self = .bool(flag)
        case .integer(let number): self = .long(number)
        case .string(let text): self = .string(text)
        case .null: throw FieldError(path, "must have a value; leave the attribute out instead of giving null")
        case .decimal:
            throw FieldError(
                path,
                "must be a whole number of 64 bits; for a fraction use {\"__extn\": {\"fn\": \"decimal\", \"arg\": \"1.5\"}}"
            )
        case .array(let elements):
            var values: [AttributeValue] = []
            for (index, element) in elements.enumerated() {
                values.append(try AttributeValue(element, at: path.element(index), depth: depth + 1))
            }
            self = .set(values)
        case .object(let members): self = try Self.object(members, at: path, depth: depth)
        }
    }

    private static func object(
        _ members: [JSONMember],
        at path: FieldPath,
        depth: Int
    ) throws(FieldError) -> AttributeValue {
        if members.count == 1, members[0].name == "__entity" {
            return .entity(try EntityName(members[0].value, at: path.member("__entity")))
        }
        if members.count == 1, members[0].name == "__extn" {
            var reader = try ObjectReader(members[0].value, at: path.member("__extn"))
            let function = try reader.string("fn")
            let argument = try reader.string("arg")
            try reader.finish()
            return .extension(function: function, argument: argument)
        }
        return .record(try Attributes(members, at: path, depth: depth + 1))
    }

    package var json: JSONValue {
        switch self {
        case .bool(let flag): .bool(flag)
        case .long(let number): .integer(number)
        case .string(let text): .string(text)
        case .entity(let reference): ["__entity": reference.json]
        case .set(let values): .array(values.map(\.json))
        case .record(let attributes): attributes.json
        case .extension(let function, let argument):
            ["__extn": ["fn": .string(function), "arg": .string(argument)]]
        }
    }
}

extension Attributes {
    package init(_ value: JSONValue, at path: FieldPath) throws(FieldError) {
        guard let members = value.objectValue else { throw FieldError(path, "must be an object, not \(value.kind)") }
        try self.init(members, at: path, depth: 0)
    }

    fileprivate init(_ members: [JSONMember], at path: FieldPath, depth: Int) throws(FieldError) {
        var entries: [Entry] = []
        for member in members {
            let place = path.member(member.name)
            entries.append(Entry(member.name, try AttributeValue(member.value, at: place, depth: depth)))
        }
        guard let attributes = Attributes(entries) else { throw FieldError(path, "names an attribute twice") }
        self = attributes
    }

    package var json: JSONValue { .object(entries.map { JSONMember(name: $0.name, value: $0.value.json) }) }
}
