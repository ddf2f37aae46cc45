import JSON
import Testing

@Suite("Admin API: objects") struct AdminObjectTests {
    @Test("what is put can be read, with its entity tag") func putAndGet() async {
        let world = AdminWorld()
        let spec: JSONValue = ["owner": "agent/bot", "attributes": ["team": "finance", "limits": [1, 2]]]
        let put = await world.send("PUT", "/v1/principals/agent/new", spec)
        #expect(put.status == 200)
        let got = await world.send("GET", "/v1/principals/agent/new?at_least=\(put.revision ?? 0)")
        #expect(got.status == 200)
        #expect(got.body["owner"] == "agent/bot")
        #expect(got.body["attributes"] == ["limits": [1, 2], "team": "finance"])
        #expect(got.body["status"] == "active")
        #expect(got.header("ETag") == "\"\(put.revision ?? 0)\"")
    }

    @Test("an equal object changes nothing and keeps its tag") func unchanged() async {
        let world = AdminWorld()
        let first = await world.send("PUT", "/v1/roles/r", ["description": "one"])
        let second = await world.send("PUT", "/v1/roles/r", ["description": "one"])
        #expect(second.body["object_revision"] == first.body["object_revision"])
        #expect(second.revision != first.revision)
    }

    @Test("a write under a stale tag is refused") func precondition() async {
        let world = AdminWorld()
        let first = await world.send("PUT", "/v1/roles/r", ["description": "one"])
        let tag = first.header("ETag") ?? ""
        let second = await world.send("PUT", "/v1/roles/r", ["description": "two"], headers: [("If-Match", tag)])
        #expect(second.status == 200)
        let third = await world.send("PUT", "/v1/roles/r", ["description": "three"], headers: [("If-Match", tag)])
        #expect(third.status == 412)
        #expect(third.code == "revision_mismatch")
        let fourth = await world.send("PUT", "/v1/roles/r", [:], headers: [("If-None-Match", "*")])
        #expect(fourth.code == "already_exists")
    }

    @Test("a retry under its key applies once, another body is a conflict") func idempotency() async {
        let world = AdminWorld()
        let key = [("Idempotency-Key", "k-1")]
        let first = await world.send("PUT", "/v1/roles/r", ["description": "one"], headers: key)
        let retry = await world.send("PUT", "/v1/roles/r", ["description": "one"], headers: key)
        #expect(retry.revision == first.revision)
        let other = await world.send("PUT", "/v1/roles/r", ["description": "two"], headers: key)
        #expect(other.status == 409)
        #expect(other.code == "idempotency_conflict")
    }

    @Test("a command past its not-after is refused") func notAfter() async {
        let world = AdminWorld()
        let late = await world.send("PUT", "/v1/roles/r", [:], headers: [("Reeve-Not-After", "2001-01-01T00:00:00Z")])
        #expect(late.status == 400)
        #expect(late.code == "late")
    }

    @Test("deleting what is not there is an error, and what is used as well") func delete() async {
        let world = AdminWorld()
        #expect(await world.send("DELETE", "/v1/roles/none").status == 404)
        #expect(await world.send("DELETE", "/v1/roles/reader").code == "in_use")
        #expect(await world.send("DELETE", "/v1/assignments/a1").status == 200)
        #expect(await world.send("DELETE", "/v1/roles/reader").status == 200)
        #expect(await world.send("GET", "/v1/roles/reader").status == 404)
    }

    @Test("pages follow each other and miss nothing") func pages() async {
        let world = AdminWorld()
        for index in 0..<25 { #expect(await world.send("PUT", "/v1/roles/x\(index)", [:]).status == 200) }
        var names: [String] = []
        var target = "/v1/roles?limit=10&prefix=x"
        for _ in 0..<3 {
            let page = await world.send("GET", target)
            names += (page.body["items"]?.arrayValue ?? []).compactMap { $0["name"]?.stringValue }
            target = "/v1/roles?limit=10&prefix=x&cursor=\(page.body["next"]?.stringValue ?? "")"
        }
        #expect(names == (0..<25).map { "x\($0)" }.sorted())
        #expect(target.hasSuffix("cursor="))
    }

    @Test("ids may hold slashes and any text") func encodedIDs() async {
        let world = AdminWorld()
        let put = await world.send("PUT", "/v1/resources/Doc/a%2Fb%20%C3%BC", ["attributes": ["n": 1]])
        #expect(put.status == 200)
        #expect(await world.send("GET", "/v1/resources/Doc/a%2Fb%20%C3%BC").body["id"] == "a/b ü")
    }

    @Test("assignments are found by principal and by role") func assignments() async {
        let world = AdminWorld()
        for query in ["principal=agent/bot", "role=reader", "prefix=a"] {
            let found = await world.send("GET", "/v1/assignments?\(query)")
            #expect(found.body["items"]?.arrayValue?.first?["id"] == "a1", "\(query)")
        }
        #expect(await world.send("GET", "/v1/assignments?principal=agent/bot&role=reader").status == 400)
    }

    @Test("drafts and activations are versions, and a bad text says where") func policies() async {
        let world = AdminWorld()
        let bad = await world.send("POST", "/v1/policy-sets/p/versions", ["text": "permit (principal, action)"])
        #expect(bad.code == "invalid_policy")
        #expect(bad.detail.hasPrefix("line 1, column "))
        let text = "permit (principal, action, resource);"
        let draft = await world.send("POST", "/v1/policy-sets/p/versions", ["text": .string(text)])
        #expect(draft.status == 201)
        #expect(draft.body["version"] == 1)
        #expect(await world.send("GET", "/v1/policy-sets/p").body["active_version"] == .null)
        #expect(await world.send("POST", "/v1/policy-sets/p/activate", ["version": 1]).status == 200)
        #expect(await world.send("GET", "/v1/policy-sets/p").body["active_version"] == 1)
        #expect(await world.send("GET", "/v1/policy-sets/p/versions/1").body["text"] == .string(text))
    }

    @Test("an activation that locks everybody out is refused") func lockout() async {
        let world = AdminWorld()
        let text: JSONValue = ["text": "forbid (principal, action, resource);"]
        let draft = await world.send("POST", "/v1/policy-sets/reeve.admin/versions", text)
        let body: JSONValue = ["version": draft.body["version"] ?? .null]
        let activation = await world.send("POST", "/v1/policy-sets/reeve.admin/activate", body)
        #expect(activation.status == 409)
        #expect(activation.code == "lockout")
    }

    @Test("settings are read and changed") func settings() async {
        let world = AdminWorld()
        let before = await world.send("GET", "/v1/settings")
        #expect(before.body["maximum_age_ms"] == 300_000)
        let change: JSONValue = ["maximum_age_ms": 60_000]
        #expect(await world.send("PUT", "/v1/settings", change).status == 200)
        #expect(await world.send("GET", "/v1/settings").body["maximum_age_ms"] == 60_000)
        #expect(await world.send("PUT", "/v1/settings", ["maximum_age_ms": 1]).code == "invalid_field")
    }
}
