extension TypeChecker {
    /// Checks an operand and that its type is one of those wanted.
    mutating func expect(
        _ operand: Expression,
        _ wanted: String,
        advice: String? = nil,
        where isWanted: (CheckedType) -> Bool
    ) -> Answer {
        let answer = check(operand)
        guard let type = answer.type else { return .unknown }
        guard isWanted(type) || type == .never else {
            report(.unexpectedType(expected: wanted, found: "\(type)", advice: advice), at: operand)
            return .unknown
        }
        return answer
    }

    mutating func expectBool(_ operand: Expression) -> Answer {
        expect(operand, "Bool") { if case .bool = $0 { true } else { false } }
    }

    mutating func expectLong(_ operand: Expression) -> Answer { expect(operand, "Long") { $0 == .long } }

    mutating func expectString(_ operand: Expression, for operation: String) -> Answer {
        expect(operand, "String, as `\(operation)` asks") { $0 == .string }
    }

    mutating func expectSet(_ operand: Expression) -> Answer {
        expect(operand, "a set") { if case .set = $0 { true } else { false } }
    }

    mutating func expectEntity(_ operand: Expression) -> Answer {
        expect(operand, "an entity") { if case .entity = $0 { true } else { false } }
    }

    mutating func expectAttributes(_ operand: Expression) -> Answer {
        expect(operand, "an entity or a record") { Self.hasAttributes($0) }
    }

    static func hasAttributes(_ type: CheckedType) -> Bool {
        switch type {
        case .entity, .record: true
        case .never, .bool, .long, .string, .set, .extensionType: false
        }
    }

    /// The type that all have, with a fault where there is none.
    mutating func joined(_ types: [CheckedType], at expression: Expression) -> CheckedType? {
        var joined = CheckedType.never
        for type in types {
            guard let next = self.joined(joined, type, at: expression) else { return nil }
            joined = next
        }
        return joined
    }

    mutating func joined(_ left: CheckedType, _ right: CheckedType, at expression: Expression) -> CheckedType? {
        spend(left.size + right.size)
        do throws(TypeConflict) {
            return try left.joined(with: right, mode)
        } catch {
            report(.incompatibleTypes("\(left)", "\(right)", advice: error.advice), at: expression)
            return nil
        }
    }
}

extension TypeConflict {
    fileprivate var advice: String? {
        switch self {
        case .unlike: nil
        case .entityTypes: "entities of different types are never equal"
        case .fieldNames: "records go together when they have the same attributes"
        case .fieldNecessity: "an attribute is to be optional in both records or in none"
        }
    }
}
