import Cedar
import Decision
import Directory
import Identity
import Kernel
import Testing

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

    @Test("a statement that the log has not judged takes what a recorded one does, and gives it back when it is gone")
    func provisional() throws {
        var world = DecideTests.world(Self.all)
        let before = world.snapshot
        let bot = RevocationSubject.principal("agent/bot")
        let codes: [(RevocationKind, DecisionCode)] = [
            (.restrict, .principalRestricted), (.quarantine, .principalQuarantined), (.revoke, .principalRevoked),
        ]
        for (kind, code) in codes {
            world.snapshot = before.enforcing([World.statement(kind, against: bot)])
            #expect(try world.code("agent/bot", "send") == code)
            #expect(world.snapshot.revision == before.revision && world.snapshot.epoch == before.epoch)
        }
        // The strictest of several, and no less than what is recorded.
        world.snapshot = before.enforcing([
            World.statement(.revoke, against: bot), World.statement(.restrict, against: bot, 2),
        ])
        #expect(try world.code("agent/bot", "send") == .principalRevoked)
        world.succeed(.quarantine("agent/bot", .quarantine, reason: ""))
        #expect(try world.code("agent/bot", "send") == .principalRevoked, "commands do not end it")
        world.snapshot = world.snapshot.enforcing([World.statement(.restrict, against: bot, 2)])
        #expect(try world.code("agent/bot", "send") == .principalQuarantined)
        #expect(before.enforcing([World.statement(.revoke, against: bot)]).enforcing([]) == before)
    }

    @Test("a token is taken by a statement, too") func provisionalToken() throws {
        var world = DecideTests.world(Self.all)
        let secret = Digest.of([7])
        let grant = TokenGrant(id: "t", principal: "agent/bot", secretDigest: secret, expiresAt: .distantFuture)
        world.succeed(.issueToken(grant))
        let query = try World.query("agent/bot", "send")
        #expect(world.decide(query, by: .token(secretDigest: secret)).code == .allowed)
        world.snapshot = world.snapshot.enforcing([World.statement(.revoke, against: .token("t"))])
        #expect(world.decide(query, by: .token(secretDigest: secret)).code == .tokenRevoked)
    }

    @Test("policies see the status that is in force, whatever the state and its changes say")
    func provisionalAttribute() throws {
        let text = "permit (principal, action, resource) when { resource.owner.status == \"active\" };"
        var world = DecideTests.world(text)
        let before = world.snapshot
        let ann = RevocationSubject.principal("user/ann")
        world.snapshot = before.enforcing([World.statement(.restrict, against: ann)])
        #expect(try world.code("agent/bot", "send") == .noPermit)
        world.succeed(.put(.principal(PrincipalSpec(id: "user/ann", description: "changed")), .none))
        #expect(try world.code("agent/bot", "send") == .noPermit)
        let changed = world.snapshot.enforcing([])
        world.snapshot = changed
        #expect(try world.code("agent/bot", "send") == .allowed)
        #expect(changed == DecisionSnapshot(from: world.rows, revision: world.index, codec: world.codec))
        #expect(
            DecisionSnapshot(from: world.rows, revision: world.index, codec: world.codec)
                .enforcing([World.statement(.restrict, against: ann)])
                == changed.enforcing([World.statement(.restrict, against: ann)])
        )
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
