import JSON
import Kernel
import Service
import TestSupport
import Testing

@Suite("Admin API: who may, and bad requests") struct AdminAccessTests {
    @Test("without a credential nothing but health is answered", arguments: AdminAccessTests.targets)
    func anonymous(method: String, target: String) async {
        let answer = await AdminWorld().send(method, target, bytes: Array("{}".utf8), token: "")
        #expect(answer.status == 401, "\(method) \(target)")
        #expect(answer.header("WWW-Authenticate") != nil)
    }

    static let targets = [
        ("GET", "/v1/principals"), ("PUT", "/v1/roles/r"), ("GET", "/v1/audit"), ("GET", "/metrics"),
        ("GET", "/v1/node/status"), ("POST", "/v1/check"), ("POST", "/v1/revocations"),
    ]

    @Test("a principal without a policy in its favour neither reads nor writes") func unprivileged() async {
        let world = AdminWorld()
        for target in ["/v1/principals", "/v1/tokens", "/v1/audit", "/v1/audit/decisions", "/v1/cluster/status"] {
            #expect(await world.send("GET", target, token: world.botToken).status == 403, "\(target)")
        }
        let write = await world.send("PUT", "/v1/roles/r", [:], token: world.botToken)
        #expect(write.status == 403)
        #expect(write.code == "unauthorized")
    }

    @Test("a token that was never issued, is revoked or expired proves nothing") func badTokens() async {
        let world = AdminWorld()
        let unknown = TokenSecret.random().text
        #expect(await world.send("GET", "/v1/roles", token: unknown).status == 401)
        #expect(await world.send("PUT", "/v1/roles/r", [:], token: unknown).status == 401)
        #expect(await world.send("GET", "/v1/roles", token: "nonsense").code == "malformed_token")
        let revoke: JSONValue = ["subject": "token/root-token", "reason": "test"]
        #expect(await world.send("POST", "/v1/revocations", revoke).status == 201)
        #expect(await world.send("GET", "/v1/roles").code == "token_revoked")
        #expect(await world.send("PUT", "/v1/roles/r", [:]).code == "caller_revoked")
    }

    @Test("an unknown field is refused by its name") func unknownField() async {
        let answer = await AdminWorld().send("PUT", "/v1/principals/agent/x", ["atributes": [:]])
        #expect(answer.status == 400)
        #expect(answer.code == "invalid_field")
        #expect(answer.detail.hasPrefix("atributes: unknown field"))
    }

    @Test("a value of the wrong kind is refused with its place") func wrongKind() async {
        let world = AdminWorld()
        let body: JSONValue = ["attributes": ["a": ["b": [1, .null]]]]
        let answer = await world.send("PUT", "/v1/principals/agent/x", body)
        #expect(answer.detail.hasPrefix("attributes.a.b[1]: "))
        let parents = await world.send("PUT", "/v1/roles/r", ["parents": ["a", 7]])
        #expect(parents.detail.hasPrefix("parents[1]: must be text"))
    }

    @Test("bodies that are no acceptable JSON", arguments: ["", "{", "[]", "{\"a\":1,\"a\":2}", AdminAccessTests.deep])
    func badJSON(body: String) async {
        let world = AdminWorld()
        let answer = await world.send("PUT", "/v1/roles/r", bytes: Array(body.utf8), token: world.rootToken)
        #expect(answer.status == 400)
    }

    static let deep = String(repeating: "[", count: 100_000)

    @Test("paths, methods, queries and headers that do not exist") func malformed() async {
        let world = AdminWorld()
        #expect(await world.send("GET", "/v1/nothing").code == "no_such_path")
        let method = await world.send("PATCH", "/v1/roles/r")
        #expect(method.status == 405)
        #expect(method.header("Allow") == "DELETE, GET, PUT")
        #expect(await world.send("GET", "/v1/roles?limt=3").detail.contains("limt"))
        #expect(await world.send("GET", "/v1/roles?limit=0").status == 400)
        #expect(await world.send("GET", "/v1/roles?limit=1&limit=2").status == 400)
        #expect(await world.send("GET", "/v1/roles?cursor=zz").status == 400)
        #expect(await world.send("GET", "/v1/roles/%zz").status == 400)
        #expect(await world.send("PUT", "/v1/roles/r", [:], headers: [("If-Match", "12")]).status == 400)
        let types = [("Content-Type", "text/plain")]
        #expect(await world.send("PUT", "/v1/roles/r", [:], headers: types).code == "unsupported_media_type")
    }

    @Test("reads wait for their revision, and say when it does not come") func atLeast() async {
        let world = AdminWorld()
        #expect(await world.send("GET", "/v1/roles?at_least=999999").status == 503)
    }

    @Test("a write whose outcome is not known is no success") func outcomeUnknown() async {
        let world = AdminWorld()
        world.node.failSubmits(with: ServiceError(.outcomeUnknown, code: "outcome_unknown", message: "deadline"))
        let answer = await world.send("PUT", "/v1/roles/r", [:])
        #expect(answer.status == 504)
        #expect(answer.code == "outcome_unknown")
    }

    @Test("a node that has not caught up refuses reads and says so") func notServing() async {
        let world = AdminWorld()
        world.node.setServing(false)
        let answer = await world.send("GET", "/v1/roles")
        #expect(answer.status == 503)
        #expect(answer.header("Retry-After") == "1")
    }
}
