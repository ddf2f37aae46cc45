import ArgumentParser
import Directory
import Foundation
import HTTPAPI
import JSON
import Kernel
import Keys
import NIOSSL
import TestSupport
import Testing

@testable import reeve

@Suite("Commands that make what is shown once") struct LostAnswerTests {
    let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private static let lost: StubNode.Respond = { _ in .close }
    private static let refused: StubNode.Respond = { _ in .problem(403, "unauthorized") }

    @Test("a warrant that may be there keeps its key, another leaves nothing") func warrant() async throws {
        let issue = try WarrantCommand.Issue.parse([
            "w", "--level", "revoke", "--expires-in", "1d", "--budget", "5", "--everybody",
        ])
        let path = "\(directory.path)/w.warrant"
        let request = ClusterClient.Request(method: .post, path: "/v1/warrants", body: [:])
        func error(_ nodes: ClusterContext.Node...) async throws -> String {
            try Data("key".utf8).write(to: URL(filePath: path))
            return try await ClusterClient.with(nodes, .makeClientConfiguration()) { client in
                await message { _ = try await issue.issue(request, client, path) }
            }
        }
        let (dying, leaderless) = (
            try await StubNode("n1", Self.lost), try await StubNode("n2") { _ in .problem(503, "no_leader") }
        )
        let text = try await error(dying.node, leaderless.node)
        #expect(text.contains("the write may have happened") && text.contains("reeve warrant get w"), "\(text)")
        #expect(directory.files == ["w.warrant"])
        for nodes in [[leaderless.node], [try await StubNode("n1", Self.refused).node], [StubNode.away("n1")]] {
            _ = try await error(nodes[0])
            #expect(directory.files.isEmpty)
        }
    }

    @Test("a token has the same id at every node, and is named when its secret is lost") func token() async throws {
        let command = try TokenCommand.Create.parse(["agent/bot", "--expires", "1d"])
        let first = try await StubNode("n1", Self.lost)
        let second = try await StubNode("n2") { _ in .problem(409, "token_already_issued") }
        let text = try await StubNode.withClient(first.node, second.node) { client in
            await message { _ = try await command.issue(client) }
        }
        let bodies = (first.heard + second.heard).map(\.body)
        #expect(bodies.count == 2 && bodies[0] == bodies[1])
        let id = try #require(bodies[0]["id"]?.stringValue)
        #expect(id.utf8.count == 16)
        #expect(text.contains("reeve token revoke \(id) --reason"), "\(text)")
        let denying = try await StubNode("n1", Self.refused)
        let other = try await StubNode.withClient(denying.node) { client in
            await message { _ = try await command.issue(client) }
        }
        #expect(other.contains("[unauthorized]") && !other.contains("reeve token revoke"), "\(other)")
        #expect(denying.heard.first?.body["id"]?.stringValue != id)
    }

    private static let context = ClusterContext(
        trustDomain: "reeve.test",
        files: NodeCredentials.Files(certificate: "c", key: "k", roots: "r"),
        allowPlainKey: true,
        nodes: []
    )

    private func invite(_ node: ClusterContext.Node, into path: String) async throws -> String {
        let command = try ClusterAdd.parse(["n4=127.0.0.1:1,2,3"])
        return try await StubNode.withClient(node) { client in
            await message { _ = try await command.invite(client, Self.context, into: path) }
        }
    }

    private static func voter(_ respond: @escaping StubNode.Respond) async throws -> StubNode {
        try await StubNode("n1") { heard in
            guard heard.line.hasPrefix("GET") else { return respond(heard) }
            return .json(200, ["items": [["voter": true, "api_addresses": ["127.0.0.1:5", "127.0.0.1:6"]]]])
        }
    }

    @Test("an invitation asks for its secret when there is a file for it") func invitation() async throws {
        let voter = try await Self.voter { _ in
            .json(201, ["secret": "s", "roots": "pem", "expires_at": "2030-01-01T00:00:00Z"])
        }
        let text = try await invite(voter.node, into: "\(directory.path)/none/n4.join")
        #expect(text.contains("none/n4.join"), "\(text)")
        #expect(voter.heard.map(\.line) == ["GET /v1/members"])
        #expect(try await invite(voter.node, into: "\(directory.path)/n4.join") == "no error")
        let file = try JoinFile.load("\(directory.path)/n4.join")
        #expect(file.secret == "s" && file.servers == ["https://127.0.0.1:5"] && file.trustDomain == "reeve.test")
        let mode = try FileManager.default.attributesOfItem(atPath: "\(directory.path)/n4.join")[.posixPermissions]
        #expect(mode as? Int == 0o600)
    }

    @Test("an invitation that fails leaves no file, and says when somebody may be invited") func failedInvitation()
        async throws
    {
        let path = "\(directory.path)/n4.join"
        let refused = try await invite(try await Self.voter(Self.refused).node, into: path)
        #expect(refused.contains("[unauthorized]") && !refused.contains("cluster remove"), "\(refused)")
        let lost = try await invite(try await Self.voter(Self.lost).node, into: path)
        #expect(lost.contains("may have happened") && lost.contains("reeve cluster remove n4"), "\(lost)")
        #expect(directory.files.isEmpty)
    }

    @Test("a draft that is not put in force is named") func draft() async throws {
        let node = try await StubNode("n1") { _ in .problem(409, "lockout") }
        let text = try await StubNode.withClient(node.node) { client in
            await message { _ = try await client.activateDraft("s", version: 4) }
        }
        #expect(text.hasPrefix("s version 4 is drafted and not in force: n1: "), "\(text)")
        #expect(text.contains("reeve policy activate s 4"), "\(text)")
    }
}

@Suite("Statements that reached nobody") struct UnsentStatementTests {
    let directory: TemporaryDirectory
    let key = PrivateKey()

    init() throws { directory = try TemporaryDirectory() }

    private var path: String { "\(directory.path)/w.warrant" }

    private func statement(against name: String) throws -> StatementUnderWarrant {
        StatementUnderWarrant(
            file: path,
            kind: .revoke,
            subject: try #require(RevocationSubject(parsing: name)),
            cascades: false,
            reason: "odd"
        )
    }

    private func createWarrant() throws {
        let warrant = WarrantFile(
            name: "w",
            lineage: Lineage(high: 7, low: 8),
            level: .revoke,
            cascades: false,
            expiresAt: WallTime.now.advanced(by: .seconds(3600)),
            budget: 9,
            nextSequence: 1,
            key: try PrivateKeyFile.pem(key, protection: .plainForDevelopment, place: path),
            allowPlainKey: true
        )
        try warrant.create(at: path)
    }

    /// What was told beside it, and the report or the error.
    private func run(_ name: String, _ nodes: ClusterContext.Node...) async throws -> (told: [String], outcome: String)
    {
        var (told, shown) = ([String](), "")
        let failure = await message {
            try await ClusterClient.with(nodes, .makeClientConfiguration()) { client in
                _ = try await statement(against: name).carryOut(by: client) {
                    told.append($0)
                } show: {
                    shown = $0.text
                } passphrase: {
                    Passphrase("")
                }
            }
        }
        return (told, failure == "no error" ? shown : failure)
    }

    private static func takesAll(but name: String) -> StubNode.Respond {
        { heard in
            heard.body.serializedText.contains(name)
                ? .problem(409, "unknown_subject") : .json(200, ["state": "recorded", "revision": 5])
        }
    }

    @Test(
        "a number that no node has anything under is used again",
        arguments: [
            ("unknown_subject", true), ("out_of_scope", true), ("level_too_high", true), ("unknown_warrant", true),
            ("warrant_frozen", false), ("over_budget", false), ("bad_signature", false), ("unauthorized", false),
        ]
    )
    func numbers(code: String, isGivenBack: Bool) async throws {
        try createWarrant()
        let nodes = [
            try await StubNode("n1") { _ in .problem(404, "unknown_subject") },
            try await StubNode("n2") { _ in .problem(403, code) },
        ]
        let first = try await run("agent/tpyo", nodes[0].node, nodes[1].node)
        #expect(first.outcome.contains("nothing of the warrant is used") == isGivenBack, "\(first.outcome)")
        #expect(try WarrantFile.load(path).nextSequence == (isGivenBack ? 1 : 2))
        #expect(directory.files == (code == "unauthorized" ? ["w.warrant", "w.warrant.unsent-1"] : ["w.warrant"]))
    }

    @Test("what an earlier run may have brought somewhere keeps its number") func keptNumber() async throws {
        try createWarrant()
        _ = try await run("agent/tpyo", StubNode.away("n1"))
        let node = try await StubNode("n1") { _ in .problem(404, "unknown_subject") }
        let second = try await run("agent/tpyo", node.node)
        #expect(second.outcome.contains("number 1 of the warrant is used up"), "\(second.outcome)")
        #expect(try WarrantFile.load(path).nextSequence == 2 && directory.files == ["w.warrant"])
    }

    @Test("hold up no other, though one node refuses them and another does not answer") func other() async throws {
        try createWarrant()
        let node = try await StubNode("n1", Self.takesAll(but: "agent/tpyo"))
        let first = try await run("agent/tpyo", node.node, StubNode.away("n3"))
        #expect(first.outcome.contains("no node takes the statement"), "\(first.outcome)")
        #expect(directory.files == ["w.warrant", "w.warrant.unsent-1"])
        let second = try await run("agent/evil", node.node, StubNode.away("n3"))
        #expect(second.outcome.contains("agent/evil is revoked: enforced at n1"), "\(second)")
        #expect(second.told.count == 2 && second.told[1].contains("unknown_subject"), "\(second.told)")
        let subjects = node.heard.map { $0.body.serializedText.contains("agent/evil") }
        #expect(subjects == [false, true, false])
        #expect(directory.files == ["w.warrant", "w.warrant.unsent-1"])
    }

    @Test("are brought by whoever asks for the same, and then are gone") func same() async throws {
        try createWarrant()
        for name in ["agent/one", "agent/two"] { _ = try await run(name, StubNode.away("n1")) }
        #expect(directory.files == ["w.warrant", "w.warrant.unsent-1", "w.warrant.unsent-2"])
        let node = try await StubNode("n1", Self.takesAll(but: "nobody"))
        let report = try await run("agent/two", node.node)
        #expect(report.outcome.contains("number 2 of w"), "\(report)")
        #expect(report.told.count == 2 && report.told[1].contains("number 1 of w"), "\(report.told)")
        #expect(directory.files == ["w.warrant"])
        #expect(try WarrantFile.load(path).nextSequence == 3)
    }
}

extension JSONValue {
    fileprivate var serializedText: String { String(decoding: serialized(), as: UTF8.self) }
}
