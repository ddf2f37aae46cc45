extension Parser {
    /// Policies and templates in the order of the text, called `policy0`, `policy1` and so on.
    static func policies(_ text: String, limits: SyntaxLimits) throws(CedarSyntaxError) -> [Policy] {
        var parser = try Parser.start(text, limits: limits)
        let source = parser.source
        var policies: [Policy] = []
        try parser.statements { parser throws(Diagnostic) in
            guard policies.count < limits.maxPolicies else { throw parser.tooManyPolicies() }
            let position = source.position(at: Int(parser.current.range.start))
            policies.append(try parser.policy(id: .byOrder(policies.count), at: position))
        }
        return policies
    }

    /// `Policy := Annotation* ('permit' | 'forbid') '(' Principal ',' Action ',' Resource ','? ')' Condition* ';'`
    mutating func policy(id: PolicyID, at position: SourcePosition) throws(Diagnostic) -> Policy {
        let start = current.range
        let annotations = try self.annotations()
        let effect = try self.effect()
        try expect(.leftParenthesis, "`(`")
        let scope = try self.scope()
        var conditions: [Condition] = []
        while current.kind == .identifier { conditions.append(try condition()) }
        try expect(.semicolon, "`when`, `unless` or `;`")
        return Policy(
            id: id,
            annotations: annotations,
            effect: effect,
            scope: scope,
            conditions: conditions,
            position: position,
            range: start.through(previous.range).counted(from: origin),
            template: nil
        )
    }

    func tooManyPolicies() -> Diagnostic { fault("more than \(limits.maxPolicies) policies in one text") }

    mutating func annotations() throws(Diagnostic) -> [Annotation] {
        var annotations: [Annotation] = []
        while take(.at) {
            let token = current
            guard token.kind.isWord else { throw unexpected(expected: "an annotation's name") }
            advance()
            let name = text(token)
            guard !annotations.contains(where: { $0.name == name }) else {
                throw fault("the annotation `@\(name)` is given twice", at: token.range)
            }
            var value: String?
            if take(.leftParenthesis) {
                value = try string("the annotation's text in quotation marks")
                try expect(.rightParenthesis, "`)`")
            }
            annotations.append(Annotation(name: name, value: value))
        }
        return annotations
    }

    private mutating func effect() throws(Diagnostic) -> Effect {
        guard current.kind == .identifier, let effect = Effect(rawValue: text(current)) else {
            throw unexpected(expected: "`permit`, `forbid` or an annotation")
        }
        advance()
        return effect
    }

    private mutating func condition() throws(Diagnostic) -> Condition {
        guard let kind = Condition.Kind(rawValue: text(current)) else {
            throw unexpected(expected: "`when`, `unless` or `;`")
        }
        advance()
        try expect(.leftBrace, "`{`")
        guard current.kind != .rightBrace else {
            throw fault(
                "the condition of `\(kind.rawValue)` is empty",
                advice: "write `true` for one that always holds"
            )
        }
        let body = try expression()
        try expect(.rightBrace, "an operator or `}`")
        return Condition(kind: kind, body: body)
    }
}

extension Parser {
    private mutating func scope() throws(Diagnostic) -> Scope {
        try scopeVariable(.principal)
        let principal = try entityConstraint(.principal)
        try separator(before: .action)
        try scopeVariable(.action)
        let action = try actionConstraint()
        try separator(before: .resource)
        try scopeVariable(.resource)
        let resource = try entityConstraint(.resource)
        _ = take(.comma)
        guard take(.rightParenthesis) else {
            if current.kind == .identifier {
                throw fault("the scope holds principal, action and resource, and no more")
            }
            throw unexpected(expected: "`)`")
        }
        return Scope(principal: principal, action: action, resource: resource)
    }

    private mutating func scopeVariable(_ variable: Variable) throws(Diagnostic) {
        guard current.kind == .identifier, text(current) == variable.rawValue else {
            throw unexpected(expected: "`\(variable.rawValue)`")
        }
        advance()
        if current.kind == .colon { throw fault("no type may follow `:` here", advice: "write `is` and the type") }
    }

    private mutating func separator(before next: Variable) throws(Diagnostic) {
        if current.kind == .rightParenthesis { throw fault("the scope has no `\(next.rawValue)`") }
        try expect(.comma, "`,`")
    }

    private mutating func entityConstraint(_ slot: Slot) throws(Diagnostic) -> EntityConstraint {
        switch current.kind {
        case .is:
            advance()
            let type = try typeName()
            if take(.in) { return .isTypeIn(type, try reference(slot)) }
            if current.kind == .doubleEqual { throw fault("`is` goes together with `in`, never with `==`") }
            return .isType(type)
        case .in:
            advance()
            let group = try reference(slot)
            if current.kind == .is { throw fault("`is` must come before `in`") }
            return .memberOf(group)
        case .doubleEqual:
            advance()
            return .equal(try reference(slot))
        default:
            try refuseOtherOperator()
            return .any
        }
    }

    private mutating func actionConstraint() throws(Diagnostic) -> ActionConstraint {
        switch current.kind {
        case .is:
            throw fault("`is` cannot be asked of the action", advice: "compare it with `==` or `in`")
        case .doubleEqual:
            advance()
            return .equal(try parenthesized { parser throws(Diagnostic) in try parser.actionUID() })
        case .in:
            advance()
            return try parenthesized { parser throws(Diagnostic) in
                guard parser.take(.leftBracket) else { return .memberOf(try parser.actionUID()) }
                let actions = try parser.list(until: .rightBracket, "]") { parser throws(Diagnostic) in
                    try parser.parenthesized { parser throws(Diagnostic) in try parser.actionUID() }
                }
                return .memberOfAny(actions)
            }
        default:
            try refuseOtherOperator()
            return .any
        }
    }

    private func refuseOtherOperator() throws(Diagnostic) {
        switch current.kind {
        case .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual, .equal:
            throw fault(
                "`\(text(current))` cannot stand in the scope",
                advice: "use `==`, `in` or `is`, or a `when` condition"
            )
        default: return
        }
    }

    private mutating func reference(_ slot: Slot) throws(Diagnostic) -> EntityReference {
        try parenthesized { parser throws(Diagnostic) in
            guard parser.current.kind == .slot else { return .entity(try parser.entityUID().uid) }
            guard parser.text(parser.current) == "?\(slot.rawValue)" else {
                throw parser.fault("only the slot `?\(slot.rawValue)` can stand here")
            }
            parser.advance()
            return .slot(slot)
        }
    }

    private mutating func actionUID() throws(Diagnostic) -> EntityUID {
        if current.kind == .slot { throw fault("the action can be no slot") }
        let (uid, range) = try entityUID()
        guard uid.type.isAction else {
            throw fault("`\(uid)` is no action", advice: "an action's type is `Action`, in any namespace", at: range)
        }
        return uid
    }

    /// What `inside` reads, with any number of parentheses around it.
    private mutating func parenthesized<Result>(
        _ inside: (inout Parser) throws(Diagnostic) -> Result
    ) throws(Diagnostic) -> Result {
        var open = 0
        while take(.leftParenthesis) { open += 1 }
        let result = try inside(&self)
        while open > 0 {
            try expect(.rightParenthesis, "`)`")
            open -= 1
        }
        return result
    }
}
