import Testing

@testable import Cedar

@Suite("Partial evaluation")
struct PartialEvaluationTests {
    @Test("completed, says what the whole request would get", arguments: 0..<12 as Range<UInt64>)
    func equality(seed: UInt64) throws {
        var world = RandomWorld(seed: seed + 500)
        var tally = (decided: 0, open: 0, allows: 0, residuals: 0, errors: 0)
        for round in 0..<30 {
            let policies = try PolicySet.parse(world.policySet(count: [1, 4, 12][round % 3]))
            let entities = try world.entities()
            for _ in 0..<4 {
                let request = world.hiding(world.request())
                let partial = authorize(request, policies: policies, entities: entities)
                tally.residuals += partial.outcomes.count { $0.residual != nil }
                for whole in Self.completions(of: request) {
                    let expected = authorize(whole, policies: policies, entities: entities)
                    let found = try #require(partial.completed(by: whole, entities: entities))
                    try #require(found == expected, "seed \(seed), round \(round): \(request)\n\(whole)")
                    if let decision = partial.decision {
                        try #require(
                            decision == expected.decision,
                            "seed \(seed), round \(round): \(request)\n\(whole)"
                        )
                        tally.decided += 1
                    } else {
                        tally.open += 1
                    }
                    if expected.decision == .allow { tally.allows += 1 }
                    tally.errors += expected.errors.count
                }
            }
        }
        #expect(min(tally.decided, tally.open, tally.allows, tally.residuals, tally.errors) > 50, "\(tally)")
    }

    @Test("asks of the unknown alone, and names every candidate") func candidates() throws {
        let seed: UInt64 = 600
        var world = RandomWorld(seed: seed)
        var tally = (satisfied: 0, bounded: 0)
        for _ in 0..<3000 {
            let policy = try #require(try PolicySet.parse(world.policy()).policies.first)
            let entities = try world.entities()
            let request = world.hiding(world.request())
            var evaluator = PartialEvaluator(request: request, entities: entities)
            guard case .residual(let rest) = evaluator.outcome(of: policy) else { continue }
            #expect(rest.variables.isSubset(of: request.unknown), "seed \(seed): \(rest)")
            guard request.unknown.count == 1, let unknown = request.unknown.first else { continue }
            let bound = CandidateBound(of: unknown, where: rest)
            if !bound.isOpen { tally.bounded += 1 }
            for whole in Self.completions(of: request) {
                var evaluator = Evaluator(request: whole, entities: entities)
                guard evaluator.outcome(of: policy) == .satisfied, case .entity(let uid) = whole[unknown] else {
                    continue
                }
                tally.satisfied += 1
                let isNamed = bound.entities.contains(uid) || bound.groups.contains { evaluator.isIn(uid, $0) }
                #expect(bound.isOpen || isNamed, "seed \(seed): \(uid) in \(rest)")
            }
        }
        #expect(min(tally.satisfied, tally.bounded) > 50, "\(tally)")
    }

    static let bounds: [(String, [String]?, [String])] = [
        ("principal == User::\"a\" || User::\"b\" == principal", ["a", "b"], []),
        ("principal in Team::\"t\" || principal is User in [Team::\"u\", Team::\"v\"]", [], ["t", "u", "v"]),
        ("principal in Team::\"t\" && principal.x == 1", [], ["t"]),
        ("principal.x == 1 && principal in Team::\"t\" && principal == User::\"a\"", ["a"], []),
        ("principal in Team::\"t\" || principal.x == 1", nil, []),
        ("[User::\"a\", User::\"b\"].contains(principal)", ["a", "b"], []),
        ("if principal == User::\"a\" then principal.x else principal in Team::\"t\"", ["a"], ["t"]),
        ("if principal.x then principal == User::\"a\" else principal == User::\"b\"", ["a", "b"], []),
        ("principal != User::\"a\"", nil, []), ("!(principal in Team::\"t\")", nil, []),
        ("principal == principal.x", nil, []), ("principal.x in Team::\"t\"", nil, []),
    ]

    @Test("bounds candidates by what is named", arguments: bounds)
    func bound(text: String, entities: [String]?, groups: [String]) throws {
        let policy = try #require(
            try PolicySet.parse("permit (principal, action, resource) when { \(text) };").policies.first
        )
        let user = EntityUID(type: "User", id: "z")
        let request = PartialRequest(principal: .unknown("User"), action: .known(user), resource: .known(user))
        var evaluator = PartialEvaluator(request: request, entities: EntityStore.empty)
        let bound = CandidateBound(of: .principal, where: evaluator.outcome(of: policy))
        #expect(bound.isOpen == (entities == nil))
        guard let entities else { return }
        #expect(bound.entities == Set(entities.map { EntityUID(type: "User", id: $0) }))
        #expect(bound.groups == Set(groups.map { EntityUID(type: "Team", id: $0) }))
    }

    /// Every request that it admits, over the names of the random world.
    private static func completions(of request: PartialRequest) -> [Request] {
        let whole = entities(request.principal, RandomWorld.uids).flatMap { principal in
            entities(request.action, RandomWorld.actions).flatMap { action in
                entities(request.resource, RandomWorld.uids).map {
                    Request(principal: principal, action: action, resource: $0, context: request.context)
                }
            }
        }
        return whole.count <= 64 ? whole : (0..<64).map { whole[$0 * whole.count / 64] }
    }

    private static func entities(_ part: PartialRequest.Part, _ all: [EntityUID]) -> [EntityUID] {
        switch part {
        case .known(let uid): [uid]
        case .unknown(let type): all.filter { type == nil || $0.type == type }
        }
    }

    static let residuals: [(String, String?)] = [
        ("permit (principal in Team::\"t\", action, resource);", "principal in Team::\"t\""),
        ("permit (principal, action == Action::\"edit\", resource);", nil),
        ("permit (principal is Team, action, resource);", nil),
        ("permit (principal is User in Team::\"t\", action, resource);", "principal in Team::\"t\""),
        ("permit (principal == Team::\"t\", action, resource);", nil),
        // What cannot fail may be dropped before what is false; what can fail may not.
        ("permit (principal in Team::\"t\", action, resource) when { context.n == 2 };", nil),
        (
            "permit (principal, action, resource) when { principal.x && context.n == 2 };",
            "principal.x && false"
        ),
        (
            "permit (principal, action, resource) when { context.n == 1 && principal.x == context.n + 1 };",
            "principal.x == 2"
        ),
        ("permit (principal, action, resource) when { context.n == 1 && principal.x };", "true && principal.x"),
        ("permit (principal, action, resource) when { principal.x || context.m };", "principal.x || {\"n\": 1}.m"),
        ("permit (principal, action, resource) unless { resource.owner == principal };", "!(User::\"a\" == principal)"),
        (
            "permit (principal, action, resource) when { 1 + context.n + principal.x - 2 > 0 };",
            "2 + principal.x - 2 > 0"
        ),
        (
            "permit (principal, action, resource) when { if principal has x then principal.x == context.n else false };",
            "if principal has x then principal.x == 1 else false"
        ),
        ("permit (principal, action, resource) when { principal == context.n };", nil),
        (
            "permit (principal, action, resource) when { [resource.owner, resource].contains(principal) };",
            "[Doc::\"d\", User::\"a\"].contains(principal)"
        ),
    ]

    @Test("leaves what depends on the unknown", arguments: residuals)
    func residual(text: String, expected: String?) throws {
        let policy = try #require(try PolicySet.parse(text).policies.first)
        let resource = EntityUID(type: "Doc", id: "d")
        let owner = Value.entity(EntityUID(type: "User", id: "a"))
        let entities = try EntityStore([Entity(uid: resource, attributes: ["owner": owner])])
        let request = PartialRequest(
            principal: .unknown("User"),
            action: .known(EntityUID(type: "Action", id: "view")),
            resource: .known(resource),
            context: ["n": .long(1)]
        )
        var evaluator = PartialEvaluator(request: request, entities: entities)
        switch evaluator.outcome(of: policy) {
        case .residual(let rest): #expect("\(rest)" == expected)
        case .notSatisfied: #expect(expected == nil)
        case let other: Issue.record("\(other)")
        }
    }

    @Test("fails where the policy fails whatever is unknown") func failure() throws {
        let text = "permit (principal, action, resource) when { context.n && principal.x };"
        let policy = try #require(try PolicySet.parse(text).policies.first)
        let request = PartialRequest(
            principal: .unknown(nil),
            action: .unknown(nil),
            resource: .unknown(nil),
            context: ["n": .long(1)]
        )
        var evaluator = PartialEvaluator(request: request, entities: EntityStore.empty)
        guard case .failed(let error) = evaluator.outcome(of: policy) else {
            Issue.record("did not fail")
            return
        }
        #expect(error.reason == .type(expected: [.bool], found: .long))
    }

    @Test("is no decision when the steps run out") func limits() throws {
        let text = "permit (principal, action, resource); forbid (principal, action, resource) when { 1 + 1 == 3 };"
        let policies = try PolicySet.parse(text)
        let request = PartialRequest(principal: .unknown(nil), action: .unknown(nil), resource: .unknown(nil))
        let whole = authorize(request, policies: policies, entities: EntityStore.empty)
        #expect(whole.decision == .allow)
        let cut = authorize(
            request,
            policies: policies,
            entities: EntityStore.empty,
            limits: EvaluationLimits(maxSteps: 2)
        )
        #expect(cut.decision == nil)
    }

    @Test("is completed by what it admits only") func admission() throws {
        let user = EntityUID(type: "User", id: "a")
        let request = PartialRequest(principal: .unknown("User"), action: .known(user), resource: .known(user))
        let partial = authorize(request, policies: PolicySet(), entities: EntityStore.empty)
        let team = EntityUID(type: "Team", id: "a")
        func answer(_ principal: EntityUID, _ action: EntityUID, _ context: Record = .empty) -> Response? {
            let whole = Request(principal: principal, action: action, resource: user, context: context)
            return partial.completed(by: whole, entities: EntityStore.empty)
        }
        #expect(answer(user, user)?.decision == .deny)
        #expect(answer(team, user) == nil)
        #expect(answer(user, team) == nil)
        #expect(answer(user, user, ["n": .long(1)]) == nil)
    }
}

extension PartialResponse.PolicyOutcome {
    fileprivate var residual: Expression? { if case .residual(let rest) = outcome { rest } else { nil } }
}

extension PartialRequest {
    fileprivate var unknown: Set<Variable> { Set(Variable.allCases.filter(isUnknown)) }
}

extension Expression {
    fileprivate var variables: Set<Variable> {
        if case .variable(let variable) = kind { return [variable] }
        return kind.children.reduce(into: []) { $0.formUnion($1.variables) }
    }
}
