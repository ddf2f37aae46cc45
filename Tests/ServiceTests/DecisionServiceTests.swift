import Cedar
import Decision
import Directory
import Identity
import Kernel
import Service
import TestSupport
import Testing

@Suite("Decision service") struct DecisionServiceTests {
    let sample = MemoryNode.sample()
    let service = DecisionService()

    func query(
        _ subject: String = "bot",
        _ action: String = "read",
        _ resource: String = "d1",
        properties: Cedar.Record = .empty
    ) throws -> DecisionQuery {
        try DecisionQuery(
            subject: (type: "agent", id: subject, properties: .empty),
            action: (name: action, properties: .empty),
            resource: (type: "doc", id: resource, properties: properties)
        )
    }

    func token(_ text: String) -> Credential { .token(secretDigest: .of(Array(text.utf8))) }

    func code(_ query: DecisionQuery, by credential: Credential) -> DecisionCode {
        service.decide(query, by: credential, in: sample.node.decisionState, at: sample.node.now()).code
    }

    @Test("an agent asks for itself with its token") func own() throws {
        #expect(code(try query(), by: token(sample.botToken)) == .allowed)
        #expect(code(try query("bot", "write"), by: token(sample.botToken)) == .noPermit)
    }

    @Test("whose credential it is comes first, then standing, then policies") func order() throws {
        let allowed = try query()
        #expect(code(allowed, by: token("reeve_nobody")) == .tokenUnknown)
        #expect(code(try query("other"), by: token(sample.botToken)) == .notAuthorizedForSubject)
        sample.node.succeed(.quarantine(MemoryNode.id("agent/bot"), .quarantine, reason: "test"))
        #expect(code(allowed, by: token(sample.botToken)) == .principalQuarantined)
        #expect(code(allowed, by: token(sample.gatewayToken)) == .principalQuarantined)
        sample.node.succeed(.revoke(.token("t1"), reason: "test"))
        #expect(code(allowed, by: token(sample.botToken)) == .tokenRevoked)
    }

    @Test("a node that must not serve, or has no proof of freshness, denies") func notReady() throws {
        sample.node.setServing(false)
        #expect(code(try query(), by: token(sample.botToken)) == .notReady)
        sample.node.setServing(true)
        let state = DecisionState(snapshot: sample.node.decisionState.snapshot, freshness: nil, isServing: true)
        let answer = service.decide(try query(), by: token(sample.botToken), in: state, at: sample.node.now())
        #expect(answer.code == .notReady)
    }

    @Test("an old proof denies") func stale() throws {
        sample.node.advance(.seconds(301))
        #expect(code(try query(), by: token(sample.gatewayToken)) == .stale)
    }

    @Test("only who has explain may see what an answer rests on") func explain() throws {
        let state = sample.node.decisionState
        let now = sample.node.now()
        let query = try query()
        #expect(service.mayExplain(query, by: token(sample.gatewayToken), in: state, at: now))
        #expect(!service.mayExplain(query, by: token(sample.botToken), in: state, at: now))
    }

    @Test("an explanation names the policy and the way to its role") func explanation() throws {
        let state = sample.node.decisionState
        let now = sample.node.now()
        let query = try query()
        let explanation = service.explain(query, by: token(sample.gatewayToken), in: state, at: now)
        let policy = try #require(explanation.policies.first)
        #expect(explanation.policies.count == 1)
        #expect(policy.reference.id == "readers")
        #expect(policy.subjectPath.map(\.description) == ["Agent::\"bot\"", "Role::\"reader\""])
    }

    @Test("only doubts about the caller are told as such", arguments: DecisionCode.allCases)
    func authenticationErrors(code: DecisionCode) {
        let error = DecisionService.authenticationError(code)
        let expected: Set<DecisionCode> = [.tokenUnknown, .tokenExpired, .tokenRevoked, .callerUnknown]
        #expect((error != nil) == expected.contains(code))
        if let error { #expect(error.kind == .unauthenticated && error.code == code.rawValue) }
    }

    @Test("acts on Reeve itself are for those whom its own policies permit") func authorize() throws {
        let state = sample.node.decisionState
        let now = sample.node.now()
        let root = Credential.administrator(fingerprint: MemoryNode.administrator)
        try service.authorize(root, action: "readAudit", in: state, at: now)
        #expect(throws: ServiceError.self) {
            try service.authorize(token(sample.botToken), action: "readAudit", in: state, at: now)
        }
    }
}
