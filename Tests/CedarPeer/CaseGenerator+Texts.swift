import Cedar
import JSON

extension CaseGenerator {
    private static let pieces = [
        "(", ")", "[", "]", "{", "}", "\"", "\\", "\\u{1F600}", "\\x41", "\\*", "'", "::", ":", ".", ",", ";", "@", "?",
        "!", "-", "+", "*", "/", "%", "=", "==", "!=", "<", "<=", "&&", "||", "&", " ", "\n", "\r", "\u{a0}",
        "\u{feff}",
        "//", "// c\n", "if", "then", "else", "in", "is", "has", "like", "true", "principal", "action", "resource",
        "context", "when", "unless", "permit", "?principal", "__cedar", "Action::\"view\"", "9223372036854775808", "01",
        "1.5", "ip", "ip(\"::1\")", ".contains(1)", ".isEmpty()", "a", "\u{e9}", "\u{0}",
    ]

    private static let schemaPieces = [
        "entity", "action", "type", "namespace", "appliesTo", "principal", "resource", "context", "tags", "enum", "in",
        "=",
        "{", "}", "[", "]", "<", ">", "(", ")", ",", ";", ":", "::", "?", "@a", "@doc(\"x\")", "\"\"", "\"x y\"",
        "\\u{41}",
        "Set<", "Set<Long>", "Long", "Bool", "Boolean", "String", "ipaddr", "Record", "Entity", "Extension", "Action",
        "__cedar", "__cedar::String", "__cedar::ipaddr", "User", "NS", "NS::Doc", "A", "Mine", "all", "if", "true",
        "// c\n",
        "\n", "\u{feff}", "\u{e9}", "attributes {}", "entity B, C;", "entity B enum [\"x\",];", "action \"x\", y;",
        "type Long = String;", "namespace X { entity User; }", "type T2 = Set<T2>;", "1", "-", ".",
    ]

    /// The text of the policies, mostly with a few pieces of text put in, taken out or moved.
    mutating func damagedText(_ policies: JSONValue) -> String {
        guard let set = try? PolicyJSON.parse(policies.serialized()) else { return "" }
        var text = (set.templates + set.policies.filter { $0.template == nil }).map { "\($0)" }.joined(separator: "\n")
        if oneIn(3), let formatted = try? formatPolicies(text, FormatOptions(lineWidth: 30)) { text = formatted }
        return damaged(text, pieces: Self.pieces)
    }

    mutating func damagedSchema() -> String {
        damaged(oneIn(3) ? Self.usualSchema : drawnSchema(), pieces: Self.schemaPieces)
    }

    private mutating func damaged(_ text: String, pieces: [String]) -> String {
        var scalars = Array(text.unicodeScalars)
        for _ in 0..<count(0...2) where !scalars.isEmpty {
            let start = count(0...(scalars.count - 1))
            let end = min(scalars.count, start + count(1...6))
            switch count(0...3) {
            case 0: scalars.removeSubrange(start..<end)
            case 1: scalars.insert(contentsOf: scalars[start..<end], at: count(0...(scalars.count - 1)))
            default: scalars.insert(contentsOf: pick(pieces).unicodeScalars, at: start)
            }
        }
        return String(String.UnicodeScalarView(scalars))
    }
}
