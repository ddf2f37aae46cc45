import AsyncHTTPClient
import ClusterSupport
import Foundation
import NIOCore
import NIOPosix
import Testing

/// What must be refused clearly and disturb nobody. One cluster serves all cases of a test.
@Suite("A cluster under bad input", .serialized) struct BadInputTests {
    struct Case: Sendable {
        let what: String
        let method: String
        let path: String
        let body: String
        var headers: [(String, String)] = []
        let status: Int
        let mentions: String
    }

    static let adminCases = [
        Case(what: "not JSON", method: "PUT", path: "/v1/roles/a", body: "{", status: 400, mentions: "JSON"),
        Case(
            what: "unknown field",
            method: "PUT",
            path: "/v1/roles/a",
            body: #"{"colour": 1}"#,
            status: 400,
            mentions: "colour"
        ),
        Case(
            what: "deep JSON",
            method: "PUT",
            path: "/v1/roles/a",
            body: String(repeating: "[", count: 5000),
            status: 400,
            mentions: "JSON"
        ),
        Case(
            what: "oversized body",
            method: "PUT",
            path: "/v1/roles/a",
            body: #"{"description": ""# + String(repeating: "x", count: 2 << 20) + #""}"#,
            status: 413,
            mentions: ""
        ),
        Case(
            what: "unknown role",
            method: "PUT",
            path: "/v1/assignments/x",
            body: #"{"principal": "agent/a", "role": "nowhere"}"#,
            status: 400,
            mentions: ""
        ),
        Case(
            what: "policy that does not parse",
            method: "POST",
            path: "/v1/policy-sets/p/versions",
            body: #"{"text": "permit(principal action, resource);"}"#,
            status: 400,
            mentions: "line 1"
        ),
        Case(what: "unknown path", method: "GET", path: "/v1/nothing", body: "", status: 404, mentions: ""),
        Case(what: "wrong method", method: "PATCH", path: "/v1/roles/a", body: "{}", status: 405, mentions: ""),
        Case(
            what: "precondition that does not hold",
            method: "PUT",
            path: "/v1/roles/kept",
            body: #"{"description": "2"}"#,
            headers: [("If-None-Match", "*")],
            status: 412,
            mentions: "precondition_failed"
        ),
        Case(
            what: "key with another body",
            method: "PUT",
            path: "/v1/roles/kept",
            body: #"{"description": "3"}"#,
            headers: [("Idempotency-Key", "used")],
            status: 409,
            mentions: "idempotency_conflict"
        ),
    ]

    @Test("is refused by the admin port with a reason") func admin() async throws {
        try await withCluster { cluster in
            let first = try await cluster.admin(
                "PUT",
                "/v1/roles/kept",
                body: "{}",
                headers: [("Idempotency-Key", "used")],
                at: "n1"
            )
            #expect((200..<300).contains(first.status), "\(first.body)")
            for node in ["n1", "n2"] {
                for bad in Self.adminCases {
                    let answer = try await cluster.admin(
                        bad.method,
                        bad.path,
                        body: bad.body.isEmpty ? nil : bad.body,
                        headers: bad.headers,
                        at: node
                    )
                    #expect(
                        answer.status == bad.status,
                        "\(bad.what) at \(node): \(answer.status) \(answer.body.prefix(300))"
                    )
                    #expect(
                        bad.mentions.isEmpty || answer.body.contains(bad.mentions),
                        "\(bad.what) at \(node): \(answer.body.prefix(300))"
                    )
                }
            }
            try await Self.lockout(cluster)
            try await Self.strangers(cluster)
            try await Self.garbage(cluster)
            try await cluster.ready(within: 5)
        }
    }

    /// Nobody could activate policies any more.
    private static func lockout(_ cluster: TestCluster) async throws {
        let text = #"{"text": "forbid(principal, action, resource);"}"#
        let draft = try await cluster.admin("POST", "/v1/policy-sets/reeve.admin/versions", body: text, at: "n1")
        let version = try #require(draft.value("version"), "\(draft.body)")
        let answer = try await cluster.admin(
            "POST",
            "/v1/policy-sets/reeve.admin/activate",
            body: #"{"version": \#(version)}"#,
            at: "n1"
        )
        #expect(answer.status == 409 && answer.body.contains("lockout"), "\(answer.status) \(answer.body)")
    }

    /// A certificate of another trust domain, and none at all.
    private static func strangers(_ cluster: TestCluster) async throws {
        let other = try TestCluster()
        let stranger = try TestCluster.client(
            roots: cluster.folder.appending(path: "roots.crt"),
            certificate: other.folder.appending(path: "admin/admin.crt"),
            key: other.folder.appending(path: "admin/admin.key")
        )
        let nobody = try TestCluster.client(
            roots: cluster.folder.appending(path: "roots.crt"),
            certificate: nil,
            key: nil
        )
        let refused = try? await cluster.admin("GET", "/v1/roles", at: "n1", with: stranger)
        #expect(refused == nil || refused?.status == 401)
        let anonymous = try await cluster.admin("GET", "/v1/roles", at: "n1", with: nobody)
        #expect(anonymous.status == 401, "\(anonymous.body)")
        let question = #"{"subject":{"type":"agent","id":"a"},"action":{"name":"b"},"resource":{"type":"c","id":"d"}}"#
        let decision = try await cluster.decisions(
            "POST",
            "/access/v1/evaluation",
            body: question,
            headers: [("Authorization", "Bearer reeve_wrong")],
            at: "n1",
            with: nobody
        )
        #expect(decision.status == 401, "\(decision.body)")
        try await stranger.shutdown()
        try await nobody.shutdown()
        await other.tearDown()
    }

    /// Bytes that are no TLS, at every port of a node.
    private static func garbage(_ cluster: TestCluster) async throws {
        for offset in 0..<3 {
            let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .connect(host: "127.0.0.1", port: cluster.port("n1", offset)).get()
            let bytes = (0..<4096).map { _ in UInt8.random(in: 0...255) }
            try? await channel.writeAndFlush(ByteBuffer(bytes: bytes)).get()
            try? await channel.close().get()
        }
    }

    @Test("a second process on the same data, a wrong file and a stolen configuration do not start") func starts()
        async throws
    {
        try await withCluster { cluster in
            let second = try TestCluster.run(["node", "run", "--config", cluster.configuration(of: "n1")])
            #expect(second.status == 1 && second.output.contains("in use"), "\(second.output)")

            let broken = cluster.folder.appending(path: "broken.yaml")
            try "node:\n  name: n1\n  colour: red\n".write(to: broken, atomically: true, encoding: .utf8)
            let wrong = try TestCluster.run(["node", "run", "--config", broken.path()])
            #expect(wrong.status == 1 && wrong.output.contains("broken.yaml:"), "\(wrong.output)")

            let missing = try TestCluster.run([
                "node", "run", "--config", cluster.folder.appending(path: "no.yaml").path(),
            ])
            #expect(missing.status == 1 && missing.output.contains("no.yaml"), "\(missing.output)")

            let folder = cluster.folder.appending(path: "nodes")
            cluster.kill("n3")
            for file in ["node.crt", "node.key"] {
                let target = folder.appending(path: "n3/\(file)")
                try FileManager.default.removeItem(at: target)
                try FileManager.default.copyItem(at: folder.appending(path: "n2/\(file)"), to: target)
            }
            let stolen = try TestCluster.run(["node", "run", "--config", cluster.configuration(of: "n3")])
            #expect(stolen.status == 1 && !stolen.output.isEmpty, "\(stolen.output)")
            for name in ["n1", "n2"] {
                #expect(try await cluster.admin("GET", "/readyz", at: name).status == 200)
            }
        }
    }
}
