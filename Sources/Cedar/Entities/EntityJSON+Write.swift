package import JSON

extension EntityJSON {
    /// The entity in the form that `parseEntity` reads.
    package static func write(_ entity: Entity) throws(CedarJSONError) -> JSONValue {
        var members = [
            JSONMember(name: "uid", value: write(entity.uid)),
            JSONMember(name: "attrs", value: try write(entity.attributes)),
            JSONMember(name: "parents", value: .array(entity.parents.map { write($0) })),
        ]
        if !entity.tags.isEmpty { members.append(JSONMember(name: "tags", value: try write(entity.tags))) }
        return .object(members)
    }

    package static func write(_ uid: EntityUID) -> JSONValue {
        ["type": .string(uid.type.text), "id": .string(uid.id)]
    }

    package static func write(_ record: Record) throws(CedarJSONError) -> JSONValue {
        var members: [JSONMember] = []
        members.reserveCapacity(record.count)
        for field in record.fields {
            members.append(JSONMember(name: field.name.text, value: try write(field.value)))
        }
        return .object(members)
    }

    /// The value in the form that `parseValue` reads back to the same. A record that the form would take for a reference or
    /// an extension value cannot be written.
    package static func write(_ value: Value) throws(CedarJSONError) -> JSONValue {
        switch value {
        case .bool(let value): return .bool(value)
        case .long(let value): return .integer(value)
        case .string(let value): return .string(value)
        case .entity(let uid): return ["__entity": write(uid)]
        case .ip(let range): return call(.ip, .string("\(range)"))
        case .decimal(let number): return call(.decimal, .string("\(number)"))
        case .duration(let length): return call(.duration, .string("\(length)"))
        case .datetime(let moment):
            // Not every moment has a text, so it is written as its distance from the epoch.
            let distance = call(.duration, .string("\(moment.milliseconds)ms"))
            let arguments: JSONValue = [call(.datetime, "1970-01-01"), distance]
            return ["__extn": ["fn": "offset", "args": arguments]]
        case .set(let set):
            var elements: [JSONValue] = []
            for element in set.elements { elements.append(try write(element)) }
            return .array(elements)
        case .record(let record):
            if record.count == 1, ["__entity", "__extn", "__expr"].contains(record.fields[0].name) {
                throw CedarJSONError("a record with the one field `\(record.fields[0].name)` has no JSON form")
            }
            return try write(record)
        }
    }

    private static func call(_ function: ExtensionFunction, _ argument: JSONValue) -> JSONValue {
        ["__extn": ["fn": .string(function.rawValue), "arg": argument]]
    }
}
