import Cedar
import JSON
import Testing

@Suite("Cedar authorizer")
struct AuthorizerTests {
    private func decide(_ policies: String, limits: EvaluationLimits = .standard) throws -> Response {
        try authorize(
            World.request,
            policies: PolicySet.parse(policies, naming: .byAnnotation),
            entities: World.store(),
            limits: limits
        )
    }

    @Test("denies by default")
    func empty() throws {
        #expect(try decide("") == Response(decision: .deny, reasons: [], errors: []))
        #expect(try decide("permit(principal, action, resource) when { false };").decision == .deny)
    }

    @Test("names the satisfied permits, sorted")
    func permits() throws {
        let response = try decide(
            """
            @id("c") permit(principal, action, resource);
            @id("a") permit(principal, action, resource) unless { false };
            @id("b") permit(principal, action, resource) when { false };
            @id("d") forbid(principal, action, resource) unless { true };
            """
        )
        #expect(response == Response(decision: .allow, reasons: ["a", "c"], errors: []))
    }

    @Test("one satisfied forbid overrides every permit, and is the reason")
    func forbids() throws {
        let response = try decide(
            """
            @id("p") permit(principal, action, resource);
            @id("f") forbid(principal, action, resource) when { resource.owner == principal };
            """
        )
        #expect(response == Response(decision: .deny, reasons: ["f"], errors: []))
    }

    @Test("a policy that fails counts neither for nor against, and is named")
    func failures() throws {
        let response = try decide(
            """
            @id("p") permit(principal, action, resource);
            @id("z") forbid(principal, action, resource) when { principal.nope };
            @id("y") permit(principal, action, resource) when { 1 };
            @id("x") permit(principal == User::"bob", action, resource) when { 1 };
            """
        )
        #expect(response.decision == .allow)
        #expect(response.reasons == ["p"])
        #expect(response.errors.map(\.policy) == ["y", "z"])
        #expect(response.errors[1].error.reason == .noSuchAttribute(World.alice, "nope"))
    }

    @Test(
        "tests the scope",
        arguments: [
            ("principal, action, resource", true), ("principal == User::\"alice\", action, resource", true),
            ("principal == User::\"bob\", action, resource", false),
            ("principal in Org::\"acme\", action, resource", true),
            ("principal in Team::\"blue\", action, resource", false), ("principal is User, action, resource", true),
            ("principal is Team, action, resource", false),
            ("principal is User in Team::\"red\", action, resource", true),
            ("principal is Team in Team::\"red\", action, resource", false),
            ("principal, action == Action::\"view\", resource", true),
            ("principal, action == Action::\"edit\", resource", false),
            ("principal, action in Action::\"view\", resource", true), ("principal, action in [], resource", false),
            ("principal, action in [Action::\"edit\", Action::\"view\"], resource", true),
            ("principal, action, resource == Doc::\"report\"", true), ("principal, action, resource is Doc", true),
            ("principal, action, resource in Org::\"acme\"", false),
            ("principal == (User::\"alice\"), action, resource", true),
        ]
    )
    func scopes(scope: String, isAllowed: Bool) throws {
        #expect(try decide("permit(\(scope));").decision == (isAllowed ? .allow : .deny))
    }

    @Test("tells of a single policy what did not hold")
    func outcomes() throws {
        func outcome(_ text: String) throws -> PolicyOutcome {
            let policy = try #require(try PolicySet.parse(text).policies.first)
            var evaluator = Evaluator(request: World.request, entities: try World.store())
            return evaluator.outcome(of: policy)
        }
        #expect(try outcome("permit(principal, action, resource);") == .satisfied)
        #expect(try outcome("permit(principal is Team, action in [], resource);") == .notSatisfied(.principal))
        #expect(try outcome("permit(principal, action in [], resource is Team);") == .notSatisfied(.action))
        #expect(try outcome("permit(principal, action, resource is Team) when { 1 };") == .notSatisfied(.resource))
        #expect(
            try outcome("permit(principal, action, resource) when { true } unless { true } when { 1 };")
                == .notSatisfied(.condition(1))
        )
        guard case .failed(let error) = try outcome("permit(principal, action, resource) when { 1 };") else {
            Issue.record("should fail")
            return
        }
        #expect(error.reason == .type(expected: [.bool], found: .long))
    }

    @Test("denies when the steps run out, even after a permit, since a forbid may be left")
    func exhaustion() throws {
        let text = """
            @id("p") permit(principal, action, resource);
            @id("f") forbid(principal, action, resource) when { [1,2,3,4,5,6,7,8,9,10].contains(10) };
            """
        #expect(try decide(text).reasons == ["f"])
        let response = try decide(text, limits: EvaluationLimits(maxSteps: 8))
        #expect(response.decision == .deny)
        #expect(response.reasons.isEmpty)
        #expect(response.errors.map(\.error.reason) == [.tooManySteps(limit: 8)])
    }

    @Test("templates decide nothing until they are linked")
    func templates() throws {
        let text = """
            @id("t") permit(principal in ?principal, action, resource is Doc in ?resource);
            """
        var policies = try PolicySet.parse(text, naming: .byAnnotation)
        #expect(policies.policies.isEmpty)
        #expect(policies["t"]?.slots == [.principal, .resource])
        let entities = try World.store()
        #expect(authorize(World.request, policies: policies, entities: entities).decision == .deny)
        try policies.link("t", as: "l", values: [.principal: World.red, .resource: World.report])
        #expect(policies["l"]?.template == "t")
        #expect(authorize(World.request, policies: policies, entities: entities).reasons == ["l"])
        #expect(throws: PolicySetError.duplicateID("l")) {
            try policies.link("t", as: "l", values: [.principal: World.red, .resource: World.report])
        }
        #expect(throws: PolicySetError.missingValue("t", .resource)) {
            try policies.link("t", as: "m", values: [.principal: World.red])
        }
        #expect(throws: PolicySetError.noSuchTemplate("l")) { try policies.link("l", as: "m", values: [:]) }
    }

    @Test("refuses a value for a slot that the template does not have")
    func extraSlot() throws {
        var policies = try PolicySet.parse("permit(principal == ?principal, action, resource);")
        #expect(throws: PolicySetError.noSuchSlot("policy0", .resource)) {
            try policies.link("policy0", as: "l", values: [.principal: World.red, .resource: World.report])
        }
    }
}
