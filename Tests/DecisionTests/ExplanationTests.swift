import Cedar
import Decision
import Directory
import Identity
import Kernel
import Testing

@Suite("Explanations") struct ExplanationTests {
    @Test("deciding policies, the roles that led to them, and conditions that failed") func explain() throws {
        let world = DecideTests.world(
            """
            @id("senders")
            permit (principal in Role::"sender", action, resource);
            @id("near")
            permit (principal, action, resource) when { true } unless { resource.state == "active" };
            @id("far")
            permit (principal is User, action, resource) when { false };
            """
        )
        let explanation = world.snapshot.explain(
            try World.query("agent/bot", "send"),
            by: .principal("agent/bot"),
            at: world.moment
        )
        #expect(explanation.answer.isAllowed)
        #expect(explanation.policies.map(\.reference.id) == ["senders"])
        #expect(explanation.policies.first?.text.contains("Role::\"sender\"") == true)
        #expect(
            explanation.paths.map(\.entities) == [
                [EntityUIDs.principal("agent/bot"), EntityUIDs.role("assistant"), EntityUIDs.role("sender")]
            ]
        )
        #expect(explanation.nearMisses.map(\.policy.id) == ["near"])
        #expect(explanation.nearMisses.first?.condition == 1)
        #expect(explanation.nearMisses.first?.kind == .unless)
        #expect(explanation.nearMisses.first?.text == "resource.state == \"active\"")
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
