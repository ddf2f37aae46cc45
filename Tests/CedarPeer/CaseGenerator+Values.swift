import JSON

/// What an expression is meant to evaluate to.
enum Kind: String, CaseIterable {
    case bool, long, string, set, record, entity, ip, decimal, datetime, duration

    /// The attribute that mostly holds a value of this kind.
    var attribute: String { String(rawValue.prefix(3)) }
}

extension CaseGenerator {
    /// In the form of entities and contexts.
    mutating func value(_ kind: Kind, depth: Int = 2) -> JSONValue {
        switch kind {
        case .bool: return .bool(oneIn(2))
        case .long: return .integer(long())
        case .string: return .string(text())
        case .set:
            let kind = isCareful ? .long : pick(Kind.allCases)
            guard depth > 0 else { return [] }
            return .array((0..<count(isCareful ? 1...3 : 0...3)).map { _ in value(kind, depth: depth - 1) })
        case .record:
            guard depth > 0 else { return [:] }
            let kinds = (0..<count(0...3)).map { _ in pick(Kind.allCases) }
            var members: [JSONMember] = []
            for kind in kinds where !members.contains(where: { $0.name == kind.attribute }) {
                members.append(JSONMember(name: kind.attribute, value: value(kind, depth: depth - 1)))
            }
            return .object(members)
        case .entity: return ["__entity": uid()]
        case .ip, .decimal, .datetime, .duration:
            // One that does not parse spoils all entities, so these are rare here, and left to expressions.
            let argument = oneIn(2000) ? pick(argumentTexts(kind)) : pick(goodArgumentTexts(kind))
            return ["__extn": ["fn": .string(kind.rawValue), "arg": .string(argument)]]
        }
    }

    mutating func long() -> Int64 {
        oneIn(3) ? pick([.min, .min + 1, .max, .max - 1, 1 << 62, 3_037_000_500, -86_400_001]) : Int64(count(-3...3))
    }

    mutating func text() -> String {
        pick([
            "", "a", "ab", "abc", "a*b", "\"\\\n\r\t\u{0}", "\u{e9}", "e\u{301}", "\u{1F600}\u{200D}",
            "\u{FEFF}\u{AD}x",
        ])
    }

    /// What a constructor may be applied to, most of it wrong in some way.
    mutating func argumentTexts(_ kind: Kind) -> [String] {
        switch kind {
        case .ip:
            [
                "10.0.0.1/8", "10.0.0.01", "256.1.1.1", "1.2.3", "::1/128", "::", "1::2::3", "::ffff:1.2.3.4",
                "fe80::1%a",
                "10.0.0.1/33", "10.0.0.1/08", "::1/129", "ff00::/8", "127.0.0.1/7", "1:2:3:4:5:6:7:8:9", "",
                " 1.1.1.1",
                "1:2:3:4:5:6:7::", "::/0", "0.0.0.0/0", "224.0.0.0/4", "A::B",
            ]
        case .decimal:
            [
                "1", "1.", ".5", "-0.5", "+1.0", "1.23456", "922337203685477.5807", "922337203685477.5808",
                "-922337203685477.5808", "00.0", "1.0.0", "--1.0", "1e3", "",
            ]
        case .datetime:
            [
                "2024-02-29", "2023-02-29", "2024-13-01", "0000-01-01", "9999-12-31T23:59:59.999Z",
                "2024-01-01T00:00:00Z",
                "2024-01-01T24:00:00Z", "2024-01-01T00:00:60Z", "2024-01-01T00:00:00.1Z", "2024-01-01T00:00:00+0530",
                "2024-01-01T00:00:00.000-2359", "2024-01-01T00:00:00+2400", "2024-01-01t00:00:00Z", "2024-1-1", "",
                "1969-12-31T23:59:59.999Z",
            ]
        case .duration:
            [
                "1d", "-1d2h3m4s5ms", "1h1d", "d", "", "-", "1ms", "9223372036854775807ms", "9223372036854775808ms",
                "-9223372036854775808ms", "106751991168d", "1.5h", "+1d", "1d1d", "0ms", "-1ms",
            ]
        case .bool, .long, .string, .set, .record, .entity: [""]
        }
    }

    mutating func goodArgumentTexts(_ kind: Kind) -> [String] {
        switch kind {
        case .ip:
            ["10.0.0.1", "10.0.0.0/8", "127.0.0.1", "::1", "ff02::1/16", "2001:db8::/32", "224.0.0.1", "10.1.2.3/24"]
        case .decimal: ["0.0", "-0.5", "1.5", "1.50", "-1.0001", "922337203685477.5807"]
        case .datetime: ["1970-01-01", "2024-02-29T12:30:00Z", "1969-12-31T23:59:59.999Z", "2024-01-01T00:00:00+0100"]
        case .duration: ["0ms", "1d", "-1d", "36h", "90s", "9223372036854775807ms", "-1ms"]
        case .bool, .long, .string, .set, .record, .entity: [""]
        }
    }
}
