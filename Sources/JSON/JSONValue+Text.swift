extension JSONValue {
    /// The shortest form: no white space, members in their order.
    package func serialized() -> [UInt8] {
        var writer = JSONWriter()
        writer.value(self)
        return writer.bytes
    }

    /// For people: a member or element a line, two spaces a level, and a line feed at the end.
    package func prettyPrinted() -> String {
        var text = ""
        write(to: &text, indentation: "")
        return text + "\n"
    }

    private func write(to text: inout String, indentation: String) {
        let inner = indentation + "  "
        switch self {
        case .array(let values) where !values.isEmpty:
            text += "["
            for (index, value) in values.enumerated() {
                text += index == 0 ? "\n\(inner)" : ",\n\(inner)"
                value.write(to: &text, indentation: inner)
            }
            text += "\n\(indentation)]"
        case .object(let members) where !members.isEmpty:
            text += "{"
            for (index, member) in members.enumerated() {
                text += index == 0 ? "\n\(inner)" : ",\n\(inner)"
                text += "\(JSONValue.string(member.name)): "
                member.value.write(to: &text, indentation: inner)
            }
            text += "\n\(indentation)}"
        case .null, .bool, .integer, .decimal, .string, .array, .object:
            text += description
        }
    }
}

extension JSONValue: CustomStringConvertible {
    package var description: String { String(decoding: serialized(), as: UTF8.self) }
}
