extension Parser {
    /// A schema in Cedar's own form.
    static func schema(_ text: String, limits: SyntaxLimits) throws(CedarSyntaxError) -> (
        SchemaDeclarations, SourceText
    ) {
        var parser = try Parser.start(text, limits: limits)
        var declarations = SchemaDeclarations()
        try parser.statements { parser throws(Diagnostic) in
            let annotations = try parser.annotations()
            if parser.isWord("namespace") {
                var namespace = try parser.namespace(after: declarations.namespaces)
                namespace.annotations = annotations
                declarations.namespaces.append(namespace)
            } else {
                try parser.declaration(annotations, into: &declarations.namespaces[0])
            }
        }
        return (declarations, parser.source)
    }

    private func isWord(_ word: String) -> Bool { current.kind.isWord && text(current) == word }

    private mutating func takeWord(_ word: String) -> Bool {
        guard isWord(word) else { return false }
        advance()
        return true
    }

    private mutating func namespace(
        after others: [SchemaDeclarations.Namespace]
    ) throws(Diagnostic) -> SchemaDeclarations.Namespace {
        advance()
        let (name, range) = try path("the name of the namespace")
        guard !others.contains(where: { $0.name == name.text }) else {
            throw fault("the namespace `\(name)` is declared twice", at: range)
        }
        var namespace = SchemaDeclarations.Namespace(name: name.text, place: .text(range))
        try expect(.leftBrace, "`{`")
        while !take(.rightBrace) {
            try declaration(try annotations(), into: &namespace)
        }
        return namespace
    }

    private mutating func declaration(
        _ annotations: [Annotation],
        into namespace: inout SchemaDeclarations.Namespace
    ) throws(Diagnostic) {
        if takeWord("entity") {
            namespace.entities += try entityDeclarations(annotations)
        } else if takeWord("action") {
            namespace.actions += try actionDeclarations(annotations)
        } else if takeWord("type") {
            let range = current.range
            let name = try name("the type's name")
            try expect(.equal, "`=`")
            namespace.types.append(
                SchemaDeclarations.TypeDeclaration(
                    name: name,
                    place: .text(range),
                    type: try typeExpression(),
                    annotations: annotations
                )
            )
        } else {
            throw unexpected(expected: "`entity`, `action`, `type` or an annotation")
        }
        try expect(.semicolon, "`;`")
    }
}

extension Parser {
    private mutating func entityDeclarations(
        _ annotations: [Annotation]
    ) throws(Diagnostic) -> [SchemaDeclarations.EntityDeclaration] {
        var names: [SchemaDeclarations.Reference] = []
        repeat {
            let range = current.range
            names.append(SchemaDeclarations.Reference(name: try name("the entity type's name"), place: .text(range)))
        } while take(.comma)
        if takeWord("enum") {
            let ids = try entityIDs()
            return names.map { name in
                SchemaDeclarations.EntityDeclaration(
                    name: name.name,
                    place: name.place,
                    memberOf: [],
                    shape: nil,
                    tags: nil,
                    ids: ids,
                    annotations: annotations
                )
            }
        }
        let memberOf = take(.in) ? try typeReferences() : []
        let hasSign = take(.equal)
        guard !hasSign || current.kind == .leftBrace else { throw unexpected(expected: "`{`") }
        let start = current.range
        let shape = take(.leftBrace) ? try recordType(from: start) : nil
        let tags = takeWord("tags") ? try typeExpression() : nil
        return names.map { name in
            SchemaDeclarations.EntityDeclaration(
                name: name.name,
                place: name.place,
                memberOf: memberOf,
                shape: shape,
                tags: tags,
                ids: nil,
                annotations: annotations
            )
        }
    }

    /// `'[' STRING (',' STRING)* ']'`, without a trailing comma.
    private mutating func entityIDs() throws(Diagnostic) -> [String] {
        try expect(.leftBracket, "`[`")
        var ids: [String] = []
        repeat { ids.append(try string("an id in quotation marks")) } while take(.comma)
        try expect(.rightBracket, "`,` or `]`")
        return ids
    }

    private mutating func attributeDeclarations() throws(Diagnostic) -> [SchemaDeclarations.AttributeDeclaration] {
        try list(until: .rightBrace, "}") { parser throws(Diagnostic) in
            let annotations = try parser.annotations()
            let name = try parser.nameOrString("an attribute's name")
            let isRequired = !parser.take(.question)
            try parser.expect(.colon, "`:`")
            return SchemaDeclarations.AttributeDeclaration(
                name: AttributeName(name),
                isRequired: isRequired,
                type: try parser.typeExpression(),
                annotations: annotations
            )
        }
    }

    private mutating func nameOrString(_ expected: String) throws(Diagnostic) -> String {
        current.kind == .string ? try string(expected) : try name(expected)
    }

    private mutating func typeExpression() throws(Diagnostic) -> SchemaDeclarations.TypeExpression {
        try enter()
        defer { leave() }
        let start = current.range
        if take(.leftBrace) { return try recordType(from: start) }
        if isWord("Set"), following.kind == .less { return try setType() }
        return .named(try typeReference(isBuiltinAllowed: true))
    }

    private mutating func setType() throws(Diagnostic) -> SchemaDeclarations.TypeExpression {
        let start = current.range
        advance()
        advance()
        let element = try typeExpression()
        try expect(.greater, "`>`")
        return .set(element, .text(start.through(previous.range)))
    }

    /// With its opening brace already read.
    private mutating func recordType(
        from start: SourceRange
    ) throws(Diagnostic) -> SchemaDeclarations.TypeExpression {
        let attributes = try attributeDeclarations()
        return .record(attributes, .text(start.through(previous.range)))
    }

    private mutating func typeReference(
        isBuiltinAllowed: Bool = false
    ) throws(Diagnostic) -> SchemaDeclarations.Reference {
        let start = current.range
        if isBuiltinAllowed, isWord("__cedar"), following.kind == .doubleColon {
            advance()
            advance()
            let name = "__cedar::" + (try name("a type of the language"))
            return SchemaDeclarations.Reference(name: name, place: .text(start.through(previous.range)))
        }
        let (name, range) = try path("a type")
        return SchemaDeclarations.Reference(name: name.text, place: .text(range))
    }

    /// One entity type, or a list of them in brackets without a trailing comma.
    private mutating func typeReferences() throws(Diagnostic) -> [SchemaDeclarations.Reference] {
        guard take(.leftBracket) else { return [try typeReference()] }
        if take(.rightBracket) { return [] }
        var references: [SchemaDeclarations.Reference] = []
        repeat { references.append(try typeReference()) } while take(.comma)
        try expect(.rightBracket, "`,` or `]`")
        return references
    }
}

extension Parser {
    private mutating func actionDeclarations(
        _ annotations: [Annotation]
    ) throws(Diagnostic) -> [SchemaDeclarations.ActionDeclaration] {
        var names: [SchemaDeclarations.Reference] = []
        repeat {
            let range = current.range
            names.append(SchemaDeclarations.Reference(name: try nameOrString("the action's name"), place: .text(range)))
        } while take(.comma)
        let memberOf = take(.in) ? try actionReferences() : []
        var appliesTo: SchemaDeclarations.AppliesToDeclaration?
        if takeWord("appliesTo") { appliesTo = try self.appliesTo(of: names) }
        if takeWord("attributes") {
            try expect(.leftBrace, "`{`")
            try expect(.rightBrace, "`}`, since actions have no attributes")
        }
        return names.map { name in
            SchemaDeclarations.ActionDeclaration(
                id: name.name,
                place: name.place,
                memberOf: memberOf,
                appliesTo: appliesTo,
                annotations: annotations
            )
        }
    }

    private mutating func actionReferences() throws(Diagnostic) -> [SchemaDeclarations.ActionReference] {
        guard take(.leftBracket) else { return [try actionReference()] }
        var references: [SchemaDeclarations.ActionReference] = []
        repeat { references.append(try actionReference()) } while take(.comma)
        try expect(.rightBracket, "`,` or `]`")
        return references
    }

    private mutating func actionReference() throws(Diagnostic) -> SchemaDeclarations.ActionReference {
        let start = current.range
        if current.kind == .string {
            return SchemaDeclarations.ActionReference(type: nil, id: try string("an action"), place: .text(start))
        }
        let (name, range) = try path("an action")
        if current.kind == .doubleColon {
            let (uid, range) = try entityUID(type: name, from: range)
            return SchemaDeclarations.ActionReference(type: uid.type.text, id: uid.id, place: .text(range))
        }
        guard !name.text.contains(":") else {
            throw unexpected(expected: "`::` and the action's id in quotation marks")
        }
        return SchemaDeclarations.ActionReference(type: nil, id: name.text, place: .text(range))
    }

    private mutating func appliesTo(
        of actions: [SchemaDeclarations.Reference]
    ) throws(Diagnostic) -> SchemaDeclarations.AppliesToDeclaration {
        let start = previous.range
        var declaration = SchemaDeclarations.AppliesToDeclaration()
        try expect(.leftBrace, "`{`")
        repeat { try appliesToPart(into: &declaration) } while take(.comma) && current.kind != .rightBrace
        try expect(.rightBrace, "`,` or `}`")
        guard declaration.principals != nil else { throw fault("`appliesTo` names no `principal`", at: start) }
        guard declaration.resources != nil else { throw fault("`appliesTo` names no `resource`", at: start) }
        return declaration
    }

    private mutating func appliesToPart(
        into declaration: inout SchemaDeclarations.AppliesToDeclaration
    ) throws(Diagnostic) {
        let token = current
        advance()
        guard token.kind == .identifier, let part = Variable(rawValue: text(token)), part != .action else {
            throw fault("expected `principal`, `resource` or `context`", at: token.range)
        }
        try expect(.colon, "`:`")
        let isRepeated: Bool
        switch part {
        case .principal:
            isRepeated = declaration.principals != nil
            declaration.principals = try nonEmptyTypes(of: part)
        case .resource:
            isRepeated = declaration.resources != nil
            declaration.resources = try nonEmptyTypes(of: part)
        case .context, .action:
            isRepeated = declaration.context != nil
            guard current.kind == .leftBrace || current.kind.isWord, !(isWord("Set") && following.kind == .less) else {
                throw unexpected(expected: "a record or the name of a record type")
            }
            declaration.context = try typeExpression()
        }
        guard !isRepeated else { throw fault("`\(part.rawValue)` is given twice", at: token.range) }
    }

    private mutating func nonEmptyTypes(of part: Variable) throws(Diagnostic) -> [SchemaDeclarations.Reference] {
        let start = current.range
        let references = try typeReferences()
        guard !references.isEmpty else {
            throw fault("the list of types of `\(part.rawValue)` is empty", at: start.through(previous.range))
        }
        return references
    }
}
