import ArgumentParser
import Foundation
import JSON
import NIOHTTP1
import NIOSSL
import TestSupport
import Testing

@testable import reeve

@Suite("What is known of a write whose answer is lost") struct ClusterClientTests {
    private static let write = ClusterClient.Request(method: .put, path: "/v1/roles/r", body: [:])

    private static func error(_ request: ClusterClient.Request, _ nodes: [ClusterContext.Node]) async throws
        -> any Error
    {
        let outcome = try await ClusterClient.with(nodes, .makeClientConfiguration()) { client in
            do { return Result<ClusterClient.Reply, any Error>.success(try await client.send(request)) } catch {
                return .failure(error)
            }
        }
        guard case .failure(let error) = outcome else { throw CommandError("was answered: \(outcome)") }
        return error
    }

    @Test("a node that ends the connection may have done it, whatever the next one says") func closed() async throws {
        let first = try await StubNode("n1") { _ in .close }
        let second = try await StubNode("n2") { _ in .problem(503, "no_leader") }
        let error = try await Self.error(Self.write, [first.node, second.node])
        #expect(!error.rulesOutWrite)
        let text = "\(error)"
        #expect(text.hasPrefix("the write may have happened; look before you repeat it:\n  n1 "), "\(text)")
        #expect(text.contains("closed the connection") && text.contains("[no_leader]"), "\(text)")
        // Of a read there is nothing to know but the last answer.
        let read = try await Self.error(.init(path: "/v1/roles/r"), [first.node, second.node])
        #expect((read as? APIError)?.code == "no_leader")
    }

    @Test("the second node is asked with the key of the first, and its answer counts") func retry() async throws {
        let first = try await StubNode("n1") { _ in .close }
        let second = try await StubNode("n2") { _ in .json(200, ["revision": 7]) }
        let reply = try await StubNode.withClient(first.node, second.node) { try await $0.send(Self.write) }
        #expect(reply.node == "n2" && reply.body["revision"] == 7)
        let keys = (first.heard + second.heard).map { $0.headers["Idempotency-Key"] }
        #expect(keys.count == 2 && keys[0].count == 1 && keys[0] == keys[1])
    }

    @Test("nodes that refuse the connection have not heard of it") func refused() async throws {
        let second = try await StubNode("n2") { _ in .problem(503, "no_leader") }
        let error = try await Self.error(Self.write, [StubNode.away("n1"), second.node])
        #expect((error as? APIError)?.code == "no_leader" && error.rulesOutWrite)
        let nobody = try await Self.error(Self.write, [StubNode.away("n1"), StubNode.away("n2")])
        #expect("\(nobody)".hasPrefix("no node answers:\n  n1 ") && nobody.rulesOutWrite, "\(nobody)")
    }

    @Test(
        "what an answer says of the write",
        arguments: [
            (403, "unauthorized", true), (409, "already_exists", true), (409, "token_already_issued", false),
            (503, "no_leader", true), (503, "not_a_voter", true), (503, "behind", false), (503, "http_503", false),
            (502, "http_502", false), (504, "outcome_unknown", false),
        ]
    )
    func answers(status: Int, code: String, isRuledOut: Bool) async throws {
        let node = try await StubNode("n1") { _ in .problem(status, code) }
        #expect(try await Self.error(Self.write, [node.node]).rulesOutWrite == isRuledOut)
    }

    @Test("a copy that breaks off is begun again at the next node") func download() async throws {
        let directory = try TemporaryDirectory()
        let first = try await StubNode("n1") { _ in .broken("half of a long") }
        let second = try await StubNode("n2") { _ in .json(200, ["a": 1]) }
        let file = URL(filePath: "\(directory.path)/copy")
        let node = try await StubNode.withClient(first.node, second.node) {
            try await $0.download("/v1/backup?kind=state", to: file, timeout: .seconds(10))
        }
        #expect(node == "n2")
        #expect(try JSONValue.parse(directory.text(of: "copy")) == ["a": 1])
    }

    @Test("a copy that nobody gives whole leaves no file") func backup() async throws {
        let directory = try TemporaryDirectory()
        let output = try OutputOptions.parse([])
        let answers: [StubNode.Respond] = [{ _ in .broken("half") }, { _ in .json(200, ["no": "backup"]) }]
        for answer in answers {
            let node = try await StubNode("n1", answer)
            let text = await message {
                try await BackupFile.make(at: "\(directory.path)/b", output) { file in
                    #expect(directory.files.count == 1)
                    return try await StubNode.withClient(node.node) {
                        try await $0.download("/v1/backup", to: file, timeout: .seconds(10))
                    }
                }
            }
            #expect(text != "no error")
            #expect(directory.files.isEmpty, "\(text)")
        }
    }

    @Test("a decision log that cannot be read leaves the others'") func audit() async throws {
        let first = try await StubNode("n1") { _ in .problem(503, "log_unreadable") }
        let second = try await StubNode("n2") { _ in
            .json(200, ["items": [["time": "2026-01-02T00:00:00Z"], ["time": "2026-01-01T00:00:00Z"]]])
        }
        let command = try AuditCommand.Decisions.parse(["--limit", "5"])
        var told: [String] = []
        let found = try await StubNode.withClient(first.node, StubNode.away("n3"), second.node) {
            try await command.search($0) { told.append($0) }
        }
        #expect(found.map { $0["node"] } == ["n2", "n2"])
        #expect(found.first?["time"] == "2026-01-01T00:00:00Z")
        #expect(told.count == 2 && told[0].contains("log_unreadable") && told[1].contains("n3"), "\(told)")
        let denied = try await StubNode("n4") { _ in .problem(403, "unauthorized") }
        #expect(
            await message {
                _ = try await StubNode.withClient(denied.node) { try await command.search($0) { _ in } }
            }.contains("unauthorized")
        )
    }
}
