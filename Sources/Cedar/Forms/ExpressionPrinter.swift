extension Expression: CustomStringConvertible {
    /// As text that parses to this tree, with no more parentheses than that takes, on one line.
    package var description: String {
        var printer = ExpressionPrinter()
        printer.print(self)
        return printer.text
    }
}

/// Appends expressions to a text. Recurses as deep as they are, which the parsers bound.
struct ExpressionPrinter {
    private(set) var text = ""

    /// How tightly an expression holds together, the loosest first.
    private enum Binding: Int, Comparable {
        case conditional, or, and, relation, sum, product, unary, member

        init(_ kind: Expression.Kind) {
            self =
                switch kind {
                case .conditional: .conditional
                case .or: .or
                case .and: .and
                case .compare, .membership, .isType, .has, .like: .relation
                case .sum: .sum
                case .product: .product
                case .not, .negate: .unary
                case .literal(.long(let value)) where value < 0: .unary
                case .literal, .variable, .attribute, .contains, .isEmpty, .hasTag, .getTag, .call, .set, .record:
                    .member
                }
        }

        static func < (lhs: Binding, rhs: Binding) -> Bool { lhs.rawValue < rhs.rawValue }
    }

    mutating func print(_ expression: Expression) { print(expression, binding: .conditional) }

    private mutating func print(_ expression: Expression, binding: Binding) {
        let isLoose = Binding(expression.kind) < binding
        if isLoose { text += "(" }
        write(expression)
        if isLoose { text += ")" }
    }

    private mutating func write(_ expression: Expression) {
        switch expression.kind {
        case .literal(let value): text += "\(value)"
        case .variable(let variable): text += variable.rawValue
        case .or(let operands): list(operands, separator: " || ", binding: .and)
        case .and(let operands): list(operands, separator: " && ", binding: .relation)
        case .product(let factors): list(factors, separator: " * ", binding: .unary)
        case .sum(let first, let terms):
            print(first, binding: .product)
            for term in terms {
                text += term.isSubtracted ? " - " : " + "
                print(term.operand, binding: .product)
            }
        case .not, .negate: signed(expression)
        case .conditional(let condition, let then, let otherwise):
            text += "if "
            print(condition)
            text += " then "
            print(then)
            text += " else "
            print(otherwise)
        case .compare(let comparison, let left, let right): infix(left, comparison.rawValue, right)
        case .membership(let left, let right): infix(left, "in", right)
        case .isType(let operand, let type, let group):
            print(operand, binding: .sum)
            text += " is \(type)"
            guard let group else { return }
            text += " in "
            print(group, binding: .sum)
        case .has(let operand, let path):
            print(operand, binding: .sum)
            text += " has " + path.map(\.asKey).joined(separator: ".")
        case .like(let operand, let pattern):
            print(operand, binding: .sum)
            text += " like \(pattern)"
        case .attribute(let operand, let name):
            print(operand, binding: .member)
            text += name.isIdentifier ? ".\(name)" : "[\(name.asKey)]"
        case .contains(let test, let set, let argument): method(test.rawValue, of: set, [argument])
        case .isEmpty(let set): method("isEmpty", of: set, [])
        case .hasTag(let operand, let name): method("hasTag", of: operand, [name])
        case .getTag(let operand, let name): method("getTag", of: operand, [name])
        case .call(let function, let arguments): call(function, arguments)
        case .set(let elements): bracketed("[", elements[...], "]")
        case .record(let fields):
            text += "{"
            for (index, field) in fields.enumerated() {
                text += (index == 0 ? "" : ", ") + field.name.asKey + ": "
                print(field.value)
            }
            text += "}"
        }
    }

    private mutating func infix(_ left: Expression, _ sign: String, _ right: Expression) {
        print(left, binding: .sum)
        text += " \(sign) "
        print(right, binding: .sum)
    }

    /// The grammar takes at most four equal signs in a row, the one of a negative number among them.
    private mutating func signed(_ expression: Expression) {
        var operand = expression
        var count = 0
        if case .not = expression.kind {
            while case .not(let inner) = operand.kind, count < 4 {
                (operand, count) = (inner, count + 1)
                text += "!"
            }
        } else {
            while case .negate(let inner) = operand.kind, count < 4 {
                (operand, count) = (inner, count + 1)
                text += "-"
            }
            if case .literal(.long(let value)) = operand.kind {
                // A sign right before digits belongs to the number.
                text += value < 0 && count < 4 ? "\(value)" : "(\(value))"
                return
            }
        }
        print(operand, binding: .member)
    }

    private mutating func call(_ function: ExtensionFunction, _ arguments: [Expression]) {
        if !function.isConstructor, let receiver = arguments.first {
            method(function.rawValue, of: receiver, arguments.dropFirst())
        } else {
            text += function.rawValue
            bracketed("(", arguments[...], ")")
        }
    }

    private mutating func method(_ name: String, of receiver: Expression, _ arguments: ArraySlice<Expression>) {
        print(receiver, binding: .member)
        text += ".\(name)"
        bracketed("(", arguments, ")")
    }

    private mutating func bracketed(_ open: String, _ elements: ArraySlice<Expression>, _ close: String) {
        text += open
        list(elements, separator: ", ", binding: .conditional)
        text += close
    }

    private mutating func list(_ operands: some Sequence<Expression>, separator: String, binding: Binding) {
        var isFirst = true
        for operand in operands {
            if !isFirst { text += separator }
            isFirst = false
            print(operand, binding: binding)
        }
    }
}

extension AttributeName {
    /// As the key of a record or the right side of `has`.
    var asKey: String { isIdentifier ? text : text.cedarQuoted }
}
