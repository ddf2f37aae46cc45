import JSON

extension PolicyJSONReader {
    func expression(_ json: JSONValue) throws(CedarJSONError) -> Expression {
        guard case .object(let members) = json, members.count == 1 else {
            throw CedarJSONError("expected an expression, an object with one member")
        }
        let (name, operand) = (members[0].name, members[0].value)
        return try CedarJSONError.at(".\(name)") { () throws(CedarJSONError) in
            if name == "Value" { return try value(operand) }
            return try node(try kind(name, operand, of: json))
        }
    }

    private func node(_ kind: Expression.Kind) throws(CedarJSONError) -> Expression {
        let expression = Expression(kind)
        guard expression.depth <= limits.maxNesting else {
            throw CedarJSONError("nested deeper than \(limits.maxNesting) levels")
        }
        return expression
    }

    private func kind(
        _ name: String,
        _ operand: JSONValue,
        of json: JSONValue
    ) throws(CedarJSONError) -> Expression.Kind {
        switch name {
        case "Var":
            guard let variable = Variable(rawValue: try string(operand)) else {
                throw CedarJSONError("\(operand) is no variable")
            }
            return .variable(variable)
        case "Slot": throw CedarJSONError("slots stand in the scope of a template only")
        case "!": return .not(try argument(operand))
        case "neg": return .negate(try argument(operand))
        case "isEmpty": return .isEmpty(try argument(operand))
        case "&&": return .and(try chain(json, signs: ["&&"]).map(\.operand))
        case "||": return .or(try chain(json, signs: ["||"]).map(\.operand))
        case "*": return .product(try chain(json, signs: ["*"]).map(\.operand))
        case "+", "-":
            let links = try chain(json, signs: ["+", "-"])
            let terms = links.dropFirst().map { Expression.Term(isSubtracted: $0.sign == "-", operand: $0.operand) }
            return .sum(links[0].operand, terms)
        case "in":
            let (left, right) = try operands(operand)
            return .membership(left, right)
        case "hasTag":
            let (left, right) = try operands(operand)
            return .hasTag(left, right)
        case "getTag":
            let (left, right) = try operands(operand)
            return .getTag(left, right)
        case ".": return try attribute(operand)
        case "has": return try has(operand)
        case "like": return try like(operand)
        case "is": return try isType(operand)
        case "if-then-else": return try conditional(operand)
        case "Set": return .set(try each(operand) { json throws(CedarJSONError) in try expression(json) })
        case "Record": return .record(try fields(operand) { json throws(CedarJSONError) in try expression(json) })
        default: return try named(name, operand)
        }
    }

    /// A comparison, a test of sets, or a function of the extension types.
    private func named(_ name: String, _ operand: JSONValue) throws(CedarJSONError) -> Expression.Kind {
        if let comparison = Comparison(rawValue: name) {
            let (left, right) = try operands(operand)
            return .compare(comparison, left, right)
        }
        if let test = SetTest(rawValue: name) {
            let (left, right) = try operands(operand)
            return .contains(test, left, right)
        }
        guard let function = limits.function(name) else {
            throw CedarJSONError("there is no such operator or function")
        }
        return try call(function, try each(operand) { json throws(CedarJSONError) in try expression(json) })
    }

    private func call(
        _ function: ExtensionFunction,
        _ arguments: [Expression]
    ) throws(CedarJSONError) -> Expression.Kind {
        guard function.isConstructor || !arguments.isEmpty else {
            throw CedarJSONError("a method needs what it is called on as its first argument")
        }
        return .call(function, arguments)
    }

    private struct Link {
        /// What stands before it; of the first, nothing.
        let sign: String
        let operand: Expression
    }

    /// Operands that are joined from the left, as one chain. Walked in a loop: a chain may be longer than trees are deep.
    private func chain(_ json: JSONValue, signs: [String]) throws(CedarJSONError) -> [Link] {
        var links: [Link] = []
        var rest = json
        var path = ""
        while case .object(let members) = rest, members.count == 1, signs.contains(members[0].name) {
            let name = members[0].name
            // The caller has named the first.
            let step = path.isEmpty && links.isEmpty ? "" : "\(path).\(name)"
            (rest, links) = try CedarJSONError.at(step) { () throws(CedarJSONError) in
                let object = try PolicyJSONObject(members[0].value, members: ["left", "right"])
                let right = try object.member("right") { json throws(CedarJSONError) in try expression(json) }
                let left = try object.member("left") { json throws(CedarJSONError) in json }
                return (left, links + [Link(sign: name, operand: right)])
            }
            path = step + ".left"
        }
        let first = try CedarJSONError.at(path) { () throws(CedarJSONError) in try expression(rest) }
        links.append(Link(sign: "", operand: first))
        return links.reversed()
    }

    private func argument(_ json: JSONValue) throws(CedarJSONError) -> Expression {
        try PolicyJSONObject(json, members: ["arg"]).member("arg") { json throws(CedarJSONError) in
            try expression(json)
        }
    }

    private func operands(_ json: JSONValue) throws(CedarJSONError) -> (Expression, Expression) {
        let object = try PolicyJSONObject(json, members: ["left", "right"])
        let left = try object.member("left") { json throws(CedarJSONError) in try expression(json) }
        return (left, try object.member("right") { json throws(CedarJSONError) in try expression(json) })
    }

    private func attribute(_ json: JSONValue) throws(CedarJSONError) -> Expression.Kind {
        let object = try PolicyJSONObject(json, members: ["left", "attr"])
        let left = try object.member("left") { json throws(CedarJSONError) in try expression(json) }
        return .attribute(left, try object.member("attr") { json throws(CedarJSONError) in try name(json) })
    }

    private func name(_ json: JSONValue) throws(CedarJSONError) -> AttributeName { AttributeName(try string(json)) }

    private func has(_ json: JSONValue) throws(CedarJSONError) -> Expression.Kind {
        let object = try PolicyJSONObject(json, members: ["left", "attr"])
        let left = try object.member("left") { json throws(CedarJSONError) in try expression(json) }
        let path = try object.member("attr") { json throws(CedarJSONError) in
            guard case .array = json else { return [try name(json)] }
            let path = try each(json) { json throws(CedarJSONError) in try name(json) }
            guard !path.isEmpty else { throw CedarJSONError("expected a name at least") }
            guard path.count == 1 || path.allSatisfy(\.isIdentifier) else {
                throw CedarJSONError("the names of a path must be identifiers")
            }
            return path
        }
        return .has(left, path)
    }

    private func like(_ json: JSONValue) throws(CedarJSONError) -> Expression.Kind {
        let object = try PolicyJSONObject(json, members: ["left", "pattern"])
        let left = try object.member("left") { json throws(CedarJSONError) in try expression(json) }
        var segments = [""]
        try object.member("pattern") { json throws(CedarJSONError) in
            _ = try each(json) { json throws(CedarJSONError) in
                if json == "Wildcard" { return segments.append("") }
                guard case .object(let members) = json, members.count == 1, let text = json["Literal"]?.stringValue
                else { throw CedarJSONError("expected \"Wildcard\" or {\"Literal\": …}") }
                segments[segments.count - 1] += text
            }
        }
        return .like(left, Pattern(segments: segments))
    }

    private func isType(_ json: JSONValue) throws(CedarJSONError) -> Expression.Kind {
        let object = try PolicyJSONObject(json, members: ["left", "entity_type", "in"])
        let left = try object.member("left") { json throws(CedarJSONError) in try expression(json) }
        let type = try object.member("entity_type") { json throws(CedarJSONError) in try typeName(json) }
        let group = try object.optional("in") { json throws(CedarJSONError) in try expression(json) }
        return .isType(left, type, in: group)
    }

    private func conditional(_ json: JSONValue) throws(CedarJSONError) -> Expression.Kind {
        let object = try PolicyJSONObject(json, members: ["if", "then", "else"])
        let condition = try object.member("if") { json throws(CedarJSONError) in try expression(json) }
        let then = try object.member("then") { json throws(CedarJSONError) in try expression(json) }
        let otherwise = try object.member("else") { json throws(CedarJSONError) in try expression(json) }
        return .conditional(condition, then: then, else: otherwise)
    }

    private func fields(
        _ json: JSONValue,
        _ read: (JSONValue) throws(CedarJSONError) -> Expression
    ) throws(CedarJSONError) -> [Expression.Field] {
        guard case .object(let members) = json else {
            throw CedarJSONError("expected an object, found \(json.kind)")
        }
        guard members.count <= limits.maxElements else {
            throw CedarJSONError("more than \(limits.maxElements) members in one object")
        }
        var fields: [Expression.Field] = []
        for member in members {
            let value = try CedarJSONError.at(".\(member.name)") { () throws(CedarJSONError) in
                try read(member.value)
            }
            fields.append(Expression.Field(name: AttributeName(member.name), value: value))
        }
        return fields
    }
}

extension PolicyJSONReader {
    /// A value in the form of entities and contexts, as the expression that makes it. What an extension function makes of
    /// its argument shows on evaluation, as in a text.
    private func value(_ json: JSONValue) throws(CedarJSONError) -> Expression {
        switch json {
        case .bool(let value): return Expression(.literal(.bool(value)))
        case .integer(let value): return Expression(.literal(.long(value)))
        case .string(let value): return Expression(.literal(.string(value)))
        case .null, .decimal: throw CedarJSONError("\(json.kind) is no value of the language")
        case .array:
            return try node(.set(try each(json) { json throws(CedarJSONError) in try value(json) }))
        case .object(let members):
            guard members.count == 1 else { return try node(.record(try valueFields(json))) }
            switch members[0].name {
            case "__entity": return Expression(.literal(.entity(try EntityJSON.parseUID(json))))
            case "__extn":
                return try CedarJSONError.at(".__extn") { () throws(CedarJSONError) in
                    try node(try extensionCall(members[0].value))
                }
            case "__expr": throw CedarJSONError("`__expr` is no longer part of the format")
            default: return try node(.record(try valueFields(json)))
            }
        }
    }

    private func valueFields(_ json: JSONValue) throws(CedarJSONError) -> [Expression.Field] {
        try fields(json) { json throws(CedarJSONError) in try value(json) }
    }

    /// `{"fn": …, "arg": …}`, or `args` with an array.
    private func extensionCall(_ json: JSONValue) throws(CedarJSONError) -> Expression.Kind {
        let name = json["args"] == nil ? "arg" : "args"
        let object = try PolicyJSONObject(json, members: ["fn", name])
        let function = try object.member("fn") { json throws(CedarJSONError) in
            guard let function = limits.function(try string(json)) else {
                throw CedarJSONError("there is no extension function \(json)")
            }
            return function
        }
        let arguments = try object.member(name) { json throws(CedarJSONError) in
            name == "arg"
                ? [try value(json)] : try each(json) { json throws(CedarJSONError) in try value(json) }
        }
        return try call(function, arguments)
    }
}
