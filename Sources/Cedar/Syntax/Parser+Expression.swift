extension Parser {
    /// One expression and nothing else.
    static func expression(_ text: String, limits: SyntaxLimits) throws(CedarSyntaxError) -> Expression {
        try whole(text, limits: limits) { parser throws(Diagnostic) in try parser.expression() }
    }

    /// `Expr := 'if' Expr 'then' Expr 'else' Expr | Or`
    mutating func expression() throws(Diagnostic) -> Expression {
        try enter()
        defer { leave() }
        return current.kind == .if ? try conditional() : try operators(from: .or)
    }

    private mutating func conditional() throws(Diagnostic) -> Expression {
        let start = current.range
        advance()
        let condition = try expression()
        try expect(.then, "an operator or `then`")
        let then = try expression()
        try expect(.else, "an operator or `else`")
        let otherwise = try expression()
        return try node(.conditional(condition, then: then, else: otherwise), from: start)
    }

    /// Ends where the parser stands, so that the operands must have been read in a statement before: a call takes the parser as
    /// it is before its arguments are evaluated.
    private func node(_ kind: Expression.Kind, from start: SourceRange) throws(Diagnostic) -> Expression {
        let range = start.through(previous.range)
        let expression = Expression(kind, range: range.counted(from: origin))
        guard expression.depth <= limits.maxNesting else { throw tooDeep(range) }
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
            let kind = try infix(found, left)
            left = try node(kind, from: start)
            guard found == .relation else { continue }
            highest = .and
            if let next = precedence(current), next == .relation { throw chainedRelation() }
        }
        return left
    }

    private mutating func infix(_ found: Precedence, _ left: Expression) throws(Diagnostic) -> Expression.Kind {
        switch found {
        case .or: try .or(operands(after: left, .or, .and) { if case .or(let all) = $0 { all } else { nil } })
        case .and: try .and(operands(after: left, .and, .relation) { if case .and(let all) = $0 { all } else { nil } })
        case .relation: try relation(left)
        case .sum: try sum(left)
        case .product: try product(left)
        }
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
        current.kind == .bang || current.kind == .minus ? try signed() : try member()
    }

    private mutating func signed() throws(Diagnostic) -> Expression {
        let isNot = current.kind == .bang
        var signs = try signs()
        // The sign of a number is part of the literal, which reaches one further below zero than above.
        let isLiteral = !isNot && current.kind == .number && !isAccess(following)
        var operand = isLiteral ? try number(sign: signs.removeLast()) : try member()
        for sign in signs.reversed() { operand = try node(isNot ? .not(operand) : .negate(operand), from: sign) }
        return operand
    }

    private mutating func signs() throws(Diagnostic) -> [SourceRange] {
        let sign = current
        var signs: [SourceRange] = []
        while current.kind == sign.kind {
            signs.append(current.range)
            advance()
        }
        guard signs.count <= 4 else { throw fault("more than four times `\(text(sign))`", at: sign.range) }
        guard current.kind != .bang, current.kind != .minus else { throw unexpected(expected: "an operand or `(`") }
        return signs
    }

    private func isAccess(_ token: Token) -> Bool {
        token.kind == .dot || token.kind == .leftBracket || token.kind == .leftParenthesis
    }

    private mutating func number(sign: SourceRange?) throws(Diagnostic) -> Expression {
        let token = current
        let digits = bytes[Int(token.range.start)..<Int(token.range.end)]
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
        while isAccess(current) {
            let kind = try access(to: value)
            value = try node(kind, from: start)
        }
        return value
    }

    private mutating func access(to value: Expression) throws(Diagnostic) -> Expression.Kind {
        if take(.dot) {
            let token = current
            let name = try name("the name of an attribute or method")
            guard take(.leftParenthesis) else { return .attribute(value, AttributeName(name)) }
            return try method(name, at: token.range, of: value, try arguments())
        }
        guard take(.leftBracket) else { throw fault("only functions and methods can be called") }
        let name = try string("an attribute's name in quotation marks")
        try expect(.rightBracket, "`]`")
        return .attribute(value, AttributeName(name))
    }

    /// What follows an opening parenthesis.
    private mutating func arguments() throws(Diagnostic) -> [Expression] {
        try list(until: .rightParenthesis, ")") { parser throws(Diagnostic) in try parser.expression() }
    }

    private func method(
        _ name: String,
        at range: SourceRange,
        of receiver: Expression,
        _ arguments: [Expression]
    ) throws(Diagnostic) -> Expression.Kind {
        if let function = limits.function(name) {
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
        switch current.kind {
        case .true, .false: try bool()
        case .number: try number(sign: nil)
        case .string: try stringLiteral()
        case .leftParenthesis: try parenthesized()
        case .leftBracket: try set()
        case .leftBrace: try record()
        case .identifier, .then, .else, .in, .is, .like, .has: try named()
        case .slot: throw fault("slots stand in the scope of a template only")
        default: throw unexpected(expected: "a value")
        }
    }

    private mutating func bool() throws(Diagnostic) -> Expression {
        let token = current
        advance()
        return try node(.literal(.bool(token.kind == .true)), from: token.range)
    }

    private mutating func stringLiteral() throws(Diagnostic) -> Expression {
        let start = current.range
        let text = try string("a string")
        return try node(.literal(.string(text)), from: start)
    }

    private mutating func parenthesized() throws(Diagnostic) -> Expression {
        advance()
        let inside = try expression()
        try expect(.rightParenthesis, "an operator or `)`")
        return inside
    }

    private mutating func set() throws(Diagnostic) -> Expression {
        let start = current.range
        advance()
        let elements = try list(until: .rightBracket, "]") { parser throws(Diagnostic) in try parser.expression() }
        return try node(.set(elements), from: start)
    }

    private mutating func record() throws(Diagnostic) -> Expression {
        let start = current.range
        advance()
        let fields = try recordFields()
        return try node(.record(fields), from: start)
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
            let uid = try entityUID(type: name, from: range).uid
            return try node(.literal(.entity(uid)), from: range)
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
        guard let function = limits.function(name.text), function.isConstructor else {
            let isMethod =
                limits.function(name.text) != nil || SetTest(rawValue: name.text) != nil
                || ["isEmpty", "hasTag", "getTag"].contains(name.text)
            throw fault(isMethod ? "`\(name)` is a method" : "there is no function `\(name)`", at: range)
        }
        advance()
        let arguments = try arguments()
        return try node(.call(function, arguments), from: range)
    }
}
