import Cedar
import Decision
import Directory
import Identity
import Kernel
import Testing

@Suite("Statements that cascade") struct CascadeTests {
    private static let policies = "permit (principal in Role::\"reader\", action, resource);"

    /// ann owns bot, which has spawned helper; all three and other are readers by an administrator's word.
    private static func world() -> World {
        var world = DecideTests.world(policies)
        world.succeed(
            .put(.role(RoleSpec(name: "reader")), .none),
            .put(.principal(PrincipalSpec(id: "agent/helper", parent: "agent/bot")), .none),
            .put(.principal(PrincipalSpec(id: "agent/other")), .none)
        )
        for id in ["user/ann", "agent/bot", "agent/helper", "agent/other"] as [PrincipalID] {
            world.grant(to: id, by: nil)
        }
        world.enact("permit (principal, action, resource);", set: Grammar.administrationSet)
        return world
    }

    private static let uid = EntityUIDs.principal

    @Test("whoever is below is denied by the statement, which the answer names") func standing() throws {
        var world = Self.world()
        let codes: [(QuarantineLevel?, DecisionCode)] = [
            (.restrict, .principalRestricted), (.quarantine, .principalQuarantined), (nil, .principalRevoked),
        ]
        for (level, code) in codes {
            let body =
                level.map { CommandBody.quarantine("user/ann", $0, reason: "", cascades: true) }
                ?? .revoke(.principal("user/ann"), reason: "", cascades: true)
            let statement = try world.state(body)
            #expect(try world.code("agent/helper", "send") == code)
            #expect(try world.code("agent/other", "send") == .allowed)
            let answer = world.decide(try World.query("agent/helper", "send"), by: .principal("agent/helper"))
            let effect = try #require(answer.cascades.first)
            #expect(effect.cascade.ancestor == Self.uid("user/ann"))
            #expect(effect.cascade.statement == statement)
            #expect(effect.taken == .standing(of: Self.uid("agent/helper")))
        }
        // Its own statement, where that is as strict, is reason enough.
        world.succeed(.revoke(.principal("agent/bot"), reason: ""))
        #expect(world.decide(try World.query("agent/bot", "send"), by: .principal("agent/bot")).cascades.isEmpty)
    }

    @Test("a caller who is below may ask for nobody") func caller() throws {
        var world = Self.world()
        world.succeed(.quarantine("user/ann", .quarantine, reason: "", cascades: true))
        let answer = world.decide(try World.query("agent/other", "send"), by: .principal("agent/helper"))
        #expect(answer.code == .callerQuarantined)
    }

    @Test("policies see the status that everybody has by now") func attribute() throws {
        var world = Self.world()
        world.enact("permit (principal, action, resource) when { resource.owner.status == \"active\" };")
        world.succeed(
            .put(
                .resource(ResourceSpec(id: EntityName(type: "Tool", id: "mail"), owner: "agent/helper")),
                .none
            )
        )
        #expect(try world.code("agent/other", "send") == .allowed)
        world.succeed(.quarantine("user/ann", .restrict, reason: "", cascades: true))
        #expect(try world.code("agent/other", "send") == .noPermit)
    }

    @Test("no role comes back by what a caller may say of the subject") func described() throws {
        var world = Self.world()
        world.grant("assistant", to: "agent/other", by: "agent/helper")
        world.enact("permit (principal in Role::\"assistant\", action, resource) when { principal.mood == \"good\" };")
        let query = try World.query("agent/other", "send", subjectProperties: ["mood": .string("good")])
        #expect(world.decide(query, by: .principal("agent/other")).isAllowed)
        world.succeed(.quarantine("user/ann", .restrict, reason: "", cascades: true))
        #expect(world.decide(query, by: .principal("agent/other")).code == .noPermit)
    }

    @Test("roles count for nothing that were granted from below, or by who had a role from there when he granted them")
    func grants() throws {
        var world = DecideTests.world(Self.policies)
        world.succeed(
            .put(.role(RoleSpec(name: "reader")), .none),
            .put(.principal(PrincipalSpec(id: "agent/first")), .none),
            .put(.principal(PrincipalSpec(id: "agent/second")), .none),
            .put(.principal(PrincipalSpec(id: "agent/third")), .none)
        )
        world.enact("permit (principal, action, resource);", set: Grammar.administrationSet)
        world.grant(to: "agent/third", by: "agent/first")
        world.grant(to: "agent/first", by: "agent/bot")
        world.grant(to: "agent/second", by: "agent/first")
        for id in ["agent/first", "agent/second", "agent/third"] as [PrincipalID] {
            #expect(try world.code(id, "send") == .allowed)
        }
        let statement = try world.state(.quarantine("user/ann", .restrict, reason: "", cascades: true))
        #expect(try world.code("agent/first", "send") == .noPermit)
        #expect(try world.code("agent/second", "send") == .noPermit)
        #expect(try world.code("agent/third", "send") == .allowed, "granted before")
        let answer = world.decide(try World.query("agent/first", "send"), by: .principal("agent/first"))
        #expect(
            answer.cascades.map(\.taken) == [.role(EntityUIDs.role("reader"), grantor: Self.uid("agent/bot"))]
        )
        world.succeed(.liftQuarantine(statements: [statement], reason: ""))
        for id in ["agent/first", "agent/second", "agent/third"] as [PrincipalID] {
            #expect(try world.code(id, "send") == .allowed)
        }
    }

    @Test("a token of somebody else that was issued from below is no credential") func tokens() throws {
        var world = Self.world()
        let secret = Digest.of([7])
        let grant = TokenGrant(id: "t", principal: "agent/other", secretDigest: secret, expiresAt: .distantFuture)
        world.succeed(by: "agent/helper", .issueToken(grant))
        let query = try World.query("agent/other", "send")
        #expect(world.decide(query, by: .token(secretDigest: secret)).code == .allowed)
        world.succeed(.quarantine("user/ann", .restrict, reason: "", cascades: true))
        let answer = world.decide(query, by: .token(secretDigest: secret))
        #expect(answer.code == .tokenRevoked)
        #expect(answer.cascades.map(\.taken) == [.token(issuer: Self.uid("agent/helper"))])
        #expect(try world.code("agent/other", "send") == .allowed, "by its certificate")
    }

    @Test("a statement that the log has not judged cascades, too") func provisional() throws {
        var world = Self.world()
        let before = world.snapshot
        let statement = World.statement(.quarantine, against: .principal("user/ann"), cascades: true)
        world.snapshot = before.enforcing([statement])
        #expect(try world.code("agent/helper", "send") == .principalQuarantined)
        #expect(world.snapshot.status(.principal("agent/helper")) == .quarantined)
        world.snapshot = before.enforcing([
            World.statement(.quarantine, against: .principal("user/ann"), cascades: false)
        ])
        #expect(try world.code("agent/helper", "send") == .allowed)
        #expect(before.enforcing([statement]).enforcing([]) == before)
    }

    /// A hierarchy is checked when it is put, but from below it can be made as high as anybody likes.
    @Test("below more than are looked at everything is denied, while anything cascades") func tooMany() throws {
        var world = Self.world()
        let names = (0...Limits.ancestors + 1).map { PrincipalID(stringLiteral: "agent/c\($0)") }
        for id in names { world.succeed(.put(.principal(PrincipalSpec(id: id)), .none)) }
        for (below, above) in zip(names, names.dropFirst()) {
            world.succeed(.put(.principal(PrincipalSpec(id: below, owner: above)), .none))
        }
        let first = names[0]
        world.grant(to: first, by: nil)
        #expect(try world.code(first, "send") == .allowed)
        world.succeed(.quarantine("user/ann", .restrict, reason: "", cascades: true))
        #expect(try world.code(first, "send") == .policyError)
        #expect(try world.code("agent/other", "send") == .allowed)
    }
}

extension World {
    /// As the administrator without a grantor.
    mutating func grant(
        _ role: String = "reader",
        to principal: PrincipalID,
        by grantor: PrincipalID?,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let spec = AssignmentSpec(id: "grant-\(index.number)", principal: principal, role: role)
        if let grantor {
            succeed(by: grantor, .put(.assignment(spec), .none), sourceLocation: sourceLocation)
        } else {
            succeed(.put(.assignment(spec), .none), sourceLocation: sourceLocation)
        }
    }

    @discardableResult
    mutating func attempt(_ body: CommandBody, by principal: PrincipalID) -> CommandResult? {
        apply(
            Command(
                caller: .principal(principal, token: nil),
                authenticatedBy: Self.voter,
                idempotencyKey: "p\(index.number)",
                notAfter: time.advanced(by: .seconds(60)),
                body: body
            )
        )
    }

    mutating func succeed(
        by principal: PrincipalID,
        _ body: CommandBody,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        if case .done? = attempt(body, by: principal) { return }
        Issue.record("\(body.action) was refused", sourceLocation: sourceLocation)
    }

    /// Returns the id of the statement.
    mutating func state(_ body: CommandBody) throws -> Digest {
        guard case .done(let done)? = attempt(body) else { throw Refused(action: body.action) }
        return try #require(done.created.first.flatMap { Digest(hex: $0) })
    }

    struct Refused: Error {
        let action: String
    }
}
