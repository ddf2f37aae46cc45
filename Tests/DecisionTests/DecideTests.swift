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
        #expect(Array(answer.policies) == [PolicyReference(set: "app", version: 1, id: "senders", line: 1)])
    }

    @Test("who may do nothing at all is known before it asks for anything") func exclusion() throws {
        var world = Self.world()
        #expect(world.snapshot.exclusion(of: .principal("agent/bot"), at: world.moment) == nil)
        #expect(world.snapshot.exclusion(of: .principal("agent/stranger"), at: world.moment) == .callerUnknown)
        world.succeed(.quarantine("agent/bot", .quarantine, reason: "odd", cascades: false))
        #expect(world.snapshot.exclusion(of: .principal("agent/bot"), at: world.moment) == .callerQuarantined)
        world.succeed(.revoke(.principal("agent/bot"), reason: "worse", cascades: false))
        #expect(world.snapshot.exclusion(of: .principal("agent/bot"), at: world.moment) == .callerRevoked)
    }

    @Test("a node that has heard nothing for too long does not say that somebody is unknown") func agedStranger() throws
    {
        var world = Self.world()
        let query = try World.query("user/ann", "send")
        #expect(world.decide(query, by: .principal("agent/stranger")).code == .callerUnknown)
        #expect(world.decide(query, by: .token(secretDigest: .of([9]))).code == .tokenUnknown)
        world.age = .seconds(3600 * 48)
        #expect(world.decide(query, by: .principal("agent/stranger")).code == .notReady)
        #expect(world.decide(query, by: .token(secretDigest: .of([9]))).code == .notReady)
    }

    @Test("no more properties are taken than can be looked at one by one") func manyProperties() throws {
        func ask(_ count: Int) throws {
            let names = (0..<count).map { "p\($0)" }.sorted()
            let record = Cedar.Record(names.map { ($0, Value.bool(true)) })
            _ = try DecisionQuery(
                subject: ("Agent", "bot", .empty),
                action: ("send", .empty),
                resource: ("Tool", "mail", record)
            )
        }
        try ask(64)
        #expect(throws: DecisionQueryError.self) { try ask(65) }
    }

    @Test("nodes have the attributes that policies see where commands are applied") func nodes() throws {
        let world = Self.world()
        let view = DirectoryView(world.rows, codec: world.codec)
        let uid = EntityUIDs.node(World.voter)
        let facts = try #require(try view.facts(uid))
        #expect(facts.attributes["name"] == .string("n1"))
        #expect(world.snapshot.facts(uid) == facts)
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
        let query = try World.query(
            "agent/bot",
            "send",
            actionProperties: ["soft": .bool(true)],
            context: ["reason": .string("x")]
        )
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

    @Test("past what the settings say of an action, only a permit with a bound of its own applies") func actionAge()
        throws
    {
        var world = DecideTests.world(
            """
            permit (principal in Role::"sender", action in [Action::"send", Action::"look"], resource);
            @max_age("20s") permit (principal in Role::"sender", action == Action::"page", resource);
            """
        )
        func settings(_ ages: [(String, UInt64)]) -> CommandBody {
            let ages = ages.map { ActionAge(action: $0.0, maximumAge: .seconds($0.1)) }
            return .putSettings(Settings(actionAges: ages), .none)
        }
        world.succeed(settings([("send", 5), ("page", 5)]))
        world.age = .seconds(5)
        #expect(try world.code("agent/bot", "send") == .allowed)
        world.age = Span(microseconds: 5_000_001)
        #expect(try world.code("agent/bot", "send") == .stale)
        #expect(try world.code("agent/bot", "look") == .allowed)
        #expect(try world.code("agent/bot", "page") == .allowed)
        #expect(try world.code("user/ann", "send") == .noPermit)
        world.age = Span(microseconds: 20_000_001)
        #expect(try world.code("agent/bot", "page") == .stale)
        world.succeed(settings([]))
        #expect(try world.code("agent/bot", "send") == .allowed)
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
