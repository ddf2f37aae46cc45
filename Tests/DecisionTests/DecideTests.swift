import Cedar
import Decision
import Directory
import Identity
import Kernel
import Testing

@Suite("Decisions") struct DecideTests {
    static func world(_ policies: String = "permit (principal in Role::\"sender\", action, resource);") -> World {
        var world = World()
        world.succeed(
            .put(.principal(PrincipalSpec(id: "user/ann")), .none),
            .put(.principal(PrincipalSpec(id: "agent/bot", owner: "user/ann")), .none),
            .put(.principal(PrincipalSpec(id: "service/gateway")), .none),
            .put(.role(RoleSpec(name: "sender")), .none),
            .put(.role(RoleSpec(name: "assistant", parents: ["sender"])), .none),
            .put(
                .assignment(
                    AssignmentSpec(
                        id: "a",
                        principal: "agent/bot",
                        role: "assistant",
                        notBefore: world.time,
                        expiresAt: world.time.advanced(by: .seconds(60))
                    )
                ),
                .none
            ),
            .put(
                .resource(
                    ResourceSpec(
                        id: EntityName(type: "Tool", id: "mail"),
                        owner: "user/ann",
                        attributes: ["state": .string("active")]
                    )
                ),
                .none
            )
        )
        world.enact(policies)
        return world
    }

    @Test("an answer says on what it rests") func answer() throws {
        var world = Self.world("@id(\"senders\") permit (principal in Role::\"sender\", action, resource);")
        world.age = .milliseconds(40)
        let answer = world.decide(try World.query("agent/bot", "send"), by: .principal("agent/bot"))
        #expect(answer.isAllowed)
        #expect(answer.code == .allowed)
        #expect(answer.revision == world.index)
        #expect(answer.epoch == 0)
        #expect(answer.age == .milliseconds(40))
        #expect(answer.caller == EntityUIDs.principal("agent/bot"))
        #expect(answer.policies == [PolicyReference(set: "app", version: 1, id: "senders", line: 1)])
    }

    @Test("nothing is allowed that no permit allows") func noPermit() throws {
        let world = Self.world()
        #expect(try world.code("user/ann", "send") == .noPermit)
    }

    @Test("a forbid overrides, from whichever set") func forbid() throws {
        var world = Self.world()
        world.enact("forbid (principal, action == Action::\"delete\", resource);", set: "guardrails")
        #expect(try world.code("agent/bot", "send") == .allowed)
        #expect(try world.code("agent/bot", "delete") == .forbidden)
    }

    @Test("a forbid that fails denies, a permit that fails is left out") func errors() throws {
        var world = Self.world()
        world.enact("@id(\"p\") permit (principal, action, resource) when { resource.missing };", set: "other")
        let allowed = world.decide(try World.query("agent/bot", "send"), by: .principal("agent/bot"))
        #expect(allowed.code == .allowed)
        #expect(allowed.failures.map(\.policy.id) == ["p"])
        world.enact("@id(\"f\") forbid (principal, action, resource) when { resource.missing };", set: "other")
        let denied = world.decide(try World.query("agent/bot", "send"), by: .principal("agent/bot"))
        #expect(denied.code == .policyError)
        #expect(denied.policies.map(\.id) == ["f"])
    }

    @Test("administration policies decide nothing for agents, and the others nothing about Reeve") func apart() throws {
        var world = Self.world("permit (principal, action, resource);")
        world.succeed(.put(.principal(PrincipalSpec(id: "user/eve")), .none))
        let cluster = EntityUIDs.cluster
        let eve = world.snapshot.authorize(.principal("user/eve"), action: "read", on: cluster, at: world.moment)
        #expect(eve.code == .noPermit)
        #expect(world.snapshot.authorize(world.admin, action: "read", on: cluster, at: world.moment).isAllowed)
        world.enact("forbid (principal, action, resource);")
        let query = try World.query("agent/bot", "send")
        #expect(world.decide(query, by: world.admin).code == .forbidden)
    }

    @Test("a grant ends at its time without any command, by the latest moment that may be") func expiry() throws {
        var world = Self.world()
        world.time = world.time.advanced(by: .seconds(59))
        #expect(try world.code("agent/bot", "send") == .allowed)
        world.uncertainty = .seconds(1)
        #expect(try world.code("agent/bot", "send") == .noPermit)
    }

    @Test("a grant begins only when its time has surely come") func notBefore() throws {
        var world = Self.world()
        world.time = world.time.reduced(by: .milliseconds(1))
        world.uncertainty = .seconds(10)
        #expect(try world.code("agent/bot", "send") == .noPermit)
    }

    @Test("action properties and what is known of the present are in the context") func context() throws {
        var world = Self.world(
            """
            permit (principal, action, resource) when {
                context.action.soft && context.reeve.age_ms < 100 && context.reeve.revision > 0
                && context.reeve.epoch == 0 && context.reeve.earliest <= context.reeve.latest && context.reason == "x"
            };
            """
        )
        let query = try World.query("agent/bot", "send", actionProperties: ["soft": true], context: ["reason": "x"])
        #expect(world.decide(query, by: .principal("agent/bot")).code == .allowed)
        world.age = .milliseconds(100)
        #expect(world.decide(query, by: .principal("agent/bot")).code == .noPermit)
    }

    @Test("before there is a state or a proof of freshness nothing is allowed") func notReady() throws {
        let world = Self.world("permit (principal, action, resource);")
        let query = try World.query("agent/bot", "send")
        let none = DecisionSnapshot().decide(query, by: .principal("agent/bot"), at: world.moment)
        #expect(none.code == .notReady)
        let unproven = world.snapshot.decide(query, by: .principal("agent/bot"), at: nil)
        #expect(unproven.code == .notReady)
        #expect(unproven.age == nil)
    }

    @Test("a damaged row denies everything") func damage() throws {
        var world = Self.world("permit (principal, action, resource);")
        #expect(try world.code("agent/bot", "send") == .allowed)
        world.rows.set([0xff], for: Key(.role).text("sender").bytes)
        let snapshot = DecisionSnapshot(from: world.rows, revision: world.index, codec: world.codec)
        let query = try World.query("agent/bot", "send")
        #expect(snapshot.decide(query, by: .principal("agent/bot"), at: world.moment).code == .notReady)
        #expect(snapshot.damage != nil)
    }
}

@Suite("Age of knowledge") struct AgeTests {
    @Test("past @max_age a permit does not apply, and the code says so") func maxAge() throws {
        var world = DecideTests.world(
            """
            @max_age("5s") permit (principal in Role::"sender", action, resource);
            permit (principal in Role::"sender", action == Action::"look", resource);
            """
        )
        world.age = .seconds(5)
        #expect(try world.code("agent/bot", "send") == .allowed)
        world.age = Span(microseconds: 5_000_001)
        #expect(try world.code("agent/bot", "send") == .stale)
        #expect(try world.code("agent/bot", "look") == .allowed)
        #expect(try world.code("user/ann", "send") == .noPermit)
    }

    @Test("past the cluster's maximum no permit applies") func clusterMaximum() throws {
        var world = DecideTests.world()
        world.age = .seconds(300)
        #expect(try world.code("agent/bot", "send") == .allowed)
        world.age = Span(microseconds: 300_000_001)
        #expect(try world.code("agent/bot", "send") == .stale)
        world.age = .seconds(11)
        world.succeed(.putSettings(Settings(maximumAge: .seconds(10)), .none))
        #expect(try world.code("agent/bot", "send") == .stale)
        let cluster = EntityUIDs.cluster
        #expect(world.snapshot.authorize(world.admin, action: "read", on: cluster, at: world.moment).code == .stale)
    }

    @Test("the moment is made of proof and monotonic time, whatever the wall clock says") func moment() {
        let freshness = Freshness(
            provenAt: WallTime(milliseconds: 1000),
            anchor: Instant(microseconds: 1_000_000)
        )
        let rules = ClockRules(maxClockError: .milliseconds(500), maxDriftPPM: 1000)
        func moment(wall: UInt64) -> DecisionMoment {
            let now = Moment(monotonic: Instant(microseconds: 3_000_000), wall: WallTime(milliseconds: wall))
            return DecisionMoment(freshness, at: now, rules: rules)
        }
        #expect(moment(wall: 3000).interval == moment(wall: 0).interval)
        #expect(moment(wall: 3000).interval == moment(wall: 9_000_000).interval)
        #expect(moment(wall: 3000).interval.earliest.milliseconds == 1000)
        #expect(moment(wall: 3000).interval.latest.milliseconds == 3502)
        // A clock that is ahead makes knowledge look older, never younger.
        #expect(moment(wall: 0).age == .seconds(2))
        #expect(moment(wall: 9_000_000).age > .seconds(2))
    }
}

@Suite("Standing") struct StandingTests {
    static let all = "permit (principal, action, resource);"

    @Test("revocation, quarantine and restriction come before any policy") func standing() throws {
        var world = DecideTests.world(Self.all)
        #expect(try world.code("agent/bot", "send") == .allowed)
        world.succeed(.quarantine("agent/bot", .restrict, reason: ""))
        #expect(try world.code("agent/bot", "send") == .principalRestricted)
        world.succeed(.quarantine("agent/bot", .quarantine, reason: ""))
        #expect(try world.code("agent/bot", "send") == .principalQuarantined)
        world.succeed(.revoke(.principal("agent/bot"), reason: ""))
        #expect(try world.code("agent/bot", "send") == .principalRevoked)
        world.succeed(.delete(.principal("agent/bot"), .none))
        #expect(try world.code("agent/bot", "send") == .principalRevoked)
        #expect(world.snapshot.epoch == 3)
    }

    @Test("a restricted principal has only what is marked for it") func restricted() throws {
        var world = DecideTests.world(
            """
            permit (principal, action, resource);
            @allow_restricted permit (principal, action == Action::"stop", resource);
            """
        )
        world.succeed(.quarantine("agent/bot", .restrict, reason: ""))
        #expect(try world.code("agent/bot", "stop") == .allowed)
        #expect(try world.code("agent/bot", "send") == .principalRestricted)
    }

    @Test("a lift lets the principal act again") func lift() throws {
        var world = DecideTests.world(Self.all)
        guard case .done(let done)? = world.attempt(.quarantine("agent/bot", .quarantine, reason: "")) else {
            Issue.record("not quarantined")
            return
        }
        let statement = try #require(done.created.first.flatMap { Digest(hex: $0) })
        world.succeed(.liftQuarantine(statements: [statement], reason: ""))
        #expect(try world.code("agent/bot", "send") == .allowed)
    }

    @Test("status is an attribute that policies see") func statusAttribute() throws {
        var world = DecideTests.world(
            "permit (principal, action, resource) when { resource.owner.status == \"active\" };"
        )
        #expect(try world.code("agent/bot", "send") == .allowed)
        world.succeed(.revoke(.principal("user/ann"), reason: ""))
        #expect(try world.code("agent/bot", "send") == .noPermit)
    }

    @Test("a certificate of somebody whom the directory does not know says nothing") func unknown() throws {
        let world = DecideTests.world(Self.all)
        #expect(try world.code("agent/ghost", "send") == .callerUnknown)
        let query = try World.query("agent/bot", "send")
        #expect(world.decide(query, by: .administrator(fingerprint: .of([99]))).code == .callerUnknown)
        #expect(world.decide(query, by: .node(MemberID(high: 3, low: 3))).code == .callerUnknown)
        #expect(world.decide(query, by: .token(secretDigest: .of([99]))).code == .tokenUnknown)
    }

    @Test("a token stands for its principal until it expires, is revoked or deleted") func tokens() throws {
        var world = DecideTests.world(Self.all)
        for id in ["t1", "t2", "t3"] {
            world.succeed(
                .issueToken(
                    TokenGrant(
                        id: id,
                        principal: "agent/bot",
                        secretDigest: .of(Array(id.utf8)),
                        expiresAt: world.time.advanced(by: .seconds(60))
                    )
                )
            )
        }
        world.succeed(.revoke(.token("t2"), reason: ""), .delete(.token("t3"), .none))
        let query = try World.query("agent/bot", "send")
        func code(_ id: String) -> DecisionCode {
            world.decide(query, by: .token(secretDigest: .of(Array(id.utf8)))).code
        }
        #expect(code("t1") == .allowed)
        #expect(code("t2") == .tokenRevoked)
        #expect(code("t3") == .tokenUnknown)
        world.uncertainty = .seconds(60)
        #expect(code("t1") == .tokenExpired)
        world.uncertainty = .zero
        world.succeed(.revoke(.principal("agent/bot"), reason: ""))
        #expect(code("t1") == .principalRevoked)
    }
}

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
        let small = try World.query("agent/bot", "send", resourceProperties: ["size": 5])
        #expect(world.decide(small, by: .principal("service/gateway")).code == .allowed)
        let own = world.decide(small, by: .principal("agent/bot"))
        #expect(own.code == .noPermit)
        #expect(own.ignoredProperties.map(\.name) == ["size"])
        let large = try World.query("agent/bot", "send", resourceProperties: ["size": 50])
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
            subjectProperties: ["model": "m"],
            resourceProperties: ["size": 5]
        )
        #expect(world.decide(query, by: .principal("service/gateway")).code == .allowed)
    }

    @Test("what the directory holds wins, and another value denies, whoever asks") func conflict() throws {
        let world = Self.world("permit (principal, action, resource);")
        let same = try World.query("agent/bot", "send", resourceProperties: ["state": "active"])
        let other = try World.query("agent/bot", "send", resourceProperties: ["state": "archived"])
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
        let parent = try World.query("agent/bot", "send", subjectProperties: ["parent": "x"])
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
            subjectProperties: ["model": "trusted"],
            resourceProperties: ["size": 5]
        )
        #expect(world.decide(query, by: .principal("agent/bot")).code == .noPermit)
    }

    @Test("a subject's restriction does not take rights from the caller") func restrictedSubject() throws {
        var world = Self.world("@allow_restricted permit (principal, action, resource) when { resource.size < 10 };")
        world.succeed(.quarantine("agent/bot", .restrict, reason: ""))
        let small = try World.query("agent/bot", "send", resourceProperties: ["size": 5])
        #expect(world.decide(small, by: .principal("service/gateway")).code == .allowed)
    }
}

@Suite("Names in questions") struct MappingTests {
    @Test(
        "types become Cedar's",
        arguments: [
            ("todo", "Todo"), ("tool_call", "ToolCall"), ("tool-call", "ToolCall"), ("toolCall", "ToolCall"),
            ("user", "User"),
            ("Billing::Account", "Billing::Account"), ("HTTPServer", "HTTPServer"), ("v2_api", "V2Api"),
        ]
    )
    func types(type: String, expected: String) throws {
        #expect(try EntityTypeMapping.entityType(type, in: .resource).text == expected)
    }

    @Test(
        "what is no type is refused, and says where",
        arguments: [
            "", "9lives", "a b", "a__b", "_a", "a-", "a::", "::a", "a::9", "é", "action", "X::Action", "a.b",
            String(repeating: "x", count: 65),
        ]
    )
    func malformed(type: String) {
        #expect(throws: DecisionQueryError.self) { try EntityTypeMapping.entityType(type, in: .resource) }
    }

    @Test("actions of administrators are not decided here") func reservedAction() throws {
        #expect(try EntityTypeMapping.action(name: "can_read").description == "Action::\"can_read\"")
        #expect(throws: DecisionQueryError.self) { try EntityTypeMapping.action(name: "Reeve::Action::\"assert\"") }
        #expect(throws: DecisionQueryError.self) { try EntityTypeMapping.action(name: "") }
    }

    @Test("the context's fields that Reeve sets are refused", arguments: ["reeve", "action"])
    func reservedContext(name: String) {
        #expect(throws: DecisionQueryError.self) {
            try World.query("agent/bot", "send", context: Cedar.Record([(name, .bool(true))]))
        }
    }
}

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
