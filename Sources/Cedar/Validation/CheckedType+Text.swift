extension CheckedType: CustomStringConvertible {
    /// As in a schema, as far as that can say it; cut off where it gets long.
    var description: String {
        var text = ""
        write(to: &text)
        return text.utf8.count > Self.maxTextBytes ? String(text.prefix(Self.maxTextBytes)) + "…" : text
    }

    private static let maxTextBytes = 200

    private func write(to text: inout String) {
        guard text.utf8.count <= Self.maxTextBytes else { return }
        switch self {
        case .never: text += "nothing"
        case .bool(let value): text += value.map { "Bool (always \($0))" } ?? "Bool"
        case .long: text += "Long"
        case .string: text += "String"
        case .set(let element):
            text += "Set<"
            element.write(to: &text)
            text += ">"
        case .record(let record): Self.write(record, to: &text)
        case .entity(let union): text += union.types.prefix(8).map(\.text).joined(separator: " or ")
        case .extensionType(let type): text += type.rawValue
        }
    }

    private static func write(_ record: CheckedRecord, to text: inout String) {
        text += "{"
        for (index, attribute) in record.attributes.enumerated() {
            guard text.utf8.count <= maxTextBytes else { return }
            text += "\(index > 0 ? ", " : "")\(attribute.name)\(attribute.isRequired ? "" : "?"): "
            attribute.type.write(to: &text)
        }
        text += record.rest != .none ? ", …}" : "}"
    }
}
