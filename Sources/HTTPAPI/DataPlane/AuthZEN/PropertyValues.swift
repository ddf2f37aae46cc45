internal import Cedar
internal import JSON

/// JSON properties as values of the policy language.
///
/// Cedar's own JSON form, with what AuthZEN's clients send besides: `null` in an object is left out, and a number with a
/// fraction is a `decimal` where that holds it exactly (four digits). Any other number is refused: a policy that cannot
/// see an attribute must not be taken for one that allows.
enum PropertyValues {
    static func record(_ members: [JSONMember]) throws(PropertyError) -> Record {
        if members.isEmpty { return .empty }
        var fields: [Record.Field] = []
        fields.reserveCapacity(members.count)
        for member in members where !member.value.isNull {
            let value = try value(member.value, of: member.name)
            fields.append(Record.Field(name: AttributeName(member.name), value: value))
        }
        return Record(fields: fields)
    }

    private static func value(_ json: JSONValue, of name: String) throws(PropertyError) -> Value {
        switch json {
        case .bool(let value): return .bool(value)
        case .integer(let value): return .long(value)
        case .string(let value): return .string(value)
        case .null: throw PropertyError(name, "must have no null among its elements")
        case .decimal(let text):
            guard let value = try? CedarDecimal.parse(text) else {
                throw PropertyError(
                    name,
                    "must be an integer of 64 bits, or have at most four digits after the point and no exponent"
                )
            }
            return .decimal(value)
        case .array(let elements):
            var values: [Value] = []
            values.reserveCapacity(elements.count)
            for element in elements { values.append(try value(element, of: name)) }
            return .set(ValueSet(values))
        case .object(let members):
            guard members.count == 1, isEscape(members[0].name) else { return .record(try record(members)) }
            do throws(CedarJSONError) { return try EntityJSON.parseValue(json) } catch {
                throw PropertyError(name, "is no value: \(error)")
            }
        }
    }

    private static func isEscape(_ name: String) -> Bool { name == "__entity" || name == "__extn" }
}

/// Which property has no value in the policy language, and why.
struct PropertyError: Error {
    let name: String
    let problem: String

    init(_ name: String, _ problem: String) {
        self.name = name
        self.problem = problem
    }
}
