import Directory
import JSON
import Kernel
import TestSupport
import Testing

@Suite("Admin API: tokens, revocations, decisions, history") struct AdminActionTests {
    @Test("a token is shown once and works") func token() async {
        let world = AdminWorld()
        let body: JSONValue = ["principal": "user/root", "expires_at": "2026-06-01T00:00:00Z", "description": "d"]
        let issued = await world.send("POST", "/v1/tokens", body)
        #expect(issued.status == 201)
        let secret = issued.body["token"]?.stringValue ?? ""
        #expect(await world.send("GET", "/v1/roles", token: secret).status == 200)
        let id = issued.body["id"]?.stringValue ?? ""
        let shown = await world.send("GET", "/v1/tokens/\(id)")
        #expect(shown.body["principal"] == "user/root")
        let list = await world.send("GET", "/v1/tokens?principal=user/root")
        #expect(list.body["items"]?.arrayValue?.count == 2)
        for answer in [shown, list] {
            #expect(!String(decoding: answer.response.body, as: UTF8.self).contains(secret.suffix(20)))
        }
    }

    @Test("a revoked principal is denied, listed and never comes back") func revoke() async {
        let world = AdminWorld()
        let body: JSONValue = ["subject": "agent/bot", "reason": "stolen"]
        let revoked = await world.send("POST", "/v1/revocations", body)
        #expect(revoked.status == 201)
        let id = revoked.body["id"]?.stringValue ?? ""
        #expect(await world.send("GET", "/v1/revocations/\(id)").body["reason"] == "stolen")
        #expect(await world.send("GET", "/v1/principals/agent/bot").body["status"] == "revoked")
        let lift: JSONValue = ["statements": [.string(id)], "reason": "sorry"]
        #expect(await world.send("POST", "/v1/quarantines/lift", lift).code == "not_liftable")
        #expect(await world.send("DELETE", "/v1/principals/agent/bot").status == 200)
        #expect(await world.send("PUT", "/v1/principals/agent/bot", [:]).code == "revoked")
    }

    @Test("a quarantine is lifted by its statement") func quarantine() async {
        let world = AdminWorld()
        let body: JSONValue = ["principal": "agent/bot", "level": "restrict", "reason": "odd"]
        let made = await world.send("POST", "/v1/quarantines", body)
        #expect(await world.send("GET", "/v1/principals/agent/bot").body["status"] == "restricted")
        let lift: JSONValue = ["statements": [made.body["id"] ?? .null], "reason": "fine"]
        #expect(await world.send("POST", "/v1/quarantines/lift", lift).status == 200)
        #expect(await world.send("GET", "/v1/principals/agent/bot").body["status"] == "active")
        let statements = await world.send("GET", "/v1/revocations?subject=agent/bot")
        #expect(statements.body["items"]?.arrayValue?.first?["lift"]?["reason"] == "fine")
    }

    static func question(_ action: String = "read", _ id: String = "d1") -> JSONValue {
        ["principal": "agent/bot", "action": .string(action), "resource": ["type": "Doc", "id": .string(id)]]
    }

    @Test("a check explains what decided it, and is logged") func check() async {
        let world = AdminWorld()
        let allowed = await world.send("POST", "/v1/check", Self.question())
        #expect(allowed.body["decision"] == "allow")
        #expect(allowed.body["policies"]?.arrayValue?.first?["id"] == "readers")
        #expect(allowed.body["roles"] == ["reader"])
        #expect(allowed.body["age_ms"] == 0)
        let denied = await world.send("POST", "/v1/check", Self.question("read", "d2"))
        #expect(denied.body["decision"] == "deny")
        #expect(denied.body["code"] == "forbidden")
        #expect(world.log.entries.map(\.isAllowed) == [true, false])
        let found = await world.send("GET", "/v1/audit/decisions?result=deny")
        #expect(found.body["items"]?.arrayValue?.count == 1)
    }

    @Test("who may not explain gets the decision alone") func unexplained() async {
        let world = AdminWorld()
        let own = await world.send("POST", "/v1/check", Self.question(), token: world.botToken)
        #expect(own.body["decision"] == "allow")
        #expect(own.body["policies"] == nil)
        var other = Self.question().objectValue ?? []
        other[0] = JSONMember(name: "principal", value: "agent/other")
        let foreign = await world.send("POST", "/v1/check", .object(other), token: world.botToken)
        #expect(foreign.body["code"] == "not_authorized_for_subject")
    }

    @Test("a check that cannot be logged is a deny") func unlogged() async {
        let world = AdminWorld()
        world.log.fill()
        let answer = await world.send("POST", "/v1/check", Self.question())
        #expect(answer.body["decision"] == "deny")
        #expect(answer.body["code"] == "log_unavailable")
    }

    @Test("the history holds commands in order, refused ones included, and is searched") func audit() async {
        let world = AdminWorld()
        let first = await world.send("PUT", "/v1/roles/r", [:])
        _ = await world.send("DELETE", "/v1/roles/none")
        let all = await world.send("GET", "/v1/audit?from=\(first.revision ?? 0)").body["items"]?.arrayValue ?? []
        #expect(all.compactMap { $0["action"]?.stringValue } == ["putRole", "deleteRole"])
        #expect(all.last?["result"]?.stringValue?.hasPrefix("not_found") == true)
        let found = await world.send("GET", "/v1/audit?target=role/r")
        #expect(found.body["items"]?.arrayValue?.count == 1)
        var count = 0
        var target = "/v1/audit?limit=5"
        while true {
            let page = await world.send("GET", target)
            count += page.body["items"]?.arrayValue?.count ?? 0
            guard let next = page.body["next"]?.stringValue else { break }
            target = "/v1/audit?limit=5&cursor=\(next)"
        }
        #expect(count == Int(world.node.decisionState.snapshot.revision.number))
    }
}
