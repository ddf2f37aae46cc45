import Directory
import Identity
import Kernel
import Testing
import Wire

@Suite("Statements that cascade") struct CascadeTests {
    private static let roots: WarrantSpec.Scope = .principals(["user/ana"])

    private var directory = TestDirectory()

    /// ana owns lead, who has spawned helper, who owns child; other is nobody's. All may administer.
    init() {
        directory.succeed(
            .put(PrincipalSpec(id: "user/ana")),
            .put(PrincipalSpec(id: "agent/lead", owner: "user/ana")),
            .put(PrincipalSpec(id: "agent/helper", parent: "agent/lead")),
            .put(PrincipalSpec(id: "agent/child", owner: "agent/helper")),
            .put(PrincipalSpec(id: "agent/other")),
            .put(RoleSpec(name: "reader")),
            .draftPolicies(PolicyDraft(set: Grammar.administrationSet, text: "permit (principal, action, resource);")),
            .activatePolicies(set: Grammar.administrationSet, version: 2, .none)
        )
    }

    private func caller(_ id: PrincipalID) -> Caller { .principal(id, token: nil) }

    /// Whether somebody may still administer, by something that changes nothing.
    private mutating func refusal(of id: PrincipalID) -> RefusalCode? {
        directory.refusal(.put(RoleSpec(name: "reader")), by: caller(id))?.code
    }

    @Test("everybody below loses its word with the log, and has it back by one lift") mutating func below() throws {
        let outcome = directory.apply(.quarantine("user/ana", .quarantine, reason: "odd", cascades: true))
        for id in ["user/ana", "agent/lead", "agent/helper", "agent/child"] as [PrincipalID] {
            #expect(refusal(of: id) == .callerQuarantined, "\(id)")
        }
        #expect(refusal(of: "agent/other") == nil)
        directory.succeed(.put(PrincipalSpec(id: "agent/late", owner: "agent/child")))
        #expect(refusal(of: "agent/late") == .callerQuarantined, "created later")
        directory.succeed(.put(PrincipalSpec(id: "agent/child", owner: "agent/other")))
        #expect(refusal(of: "agent/child") == nil, "no more below")
        let id = try #require(outcome.done?.created.first.flatMap { Digest(hex: $0) })
        #expect(try directory.view.revocation(id)?.cascades == true)
        directory.succeed(.liftQuarantine(statements: [id], reason: "checked"))
        for id in ["user/ana", "agent/lead", "agent/helper", "agent/late"] as [PrincipalID] {
            #expect(refusal(of: id) == nil, "\(id)")
        }
        #expect(!directory.view.hasCascades)
        #expect(directory.view.stateRoot == StateTree.recomputedRoot(of: directory.rows))
    }

    @Test("one that does not cascade takes from its subject alone") mutating func alone() {
        directory.succeed(.revoke(.principal("user/ana"), reason: ""))
        #expect(refusal(of: "user/ana") == .callerRevoked)
        #expect(refusal(of: "agent/lead") == nil)
        // What is in force already does not go as far.
        directory.succeed(.revoke(.principal("user/ana"), reason: "", cascades: true))
        #expect(refusal(of: "agent/child") == .callerRevoked)
        let epoch = try? directory.view.ledger()?.epoch
        directory.succeed(.revoke(.principal("user/ana"), reason: "", cascades: true))
        #expect((try? directory.view.ledger()?.epoch) == epoch, "no third one")
        #expect(directory.refusal(.revoke(.token("t"), reason: "", cascades: true))?.code == .invalid)
    }

    @Test("a cluster that may have programs that do not know of it takes none") mutating func featureLevel() {
        directory = TestDirectory(empty: ProtobufCodec())
        let genesis = TestDirectory.genesis()
        _ = directory.apply(
            .bootstrap(
                Genesis(
                    lineage: genesis.lineage,
                    trustDomain: genesis.trustDomain,
                    voters: genesis.voters,
                    administrator: genesis.administrator,
                    featureLevel: .first
                )
            ),
            by: .bootstrap,
            key: "bootstrap"
        )
        directory.succeed(.put(PrincipalSpec(id: "user/ana")))
        let bodies: [CommandBody] = [
            .revoke(.principal("user/ana"), reason: "", cascades: true),
            .quarantine("user/ana", .restrict, reason: "", cascades: true), .issueWarrant(warrant(cascades: true)),
        ]
        for body in bodies {
            #expect(directory.refusal(body)?.code == .featureLevel, "\(body.action)")
            // Whatever a voter writes beside it.
            let command = Command(
                featureLevel: .first,
                caller: directory.admin,
                authenticatedBy: TestDirectory.voter,
                idempotencyKey: "lie-\(body.action)",
                notAfter: directory.time.advanced(by: .seconds(60)),
                body: body
            )
            directory.index = directory.index.next
            let outcome = directory.state.apply(
                command,
                at: directory.index,
                time: directory.time,
                to: &directory.rows
            )
            #expect(outcome.refusal?.code == .featureLevel, "\(body.action)")
        }
        directory.succeed(.raiseFeatureLevel(.cascades))
        for body in bodies { directory.succeed(body) }
    }

    private func warrant(cascades: Bool) -> WarrantSpec {
        WarrantSpec(
            name: cascades ? "wide" : "narrow",
            key: WarrantTests.key,
            scope: Self.roots,
            level: .quarantine,
            cascades: cascades,
            expiresAt: TestDirectory.start.advanced(by: .seconds(3600)),
            budget: 3
        )
    }

    private func statement(
        under warrant: String,
        _ sequence: UInt32 = 1,
        against subject: RevocationSubject = .principal("user/ana")
    ) -> SignedStatement {
        SignedStatement(
            Statement(
                lineage: Lineage(high: 7, low: 7),
                warrant: warrant,
                sequence: sequence,
                kind: .quarantine,
                subject: subject,
                cascades: true,
                reason: "",
                issuedAt: TestDirectory.start
            ),
            signature: NamedKeys.signature(by: WarrantTests.key)
        )
    }

    @Test("a warrant's statements cascade where it says so, past its scope") mutating func warrants() throws {
        directory.succeed(.issueWarrant(warrant(cascades: false)), .issueWarrant(warrant(cascades: true)))
        let refused = statement(under: "narrow")
        #expect(
            try directory.view.judge(refused, broughtAt: nil, NamedKeys()) == .unacceptable(.cascadeNotAllowed)
        )
        #expect(directory.refusal(.judgeStatement(refused), by: .node(TestDirectory.voter))?.code == .invalid)
        let outside = statement(under: "wide", 2, against: .principal("agent/lead"))
        #expect(try directory.view.judge(outside, broughtAt: nil, NamedKeys()) == .disputed(.outOfScope))
        let token = statement(under: "wide", 2, against: .token("t"))
        #expect(try directory.view.judge(token, broughtAt: nil, NamedKeys()) == .unacceptable(.invalid))
        directory.succeed(.judgeStatement(statement(under: "wide")), by: .node(TestDirectory.voter))
        #expect(refusal(of: "agent/child") == .callerQuarantined)
    }

    @Test("a statement that cascades is another than one that does not, for whoever signs and for whoever reads")
    func signedBytes() {
        let cascading = statement(under: "w")
        let plain = Statement(
            lineage: cascading.statement.lineage,
            warrant: "w",
            sequence: 1,
            kind: .quarantine,
            subject: .principal("user/ana"),
            reason: "",
            issuedAt: TestDirectory.start
        )
        #expect(plain.signedBytes.starts(with: "reeve statement 2\0".utf8))
        #expect(cascading.statement.signedBytes.starts(with: "reeve statement 3\0".utf8))
        #expect(cascading.id != SignedStatement(plain, signature: cascading.signature).id)
    }

    @Test("the same role from somebody else is no repetition while the first one's word does not count")
    mutating func grantedAgain() throws {
        let grant = CommandBody.put(AssignmentSpec(id: "a", principal: "agent/other", role: "reader"))
        directory.succeed(grant, by: caller("agent/lead"))
        directory.succeed(grant)
        #expect(try directory.view.assignment("a")?.grantor == caller("agent/lead"))
        directory.succeed(.quarantine("user/ana", .restrict, reason: "", cascades: true))
        directory.succeed(grant)
        #expect(try directory.view.assignment("a")?.grantor == directory.admin)
    }

    @Test("administration policies do not count roles that were granted from below, nor tokens of others")
    mutating func grants() {
        directory.succeed(
            .draftPolicies(
                PolicyDraft(
                    set: Grammar.administrationSet,
                    text: """
                        permit (principal is Reeve::Administrator, action, resource);
                        permit (principal in Role::"reader", action, resource);
                        """
                )
            )
        )
        directory.succeed(
            .put(AssignmentSpec(id: "a", principal: "agent/other", role: "reader")),
            .issueToken(
                TokenGrant(id: "t", principal: "agent/other", secretDigest: .of([7]), expiresAt: .distantFuture)
            ),
            by: caller("agent/child")
        )
        directory.succeed(.put(AssignmentSpec(id: "b", principal: "agent/child", role: "reader")))
        directory.succeed(.activatePolicies(set: Grammar.administrationSet, version: 3, .none))
        #expect(refusal(of: "agent/other") == nil)
        directory.succeed(.quarantine("agent/lead", .restrict, reason: "", cascades: true))
        #expect(refusal(of: "agent/other") == .unauthorized)
        directory.succeed(.put(AssignmentSpec(id: "c", principal: "agent/other", role: "reader")))
        #expect(refusal(of: "agent/other") == nil, "by an administrator's word")
        let byToken = directory.refusal(
            .put(RoleSpec(name: "reader")),
            by: .principal("agent/other", token: "t")
        )
        #expect(byToken?.code == .callerRevoked)
    }
}
