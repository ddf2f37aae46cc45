import Directory
import Identity
import JSON
import Kernel
import Keys
import Service
import TestSupport
import Testing

@testable import HTTPAPI

@Suite("Admin API: statements under warrants") struct AdminStatementTests {
    let admin: Administration
    let key = PrivateKey()

    init() throws {
        admin = try Administration()
        issue("w1", .everybody)
    }

    private func issue(
        _ name: String,
        _ scope: WarrantSpec.Scope,
        _ level: RevocationKind = .revoke,
        cascades: Bool = false
    ) {
        admin.node.succeed(
            .issueWarrant(
                WarrantSpec(
                    name: name,
                    key: key.compressedPublicKey,
                    scope: scope,
                    level: level,
                    cascades: cascades,
                    expiresAt: MemoryNode.start.advanced(by: .seconds(3600)),
                    budget: 3
                )
            )
        )
    }

    private func signed(
        _ kind: RevocationKind = .revoke,
        _ subject: RevocationSubject = .principal(MemoryNode.id("agent/bot")),
        warrant: String = "w1",
        sequence: UInt32 = 1,
        cascades: Bool = false,
        lineage: Lineage = MemoryNode.lineage,
        after span: Kernel.Span = .seconds(1),
        by other: PrivateKey? = nil
    ) throws -> SignedStatement {
        let statement = Statement(
            lineage: lineage,
            warrant: warrant,
            sequence: sequence,
            kind: kind,
            subject: subject,
            cascades: cascades,
            reason: "stolen",
            issuedAt: MemoryNode.start.advanced(by: span)
        )
        return SignedStatement(statement, signature: try (other ?? key).signature(of: statement.signedBytes))
    }

    /// Without any credential.
    private func make(_ signed: SignedStatement) async -> Administration.Answer {
        let body = String(decoding: signed.json.serialized(), as: UTF8.self)
        return await admin.send("POST", "/v1/statements", body, by: .nobody)
    }

    private func status(_ path: String) async -> String? {
        await admin.send("GET", path).json["status"]?.stringValue
    }

    @Test("it counts at a node without a leader that does not serve, and needs no credential but itself")
    func enforced() async throws {
        let statement = try signed()
        admin.node.cutOff()
        admin.node.setServing(false)
        let answer = await make(statement)
        #expect(answer.status == 202 && answer.json["state"]?.stringValue == "enforced", "\(answer.text)")
        #expect(answer.json["id"]?.stringValue == statement.id.hex)
        admin.node.setServing(true)
        #expect(await status("/v1/principals/agent/bot") == "revoked")
        let listed = await admin.send("GET", "/v1/principals?prefix=bot").items
        #expect(listed.map { $0["status"]?.stringValue } == ["revoked"])
        let found = await admin.send("GET", "/v1/statements/\(statement.id.hex)").json
        #expect(found["state"]?.stringValue == "enforced" && found["subject"]?.stringValue == "agent/bot")
        #expect(found["warrant"]?["name"]?.stringValue == "w1" && found["warrant"]?["sequence"]?.integerValue == 1)
        #expect(await admin.send("GET", "/v1/statements?state=enforced").items == [listItem(found)])
        #expect(found["containment"]?["complete"]?.boolValue == true)
        #expect(found["containment"]?["nodes"]?.arrayValue?.first?["name"]?.stringValue == "n1")
    }

    /// Lists do not say how far each has come.
    private func listItem(_ found: JSONValue) -> JSONValue {
        .object((found.objectValue ?? []).filter { $0.name != "containment" })
    }

    @Test("a warrant is shown with what the node has refused under it, and whether it knows of two under one number")
    func tallies() async throws {
        let none: JSONValue = ["frozen": false, "enforced": 0, "refused": .object([])]
        #expect(await admin.send("GET", "/v1/warrants/w1").json["at_this_node"] == none)
        var tally = WarrantTally(warrant: "w1", enforcedCount: 2, isFrozen: true)
        for _ in 0..<2 { tally.count(.overBudget, at: MemoryNode.start) }
        admin.node.set([tally])
        let shown: JSONValue = [
            "frozen": true, "enforced": 2,
            "refused": ["over_budget": ["count": 2, "last_at": .string(MemoryNode.start.rfc3339)]],
        ]
        #expect(await admin.send("GET", "/v1/warrants/w1").json["at_this_node"] == shown)
        #expect(await admin.send("GET", "/v1/warrants").items.first?["at_this_node"] == shown)
    }

    @Test("once the log has it, everybody reads of the warrant that it was made under") func recorded() async throws {
        let statement = try signed()
        _ = await make(statement)
        admin.node.judgeStatements()
        let again = await make(statement)
        #expect(again.status == 200 && again.json["state"]?.stringValue == "recorded", "\(again.text)")
        let revocation = await admin.send("GET", "/v1/revocations/\(statement.id.hex)").json
        #expect(revocation["revision"] == again.json["revision"] && again.revision != nil)
        let mark: JSONValue = ["name": "w1", "sequence": 1, "issued_at": "2026-01-01T00:00:01.000Z"]
        #expect(revocation["warrant"] == mark && revocation["kind"]?.stringValue == "revoke")
        let found = await admin.send("GET", "/v1/statements/\(statement.id.hex)").json
        #expect(found["state"]?.stringValue == "recorded" && found["warrant"] == mark)
        #expect(await admin.send("GET", "/v1/statements?state=enforced").items.isEmpty)
        #expect(await admin.send("GET", "/v1/warrants/w1").json["spent"]?.integerValue == 1)
        #expect(await status("/v1/principals/agent/bot") == "revoked")

        await admin.send("POST", "/v1/revocations", #"{"subject":"agent/other","reason":"x"}"#)
        let command = await admin.send("GET", "/v1/revocations?subject=agent/other").items.first
        #expect(command?["warrant"]?.isNull == true)
    }

    @Test("what the log refuses counts no more, and says why") func refusedLater() async throws {
        let statement = try signed(.quarantine)
        _ = await make(statement)
        #expect(await status("/v1/principals/agent/bot") == "quarantined")
        #expect(await admin.send("DELETE", "/v1/warrants/w1").status == 200)
        admin.node.judgeStatements()
        #expect(await status("/v1/principals/agent/bot") == "active")
        let found = await admin.send("GET", "/v1/statements/\(statement.id.hex)").json
        #expect(found["state"]?.stringValue == "refused" && found["refusal"]?.stringValue == "warrant_withdrawn")
        #expect(found["detail"]?.stringValue?.contains("withdrawn") == true)
        #expect(await admin.send("GET", "/v1/statements?state=refused").items == [listItem(found)])
        let again = await make(statement)
        #expect(again.status == 403 && again.code == "warrant_withdrawn")
    }

    @Test("a token's status is what is in force here") func token() async throws {
        let answer = await make(try signed(.revoke, .token("t1")))
        #expect(answer.status == 202, "\(answer.text)")
        #expect(await status("/v1/tokens/t1") == "revoked")
        let listed = await admin.send("GET", "/v1/tokens?principal=agent/bot").items
        #expect(listed.map { $0["status"]?.stringValue } == ["revoked"])
    }

    @Test("a second statement under a number freezes the warrant") func frozen() async throws {
        for statement in [try signed(.restrict), try signed(.quarantine)] {
            #expect(await make(statement).status == 202)
        }
        admin.node.judgeStatements()
        let warrant = await admin.send("GET", "/v1/warrants/w1").json
        #expect(warrant["state"]?.stringValue == "frozen" && warrant["spent"]?.integerValue == 2)
        let next = await make(try signed(sequence: 2))
        #expect(next.status == 403 && next.code == "warrant_frozen")
    }

    @Test("what does not count is a problem with the refusal for its code") func refusals() async throws {
        issue("mild", .everybody, .restrict)
        issue("narrow", .principals([MemoryNode.id("agent/other")]))
        let cases: [(String, Int, SignedStatement)] = [
            ("other_cluster", 409, try signed(lineage: Lineage(high: 1, low: 1))),
            ("unknown_warrant", 404, try signed(warrant: "none")),
            ("bad_signature", 403, try signed(by: PrivateKey())),
            ("level_too_high", 403, try signed(.quarantine, warrant: "mild")),
            ("out_of_scope", 403, try signed(warrant: "narrow")),
            ("over_budget", 403, try signed(sequence: 4)),
            ("warrant_expired", 403, try signed(after: .seconds(3600))),
            ("unknown_subject", 404, try signed(.revoke, .principal(MemoryNode.id("agent/nobody")))),
            ("invalid", 400, try signed(.restrict, .token("t1"))),
        ]
        for (code, status, statement) in cases {
            let answer = await make(statement)
            #expect(answer.status == status && answer.code == code, "\(code): \(answer.text)")
        }
        #expect(await admin.send("GET", "/v1/statements?state=enforced").items.isEmpty)
    }

    @Test("a body that is no statement is refused with its place") func malformed() async throws {
        let good = String(decoding: try signed().json.serialized(), as: UTF8.self)
        let changes = [
            (#""kind":"revoke""#, #""kind":"forgive""#, "kind: must be one of restrict, quarantine, revoke"),
            (#""subject":"agent/bot""#, #""subject":"bot""#, "subject: must be a principal"),
            (#""sequence":1"#, #""sequence":-1"#, "sequence: must be a whole number"),
            (#""issued_at":"2026-01-01T00:00:01.000Z""#, #""issued_at":"now""#, "issued_at: must be a time"),
            (#""signature":""#, #""signature":"A"#, "signature: must be 64 bytes"),
            (#""reason":"#, #""colour":1,"reason":"#, "colour: unknown field"),
        ]
        for (old, new, detail) in changes {
            let answer = await admin.send("POST", "/v1/statements", good.replacing(old, with: new), by: .nobody)
            #expect(answer.status == 400 && answer.detail.contains(detail), "\(answer.text)")
        }
        let long = good.replacing("stolen", with: String(repeating: "x", count: AdminAPI.statementByteCount))
        #expect(await admin.send("POST", "/v1/statements", long, by: .nobody).code == "body_too_large")
        let match = await admin.send("POST", "/v1/statements", good, headers: [("If-Match", "*")], by: .nobody)
        #expect(match.code == "invalid_request")
    }

    @Test("reading of statements needs leave, a state and an id") func reading() async {
        #expect(await admin.send("GET", "/v1/statements?state=refused", by: .nobody).status == 401)
        let id = Digest.of([7]).hex
        #expect(await admin.send("GET", "/v1/statements/\(id)", by: .token(admin.sample.botToken)).status == 403)
        #expect(await admin.send("GET", "/v1/statements/\(id)").code == "not_found")
        #expect(await admin.send("GET", "/v1/statements/xyz").code == "invalid_request")
        #expect(await admin.send("GET", "/v1/statements").code == "invalid_request")
    }

    @Test("a statement is read back as it was written") func roundTrip() throws {
        let statement = try signed(.revoke, .token("t1"), sequence: 3)
        var reader = try ObjectReader(statement.json)
        #expect(try SignedStatement(reading: &reader) == statement)
        try reader.finish()
    }

    @Test("one that cascades says so everywhere, and whoever is below says from whom it comes") func cascades()
        async throws
    {
        admin.node.succeed(.put(.principal(PrincipalSpec(id: MemoryNode.id("user/boss"))), .none))
        let bot = MemoryNode.id("agent/bot")
        admin.node.succeed(.put(.principal(PrincipalSpec(id: bot, owner: MemoryNode.id("user/boss"))), .none))
        #expect(await admin.send("GET", "/v1/principals/agent/bot").json["cascade"] == .null)
        let body = #"{"principal":"user/boss","reason":"odd","cascade":true}"#
        let stated = await admin.send("POST", "/v1/quarantines", body)
        #expect(stated.status == 201, "\(stated.text)")
        let id = try #require(stated.json["id"]?.stringValue)
        #expect(await admin.send("GET", "/v1/revocations/\(id)").json["cascade"] == true)
        let below = await admin.send("GET", "/v1/principals/agent/bot").json
        #expect(below["status"]?.stringValue == "quarantined")
        #expect(below["cascade"]?["statement"]?.stringValue == id)
        #expect(below["cascade"]?["against"]?.stringValue == #"User::"boss""#)
        let denied = await admin.send("POST", "/v1/check", AdminStatusTests.question).json
        #expect(denied["code"]?.stringValue == "principal_quarantined")
        #expect(denied["cascades"]?.arrayValue?.first?["statement"]?.stringValue == id)
        let token = await admin.send("POST", "/v1/revocations", #"{"subject":"token/t","reason":"","cascade":true}"#)
        #expect(token.status == 400 && token.text.contains("cascade: must be false"), "\(token.text)")
    }

    @Test("under a warrant that allows it") func cascadesUnderWarrant() async throws {
        let bot = RevocationSubject.principal(MemoryNode.id("agent/bot"))
        let statement = try signed(.revoke, bot, cascades: true)
        let refused = await make(statement)
        #expect(refused.status == 403 && refused.code == "cascade_not_allowed", "\(refused.text)")
        issue("wide", .everybody, cascades: true)
        let wide = try signed(.revoke, bot, warrant: "wide", cascades: true)
        #expect(await make(wide).status == 202)
        #expect(await admin.send("GET", "/v1/statements/\(wide.id.hex)").json["cascade"] == true)
        #expect(await admin.send("GET", "/v1/warrants/wide").json["cascade"] == true)
    }
}
