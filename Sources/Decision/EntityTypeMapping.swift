package import Cedar
internal import Directory

/// How the names in AuthZEN requests become Cedar's.
///
/// - A type with `::` in it is taken as it is: `Billing::Account`.
/// - Any other is put into upper camel case: its parts, separated by `_` or `-`, each begin with a capital, and what is
///   capital stays so: `todo` is `Todo`, `tool_call` and `toolCall` are `ToolCall`, `user` is `User`.
/// - An action `can_read` is `Action::"can_read"`; a name that begins with `Reeve::` is refused, since what
///   administrators do is not decided here.
package enum EntityTypeMapping {
    package static let typeLimit = 64
    package static let idLimit = 1024
    static let actionType = EntityUIDs.requestAction

    package static func uid(
        type: String,
        id: String,
        in part: DecisionQueryError.Part
    ) throws(DecisionQueryError) -> EntityUID {
        try check(id, limit: idLimit, part)
        return EntityUID(type: try entityType(type, in: part), id: id)
    }

    package static func action(name: String) throws(DecisionQueryError) -> EntityUID {
        try check(name, limit: idLimit, .action)
        guard !name.utf8.starts(with: "Reeve::".utf8) else { throw DecisionQueryError(.action, .reservedName(name)) }
        return EntityUID(type: actionType, id: name)
    }

    package static func entityType(
        _ type: String,
        in part: DecisionQueryError.Part
    ) throws(DecisionQueryError) -> EntityTypeName {
        try check(type, limit: typeLimit, part)
        // A single colon is in no type, whichever way it is taken.
        let name = EntityTypeName(type.utf8.contains(UInt8(ascii: ":")) ? type : upperCamelCase(type))
        guard Grammar.isEntityType(name.text) else { throw DecisionQueryError(part, .malformedType) }
        guard !name.isAction else { throw DecisionQueryError(part, .reservedType) }
        return name
    }

    private static func check(
        _ text: String,
        limit: Int,
        _ part: DecisionQueryError.Part
    ) throws(DecisionQueryError) {
        let byteCount = text.utf8.count
        guard byteCount > 0 else { throw DecisionQueryError(part, .empty) }
        guard byteCount <= limit else { throw DecisionQueryError(part, .tooLong(byteCount: byteCount, limit: limit)) }
    }

    /// Empty, which is no type, where a separator is doubled, leading or trailing.
    private static func upperCamelCase(_ type: String) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(type.utf8.count)
        var startsPart = true
        for byte in type.utf8 {
            if byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-") {
                guard !startsPart else { return "" }
                startsPart = true
            } else {
                let isSmall = (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                bytes.append(startsPart && isSmall ? byte - 32 : byte)
                startsPart = false
            }
        }
        return startsPart ? "" : String(decoding: bytes, as: UTF8.self)
    }
}
