internal import Cedar

/// Reads a question straight from its bytes where it is plain, as nearly every one is: each known member once, texts of
/// ASCII without escapes, properties that are texts, integers and booleans.
///
/// Says nothing of any other body, right or wrong: `EvaluationDecoder` reads or refuses that from a tree, and alone
/// defines what is right. Whatever comes from here, the decoder would have given too.
struct PlainEvaluation {
    private var index = 0

    private struct NotPlain: Error {}

    private enum Member: String, CaseIterable {
        case subject, action, resource, context, type, id, name, properties

        static let known = allCases.map { (member: $0, text: $0.rawValue) }
    }

    private static let byteLimit = 16 * 1024
    /// In one object; names are compared with each other.
    private static let propertyLimit = 32

    /// Nil where the body is not plain.
    static func scan(_ body: [UInt8]) -> Evaluation? {
        guard body.count <= byteLimit else { return nil }
        var scanner = PlainEvaluation()
        do throws(NotPlain) { return try scanner.evaluation(body.span) } catch { return nil }
    }

    private mutating func evaluation(_ input: Span<UInt8>) throws(NotPlain) -> Evaluation {
        var subject: Evaluation.Entity?
        var action: Evaluation.Action?
        var resource: Evaluation.Entity?
        var context: Record?
        try expect(input, UInt8(ascii: "{"))
        repeat {
            switch try member(input) {
            case .subject where subject == nil: subject = try entity(input)
            case .action where action == nil: action = try self.action(input)
            case .resource where resource == nil: resource = try entity(input)
            case .context where context == nil: context = try record(input)
            default: throw NotPlain()
            }
        } while try continues(input)
        skipSpace(input)
        guard index == input.count, let subject, let action, let resource else { throw NotPlain() }
        return Evaluation(subject: subject, action: action, resource: resource, context: context ?? .empty)
    }

    private mutating func entity(_ input: Span<UInt8>) throws(NotPlain) -> Evaluation.Entity {
        var type: String?
        var id: String?
        var properties: Record?
        try expect(input, UInt8(ascii: "{"))
        repeat {
            switch try member(input) {
            case .type where type == nil: type = try text(input)
            case .id where id == nil: id = try text(input)
            case .properties where properties == nil: properties = try record(input)
            default: throw NotPlain()
            }
        } while try continues(input)
        guard let type, let id, !type.isEmpty, !id.isEmpty else { throw NotPlain() }
        return Evaluation.Entity(type: type, id: id, properties: properties ?? .empty)
    }

    private mutating func action(_ input: Span<UInt8>) throws(NotPlain) -> Evaluation.Action {
        var id: String?
        var properties: Record?
        try expect(input, UInt8(ascii: "{"))
        repeat {
            switch try member(input) {
            case .name where id == nil: id = try text(input)
            case .properties where properties == nil: properties = try record(input)
            default: throw NotPlain()
            }
        } while try continues(input)
        guard let id, !id.isEmpty else { throw NotPlain() }
        return Evaluation.Action(name: id, properties: properties ?? .empty)
    }

    private mutating func record(_ input: Span<UInt8>) throws(NotPlain) -> Record {
        try expect(input, UInt8(ascii: "{"))
        skipSpace(input)
        if index < input.count, input[index] == UInt8(ascii: "}") {
            index += 1
            return .empty
        }
        var fields: [Record.Field] = []
        repeat {
            let name = AttributeName(try name(input))
            guard fields.count < Self.propertyLimit, !fields.contains(where: { $0.name == name }) else {
                throw NotPlain()
            }
            fields.append(Record.Field(name: name, value: try value(input)))
        } while try continues(input)
        return Record(fields: fields)
    }
}

extension PlainEvaluation {
    private mutating func value(_ input: Span<UInt8>) throws(NotPlain) -> Value {
        skipSpace(input)
        guard index < input.count else { throw NotPlain() }
        switch input[index] {
        case UInt8(ascii: "\""): return .string(try text(input))
        case UInt8(ascii: "t"): return .bool(try word(input, "true", true))
        case UInt8(ascii: "f"): return .bool(try word(input, "false", false))
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .long(try integer(input))
        default: throw NotPlain()
        }
    }

    private mutating func word(_ input: Span<UInt8>, _ word: String, _ value: Bool) throws(NotPlain) -> Bool {
        for byte in word.utf8 {
            guard index < input.count, input[index] == byte else { throw NotPlain() }
            index += 1
        }
        return value
    }

    /// Of at most 18 digits, which always fit.
    private mutating func integer(_ input: Span<UInt8>) throws(NotPlain) -> Int64 {
        let isNegative = input[index] == UInt8(ascii: "-")
        if isNegative { index += 1 }
        let start = index
        var value: Int64 = 0
        while index < input.count, input[index] &- UInt8(ascii: "0") < 10 {
            guard index - start < 18 else { throw NotPlain() }
            value = value * 10 + Int64(input[index] &- UInt8(ascii: "0"))
            index += 1
        }
        guard index > start, index == start + 1 || input[start] != UInt8(ascii: "0") else { throw NotPlain() }
        return isNegative ? -value : value
    }

    /// The name of a member that the specification knows, with the colon after it.
    private mutating func member(_ input: Span<UInt8>) throws(NotPlain) -> Member {
        let range = try quoted(input)
        try expect(input, UInt8(ascii: ":"))
        for member in Member.known where Self.isEqual(input, range, member.text) { return member.member }
        throw NotPlain()
    }

    /// The name of any member, with the colon after it.
    private mutating func name(_ input: Span<UInt8>) throws(NotPlain) -> String {
        let name = try text(input)
        try expect(input, UInt8(ascii: ":"))
        return name
    }

    private mutating func text(_ input: Span<UInt8>) throws(NotPlain) -> String {
        let range = try quoted(input)
        guard let text = try? UTF8Span(validating: input.extracting(range)) else { throw NotPlain() }
        return String(copying: text)
    }

    /// Where a text of ASCII without escapes is, past which it goes.
    private mutating func quoted(_ input: Span<UInt8>) throws(NotPlain) -> Range<Int> {
        try expect(input, UInt8(ascii: "\""))
        let start = index
        while index < input.count, input[index] != UInt8(ascii: "\"") {
            let byte = input[index]
            guard (0x20..<0x80).contains(byte), byte != UInt8(ascii: "\\") else { throw NotPlain() }
            index += 1
        }
        guard index < input.count else { throw NotPlain() }
        index += 1
        return start..<(index - 1)
    }

    private static func isEqual(_ input: Span<UInt8>, _ range: Range<Int>, _ name: String) -> Bool {
        guard range.count == name.utf8.count else { return false }
        var place = range.lowerBound
        for byte in name.utf8 {
            guard input[place] == byte else { return false }
            place += 1
        }
        return true
    }

    /// After a member: whether another follows, or else the object ends.
    private mutating func continues(_ input: Span<UInt8>) throws(NotPlain) -> Bool {
        skipSpace(input)
        guard index < input.count else { throw NotPlain() }
        let byte = input[index]
        guard byte == UInt8(ascii: ",") || byte == UInt8(ascii: "}") else { throw NotPlain() }
        index += 1
        return byte == UInt8(ascii: ",")
    }

    private mutating func expect(_ input: Span<UInt8>, _ byte: UInt8) throws(NotPlain) {
        skipSpace(input)
        guard index < input.count, input[index] == byte else { throw NotPlain() }
        index += 1
    }

    private mutating func skipSpace(_ input: Span<UInt8>) {
        while index < input.count {
            switch input[index] {
            case 0x20, 0x0A, 0x0D, 0x09: index += 1
            default: return
            }
        }
    }
}
