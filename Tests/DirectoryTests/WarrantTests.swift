import Directory
import Identity
import Kernel
import Testing
import Wire

/// A signature is the key it was made with, twice and cut: enough to tell the right key from another.
struct NamedKeys: SignatureVerifier {
    static func signature(by key: [UInt8]) -> [UInt8] { Array((key + key).prefix(SignedStatement.signatureByteCount)) }

    func isValid(_ signature: [UInt8], of bytes: [UInt8], by publicKey: [UInt8]) -> Bool {
        signature == Self.signature(by: publicKey)
    }
}

@Suite("Warrants, and statements made under them") struct WarrantTests {
    static let key = [UInt8](repeating: 2, count: Limits.publicKeyByteCount)
    private static let lineage = Lineage(high: 7, low: 7)

    private var directory = TestDirectory()

    init() {
        directory.succeed(
            .put(PrincipalSpec(id: "user/ana")),
            .put(PrincipalSpec(id: "agent/bot", owner: "user/ana")),
            .put(PrincipalSpec(id: "agent/child", owner: "agent/bot")),
            .put(PrincipalSpec(id: "agent/other"))
        )
    }

    private func spec(
        _ name: String = "w",
        scope: WarrantSpec.Scope = .everybody,
        level: RevocationKind = .revoke,
        budget: UInt32 = 3
    ) -> WarrantSpec {
        WarrantSpec(
            name: name,
            key: Self.key,
            scope: scope,
            level: level,
            expiresAt: TestDirectory.start.advanced(by: .seconds(3600)),
            budget: budget
        )
    }

    private func statement(
        _ sequence: UInt32 = 1,
        _ kind: RevocationKind = .quarantine,
        against subject: RevocationSubject = .principal("agent/bot"),
        under warrant: String = "w",
        lineage: Lineage = Self.lineage,
        issuedAt: WallTime = TestDirectory.start,
        reason: String = "odd",
        signature: [UInt8] = NamedKeys.signature(by: Self.key)
    ) -> SignedStatement {
        SignedStatement(
            Statement(
                lineage: lineage,
                warrant: warrant,
                sequence: sequence,
                kind: kind,
                subject: subject,
                reason: reason,
                issuedAt: issuedAt
            ),
            signature: signature
        )
    }

    private mutating func bring(_ signed: SignedStatement) -> CommandResult.Refusal? {
        directory.refusal(.judgeStatement(signed), by: .node(TestDirectory.voter))
    }

    private func judgement(_ signed: SignedStatement, broughtAt: WallTime? = nil) throws -> StatementJudgement {
        try directory.view.judge(signed, broughtAt: broughtAt, NamedKeys())
    }

    private func isAcceptable(_ signed: SignedStatement, broughtAt: WallTime? = nil) throws -> Bool {
        if case .acceptable = try judgement(signed, broughtAt: broughtAt) { true } else { false }
    }

    @Test("a statement under a warrant counts, and once recorded it stands as one that began as a command")
    mutating func recorded() throws {
        directory.succeed(.issueWarrant(spec()))
        let signed = statement()
        #expect(try isAcceptable(signed))
        let outcome = directory.apply(.judgeStatement(signed), by: .node(TestDirectory.voter))
        #expect(outcome.done?.created == [signed.id.hex])
        #expect(outcome.applied?.events.contains(.statementJudged(signed, recordedAt: directory.index)) == true)
        #expect(try directory.view.status(.principal("agent/bot")) == .quarantined)
        #expect(try judgement(signed) == .recorded(directory.index))
        let record = try #require(try directory.view.revocation(signed.id))
        #expect(
            record.warrant
                == WarrantMark(
                    warrant: "w",
                    sequence: 1,
                    issuedAt: TestDirectory.start,
                    signature: signed.signature
                )
        )
        #expect(record.revoker == directory.admin)
        #expect(try directory.view.warrant("w")?.spent == 1)
        #expect(try directory.view.ledger()?.epoch == 1)
        directory.succeed(.liftQuarantine(statements: [signed.id], reason: "checked"))
        #expect(try directory.view.status(.principal("agent/bot")) == .active)
        #expect(try directory.view.revocation(signed.id)?.warrant == record.warrant)
    }

    @Test("a statement that is brought again changes nothing, whatever has become of it since")
    mutating func again() throws {
        directory.succeed(.issueWarrant(spec()))
        let signed = statement()
        #expect(bring(signed) == nil)
        directory.succeed(.liftQuarantine(statements: [signed.id], reason: ""), .withdrawWarrant(name: "w"))
        let root = directory.view.stateRoot
        let again = directory.apply(.judgeStatement(statement(signature: [1])), by: .node(TestDirectory.voter))
        #expect(again.done != nil && again.applied?.events == [])
        #expect(try directory.view.status(.principal("agent/bot")) == .active)
        #expect(try directory.view.warrant("w")?.spent == 1)
        #expect(root != directory.view.stateRoot, "its command is in the history all the same")
    }

    @Test("what its warrant never allowed counts under no state, and the log keeps nothing in force of it")
    mutating func neverAllowed() throws {
        directory.succeed(.issueWarrant(spec(level: .quarantine)))
        let expiry = TestDirectory.start.advanced(by: .seconds(3600))
        let refused: [(SignedStatement, StatementRefusal)] = [
            (statement(lineage: Lineage(high: 7, low: 8)), .otherCluster),
            (statement(under: "x"), .unknownWarrant),
            (statement(1, .revoke), .levelTooHigh),
            (statement(4), .overBudget), (statement(0), .overBudget),
            (statement(issuedAt: expiry), .warrantExpired),
            (statement(1, .quarantine, against: .token("t")), .invalid),
            (statement(signature: []), .invalid),
            (statement(reason: String(repeating: "x", count: 4097)), .invalid),
        ]
        for (signed, refusal) in refused {
            #expect(try judgement(signed) == .unacceptable(refusal))
            #expect(bring(signed) == CommandResult.Refusal(.invalid, [refusal.rawValue]))
            #expect(try judgement(signed) == .unacceptable(refusal))
        }
        let wrong = statement(signature: NamedKeys.signature(by: [9] + Self.key))
        #expect(try judgement(wrong) == .unacceptable(.badSignature))
        // Only who has the key can be said to try more than the warrant allows.
        let slander = statement(4, signature: NamedKeys.signature(by: [9] + Self.key))
        #expect(try judgement(slander) == .unacceptable(.badSignature))
        #expect(try judgement(statement(), broughtAt: expiry) == .unacceptable(.warrantExpired))
        #expect(try isAcceptable(statement(), broughtAt: TestDirectory.start))
        #expect(try directory.view.status(.principal("agent/bot")) == .active)
    }

    @Test("what may have counted by another state is for the log to refuse, for good")
    mutating func disputed() throws {
        directory.succeed(.issueWarrant(spec()), .issueWarrant(spec("narrow", scope: .ownedBy("user/ana"))))
        let unknown = statement(1, against: .principal("agent/nobody"))
        let outside = statement(1, against: .principal("agent/other"), under: "narrow")
        #expect(try judgement(unknown) == .disputed(.unknownSubject))
        #expect(try judgement(outside) == .disputed(.outOfScope))
        #expect(bring(outside) == nil)
        directory.succeed(.put(PrincipalSpec(id: "agent/other", owner: "user/ana")))
        #expect(try judgement(outside) == .refused(.outOfScope))
        #expect(try isAcceptable(statement(2, against: .principal("agent/other"), under: "narrow")))
        let withdrawn = statement(3)
        directory.succeed(.withdrawWarrant(name: "w"))
        #expect(try judgement(withdrawn) == .disputed(.warrantWithdrawn))
        directory.advance(.seconds(3600))
        directory.succeed(.put(RoleSpec(name: "tick")))
        #expect(try isAcceptable(statement(3, under: "narrow")), "made in time, and on its way")
        directory.advance(.seconds(24 * 3600))
        directory.succeed(.put(RoleSpec(name: "tock")))
        #expect(try judgement(statement(3, under: "narrow")) == .disputed(.warrantExpired))
    }

    @Test("scope reaches what its owner answers for at any remove, not the owner, and tokens with their principal")
    mutating func scope() throws {
        directory.succeed(
            .issueWarrant(spec("owned", scope: .ownedBy("user/ana"))),
            .issueWarrant(spec("named", scope: .principals(["agent/other"]))),
            .issueToken(
                TokenGrant(id: "t", principal: "agent/child", secretDigest: .of([1]), expiresAt: .distantFuture)
            )
        )
        func isInScope(_ warrant: String, _ subject: RevocationSubject) throws -> Bool {
            try isAcceptable(statement(1, .revoke, against: subject, under: warrant))
        }
        #expect(try isInScope("owned", .principal("agent/bot")))
        #expect(try isInScope("owned", .principal("agent/child")))
        #expect(try isInScope("owned", .token("t")))
        #expect(try !isInScope("owned", .principal("user/ana")))
        #expect(try !isInScope("owned", .principal("agent/other")))
        #expect(try isInScope("named", .principal("agent/other")))
        #expect(try !isInScope("named", .token("t")))
    }

    @Test("two statements under one number are both in force, and freeze the warrant")
    mutating func equivocation() throws {
        directory.succeed(.issueWarrant(spec()))
        let (first, second) = (statement(), statement(1, against: .principal("agent/other")))
        #expect(bring(first) == nil && bring(second) == nil)
        #expect(try directory.view.status(.principal("agent/bot")) == .quarantined)
        #expect(try directory.view.status(.principal("agent/other")) == .quarantined)
        #expect(try directory.view.warrant("w")?.state == .frozen)
        #expect(try judgement(statement(2, reason: "later")) == .disputed(.warrantFrozen))
        let third = statement(1, against: .principal("agent/child"))
        #expect(bring(third) == nil)
        #expect(try judgement(third) == .refused(.warrantFrozen))
        directory.succeed(.withdrawWarrant(name: "w"))
        #expect(try directory.view.warrant("w")?.state == .frozen)
    }

    @Test("what counts comes with what the log has of its warrant")
    mutating func use() throws {
        directory.succeed(.issueWarrant(spec()))
        #expect(try judgement(statement()) == .acceptable(WarrantUse(budget: 3)))
        #expect(bring(statement()) == nil)
        #expect(try judgement(statement(2)) == .acceptable(WarrantUse(budget: 3, spent: 1)))
        let second = statement(1, against: .principal("agent/other"))
        #expect(
            try judgement(second) == .acceptable(WarrantUse(budget: 3, spent: 1, twins: [statement().id]))
        )
        let refused = statement(3, against: .principal("agent/nobody"))
        #expect(bring(refused) == nil)
        #expect(
            try judgement(statement(3)) == .acceptable(WarrantUse(budget: 3, spent: 1, hasRefusedTwin: true))
        )
        #expect(bring(second) == nil)
        let third = statement(3)
        #expect(
            try judgement(third) == .acceptable(WarrantUse(budget: 3, spent: 2, isFrozen: true, hasRefusedTwin: true))
        )
    }

    @Test("whoever has the key of a withdrawn warrant cannot fill the state")
    mutating func refusalsAreBounded() throws {
        directory.succeed(.issueWarrant(spec()), .withdrawWarrant(name: "w"))
        let statements = (0..<20).map { statement(1, reason: "\($0)") }
        let codes = statements.map { bring($0)?.code }
        #expect(codes.count { $0 == nil } == 8 && codes.suffix(12).allSatisfy { $0 == .limitReached })
        #expect(try directory.view.refusedStatements().items.count == 8)
    }

    @Test("a full standing takes a stricter statement alone")
    mutating func room() throws {
        directory.succeed(.issueWarrant(spec(budget: 10)))
        for _ in 0..<Limits.statementsPerSubject {
            directory.succeed(.quarantine("agent/bot", .quarantine, reason: ""))
        }
        #expect(try judgement(statement()) == .disputed(.limitReached))
        #expect(try isAcceptable(statement(2, .revoke)))
    }

    @Test("only a voter brings statements, in its own name")
    mutating func bringers() {
        directory.succeed(.issueWarrant(spec()))
        let body = CommandBody.judgeStatement(statement())
        #expect(directory.refusal(body)?.code == .unauthorized)
        #expect(directory.refusal(body, by: .node(MemberID(high: 9, low: 9)))?.code == .unauthorized)
        #expect(directory.refusal(body, by: .principal("user/ana", token: nil))?.code == .unauthorized)
    }

    @Test("a warrant is checked before it is issued, and its name serves once")
    mutating func issuing() {
        directory.succeed(.issueWarrant(spec()))
        #expect(directory.refusal(.issueWarrant(spec()))?.code == .alreadyExists)
        #expect(directory.refusal(.issueWarrant(spec("")))?.names == ["name"])
        #expect(directory.refusal(.issueWarrant(spec("b", budget: 0)))?.names == ["budget"])
        #expect(directory.refusal(.issueWarrant(spec("b", budget: 10_001)))?.names == ["budget"])
        #expect(directory.refusal(.issueWarrant(spec("s", scope: .principals([]))))?.names == ["scope"])
        let unsorted = WarrantSpec.Scope.principals(["user/b", "agent/a"])
        #expect(directory.refusal(.issueWarrant(spec("s", scope: unsorted)))?.names == ["scope"])
        directory.advance(.seconds(3600))
        #expect(directory.refusal(.issueWarrant(spec("late")))?.names == ["expiresAt"])
        #expect(directory.refusal(.withdrawWarrant(name: "none"))?.code == .notFound)
        let caller = Caller.principal("user/ana", token: nil)
        #expect(directory.refusal(.issueWarrant(spec("mine")), by: caller)?.code == .unauthorized)
    }

    @Test("a node that has no state yet knows no warrant, and not that a statement is another cluster's")
    func blank() throws {
        let blank = TestDirectory(empty: ProtobufCodec())
        let found = try blank.view.judge(statement(), broughtAt: nil, NamedKeys())
        #expect(found == .unacceptable(.unknownWarrant))
    }
}
