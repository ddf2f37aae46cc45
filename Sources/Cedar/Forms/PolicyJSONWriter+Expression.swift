import JSON

extension PolicyJSONWriter {
    mutating func expression(_ expression: Expression, level: Int) throws(CedarJSONError) -> JSONValue {
        guard level < JSONLimits.policies.maxDepth else {
            throw CedarJSONError("its JSON form nests deeper than \(JSONLimits.policies.maxDepth) levels")
        }
        let operands = level + 2
        switch expression.kind {
        case .literal(let value): return ["Value": try EntityJSON.write(value)]
        case .variable(let variable): return ["Var": .string(variable.rawValue)]
        case .and(let all): return try chain(all[0], all.dropFirst().map { ("&&", $0) }, level: level)
        case .or(let all): return try chain(all[0], all.dropFirst().map { ("||", $0) }, level: level)
        case .product(let all): return try chain(all[0], all.dropFirst().map { ("*", $0) }, level: level)
        case .sum(let first, let terms):
            return try chain(first, terms.map { ($0.isSubtracted ? "-" : "+", $0.operand) }, level: level)
        case .not(let operand): return node("!", ["arg": try self.expression(operand, level: operands)])
        case .negate(let operand): return node("neg", ["arg": try self.expression(operand, level: operands)])
        case .isEmpty(let set): return node("isEmpty", ["arg": try self.expression(set, level: operands)])
        case .compare(let comparison, let left, let right): return try pair(comparison.rawValue, left, right, level)
        case .membership(let left, let right): return try pair("in", left, right, level)
        case .contains(let test, let left, let right): return try pair(test.rawValue, left, right, level)
        case .hasTag(let left, let right): return try pair("hasTag", left, right, level)
        case .getTag(let left, let right): return try pair("getTag", left, right, level)
        case .conditional(let condition, let then, let otherwise):
            return node(
                "if-then-else",
                [
                    "if": try self.expression(condition, level: operands),
                    "then": try self.expression(then, level: operands),
                    "else": try self.expression(otherwise, level: operands),
                ]
            )
        case .isType(let operand, let type, let group):
            var members = [
                JSONMember(name: "left", value: try self.expression(operand, level: operands)),
                JSONMember(name: "entity_type", value: .string(type.text)),
            ]
            if let group {
                members.append(JSONMember(name: "in", value: try self.expression(group, level: operands)))
            }
            return node("is", .object(members))
        case .attribute(let operand, let name):
            return node(".", ["left": try self.expression(operand, level: operands), "attr": .string(name.text)])
        case .has(let operand, let path) where path.count == 1:
            return node("has", ["left": try self.expression(operand, level: operands), "attr": .string(path[0].text)])
        case .has(let operand, let path): return try self.expression(Self.expanded(operand, has: path), level: level)
        case .like(let operand, let pattern):
            let value = try self.expression(operand, level: operands)
            return node("like", ["left": value, "pattern": Self.elements(of: pattern)])
        case .call(let function, let arguments): return node(function.rawValue, try array(arguments, level: operands))
        case .set(let elements): return node("Set", try array(elements, level: operands))
        case .record(let fields):
            var members: [JSONMember] = []
            for field in fields {
                let value = try self.expression(field.value, level: operands)
                members.append(JSONMember(name: field.name.text, value: value))
            }
            return node("Record", .object(members))
        }
    }

    private func node(_ name: String, _ operands: JSONValue) -> JSONValue {
        .object([JSONMember(name: name, value: operands)])
    }

    private mutating func pair(
        _ name: String,
        _ left: Expression,
        _ right: Expression,
        _ level: Int
    ) throws(CedarJSONError) -> JSONValue {
        let left = try expression(left, level: level + 2)
        return node(name, ["left": left, "right": try expression(right, level: level + 2)])
    }

    /// The first operand stands deepest: the levels are counted before anything is made, and made in a loop.
    private mutating func chain(
        _ first: Expression,
        _ rest: [(sign: String, operand: Expression)],
        level: Int
    ) throws(CedarJSONError) -> JSONValue {
        var level = level + 2 * rest.count
        var result = try expression(first, level: level)
        for (sign, operand) in rest {
            result = node(sign, ["left": result, "right": try expression(operand, level: level)])
            level -= 2
        }
        return result
    }

    private mutating func array(_ expressions: [Expression], level: Int) throws(CedarJSONError) -> JSONValue {
        var values: [JSONValue] = []
        values.reserveCapacity(expressions.count)
        for value in expressions { values.append(try expression(value, level: level)) }
        return .array(values)
    }

    /// One element a character, as the reference writes it.
    private static func elements(of pattern: Pattern) -> JSONValue {
        var elements: [JSONValue] = []
        for (index, segment) in pattern.segments.enumerated() {
            if index > 0 { elements.append("Wildcard") }
            for scalar in segment.unicodeScalars { elements.append(["Literal": .string(String(Character(scalar)))]) }
        }
        return .array(elements)
    }

    /// `x has a.b` as `x has a && x.a has b`, which is how the reference writes it.
    private static func expanded(_ operand: Expression, has path: [AttributeName]) -> Expression {
        var operand = operand
        var tests: [Expression] = []
        for name in path {
            tests.append(Expression(.has(operand, [name])))
            operand = Expression(.attribute(operand, name))
        }
        return Expression(.and(tests))
    }
}
