import Cedar
import Decision
import Directory
import Identity
import Kernel
import Testing

@Suite("Explanations") struct ExplanationTests {
    private func explain(_ policies: String) throws -> Explanation {
        let world = DecideTests.world(policies)
        return world.snapshot.explain(
            try World.query("agent/bot", "send"),
            by: .principal("agent/bot"),
            at: world.moment
        )
    }

    @Test("deciding policies, the roles that led to them, and what made their conditions hold") func deciding() throws {
        let explanation = try explain(
            """
            @id("senders")
            permit (principal in Role::"sender", action, resource) when { principal in Role::"nobody" || 1 < 2 };
            @id("other")
            permit (principal is User, action, resource);
            """
        )
        #expect(explanation.answer.isAllowed)
        #expect(explanation.policies.map(\.reference.id) == ["senders"])
        let policy = try #require(explanation.policies.first)
        #expect(policy.effect == .permit && policy.text.hasPrefix("@id(\"senders\")"))
        #expect(
            policy.subjectPath == [
                EntityUIDs.principal("agent/bot"), EntityUIDs.role("assistant"), EntityUIDs.role("sender"),
            ]
        )
        #expect(policy.resourcePath.isEmpty)
        #expect(policy.conditions.map(\.text) == ["1 < 2"])
        #expect(explanation.nearMisses.isEmpty)
    }

    @Test("on a denial, the permits that came closest, with what stood in the way and what would remove it")
    func nearMisses() throws {
        let explanation = try explain(
            """
            @id("far")
            permit (principal is User, action, resource);
            @id("elsewhere")
            permit (principal in Role::"admin", action == Action::"other", resource);
            @id("never")
            permit (principal, action, resource) when { false };
            @id("two")
            permit (principal in Role::"admin", action, resource) when { context has reason };
            @id("condition")
            permit (principal, action, resource) when { true } unless { resource.state == "active" };
            @id("fails")
            permit (principal, action, resource) when { resource.state > 3 };
            """
        )
        #expect(explanation.answer.code == .noPermit)
        #expect(explanation.nearMisses.map(\.policy.id) == ["condition", "fails", "two", "never"])
        let nearest = try #require(explanation.nearMisses.first)
        #expect(nearest.changes?.count == 1)
        guard case .condition(let trace) = nearest.obstacle else {
            Issue.record("\(nearest.obstacle)")
            return
        }
        #expect(trace.place == 1 && trace.kind == .unless && trace.text == #"resource.state == "active""#)
        #expect(trace.values.map(\.text) == ["resource.state"])
        #expect(trace.values.map(\.result) == [.success(.string("active"))])
        if case .failed = explanation.nearMisses[1].obstacle {} else { Issue.record("it has to fail") }
        #expect(explanation.nearMisses[2].obstacle == .principal)
        #expect(explanation.nearMisses[2].changes?.first?.description == #"Agent::"bot" in Role::"admin""#)
        #expect(explanation.nearMisses[3].changes == nil)
    }

    @Test("a forbid says which condition held") func forbidden() throws {
        let explanation = try explain(
            """
            permit (principal, action, resource);
            @id("active")
            forbid (principal, action, resource) when { resource has state } unless { resource.state != "active" };
            """
        )
        #expect(explanation.answer.code == .forbidden)
        #expect(explanation.policies.map(\.reference.id) == ["active"])
        #expect(
            explanation.policies.first?.conditions.map(\.text) == [
                "resource has state", #"resource.state != "active""#,
            ]
        )
        #expect(explanation.nearMisses.isEmpty)
    }

    @Test("a forbid that cannot be evaluated says at which condition, and nothing of those behind it")
    func failed() throws {
        let explanation = try explain(
            """
            permit (principal, action, resource);
            forbid (principal, action, resource) when { 1 < 2 } when { principal.nope } unless { false };
            """
        )
        #expect(explanation.answer.code == .policyError)
        let conditions = try #require(explanation.policies.first).conditions
        #expect(conditions.map(\.outcome) == [.satisfied, .error])
        #expect(conditions.last?.text == "principal.nope")
        #expect(explanation.nearMisses.isEmpty)
    }

    @Test(
        "where no permit is satisfied either, a denial by a forbid names those that came close",
        arguments: [("true", DecisionCode.forbidden), ("principal.nope", .policyError)]
    )
    func forbiddenAndNotPermitted(_ condition: String, _ code: DecisionCode) throws {
        let explanation = try explain(
            """
            @id("close") permit (principal, action, resource) when { false };
            forbid (principal, action, resource) when { \(condition) };
            """
        )
        #expect(explanation.answer.code == code)
        #expect(explanation.nearMisses.map(\.policy.id) == ["close"])
    }

    @Test("obligations and advice come with the decision that their policies brought about, each once") func duties()
        throws
    {
        let allowed = try explain(
            """
            @obligation("receipt, approval") @advice("be kind")
            permit (principal, action, resource);
            @obligation("approval")
            permit (principal, action, resource) when { true };
            @obligation("other")
            permit (principal, action, resource) when { false };
            """
        ).answer
        #expect(allowed.isAllowed)
        #expect(allowed.duties.obligations == ["receipt", "approval"] && allowed.duties.advice == ["be kind"])
        #expect(allowed.denied(.logUnavailable).duties == .none)
        let denied = try explain(
            """
            @obligation("receipt")
            permit (principal, action, resource);
            @advice("ask the owner")
            forbid (principal, action, resource);
            """
        ).answer
        #expect(denied.duties.obligations.isEmpty && denied.duties.advice == ["ask the owner"])
    }

    @Test("an obligation is a list of names", arguments: ["", "a,,b", "a b", "ä", String(repeating: "x", count: 65)])
    func badDuties(_ text: String) {
        #expect(throws: PolicyTextError.self) {
            try ActivePolicySet(
                name: "s",
                version: 1,
                text: "@obligation(\"\(text)\") permit (principal, action, resource);"
            )
        }
    }

    @Test("an explanation gives the answer that the decision gives") func agrees() throws {
        var world = DecideTests.world()
        let query = try World.query("agent/bot", "send")
        for _ in 0..<2 {
            let answer = world.decide(query, by: .principal("agent/bot"))
            #expect(world.snapshot.explain(query, by: .principal("agent/bot"), at: world.moment).answer == answer)
            world.succeed(.quarantine("agent/bot", .quarantine, reason: ""))
        }
    }
}
