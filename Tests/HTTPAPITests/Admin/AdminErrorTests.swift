import Decision
import JSON
import Kernel
import Service
import TestSupport
import Testing

@testable import HTTPAPI

@Suite("Admin API: what is refused, and how") struct AdminErrorTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let what: String
        var method = "PUT"
        var path = "/v1/roles/a"
        var body: String? = "{}"
        var headers: [(String, String)] = []
        var status = 400
        let code: String
        var mentions = ""

        var testDescription: String { what }
    }

    static let cases = [
        Case(what: "no JSON", body: "{", code: "invalid_json", mentions: "line 1"),
        Case(what: "an empty body", body: "", code: "invalid_json"),
        Case(what: "deep JSON", body: String(repeating: "[", count: 100), code: "invalid_json", mentions: "deep"),
        Case(what: "a member twice", body: #"{"description":"a","description":"b"}"#, code: "invalid_json"),
        Case(what: "no object", body: "[]", code: "invalid_field", mentions: "must be an object"),
        Case(
            what: "an unknown field",
            body: #"{"colour":1}"#,
            code: "invalid_field",
            mentions: "colour: unknown field"
        ),
        Case(what: "a field of another type", body: #"{"parents":"x"}"#, code: "invalid_field", mentions: "parents"),
        Case(
            what: "an element of another type",
            body: #"{"parents":["reader",1]}"#,
            code: "invalid_field",
            mentions: "[1]"
        ),
        Case(
            what: "another media type",
            headers: [("Content-Type", "text/plain")],
            code: "unsupported_media_type"
        ),
        Case(
            what: "an unknown role",
            body: #"{"parents":["nowhere"]}"#,
            code: "unknown_reference",
            mentions: "nowhere"
        ),
        Case(what: "its own ancestor", path: "/v1/roles/reader", body: #"{"parents":["reader"]}"#, code: "cycle"),
        Case(what: "a name that is none", path: "/v1/roles/a%20b", code: "invalid"),
        Case(
            what: "an unknown kind of principal",
            path: "/v1/principals/robot/x",
            code: "invalid_request",
            mentions: "agent"
        ),
        Case(
            what: "an unknown kind in a list",
            method: "GET",
            path: "/v1/principals?kind=robot",
            body: nil,
            code: "invalid_request"
        ),
        Case(
            what: "a time without its zone",
            path: "/v1/assignments/x",
            body: #"{"principal":"agent/bot","role":"reader","expires_at":"2026-02-01T00:00:00"}"#,
            code: "invalid_field",
            mentions: "expires_at"
        ),
        Case(
            what: "an assignment of nobody",
            path: "/v1/assignments/x",
            body: #"{"role":"reader"}"#,
            code: "invalid_field",
            mentions: "principal: is missing"
        ),
        Case(
            what: "an attribute that is null",
            path: "/v1/resources/Doc/x",
            body: #"{"attributes":{"a":{"b":null}}}"#,
            code: "invalid_field",
            mentions: "attributes.a.b"
        ),
        Case(what: "a reserved resource type", path: "/v1/resources/Agent/x", code: "invalid"),
        Case(
            what: "an unknown query parameter",
            method: "GET",
            path: "/v1/roles?colour=1",
            body: nil,
            code: "invalid_request"
        ),
        Case(
            what: "a revision that is none",
            method: "GET",
            path: "/v1/roles?at_least=x",
            body: nil,
            code: "invalid_request"
        ),
        Case(
            what: "a consistency that is none",
            method: "GET",
            path: "/v1/roles?consistency=eventual",
            body: nil,
            code: "invalid_request"
        ),
        Case(
            what: "two kinds of consistency",
            method: "GET",
            path: "/v1/roles?consistency=linearizable&at_least=1",
            body: nil,
            code: "invalid_request"
        ),
        Case(
            what: "a path that is none",
            method: "GET",
            path: "/v1/nothing",
            body: nil,
            status: 404,
            code: "no_such_path"
        ),
        Case(
            what: "a path with too many parts",
            method: "GET",
            path: "/v1/roles/a/b",
            body: nil,
            status: 404,
            code: "no_such_path"
        ),
        Case(
            what: "a method that is none",
            method: "PATCH",
            status: 405,
            code: "method_not_allowed",
            mentions: "DELETE, GET, PUT"
        ),
        Case(
            what: "a role in use",
            method: "DELETE",
            path: "/v1/roles/reader",
            body: nil,
            status: 409,
            code: "in_use",
            mentions: "a1"
        ),
        Case(
            what: "settings out of bounds",
            path: "/v1/settings",
            body: #"{"maximum_age_ms":1}"#,
            code: "invalid_field",
            mentions: "3000"
        ),
        Case(
            what: "a bound of an action out of bounds",
            path: "/v1/settings",
            body: #"{"action_maximum_ages_ms":{"send":2999}}"#,
            code: "invalid_field",
            mentions: "action_maximum_ages_ms.send"
        ),
        Case(
            what: "a bound of no action",
            path: "/v1/settings",
            body: #"{"action_maximum_ages_ms":{"":5000}}"#,
            code: "invalid_field",
            mentions: "name of an action"
        ),
        Case(
            what: "a fingerprint that is none",
            path: "/v1/administrators/xyz",
            body: #"{"name":"x"}"#,
            code: "invalid_request"
        ),
    ]

    @Test("each has a stable code and says what is wrong", arguments: cases) func refused(bad: Case) async throws {
        let admin = try Administration()
        let before = admin.node.decisionState.snapshot.revision
        let answer = await admin.send(bad.method, bad.path, bad.body, headers: bad.headers)
        #expect(answer.status == bad.status && answer.code == bad.code, "\(answer.text)")
        #expect(answer.detail.contains(bad.mentions), "\(answer.detail)")
        #expect(answer.response.mediaType == "application/problem+json")
        #expect(answer.json["status"]?.integerValue == Int64(bad.status))
        #expect(answer.json["type"]?.stringValue == "about:blank")
        #expect(answer.json["title"]?.stringValue?.isEmpty == false)
        #expect(admin.node.decisionState.snapshot.revision <= before.next)
    }

    @Test("a wrong method says which are right") func allow() async throws {
        let answer = await (try Administration()).send("PATCH", "/v1/roles/a", "{}")
        #expect(answer.header("Allow") == "DELETE, GET, PUT")
    }

    @Test("HEAD is answered as GET") func head() async throws {
        #expect(await (try Administration()).send("HEAD", "/v1/roles/reader").status == 200)
    }

    @Test(
        "what the node cannot do has its status, and says when to come again",
        arguments: [
            (ServiceError(.unavailable, code: "no_leader", message: "?"), 503, true),
            (ServiceError(.outcomeUnknown, code: "outcome_unknown", message: "?"), 504, false),
            (ServiceError(.overloaded, code: "overloaded", message: "?"), 429, true),
            (ServiceError(.unavailable, code: "storage_full", message: "?"), 503, true),
            (ServiceError(.tooLarge, code: "too_large", message: "?"), 413, false),
        ]
    )
    func unavailable(error: ServiceError, status: Int, isToRetry: Bool) async throws {
        let admin = try Administration()
        admin.node.failSubmits(with: error)
        let answer = await admin.send("PUT", "/v1/roles/a", "{}")
        #expect(answer.status == status && answer.code == error.code)
        #expect((answer.header("Retry-After") != nil) == isToRetry)
    }

    @Test("a read waits for the revision that it must reflect, and not for ever") func atLeast() async throws {
        let admin = try Administration()
        let revision = try #require(await admin.send("PUT", "/v1/roles/a", "{}").revision)
        #expect(await admin.send("GET", "/v1/roles/a?at_least=\(revision)").status == 200)
        let early = await admin.send("GET", "/v1/roles/a?at_least=\(revision + 1)")
        #expect(early.status == 503 && early.code == "behind")
        #expect(early.header("Retry-After") == "1")
        let wait = try #require(admin.node.lastWait)
        #expect(wait.revision == LogIndex(UInt64(revision + 1)) && wait.timeout == .seconds(5))
        let check = #"{"principal":"agent/bot","action":"read","resource":{"type":"Doc","id":"d1"}}"#
        #expect(await admin.send("POST", "/v1/check?at_least=\(revision + 1)", check).code == "behind")
    }

    @Test("a linearizable read waits until the node is current, any other does not", arguments: kindsOfReads)
    func linearizable(path: String) async throws {
        let admin = try Administration()
        #expect(await admin.send("GET", "\(path)?consistency=linearizable").status == 200)
        admin.node.failSubmits(with: ServiceError(.unavailable, code: "no_leader", message: "nobody leads"))
        #expect(await admin.send("GET", "\(path)?consistency=local").status == 200)
        let refused = await admin.send("GET", "\(path)?consistency=linearizable")
        #expect(refused.status == 503 && refused.code == "no_leader")
    }

    /// One of each shape: a list, an object, what there is once.
    static let kindsOfReads = ["/v1/roles", "/v1/principals/agent/bot", "/v1/settings", "/v1/audit"]
}
