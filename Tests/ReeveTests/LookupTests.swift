import ArgumentParser
import Foundation
import HTTPAPI
import Identity
import JSON
import Kernel
import Keys
import TestSupport
import Testing

@testable import reeve

@Suite("What a command looks up") struct LookupTests {
    private static let directory: StubNode.Respond = { heard in
        switch heard.line.split(separator: "?").first {
        case "GET /v1/principals/agent/invoice-bot", "GET /v1/resources/Database/ledger": .json(200, [:])
        case "GET /v1/principals": .json(200, ["items": [["name": "triage-bot"], ["name": "invoice-bot"]]])
        case "GET /v1/resources": .json(200, ["items": [["type": "Database", "id": "ledger"]]])
        case "GET /v1/revocations":
            .json(
                200,
                [
                    "items": [
                        [
                            "id": "0156e13533dfaa", "kind": "restrict", "subject": "agent/b", "reason": "",
                            "lift": .null,
                        ],
                        ["id": "ffff", "kind": "quarantine", "subject": "agent/b", "lift": ["time": "t"]],
                    ]
                ]
            )
        case "GET /v1/statements":
            .json(
                200,
                [
                    "items": [
                        [
                            "id": "77aa", "kind": "quarantine", "subject": "agent/b", "reason": "odd queries",
                            "warrant": ["name": "night", "sequence": 3],
                        ],
                        ["id": "88bb", "kind": "quarantine", "subject": "agent/c", "reason": "r"],
                    ]
                ]
            )
        default: .problem(404, "not_found")
        }
    }

    private static func hints(_ line: String..., answer: JSONValue) async throws -> DenialHints {
        let command = try CheckCommand.parse(line)
        let node = try await StubNode("n1", directory)
        return try await StubNode.withClient(node.node) { client in
            let reply = ClusterClient.Reply(status: 200, body: answer, tag: nil, node: "n1")
            return await command.denialHints(of: reply, client)
        }
    }

    @Test("names that the directory does not have, with those that may have been meant") func unknown() async throws {
        let denied: JSONValue = ["code": "no_permit", "near_misses": []]
        let both = try await Self.hints("agent/invioce-bot", "read", #"Database::"legder""#, answer: denied)
        #expect(
            both.lines == [
                "  unknown     the directory has no agent/invioce-bot; did you mean agent/invoice-bot?",
                #"  unknown     the directory has no Database::"legder"; did you mean Database::"ledger"?"#,
            ]
        )
        #expect(both.members.first?.value.arrayValue?.first?["did_you_mean"] == "agent/invoice-bot")
        let known = try await Self.hints("invoice-bot", "read", "Database/ledger", answer: denied)
        #expect(known.lines.isEmpty && known.members.isEmpty)
        // Who is not told why is not told what there is.
        let plain = try await Self.hints("nobody", "read", "Database/ledger", answer: ["code": "no_permit"])
        #expect(plain.lines.isEmpty)
    }

    @Test("what is in force against a principal, recorded or not") func standing() async throws {
        let hints = try await Self.hints("b", "read", "Database/ledger", answer: ["code": "principal_quarantined"])
        #expect(
            hints.lines == [
                "  by          restrict 0156e13533df",
                #"  by          quarantine 77aa, "odd queries", under night 3, not in the log yet"#,
            ]
        )
        let json = try #require(hints.members.first?.value.arrayValue)
        #expect(json.map { $0["recorded"] } == [true, false])
    }

    @Test("a statement by how its id begins") func statement() async throws {
        let ids = ["aa11", "aa22", "bb33", "bb33"]
        #expect(try StatementSearch("BB").only(of: ids) == "bb33")
        #expect(await message { _ = try StatementSearch("aa").only(of: ids) }.contains("2 statements"))
        #expect(await message { _ = try StatementSearch("cc").only(of: ids) }.contains("no node that answers"))
        for text in ["", "xyz", String(repeating: "a", count: 65)] {
            #expect(await message { _ = try StatementSearch(text) }.contains("not the id of a statement"))
        }
        let node = try await StubNode("n1", Self.directory)
        let (found, all) = try await StubNode.withClient(node.node, StubNode.away("n2")) { client in
            let found = try await StatementSearch("77").id(client)
            return (found, try await StatementSearch(String(repeating: "a", count: 64)).id(client))
        }
        #expect(found == "77aa" && all == String(repeating: "a", count: 64))
    }

    @Test("a caller by its name, or as a table shows it") func callers() async throws {
        let key = String(repeating: "ab", count: 32)
        let names = CallerNames(
            administrators: [["fingerprint": .string(key), "name": "admin"]],
            nodes: [["id": "35776145-7a10", "name": "n1"], ["id": "35776145-9999", "name": "n2"]]
        )
        #expect(try names.whole("admin") == "administrator/\(key)")
        #expect(try names.whole("administrator/abababababab") == "administrator/\(key)")
        #expect(try names.whole("n2") == "node/35776145-9999")
        #expect(try names.whole("agent/bot") == "agent/bot")
        #expect(await message { _ = try names.whole("node/3577") }.contains("several callers"))
        #expect(await message { _ = try names.whole("amdin") }.contains("no administrator or node"))
        let column = names.column("caller", "caller")
        #expect(column.cell(["caller": .string("administrator/\(key)")]) == "administrator/abababababab (admin)")
        #expect(column.cell(["caller": "agent/bot"]) == "agent/bot")
    }

    @Test("reports of roll-outs are left out of the history, and others come in their place") func reports()
        async throws
    {
        let all: [JSONValue] = (1...9).map {
            ["revision": .integer($0), "action": $0.isMultiple(of: 3) ? "putRole" : "reportRollout"]
        }
        let node = try await StubNode("n1") { heard in
            let from = heard.line.firstMatch(of: /from=(\d+)/).flatMap { Int64($0.output.1) } ?? 0
            let limit = heard.line.firstMatch(of: /limit=(\d+)/).flatMap { Int($0.output.1) } ?? 0
            let found = all.filter { ($0["revision"]?.integerValue ?? 0) >= from }
            return .json(200, ["items": .array(Array(found.prefix(limit)))])
        }
        func revisions(_ line: String...) async throws -> [Int64?] {
            let command = try AuditCommand.Commands.parse(line)
            let found = try await StubNode.withClient(node.node) { try await command.search($0, command.query) }
            return found.map { $0["revision"]?.integerValue }
        }
        #expect(try await revisions("--from", "1", "--limit", "2") == [3, 6])
        #expect(try await revisions("--from", "4") == [6, 9])
        #expect(try await revisions("--from", "1", "--limit", "2", "--action", "reportRollout") == [1, 2])
    }

    @Test("an administrator by name or by how the fingerprint begins") func administrators() async throws {
        let all: [JSONValue] = [["fingerprint": "aa11", "name": "ann"], ["fingerprint": "aa22", "name": "bob"]]
        #expect(try AdministratorCommand.chosen("ann", of: all).fingerprint == "aa11")
        #expect(try AdministratorCommand.chosen("AA2", of: all).name == "bob")
        #expect(await message { _ = try AdministratorCommand.chosen("aa", of: all) }.contains("several administrators"))
        #expect(
            await message { _ = try AdministratorCommand.chosen("eve", of: all) }.contains("no administrator 'eve'")
        )
    }

    @Test(
        "a second administrator's folder is whole, of the same root, and its certificate names the key that is listed"
    )
    func second() async throws {
        let directory = try TemporaryDirectory()
        let path = "\(directory.path)/acme"
        let options = ["--node", "n1=127.0.0.1:1,2,3", "--dev", "--keep-default-context", "--json"]
        try await ClusterInit.parse(["--dir", path, "--domain", "reeve.test"] + options).run()
        let ann = "\(directory.path)/ann"
        try await AdministratorCommand.Create.parse(["ann", "--authority", path, "--dir", ann, "--json"]).run()
        let context = try ClusterContext.load(option: "\(ann)/context.yaml", environment: [:])
        let credentials = try NodeCredentials.load(context.files, allowPlainKey: context.allowPlainKey) { nil }
            .credentials
        #expect(credentials.spiffeID.description.hasSuffix("/admin/ann") && context.nodes.map(\.name) == ["n1"])
        #expect(try AdministratorCommand.fingerprint("\(ann)/admin/admin.crt") == credentials.fingerprint.hex)
        #expect(
            try Data(contentsOf: URL(filePath: "\(ann)/roots.crt"))
                == Data(contentsOf: URL(filePath: "\(path)/roots.crt"))
        )
        try AdministratorCommand.check("\(ann)/admin/admin.crt", isOf: "reeve.test")
        #expect(
            await message { try AdministratorCommand.check("\(ann)/admin/admin.crt", isOf: "other.test") }.contains(
                "other.test"
            )
        )
    }
}
