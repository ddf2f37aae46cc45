import Cedar
import Decision
import Directory
import Identity
import Kernel
import Testing

@Suite("Asking for others") struct DecideForTests {
    static let administration = """
        permit (principal is Reeve::Administrator, action, resource);
        permit (principal == Service::"gateway", action == Reeve::Action::"decideFor", resource is Agent);
        permit (principal == Service::"gateway", action == Reeve::Action::"assert", resource)
        when { [Reeve::Attribute::"Tool.size", Reeve::Attribute::"Agent.model"].contains(resource) };
        """

    static func world(_ policies: String) -> World {
        var world = DecideTests.world(policies)
        world.enact(administration, set: "reeve.admin")
        return world
    }

    @Test("one asks for oneself, or with decideFor over the subject") func decideFor() throws {
        let world = Self.world("permit (principal, action, resource);")
        let bot = try World.query("agent/bot", "send")
        let ann = try World.query("user/ann", "send")
        #expect(world.decide(bot, by: .principal("service/gateway")).code == .allowed)
        #expect(world.decide(ann, by: .principal("service/gateway")).code == .notAuthorizedForSubject)
        #expect(world.decide(bot, by: .principal("user/ann")).code == .notAuthorizedForSubject)
        #expect(world.decide(ann, by: world.admin).code == .allowed)
    }

    @Test("the subject's standing counts, and the caller's does too") func standing() throws {
        var world = Self.world("permit (principal, action, resource);")
        let bot = try World.query("agent/bot", "send")
        world.succeed(.quarantine("agent/bot", .quarantine, reason: ""))
        #expect(world.decide(bot, by: .principal("service/gateway")).code == .principalQuarantined)
        // Who may not ask learns nothing of the subject's standing.
        #expect(world.decide(bot, by: .principal("user/ann")).code == .notAuthorizedForSubject)
        world.succeed(.quarantine("service/gateway", .restrict, reason: ""))
        #expect(world.decide(bot, by: .principal("service/gateway")).code == .callerRestricted)
        world.succeed(.quarantine("service/gateway", .quarantine, reason: ""))
        #expect(world.decide(bot, by: .principal("service/gateway")).code == .callerQuarantined)
        world.succeed(.revoke(.principal("service/gateway"), reason: ""))
        #expect(world.decide(bot, by: .principal("service/gateway")).code == .callerRevoked)
    }

    @Test("a property counts only where the caller may assert it") func assertion() throws {
        let world = Self.world("permit (principal, action, resource) when { resource.size < 10 };")
        let small = try World.query("agent/bot", "send", resourceProperties: ["size": .long(5)])
        #expect(world.decide(small, by: .principal("service/gateway")).code == .allowed)
        let own = world.decide(small, by: .principal("agent/bot"))
        #expect(own.code == .noPermit)
        #expect(own.ignoredProperties.map(\.name) == ["size"])
        let large = try World.query("agent/bot", "send", resourceProperties: ["size": .long(50)])
        #expect(world.decide(large, by: .principal("service/gateway")).code == .noPermit)
    }

    @Test("properties may be all that is known of a resource, or of the subject") func unknownEntities() throws {
        let world = Self.world(
            "permit (principal, action, resource) when { resource.size < 10 && principal.model == \"m\" };"
        )
        let query = try World.query(
            "agent/ghost",
            "send",
            "never-seen",
            subjectProperties: ["model": .string("m")],
            resourceProperties: ["size": .long(5)]
        )
        #expect(world.decide(query, by: .principal("service/gateway")).code == .allowed)
    }

    @Test("what the directory holds wins, and another value denies, whoever asks") func conflict() throws {
        let world = Self.world("permit (principal, action, resource);")
        let same = try World.query("agent/bot", "send", resourceProperties: ["state": .string("active")])
        let other = try World.query("agent/bot", "send", resourceProperties: ["state": .string("archived")])
        for credential in [world.admin, .principal("service/gateway"), .principal("agent/bot")] {
            #expect(world.decide(same, by: credential).code == .allowed)
            #expect(world.decide(other, by: credential).code == .attributeConflict)
        }
    }

    @Test("nobody may claim what Reeve sets") func reservedProperties() throws {
        let world = Self.world(
            "permit (principal, action, resource) when { resource has owner && resource.owner == principal };"
        )
        let claim: Cedar.Record = ["owner": .entity(EntityUIDs.principal("agent/bot"))]
        let unknown = try World.query("agent/bot", "send", "never-seen", resourceProperties: claim)
        let answer = world.decide(unknown, by: world.admin)
        #expect(answer.code == .noPermit)
        #expect(answer.ignoredProperties.map(\.name) == ["owner"])
        let known = try World.query("agent/bot", "send", resourceProperties: claim)
        #expect(world.decide(known, by: world.admin).code == .attributeConflict)
        let parent = try World.query("agent/bot", "send", subjectProperties: ["parent": .string("x")])
        #expect(world.decide(parent, by: world.admin).ignoredProperties.map(\.name) == ["parent"])
    }

    @Test("what a request says of the caller gives it no right to say more") func noBootstrapping() throws {
        var world = Self.world("permit (principal, action, resource) when { resource.size < 10 };")
        world.enact(
            Self.administration
                + """
                permit (principal, action == Reeve::Action::"assert", resource == Reeve::Attribute::"Agent.model");
                permit (principal, action == Reeve::Action::"assert", resource)
                when { principal has model && principal.model == "trusted" };
                """,
            set: "reeve.admin"
        )
        let query = try World.query(
            "agent/bot",
            "send",
            subjectProperties: ["model": .string("trusted")],
            resourceProperties: ["size": .long(5)]
        )
        #expect(world.decide(query, by: .principal("agent/bot")).code == .noPermit)
    }

    @Test("a subject's restriction does not take rights from the caller") func restrictedSubject() throws {
        var world = Self.world("@allow_restricted permit (principal, action, resource) when { resource.size < 10 };")
        world.succeed(.quarantine("agent/bot", .restrict, reason: ""))
        let small = try World.query("agent/bot", "send", resourceProperties: ["size": .long(5)])
        #expect(world.decide(small, by: .principal("service/gateway")).code == .allowed)
    }
}
