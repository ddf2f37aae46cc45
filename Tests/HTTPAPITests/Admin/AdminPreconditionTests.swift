import Directory
import JSON
import Kernel
import TestSupport
import Testing

@testable import HTTPAPI

@Suite("Admin API: preconditions and retries") struct AdminPreconditionTests {
    let admin: Administration

    init() throws { admin = try Administration() }

    @discardableResult
    func put(_ description: String, _ headers: (String, String)..., name: String = "r") async -> Administration.Answer {
        await admin.send("PUT", "/v1/roles/\(name)", #"{"description":"\#(description)"}"#, headers: headers)
    }

    @Test("If-None-Match: * creates and never replaces") func create() async {
        #expect(await put("1", ("If-None-Match", "*")).status == 200)
        let second = await put("2", ("If-None-Match", "*"))
        #expect(second.status == 412 && second.code == "precondition_failed")
        #expect(second.response.mediaType == "application/problem+json")
        #expect(await admin.send("GET", "/v1/roles/r").json["description"]?.stringValue == "1")
    }

    @Test("If-Match: * replaces and never creates") func mustExist() async {
        let absent = await put("1", ("If-Match", "*"))
        #expect(absent.status == 412 && absent.code == "precondition_failed")
        await put("1")
        #expect(await put("2", ("If-Match", "*")).status == 200)
    }

    @Test("an entity tag guards an update and a deletion") func tag() async throws {
        let tag = try #require(await put("1").tag)
        let updated = await put("2", ("If-Match", tag))
        #expect(updated.status == 200)
        let stale = await put("3", ("If-Match", tag))
        #expect(stale.status == 412 && stale.code == "revision_mismatch")
        #expect(await admin.send("DELETE", "/v1/roles/r", headers: [("If-Match", tag)]).status == 412)
        let current = try #require(updated.tag)
        #expect(await admin.send("DELETE", "/v1/roles/r", headers: [("If-Match", current)]).status == 200)
        #expect(await put("1", ("If-Match", current)).code == "revision_mismatch")
    }

    @Test("conditions hold for policies and settings too") func others() async {
        let draft = #"{"text":"permit (principal, action, resource);"}"#
        let path = "/v1/policy-sets/sample"
        let drafted = await admin.send("POST", "\(path)/versions", draft, headers: [("If-None-Match", "*")])
        #expect(drafted.status == 412)
        let activated = await admin.send(
            "POST",
            "\(path)/activate",
            #"{"version":1}"#,
            headers: [("If-Match", "\"1\"")]
        )
        #expect(activated.status == 412)
        #expect(await admin.send("DELETE", path, headers: [("If-Match", "\"1\"")]).status == 412)
        #expect(await admin.send("PUT", "/v1/settings", "{}", headers: [("If-Match", "\"99\"")]).status == 412)
        #expect(await admin.send("PUT", "/v1/settings", "{}", headers: [("If-Match", "\"1\"")]).status == 200)
    }

    @Test("without the condition a deletion of nothing is 404, with it too") func absent() async {
        for headers in [[], [("If-Match", "*")], [("If-Match", "\"1\"")]] as [[(String, String)]] {
            #expect(await admin.send("DELETE", "/v1/roles/none", headers: headers).status == 404)
        }
    }

    @Test(
        "tags that no answer has match nothing, as weak ones do",
        arguments: ["W/\"REVISION\"", "\"other\"", "\"0REVISION\"", "\"+REVISION\"", "W/\"1\", \"x,y\"", "\"\""]
    )
    func noMatch(tags: String) async throws {
        let tag = try #require(await put("1").tag).dropFirst().dropLast()
        let answer = await put("2", ("If-Match", tags.replacing("REVISION", with: tag)))
        #expect(answer.status == 412 && answer.code == "revision_mismatch")
    }

    @Test("in a list one tag may match") func list() async throws {
        let tag = try #require(await put("1").tag)
        #expect(await put("2", ("If-Match", "W/\"1\" , \(tag)")).status == 200)
        #expect(await put("3", ("If-Match", "\"1\",\"2\"")).code == "invalid_request")
    }

    @Test(
        "what is no list of tags is refused",
        arguments: ["42", "\"42", "42\"", "\"42\",", ",\"42\"", "w/\"42\"", "\"4 2\"", "*,\"1\"", ""]
    )
    func malformed(value: String) async {
        #expect(await put("1", ("If-Match", value)).code == "invalid_request")
    }

    @Test("other conditions are refused rather than ignored") func refused() async {
        #expect(await put("1", ("If-None-Match", "\"42\"")).code == "invalid_request")
        #expect(await put("1", ("If-Match", "*"), ("If-None-Match", "*")).code == "invalid_request")
        #expect(await put("1", ("If-Match", "*"), ("If-Match", "*")).code == "invalid_request")
        let path = "/v1/administrators/" + String(repeating: "a", count: 64)
        for method in ["PUT", "DELETE"] {
            let answer = await admin.send(method, path, #"{"name":"x"}"#, headers: [("If-Match", "*")])
            #expect(answer.code == "invalid_request")
        }
    }

    @Test("on every route that heeds none, too") func heededNowhereElse() async {
        for route in AdminAPI.routes where route.method != "GET" && !route.takesPreconditions && route.access != .edge {
            let path = route.pattern.map { segment in
                switch segment {
                case .literal(let text): "/" + text
                case .parameter: "/x"
                }
            }.joined()
            let caller: Administration.Caller = route.access == .open ? .nobody : .administrator
            let answer = await admin.send(route.method, path, "{}", headers: [("If-Match", "\"41\"")], by: caller)
            #expect(answer.detail.contains("takes neither If-Match"), "\(route.method) \(path): \(answer.text)")
        }
    }

    @Test("a header on which the answer depends is given once") func ambiguous() async {
        let twice = [("Authorization", "Bearer x"), ("Authorization", "Bearer y")]
        let answer = await admin.send("GET", "/v1/roles", headers: twice)
        #expect(answer.status == 400 && answer.code == "ambiguous_header")
    }

    @Test("a retry of what draws a secret says that the first attempt has shown it") func drawn() async throws {
        let key = ("Idempotency-Key", "t1")
        let body = #"{"principal":"agent/bot","expires_at":"2026-01-01T12:00:00Z"}"#
        let first = await admin.send("POST", "/v1/tokens", body, headers: [key])
        #expect(first.status == 201, "\(first.text)")
        let retried = await admin.send("POST", "/v1/tokens", body, headers: [key])
        #expect(retried.status == 409 && retried.code == "token_already_issued", "\(retried.text)")
    }

    @Test("a retry under its key has one effect, another body is a conflict") func retry() async {
        let key = ("Idempotency-Key", "k1")
        let first = await put("1", key)
        #expect(first.json["idempotency_key"]?.stringValue == "k1")
        await put("2")
        let retried = await put("1", key)
        #expect(retried.status == 200 && retried.revision == first.revision)
        #expect(await admin.send("GET", "/v1/roles/r").json["description"]?.stringValue == "2")
        let other = await put("3", key)
        #expect(other.status == 409 && other.code == "idempotency_conflict")
        #expect(await put("1", ("Idempotency-Key", "two words")).code == "invalid_idempotency_key")
        #expect(await put("1", key, key).code == "invalid_request")
    }

    @Test("a refused precondition is what its retry gets, too") func refusedRetry() async {
        await put("1")
        let headers = [("If-None-Match", "*"), ("Idempotency-Key", "k2")]
        for _ in 0..<2 {
            #expect(await admin.send("PUT", "/v1/roles/r", "{}", headers: headers).code == "precondition_failed")
            await admin.send("DELETE", "/v1/roles/r")
        }
    }

    @Test("a command is not carried out after the time that its caller gave it") func notAfter() async {
        let late = await put("1", ("Reeve-Not-After", "2025-12-31T23:59:59Z"))
        #expect(late.status == 400 && late.code == "late")
        let far = await put("1", ("Reeve-Not-After", "2026-01-03T00:00:00Z"))
        #expect(far.status == 400 && far.code == "not_after_too_far")
        #expect(await put("1", ("Reeve-Not-After", "tomorrow")).code == "invalid_request")
        #expect(await put("1", ("Reeve-Not-After", "2026-01-01T00:01:00Z")).status == 200)
        #expect(admin.node.lastCommand?.notAfter == WallTime(milliseconds: 1_767_225_660_000))
    }
}
