import JSON
import TestSupport
import Testing

@testable import HTTPAPI

@Suite("Admin API: policies") struct AdminPolicyTests {
    let admin: Administration
    let set = "/v1/policy-sets/new"
    let permit = #"{"text":"@id(\"p\") permit (principal, action, resource);","note":"first"}"#

    init() throws { admin = try Administration() }

    @Test("are drafted, activated, replaced, rolled back and deleted") func life() async {
        let first = await admin.send("POST", "\(set)/versions", permit)
        #expect(first.status == 201 && first.json["version"]?.integerValue == 1)
        #expect(await admin.send("GET", set).json["active_version"]?.isNull == true)
        #expect(await admin.send("POST", "\(set)/activate", #"{"version":1}"#).status == 200)
        let second = await admin.send("POST", "\(set)/versions", permit.replacing("permit", with: "forbid"))
        #expect(second.json["version"]?.integerValue == 2)
        #expect(await admin.send("POST", "\(set)/activate", #"{"version":2}"#).status == 200)
        #expect(await admin.send("GET", set).json["active_version"]?.integerValue == 2)

        let old = await admin.send("GET", "\(set)/versions/1").json
        #expect(old["state"]?.stringValue == "superseded" && old["note"]?.stringValue == "first")
        #expect(old["text"]?.stringValue == "@id(\"p\") permit (principal, action, resource);")
        let versions = await admin.send("GET", "\(set)/versions").items
        #expect(versions.map { $0["version"]?.integerValue } == [1, 2])
        #expect(versions.allSatisfy { $0["text"] == nil })

        #expect(await admin.send("POST", "\(set)/activate", #"{"version":1}"#).status == 200)
        #expect(await admin.send("GET", set).json["active_version"]?.integerValue == 1)
        #expect(await admin.send("DELETE", set).status == 200)
        for path in [set, "\(set)/versions/1"] { #expect(await admin.send("GET", path).status == 404) }
        #expect(
            await admin.send("GET", "/v1/policy-sets").items.map { $0["name"]?.stringValue } == [
                "reeve.admin", "sample",
            ]
        )
    }

    @Test("that are not valid are refused with the place") func invalid() async {
        let answer = await admin.send(
            "POST",
            "\(set)/versions",
            #"{"text":"permit (principal, action, resource);\nforbid (x);"}"#
        )
        #expect(answer.status == 400 && answer.code == "invalid_policy")
        #expect(answer.detail.contains("line 2, column 9"), "\(answer.detail)")
        #expect(await admin.send("GET", set).status == 404)
        #expect(await admin.send("POST", "\(set)/versions", "{}").detail == "text: is missing")
        let reserved = await admin.send("POST", "/v1/policy-sets/reeve.other/versions", permit)
        #expect(reserved.status == 400 && reserved.code == "invalid")
    }

    @Test("are looked at for those alone who may draft them") func unauthorized() async {
        let bot = Administration.Caller.token(admin.sample.botToken)
        for text in ["forbid (x);", "permit (principal, action, resource);"] {
            let answer = await admin.send("POST", "\(set)/versions", #"{"text":"\#(text)"}"#, by: bot)
            #expect(answer.status == 403 && answer.code == "no_permit")
            #expect(answer.detail.contains("draftPolicies"))
        }
        #expect(await admin.send("POST", "\(set)/versions", "not JSON", by: bot).status == 403)
        #expect(await admin.send("GET", set).status == 404)
    }

    @Test("are authorized by whether the set is there") func authorizedByContext() async {
        let path = "/v1/policy-sets/reeve.admin"
        let rules = """
            permit (principal is Reeve::Administrator, action, resource); \
            permit (principal, action == Reeve::Action::\\"draftPolicies\\", resource) unless { context.exists };
            """
        let draft = await admin.send("POST", "\(path)/versions", #"{"text":"\#(rules)"}"#)
        let version = draft.json["version"]?.integerValue ?? 0
        #expect(await admin.send("POST", "\(path)/activate", #"{"version":\#(version)}"#).status == 200)
        let bot = Administration.Caller.token(admin.sample.botToken)
        let first = await admin.send("POST", "\(set)/versions", permit, by: bot)
        #expect(first.status == 201, "\(first.text)")
        let second = await admin.send("POST", "\(set)/versions", permit, by: bot)
        #expect(second.status == 403 && second.code == "no_permit")
    }

    @Test("that may fail or never apply are drafted with warnings, and not when that is asked for") func warnings()
        async
    {
        let text = "permit (principal is Agent, action, resource)\\nwhen { principal.team == 1 };"
        let answer = await admin.send("POST", "\(set)/versions", #"{"text":"\#(text)"}"#)
        #expect(answer.status == 201)
        let message = "Agent may have no attribute \"team\"; test it with `has` before"
        #expect(
            answer.json["warnings"] == [
                [
                    "policy": "policy0", "severity": "error", "line": 2, "column": 8, "length": 14,
                    "message": .string(message),
                ]
            ]
        )
        let strict = await admin.send("POST", "\(set)/versions", #"{"text":"\#(text)","strict":true}"#)
        #expect(strict.status == 400 && strict.code == "invalid_policy")
        #expect(strict.detail == "line 2, column 8: \(message)")
        #expect(await admin.send("GET", "\(set)/versions").items.count == 1)
        let good = await admin.send("POST", "\(set)/versions", "\(permit.dropLast()),\"strict\":true}")
        #expect(good.status == 201 && good.json["warnings"] == [])
    }

    @Test("that are not there cannot be activated") func missing() async {
        #expect(await admin.send("POST", "\(set)/activate", #"{"version":1}"#).code == "not_found")
        await admin.send("POST", "\(set)/versions", permit)
        #expect(await admin.send("POST", "\(set)/activate", #"{"version":9}"#).code == "not_found")
        #expect(await admin.send("POST", "\(set)/activate", #"{"version":0}"#).code == "invalid_field")
        #expect(await admin.send("GET", "\(set)/versions/9").code == "not_found")
        #expect(await admin.send("GET", "\(set)/versions/x").code == "invalid_request")
        #expect(await admin.send("DELETE", "/v1/policy-sets/none").code == "not_found")
    }

    @Test("that would lock everybody out are not activated, and those in force stay") func lockout() async {
        let path = "/v1/policy-sets/reeve.admin"
        let draft = await admin.send("POST", "\(path)/versions", #"{"text":"forbid (principal, action, resource);"}"#)
        let version = draft.json["version"]?.integerValue ?? 0
        let answer = await admin.send("POST", "\(path)/activate", #"{"version":\#(version)}"#)
        #expect(answer.status == 409 && answer.code == "lockout")
        #expect(await admin.send("DELETE", path).code == "lockout")
        #expect(await admin.send("PUT", "/v1/roles/a", "{}").status == 200)
    }
}

@Suite("Admin API: tokens, revocations, quarantines") struct AdminRevocationTests {
    let admin: Administration

    init() throws { admin = try Administration() }

    @Test("a token's secret is in the one answer that issues it") func token() async throws {
        let body = #"{"principal":"agent/bot","expires_at":"2026-01-02T00:00:00Z","id":"t9","description":"ci"}"#
        let key = [("Idempotency-Key", "issue")]
        let issued = await admin.send("POST", "/v1/tokens", body, headers: key)
        #expect(issued.status == 201 && issued.json["id"]?.stringValue == "t9")
        let secret = try #require(issued.json["token"]?.stringValue)
        for path in ["/v1/tokens", "/v1/tokens/t9", "/v1/audit"] {
            let answer = await admin.send("GET", path)
            #expect(answer.status == 200 && !answer.text.contains(secret))
        }
        #expect(await admin.send("GET", "/v1/tokens/t9").json["description"]?.stringValue == "ci")
        #expect(await admin.send("GET", "/metrics", by: .token(secret)).status == 200)
        let retry = await admin.send("POST", "/v1/tokens", body, headers: key)
        #expect(retry.status == 409 && retry.code == "token_already_issued")
        #expect(await admin.send("POST", "/v1/tokens", body).code == "already_exists")
        #expect(await admin.send("DELETE", "/v1/tokens/t9").status == 200)
        #expect(await admin.send("GET", "/metrics", by: .token(secret)).code == "token_unknown")
    }

    @Test(
        "a token needs a holder and an end that lies ahead",
        arguments: [
            (#"{"principal":"agent/bot"}"#, "invalid_field"),
            (#"{"expires_at":"2026-01-02T00:00:00Z"}"#, "invalid_field"),
            (#"{"principal":"agent/none","expires_at":"2026-01-02T00:00:00Z"}"#, "unknown_reference"),
            (#"{"principal":"agent/bot","expires_at":"2025-01-01T00:00:00Z"}"#, "invalid"),
        ]
    )
    func badTokens(body: String, code: String) async {
        let answer = await admin.send("POST", "/v1/tokens", body)
        #expect(answer.status == 400 && answer.code == code, "\(answer.text)")
    }

    @Test("a revocation is for ever and can be read") func revocation() async throws {
        let made = await admin.send("POST", "/v1/revocations", #"{"subject":"agent/bot","reason":"leaked"}"#)
        #expect(made.status == 201)
        let id = try #require(made.json["id"]?.stringValue)
        #expect(await admin.send("GET", "/v1/revocations/\(id)").json["reason"]?.stringValue == "leaked")
        for list in ["/v1/revocations", "/v1/revocations?subject=agent/bot"] {
            #expect(await admin.send("GET", list).items.map { $0["id"]?.stringValue } == [id])
        }
        #expect(await admin.send("GET", "/v1/revocations?subject=agent/other").items.isEmpty)
        let back = await admin.send("PUT", "/v1/principals/agent/bot", "{}")
        #expect(back.status == 409 && back.code == "revoked")
        let lift = await admin.send("POST", "/v1/quarantines/lift", #"{"statements":["\#(id)"],"reason":"no"}"#)
        #expect(lift.status == 400 && lift.code == "not_liftable")
    }

    @Test("a quarantine is lifted by the statements that made it") func quarantine() async throws {
        let made = await admin.send("POST", "/v1/quarantines", #"{"principal":"agent/bot","reason":"odd"}"#)
        let id = try #require(made.json["id"]?.stringValue)
        #expect(made.status == 201)
        #expect(await admin.send("GET", "/v1/principals/agent/bot").json["status"]?.stringValue == "quarantined")
        let lifted = await admin.send("POST", "/v1/quarantines/lift", #"{"statements":["\#(id)"],"reason":"fine"}"#)
        #expect(lifted.status == 200)
        #expect(await admin.send("GET", "/v1/principals/agent/bot").json["status"]?.stringValue == "active")
        #expect(await admin.send("GET", "/v1/revocations/\(id)").json["lift"]?["reason"]?.stringValue == "fine")
    }

    @Test(
        "what is malformed or unknown is refused",
        arguments: [
            ("/v1/revocations", #"{"subject":"bot","reason":"x"}"#, "invalid_field"),
            ("/v1/revocations", #"{"subject":"agent/bot"}"#, "invalid_field"),
            ("/v1/quarantines", #"{"principal":"agent/bot","level":"jail","reason":"x"}"#, "invalid_field"),
            ("/v1/quarantines/lift", #"{"statements":["xyz"],"reason":"x"}"#, "invalid_field"),
        ]
    )
    func malformed(path: String, body: String, code: String) async {
        let answer = await admin.send("POST", path, body)
        #expect(answer.status == 400 && answer.code == code, "\(answer.text)")
    }

    @Test("statements that are not there are not found") func missing() async {
        let id = String(repeating: "a", count: 64)
        #expect(await admin.send("GET", "/v1/revocations/\(id)").code == "not_found")
        #expect(await admin.send("GET", "/v1/revocations/xyz").code == "invalid_request")
        let lift = await admin.send("POST", "/v1/quarantines/lift", #"{"statements":["\#(id)"],"reason":"x"}"#)
        #expect(lift.status == 404 && lift.code == "not_found")
    }
}
