import JSON
import Testing

@testable import HTTPAPI

@Suite("Admin API: objects") struct AdminObjectTests {
    struct Kind: Sendable {
        let path: String
        let list: String
        let body: String
        let changed: String
    }

    static let kinds = [
        Kind(
            path: "/v1/principals/agent/new",
            list: "/v1/principals",
            body: #"{"owner":"service/gateway","description":"first","attributes":{"tier":2}}"#,
            changed: #"{"owner":"service/gateway","description":"second"}"#
        ),
        Kind(
            path: "/v1/roles/new",
            list: "/v1/roles",
            body: #"{"parents":["reader"],"description":"first"}"#,
            changed: #"{"description":"second"}"#
        ),
        Kind(
            path: "/v1/assignments/new",
            list: "/v1/assignments",
            body: #"{"principal":"agent/other","role":"reader","reason":"first"}"#,
            changed: #"{"principal":"agent/other","role":"reader","expires_at":"2026-02-01T00:00:00Z"}"#
        ),
        Kind(
            path: "/v1/resources/Doc/new",
            list: "/v1/resources",
            body: #"{"parents":[{"type":"Doc","id":"d2"}],"attributes":{"shared":true}}"#,
            changed: #"{"owner":"agent/bot"}"#
        ),
    ]

    @Test("are created, read, changed, listed and deleted", arguments: kinds) func life(kind: Kind) async throws {
        let admin = try Administration()
        let before = await admin.send("GET", kind.list).items.count
        let created = await admin.send("PUT", kind.path, kind.body)
        #expect(created.status == 200, "\(created.text)")
        #expect(created.tag == created.revision.map { "\"\($0)\"" })
        let found = await admin.send("GET", "\(kind.path)?at_least=\(created.revision ?? 0)")
        #expect(found.status == 200 && found.tag == created.tag)
        let asked = try JSONValue.parse(Array(kind.body.utf8)).objectValue ?? []
        for member in asked { #expect(found.json[member.name] == member.value) }

        let again = await admin.send("PUT", kind.path, kind.body)
        #expect(again.tag == created.tag, "what is as wished already has not changed")
        let changed = await admin.send("PUT", kind.path, kind.changed)
        #expect(changed.status == 200 && changed.tag != created.tag, "\(changed.text)")
        #expect(await admin.send("GET", kind.list).items.count == before + 1)

        #expect(await admin.send("DELETE", kind.path).status == 200)
        let gone = await admin.send("GET", kind.path)
        #expect(gone.status == 404 && gone.code == "not_found")
        let second = await admin.send("DELETE", kind.path)
        #expect(second.status == 404 && second.code == "not_found")
    }

    @Test("a principal is shown with its standing, assignments and statements") func principal() async throws {
        let admin = try Administration()
        await admin.send("POST", "/v1/quarantines", #"{"principal":"agent/bot","level":"restrict","reason":"odd"}"#)
        let bot = await admin.send("GET", "/v1/principals/agent/bot").json
        #expect(bot["status"]?.stringValue == "restricted")
        #expect(bot["assignments"]?.arrayValue?.first?["role"]?.stringValue == "reader")
        #expect(bot["statements"]?.arrayValue?.first?["reason"]?.stringValue == "odd")
    }

    @Test("lists are narrowed by what they are asked for") func filters() async throws {
        let admin = try Administration()
        func ids(_ path: String, _ member: String = "id") async -> [String?] {
            await admin.send("GET", path).items.map { $0[member]?.stringValue }
        }
        #expect(await ids("/v1/principals?kind=service") == ["service/gateway"])
        #expect(await ids("/v1/principals?prefix=bo") == ["agent/bot"])
        #expect(await ids("/v1/assignments?principal=agent/bot") == ["a1"])
        #expect(await ids("/v1/assignments?role=reader") == ["a1"])
        #expect(await ids("/v1/assignments?principal=agent/other") == [])
        #expect(await ids("/v1/resources?type=Doc") == ["d2"])
        #expect(await ids("/v1/resources?type=Other") == [])
        #expect(await ids("/v1/tokens?principal=agent/bot") == ["t1"])
        let both = await admin.send("GET", "/v1/assignments?principal=agent/bot&role=reader")
        #expect(both.status == 400 && both.code == "invalid_request")
    }

    @Test("a list comes in pages, each element once and in order") func pages() async throws {
        let admin = try Administration()
        let names = (0..<7).map { "p\($0)" }
        for name in names { await admin.send("PUT", "/v1/roles/\(name)", "{}") }
        var found: [String?] = []
        var counts: [Int] = []
        var next: String? = ""
        while let cursor = next {
            let page = await admin.send(
                "GET",
                "/v1/roles?prefix=p&limit=3" + (cursor.isEmpty ? "" : "&cursor=\(cursor)")
            )
            found += page.items.map { $0["name"]?.stringValue }
            counts.append(page.items.count)
            next = page.json["next"]?.stringValue
        }
        #expect(found == names)
        #expect(counts == [3, 3, 1])
    }

    @Test("a cursor reaches nothing outside its list") func foreignCursor() async throws {
        let admin = try Administration()
        for name in ["a", "b"] { await admin.send("PUT", "/v1/roles/\(name)", "{}") }
        let cursor = try #require(await admin.send("GET", "/v1/roles?limit=1").json["next"]?.stringValue)
        for list in ["/v1/tokens", "/v1/policy-sets", "/v1/principals"] {
            let page = await admin.send("GET", "\(list)?cursor=\(cursor)")
            #expect(page.status == 200)
            #expect(page.items.allSatisfy { $0["parents"] == nil })
        }
        for bad in ["xyz", "abc", String(repeating: "00", count: 1025)] {
            #expect(await admin.send("GET", "/v1/roles?cursor=\(bad)").code == "invalid_request")
        }
    }

    @Test("a limit out of bounds is refused", arguments: ["0", "1001", "-1", "x", ""]) func limits(limit: String)
        async throws
    {
        let answer = await (try Administration()).send("GET", "/v1/roles?limit=\(limit)")
        #expect(answer.status == 400 && answer.code == "invalid_request")
    }

    @Test("a name with a slash is one segment when it is encoded") func encodedNames() async throws {
        let admin = try Administration()
        let put = await admin.send("PUT", "/v1/resources/Doc/a%2Fb%20%C3%BC", "{}")
        #expect(put.status == 200, "\(put.text)")
        #expect(await admin.send("GET", "/v1/resources/Doc/a%2Fb%20%C3%BC").json["id"]?.stringValue == "a/b ü")
        for bad in ["/v1/roles/%zz", "/v1/roles/%f", "/v1/roles/%ff", "v1/roles", "/v1/roles?limit=1&limit=2"] {
            let answer = await admin.send("GET", bad)
            #expect(answer.status == 400 && answer.code == "invalid_request", "\(bad)")
        }
    }
}
