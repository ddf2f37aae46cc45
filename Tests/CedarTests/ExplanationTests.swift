import Testing

@testable import Cedar

@Suite("Why a policy came out as it did") struct ExplanationTests {
    /// The texts of the culprit of the policy's only condition and of its parts, and the parts' values.
    private func culprit(_ condition: String) throws -> [String] {
        let text = "permit (principal, action, resource) when { \(condition) };"
        let policy = try #require(try PolicySet.parse(text).policies.first)
        let store = try World.store()
        var evaluator = Evaluator(request: World.request, entities: store)
        let culprit = evaluator.culprit(of: policy.conditions[0].body)
        func excerpt(_ range: SourceRange) -> String {
            String(decoding: Array(text.utf8)[Int(range.start)..<Int(range.end)], as: UTF8.self)
        }
        return [excerpt(culprit.range)]
            + culprit.parts.map { part in
                switch part.result {
                case .success(let value): "\(excerpt(part.range)) is \(value)"
                case .failure(let error): "\(excerpt(part.range)): \(error)"
                }
            }
    }

    @Test("the first operand that ends a chain is the one to blame, with the values that it has")
    func chain() throws {
        #expect(
            try culprit("principal.age > 18 && context.n == 2 && false")
                == ["context.n == 2", "context.n is 1"]
        )
        #expect(
            try culprit(#"!(context.s == "text" || context.n == 1)"#) == [
                #"context.s == "text""#, #"context.s is "text""#,
            ]
        )
        #expect(
            try culprit(#"if context.n == 1 then resource.owner == resource else true"#)
                == [
                    "resource.owner == resource", #"resource.owner is User::"alice""#, #"resource is Doc::"report""#,
                ]
        )
    }

    @Test("the context itself is no part that says anything") func wholeContext() throws {
        #expect(try culprit("context has m") == ["context has m"])
    }

    @Test("all operands are to blame where none alone is, and what fails says why") func whole() throws {
        #expect(
            try culprit("context.n == 2 || principal.age == 31")
                == ["context.n == 2 || principal.age == 31", "context.n is 1", "principal.age is 30"]
        )
        #expect(
            try culprit("context.n == 1 && principal.salary > 5")
                == ["principal.salary > 5", #"principal.salary: User::"alice" has no attribute "salary""#]
        )
    }
}

@Suite("What would have to be otherwise for a policy to apply") struct RepairTests {
    private func changes(_ policy: String) throws -> [String]? {
        let policy = try #require(try PolicySet.parse(policy).policies.first)
        let store = try World.store()
        var search = RepairSearch(request: World.request, entities: store)
        return search.changes(toSatisfy: policy)?.map(\.description)
    }

    private func changes(when condition: String) throws -> [String]? {
        try changes("permit (principal, action, resource) when { \(condition) };")
    }

    @Test(
        "an attribute, a field of the context, a role or a group",
        arguments: [
            ("context.n == 1", []),
            ("context.n == 2", ["context.n == 2"]),
            ("context.n != 1", ["context.n != 1"]),
            ("context.n > 1", ["context.n == 2"]),
            ("5 <= context.n", ["context.n == 5"]),
            ("!(context.n < 3)", ["context.n == 3"]),
            ("context.ok", ["context.ok == true"]),
            (#"context["two words"] == 1"#, [#"context["two words"] == 1"#]),
            ("context has ok && context.ok", ["context.ok == true"]),
            ("context has ok", ["context.ok is there"]),
            ("!(context has n)", ["context.n is not there"]),
            ("principal == resource.reader", [#"Doc::"report".reader == User::"alice""#]),
            (#"principal.manager.level > 3"#, [#"User::"ghost".level == 4"#]),
            (#"principal.address.geo.lat == 1"#, [#"User::"alice".address.geo.lat == 1"#]),
            (#"principal in Role::"reader""#, [#"User::"alice" in Role::"reader""#]),
            (#"!(principal in Team::"red")"#, [#"User::"alice" not in Team::"red""#]),
            (#"principal is User in Team::"blue""#, [#"User::"alice" in Team::"blue""#]),
            (#"principal.groups.contains("c")"#, [#"User::"alice".groups contains "c""#]),
            (#"!principal.groups.contains("a")"#, [#"User::"alice".groups does not contain "a""#]),
            (#"principal.groups.containsAll(["a", "c"])"#, [#"User::"alice".groups contains "c""#]),
            (#"["x", "y"].contains(context.s)"#, [#"context.s == "x""#]),
            (#"context.s like "a*b""#, [#"context.s == "ab""#]),
            ("context.n == 2 && resource.open", ["context.n == 2", #"Doc::"report".open == true"#]),
            ("context.n == 2 && resource.open || context.c", ["context.c == true"]),
            // What is not there fails before the second operand is looked at.
            ("context.a && context.b || context.c", ["context.a == true", "context.b == true"]),
            ("if context.n == 1 then context.x && resource.y else true", ["context.n != 1"]),
        ] as [(String, [String])]
    )
    func repairs(_ condition: String, _ expected: [String]) throws {
        #expect(try changes(when: condition) == expected)
    }

    @Test(
        "no change is proposed that another one makes needless, whichever comes first",
        arguments: [
            // Either operand is one change; what stands behind needs the second one.
            (
                #"permit (principal, action, resource)"#
                    + #" when { (context.n == 2 || principal in Role::"x") && principal in Role::"x" };"#,
                [#"User::"alice" in Role::"x""#]
            ),
            (
                #"permit (principal, action, resource)"#
                    + #" when { principal in Role::"x" && (context.n == 2 || principal in Role::"x") };"#,
                [#"User::"alice" in Role::"x""#]
            ),
            // Who is in the inner role is in the outer one.
            (
                #"permit (principal in Role::"outer", action, resource) when { principal in Role::"inner" };"#,
                [#"User::"alice" in Role::"inner""#]
            ),
            (
                #"permit (principal in Role::"inner", action, resource) when { principal in Role::"outer" };"#,
                [#"User::"alice" in Role::"inner""#]
            ),
            (
                #"permit (principal, action, resource) when { context.n == 2 || context.n == 3 } when { context.n >= 3 };"#,
                ["context.n == 3"]
            ),
            // From either end one is made that the middle makes needless.
            (
                #"permit (principal, action, resource) when { (context.n == 2 || principal in Role::"x")"#
                    + #" && principal in Role::"x" && (principal in Role::"x" || context.s == "y") };"#,
                [#"User::"alice" in Role::"x""#]
            ),
            // The first operands are two changes, the last ones are one.
            (
                #"permit (principal, action, resource) when { (context.n == 2 || principal in Role::"x")"#
                    + #" && (context.s == "y" || principal in Role::"x") };"#,
                [#"User::"alice" in Role::"x""#]
            ),
            (
                #"permit (principal, action, resource) when { (context.n == 2 || context.s == "y") && context.n != 2 };"#,
                [#"context.s == "y""#]
            ),
        ] as [(String, [String])]
    )
    func needless(_ policy: String, _ expected: [String]) throws {
        let nested = Entity(
            uid: EntityUID(type: "Role", id: "inner"),
            parents: [EntityUID(type: "Role", id: "outer")]
        )
        let policy = try #require(try PolicySet.parse(policy).policies.first)
        var search = RepairSearch(request: World.request, entities: try World.store(with: [nested]))
        #expect(search.changes(toSatisfy: policy)?.map(\.description) == expected)
    }

    @Test("a scope asks for a role or a place, too") func scope() throws {
        #expect(
            try changes(
                #"permit (principal in Role::"a", action, resource in Folder::"f") unless { context.n == 1 };"#
            ) == [#"User::"alice" in Role::"a""#, #"Doc::"report" in Folder::"f""#, "context.n != 1"]
        )
    }

    @Test(
        "what no fact can bring about is not proposed",
        arguments: [
            #"permit (principal == User::"bob", action, resource);"#,
            #"permit (principal is Robot, action, resource);"#,
            "permit (principal, action, resource) when { false };",
            #"permit (principal, action, resource) when { context.n == 1 && context.n == 2 };"#,
            #"permit (principal, action, resource) when { action in Action::"other" };"#,
            // It would be in itself.
            #"permit (principal, action, resource) when { Org::"acme" in User::"alice" };"#,
            #"permit (principal in ?principal, action, resource);"#,
        ]
    )
    func impossible(_ policy: String) throws {
        let set = try PolicySet.parse(policy)
        let policy = try #require(set.policies.first ?? set.templates.first)
        let store = try World.store()
        var search = RepairSearch(request: World.request, entities: store)
        #expect(search.changes(toSatisfy: policy) == nil)
    }

    @Test("a rule that branches without end costs no more than is allowed") func bounded() throws {
        let condition = (0..<60).reduce("context.z") { "(if (\($0)) then context.a\($1) else context.b\($1))" }
        #expect(try changes(when: condition) == nil)
    }
}
