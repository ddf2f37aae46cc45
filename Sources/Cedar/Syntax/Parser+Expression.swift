extension Parser {
    /// One expression and nothing else.
    static func expression(_ text: String, limits: SyntaxLimits) throws(CedarSyntaxError) -> Expression {
        try whole(text, limits: limits) { parser throws(Diagnostic) in try parser.expression() }
    }

    /// `Expr := 'if' Expr 'then' Expr 'else' Expr | Or`
    mutating func expression() throws(Diagnostic) -> Expression {
        try nested { parser throws(Diagnostic) in
            let start = parser.current.range
            guard parser.take(.if) else { return try parser.operators(from: .or) }
            let condition = try parser.expression()
            try parser.expect(.then, "an operator or `then`")
            let then = try parser.expression()
            try parser.expect(.else, "an operator or `else`")
            let otherwise = try parser.expression()
            return try parser.node(.conditional(condition, then: then, else: otherwise), from: start)
        }
    }

    private func node(_ kind: Expression.Kind, from start: SourceRange) throws(Diagnostic) -> Expression {
        let expression = Expression(kind, range: start.through(previous.range))
        guard expression.depth <= limits.maxNesting else { throw tooDeep(expression.range) }
        return expression
    }

    /// How tightly an infix operator binds, the loosest first.
    private enum Precedence: Int, Comparable {
        case or, and, relation, sum, product

        static func < (lhs: Precedence, rhs: Precedence) -> Bool { lhs.rawValue < rhs.rawValue }
    }

    private func precedence(_ token: Token) -> Precedence? {
        switch token.kind {
        case .or: .or
        case .and: .and
        case .doubleEqual, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual, .equal, .in, .is, .like, .has:
            .relation
        case .plus, .minus: .sum
        case .star, .slash, .percent: .product
        default: nil
        }
    }

    /// Everything that binds at least as tightly as `lowest`.
    private mutating func operators(from lowest: Precedence) throws(Diagnostic) -> Expression {
        let start = current.range
        var left = try unary()
        var highest = Precedence.product
        while let found = precedence(current), found >= lowest {
            guard found <= highest else {
                throw unexpected(expected: "`&&`, `||` or the end of the expression")
            }
            let kind: Expression.Kind
            switch found {
            case .or:
                kind = .or(
                    try operands(after: left, .or, .and, isSame: { if case .or(let all) = $0 { all } else { nil } })
                )
            case .and:
                kind = .and(
                    try operands(
                        after: left,
                        .and,
                        .relation,
                        isSame: { if case .and(let all) = $0 { all } else { nil } }
                    )
                )
            case .relation: kind = try relation(left)
            case .sum: kind = try sum(left)
            case .product: kind = try product(left)
            }
            left = try node(kind, from: start)
            if found == .relation {
                highest = .and
                if let next = precedence(current), next == .relation { throw chainedRelation() }
            }
        }
        return left
    }

    private func chainedRelation() -> Diagnostic {
        fault("comparisons do not chain", advice: "use parentheses, or join two comparisons with `&&`")
    }

    /// The operands of a chain of `&&` or `||`. A parenthesized chain on its left side is the same chain.
    private mutating func operands(
        after left: Expression,
        _ token: Token.Kind,
        _ tighter: Precedence,
        isSame: (Expression.Kind) -> [Expression]?
    ) throws(Diagnostic) -> [Expression] {
        var operands = isSame(left.kind) ?? [left]
        while take(token) { operands.append(try operators(from: tighter)) }
        return operands
    }

    private mutating func sum(_ left: Expression) throws(Diagnostic) -> Expression.Kind {
        var first = left
        var terms: [Expression.Term] = []
        if case .sum(let innerFirst, let innerTerms) = left.kind { (first, terms) = (innerFirst, innerTerms) }
        while current.kind == .plus || current.kind == .minus {
            let isSubtracted = current.kind == .minus
            advance()
            terms.append(Expression.Term(isSubtracted: isSubtracted, operand: try operators(from: .product)))
        }
        return .sum(first, terms)
    }

    private mutating func product(_ left: Expression) throws(Diagnostic) -> Expression.Kind {
        var factors = [left]
        if case .product(let inner) = left.kind { factors = inner }
        while let found = precedence(current), found == .product {
            guard take(.star) else {
                throw fault(current.kind == .slash ? "the language has no division" : "the language has no remainder")
            }
            factors.append(try unary())
        }
        return .product(factors)
    }

    private mutating func relation(_ left: Expression) throws(Diagnostic) -> Expression.Kind {
        let token = current
        advance()
        switch token.kind {
        case .has: return .has(left, try attributePath())
        case .like: return .like(left, try pattern())
        case .is:
            let type = try typeName()
            let group = take(.in) ? try operators(from: .sum) : nil
            return .isType(left, type, in: group)
        case .in: return .membership(left, try operators(from: .sum))
        default:
            guard let comparison = Comparison(rawValue: text(token)) else {
                throw fault("`=` is no operator", advice: "compare with `==`", at: token.range)
            }
            return .compare(comparison, left, try operators(from: .sum))
        }
    }

    /// `STRING | IDENT ('.' IDENT)*`
    private mutating func attributePath() throws(Diagnostic) -> [AttributeName] {
        var path: [AttributeName] = []
        if current.kind == .string {
            path.append(AttributeName(try string("an attribute's name")))
        } else {
            repeat { path.append(AttributeName(try name("an attribute's name"))) } while take(.dot)
        }
        switch current.kind {
        case .dot, .leftBracket, .leftParenthesis, .doubleColon, .plus, .minus, .star, .slash, .percent:
            throw fault("the right side of `has` is a name, names joined by points, or one string")
        default:
            return path
        }
    }
}

extension Parser {
    /// `Unary := ('!' x0..4 | '-' x0..4) Member`
    private mutating func unary() throws(Diagnostic) -> Expression {
        let start = current.range
        let sign = current.kind
        guard sign == .bang || sign == .minus else { return try member() }
        var signs: [SourceRange] = []
        while current.kind == sign {
            signs.append(current.range)
            advance()
        }
        guard signs.count <= 4 else { throw fault("more than four times `\(text(previous))`", at: start) }
        guard current.kind != .bang, current.kind != .minus else { throw unexpected(expected: "an operand or `(`") }
        var operand: Expression
        if sign == .minus, current.kind == .number, let last = signs.last, !isAccess(following) {
            // The sign is part of the literal, which reaches one further below zero than above.
            operand = try number(sign: last)
            signs.removeLast()
        } else {
            operand = try member()
        }
        for sign in signs.reversed() {
            operand = try node(text(previousSign: sign) == "!" ? .not(operand) : .negate(operand), from: sign)
        }
        return operand
    }

    private func text(previousSign range: SourceRange) -> String { source.text(range) }

    private func isAccess(_ token: Token) -> Bool {
        token.kind == .dot || token.kind == .leftBracket || token.kind == .leftParenthesis
    }

    private mutating func number(sign: SourceRange?) throws(Diagnostic) -> Expression {
        let token = current
        let digits = source.bytes[Int(token.range.start)..<Int(token.range.end)]
        guard let value = Int64(decimalDigits: digits, isNegative: sign != nil) else {
            throw fault("the number does not fit in 64 bits")
        }
        advance()
        return try node(.literal(.long(value)), from: sign ?? token.range)
    }

    /// `Member := Primary ('.' IDENT ['(' Arguments ')'] | '[' STRING ']')*`
    private mutating func member() throws(Diagnostic) -> Expression {
        let start = current.range
        var value = try primary()
        while true {
            if take(.dot) {
                let token = current
                let name = try name("the name of an attribute or method")
                if take(.leftParenthesis) {
                    let arguments = try list(until: .rightParenthesis, ")") { parser throws(Diagnostic) in
                        try parser.expression()
                    }
                    value = try node(try method(name, at: token.range, of: value, arguments), from: start)
                } else {
                    value = try node(.attribute(value, AttributeName(name)), from: start)
                }
            } else if take(.leftBracket) {
                let name = try string("an attribute's name in quotation marks")
                try expect(.rightBracket, "`]`")
                value = try node(.attribute(value, AttributeName(name)), from: start)
            } else if current.kind == .leftParenthesis {
                throw fault("only functions and methods can be called")
            } else {
                return value
            }
        }
    }

    private func method(
        _ name: String,
        at range: SourceRange,
        of receiver: Expression,
        _ arguments: [Expression]
    ) throws(Diagnostic) -> Expression.Kind {
        if let function = ExtensionFunction(rawValue: name) {
            guard !function.isConstructor else {
                throw fault("`\(name)` is a function", advice: "write `\(name)(…)`", at: range)
            }
            return .call(function, [receiver] + arguments)
        }
        if name == "isEmpty" {
            guard arguments.isEmpty else { throw fault("`isEmpty` takes no argument", at: range) }
            return .isEmpty(receiver)
        }
        let test = SetTest(rawValue: name)
        guard test != nil || name == "hasTag" || name == "getTag" else {
            throw fault("there is no method `\(name)`", at: range)
        }
        guard let argument = arguments.first, arguments.count == 1 else {
            throw fault("`\(name)` takes one argument, not \(arguments.count)", at: range)
        }
        if let test { return .contains(test, receiver, argument) }
        return name == "hasTag" ? .hasTag(receiver, argument) : .getTag(receiver, argument)
    }
}

extension Parser {
    private mutating func primary() throws(Diagnostic) -> Expression {
        let start = current.range
        switch current.kind {
        case .true, .false:
            let isTrue = current.kind == .true
            advance()
            return try node(.literal(.bool(isTrue)), from: start)
        case .number: return try number(sign: nil)
        case .string: return try node(.literal(.string(try string("a string"))), from: start)
        case .leftParenthesis:
            advance()
            let inside = try expression()
            try expect(.rightParenthesis, "an operator or `)`")
            return inside
        case .leftBracket:
            advance()
            let elements = try list(until: .rightBracket, "]") { parser throws(Diagnostic) in try parser.expression() }
            return try node(.set(elements), from: start)
        case .leftBrace:
            advance()
            return try node(.record(try recordFields()), from: start)
        case .slot:
            throw fault("slots stand in the scope of a template only")
        case .identifier, .then, .else, .in, .is, .like, .has:
            return try named()
        default:
            throw unexpected(expected: "a value")
        }
    }

    private mutating func recordFields() throws(Diagnostic) -> [Expression.Field] {
        var names: Set<AttributeName> = []
        return try list(until: .rightBrace, "}") { parser throws(Diagnostic) in
            let token = parser.current
            let isString = token.kind == .string
            let name = AttributeName(isString ? try parser.string("a key") : try parser.name("a key"))
            guard names.insert(name).inserted else {
                throw parser.fault("the key `\(name)` is given twice", at: token.range)
            }
            try parser.expect(.colon, "`:`")
            return Expression.Field(name: name, value: try parser.expression())
        }
    }

    /// A variable, an entity or the call of a function.
    private mutating func named() throws(Diagnostic) -> Expression {
        let (name, range) = try path("a value")
        switch current.kind {
        case .doubleColon:
            return try node(.literal(.entity(try entityUID(type: name, from: range).uid)), from: range)
        case .leftParenthesis:
            return try call(name, at: range)
        default:
            guard let variable = Variable(rawValue: name.text) else {
                throw fault(
                    "`\(name)` is no variable",
                    advice: "there are `principal`, `action`, `resource` and `context`",
                    at: range
                )
            }
            return try node(.variable(variable), from: range)
        }
    }

    private mutating func call(_ name: EntityTypeName, at range: SourceRange) throws(Diagnostic) -> Expression {
        guard let function = ExtensionFunction(rawValue: name.text), function.isConstructor else {
            let isMethod =
                ExtensionFunction(rawValue: name.text) != nil || SetTest(rawValue: name.text) != nil
                || ["isEmpty", "hasTag", "getTag"].contains(name.text)
            throw fault(isMethod ? "`\(name)` is a method" : "there is no function `\(name)`", at: range)
        }
        advance()
        let arguments = try list(until: .rightParenthesis, ")") { parser throws(Diagnostic) in try parser.expression() }
        return try node(.call(function, arguments), from: range)
    }
}
