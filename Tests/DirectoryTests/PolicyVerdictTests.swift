import Cedar
import Directory
import Kernel
import Testing

@Suite("The verdict without its grounds") struct PolicyVerdictTests {
    /// One of each kind that a verdict tells apart.
    static let kinds = [
        "permit (principal, action, resource);",
        "permit (principal, action, resource) when { false };",
        "permit (principal, action, resource) when { principal.missing };",
        "@max_age(\"5s\") permit (principal, action, resource);",
        "@allow_restricted permit (principal, action, resource);",
        "forbid (principal, action, resource) when { false };",
        "forbid (principal, action, resource) when { principal.missing };",
        "forbid (principal, action, resource);",
    ]

    @Test("a policy that takes too long is a permit that does not apply, and a forbid that does")
    func exhaustion() throws {
        // A comparison of sets of one size takes as many steps as there are elements.
        let many = Value.set(ValueSet((0..<20_000).map { .long($0) }))
        let other = Value.set(ValueSet((1...20_000).map { .long($0) }))
        let condition = Array(repeating: "context.many != context.other", count: 60).joined(separator: " && ")
        func verdict(_ effect: String, _ rest: String = "") throws -> PolicyVerdict {
            let text = "\(effect) (principal, action, resource) when { \(condition) };" + rest
            return PolicyVerdict(
                Request(
                    principal: EntityUID(type: "User", id: "ann"),
                    action: EntityUID(type: "Action", id: "read"),
                    resource: EntityUID(type: "Doc", id: "d1"),
                    context: ["many": many, "other": other]
                ),
                policies: [try ActivePolicySet(name: "set", version: 1, text: text)],
                entities: EntityStore.empty
            )
        }
        for effect in ["permit", "forbid"] {
            let found = try verdict(effect)
            #expect(found.outcome == (effect == "permit" ? .noPermit : .failed))
            #expect(found.failures.map(\.error.reason) == [.tooManySteps(limit: EvaluationLimits.standard.maxSteps)])
        }
        let another = try verdict("permit", "permit (principal, action, resource);")
        #expect(another.outcome == .noPermit && another.failures.count == 2)
    }

    @Test("it is that of the whole verdict, for every choice among the kinds of rules", arguments: 0..<256)
    func agreement(choice: Int) throws {
        let chosen = Self.kinds.indices.filter { choice >> $0 & 1 == 1 }
        let text = chosen.map { Self.kinds[$0] }.joined(separator: "\n")
        let set = try ActivePolicySet(name: "set", version: 1, text: text)
        let request = Request(
            principal: EntityUID(type: "User", id: "ann"),
            action: EntityUID(type: "Action", id: "read"),
            resource: EntityUID(type: "Doc", id: "d1")
        )
        for isRestricted in [false, true] {
            let ages: [(Span, Span?)] = [(.zero, nil), (.seconds(6), nil), (.seconds(6), .seconds(5))]
            for (age, bound) in ages {
                let circumstances = PermitCircumstances(age: age, actionAge: bound, isRestricted: isRestricted)
                let whole = PolicyVerdict(
                    request,
                    policies: [set],
                    entities: EntityStore.empty,
                    in: circumstances
                )
                var evaluator = CompiledEvaluator(request, entities: EntityStore.empty)
                let short = PolicyVerdict.isPermitted(by: set, &evaluator, in: circumstances)
                #expect(short == whole.isPermitted, "\(circumstances)")
            }
        }
    }

    @Test("what decided is named in the order of sets and texts, however much it is", arguments: [1, 2, 3, 8, 9, 20])
    func deciding(count: Int) throws {
        let permit = "permit (principal, action, resource);"
        let sets = try (0..<3).map { number in
            let text = Array(repeating: permit, count: count).joined(separator: "\n")
            return try ActivePolicySet(name: "set\(number)", version: 1, text: text)
        }
        let request = Request(
            principal: EntityUID(type: "User", id: "ann"),
            action: EntityUID(type: "Action", id: "read"),
            resource: EntityUID(type: "Doc", id: "d1")
        )
        for chosen in [[0], [0, 1], [1, 0], [0, 1, 2], [0, 1, 0], [0, 0]] {
            let policies = chosen.map { sets[$0] }
            let found = PolicyVerdict(request, policies: policies, entities: EntityStore.empty).deciding
            #expect(Array(found) == policies.flatMap { set in (0..<count).map { set.reference(of: $0) } })
        }
    }
}
