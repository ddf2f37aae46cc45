import Cedar
import JSON
import Kernel

extension Expression {
    /// As text with parentheses around everything that has operands, so that it shows what belongs together.
    var shape: String {
        switch kind {
        case .literal(let value): "\(value)"
        case .variable(let variable): variable.rawValue
        case .and(let operands): "(" + operands.map(\.shape).joined(separator: " && ") + ")"
        case .or(let operands): "(" + operands.map(\.shape).joined(separator: " || ") + ")"
        case .product(let factors): "(" + factors.map(\.shape).joined(separator: " * ") + ")"
        case .sum(let first, let terms):
            "(" + first.shape + terms.map { ($0.isSubtracted ? " - " : " + ") + $0.operand.shape }.joined() + ")"
        case .not(let operand): "!(\(operand.shape))"
        case .negate(let operand): "-(\(operand.shape))"
        case .conditional(let condition, let then, let otherwise):
            "(if \(condition.shape) then \(then.shape) else \(otherwise.shape))"
        case .compare(let comparison, let left, let right): "(\(left.shape) \(comparison.rawValue) \(right.shape))"
        case .membership(let left, let right): "(\(left.shape) in \(right.shape))"
        case .isType(let operand, let type, let group):
            "(\(operand.shape) is \(type)" + (group.map { " in \($0.shape)" } ?? "") + ")"
        case .has(let operand, let path) where path.count == 1:
            "(\(operand.shape) has \(path[0].text.cedarQuoted))"
        case .has(let operand, let path): "(\(operand.shape) has \(path.map(\.text).joined(separator: ".")))"
        case .like(let operand, let pattern): "(\(operand.shape) like \(pattern))"
        case .attribute(let operand, let name): "(\(operand.shape))[\(name.text.cedarQuoted)]"
        case .contains(let test, let set, let argument): "(\(set.shape)).\(test.rawValue)(\(argument.shape))"
        case .isEmpty(let set): "(\(set.shape)).isEmpty()"
        case .hasTag(let operand, let name): "(\(operand.shape)).hasTag(\(name.shape))"
        case .getTag(let operand, let name): "(\(operand.shape)).getTag(\(name.shape))"
        case .call(let function, let arguments) where !function.isConstructor:
            "(\(arguments[0].shape)).\(function.rawValue)(\(Self.list(arguments.dropFirst())))"
        case .call(let function, let arguments): "\(function.rawValue)(\(Self.list(arguments[...])))"
        case .set(let elements): "[\(Self.list(elements[...]))]"
        case .record(let fields):
            "{" + fields.map { "\($0.name.text.cedarQuoted): \($0.value.shape)" }.joined(separator: ", ") + "}"
        }
    }

    private static func list(_ expressions: ArraySlice<Expression>) -> String {
        expressions.map(\.shape).joined(separator: ", ")
    }
}

/// Draws expressions that the parser could have made.
struct ExpressionGenerator {
    var random: SeededRandom

    mutating func expression(depth: Int) -> Expression {
        guard depth > 0 else { return Expression(leaf()) }
        let first = expression(depth: depth - 1)
        let second = expression(depth: depth - 1)
        switch Int.random(in: 0..<20, using: &random) {
        case 0: return Expression(.and(operands(first, second) { if case .and = $0 { true } else { false } }))
        case 1: return Expression(.or(operands(first, second) { if case .or = $0 { true } else { false } }))
        case 2: return Expression(.product(operands(first, second) { if case .product = $0 { true } else { false } }))
        case 3:
            if case .sum = first.kind { return first }
            return Expression(.sum(first, [Expression.Term(isSubtracted: coin(), operand: second)]))
        case 4: return Expression(.not(first))
        case 5: return Expression(.negate(first))
        case 6: return Expression(.conditional(first, then: second, else: expression(depth: depth - 1)))
        case 7: return Expression(.compare(pick(Comparison.allCases), first, second))
        case 8: return Expression(.membership(first, second))
        case 9: return Expression(.isType(first, pick(["User", "A::B"]), in: coin() ? second : nil))
        case 10: return Expression(.has(first, coin() ? [name()] : ["a", "b_1"]))
        case 11: return Expression(.like(first, pattern()))
        case 12, 13: return Expression(.attribute(first, name()))
        case 14: return Expression(.contains(pick(SetTest.allCases), first, second))
        case 15: return Expression(coin() ? .hasTag(first, second) : .getTag(first, second))
        case 16: return Expression(coin() ? .isEmpty(first) : .set([]))
        case 17: return Expression(.set([first, second]))
        case 18:
            return Expression(
                .record([Expression.Field(name: "a", value: first), Expression.Field(name: name(), value: second)])
            )
        default:
            let function = pick(ExtensionFunction.allCases.filter { $0 != .unknown })
            return Expression(.call(function, [first, second].suffix(function.argumentCount)))
        }
    }

    private mutating func leaf() -> Expression.Kind {
        switch Int.random(in: 0..<6, using: &random) {
        case 0: .variable(pick(Variable.allCases))
        case 1: .literal(.bool(coin()))
        case 2: .literal(.long(pick([.min, -1, 0, 7, .max])))
        case 3: .literal(.string(text()))
        case 4: .literal(.entity(EntityUID(type: pick(["User", "A::B"]), id: text())))
        default: .literal(.string(pick(["10.0.0.1", "1.5", "2026-11-23", "1d"])))
        }
    }

    /// A chain on the left of a chain is the same chain, so the left operand is something else.
    private mutating func operands(
        _ first: Expression,
        _ second: Expression,
        isSame: (Expression.Kind) -> Bool
    ) -> [Expression] {
        isSame(first.kind) ? [Expression(leaf()), second] : [first, second]
    }

    private mutating func pattern() -> Pattern {
        let literal = "\"\(pick(["", "a", "*", "\\*x", "a*b", "\\u{e9}*", "**"]))\""
        guard let expression = try? Expression.parse("principal like \(literal)"),
            case .like(_, let found) = expression.kind
        else { fatalError("the generator's own pattern \(literal) does not parse") }
        return found
    }

    private mutating func name() -> AttributeName { AttributeName(pick(["x", "if", "two words", "q\"\\", "é", ""])) }
    private mutating func text() -> String { pick(["", "a", "q\"\\\n", "é\u{301}", "\u{200B}*", "\u{1F600}"]) }
    private mutating func coin() -> Bool { Bool.random(using: &random) }
    private mutating func pick<Element>(_ elements: [Element]) -> Element {
        elements[Int.random(in: elements.indices, using: &random)]
    }
}
