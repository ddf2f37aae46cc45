import Directory
import Foundation
import HTTPAPI
import Identity
import JSON
import Keys
import NIOHTTP1
import TestSupport
import Testing

@testable import reeve

@Suite("Apply") struct ApplyTests {
    static func declarations(_ text: String) throws -> [Declaration] {
        try YAMLDocument.parse(text, file: "f.yaml").map { document in
            try Declaration.read(document) { path in "// \(path)\npermit (principal, action, resource);" }
        }
    }

    static func error(_ text: String) -> String {
        do {
            _ = try DependencyOrder.sort(declarations(text))
            return "no error"
        } catch {
            return "\(error)"
        }
    }

    @Test("the sample is complete and in order") func sample() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let declarations = try DeclarationFiles.load(root.appending(path: "cluster/sample").path())
        let sorted = try DependencyOrder.sort(declarations)
        #expect(sorted.count == declarations.count)
        let names = sorted.map(\.name)
        #expect(names.count { $0.hasPrefix("agent/") } == 12)
        let index = try #require(names.firstIndex(of: "agent/ticket-summarizer"))
        #expect(try #require(names.firstIndex(of: "agent/triage-bot")) < index)
        // What is referred to is declared: the sample must load into an empty cluster.
        for declaration in sorted {
            if case .object(.assignment(let spec)) = declaration.object {
                #expect(names.contains("role/\(spec.role)"))
                #expect(names.contains(spec.principal.description))
            }
        }
    }

    @Test("documents become objects") func objects() throws {
        let text = """
            kind: Role
            name: writer
            parents: [reader]
            ---
            kind: Assignment
            principal: agent/a
            role: writer
            expires_at: 2030-01-01T00:00:00Z
            ---
            # nothing here
            ---
            kind: Resource
            type: Tool
            id: yes
            parents: ['Tool::"x"', {type: Tool, id: y}]
            attributes: {n: 0123, s: "12"}
            """
        let declarations = try Self.declarations(text)
        #expect(declarations.map(\.name) == ["role/writer", "assignment/agent.a.writer", #"resource/Tool::"yes""#])
        guard case .object(.resource(let spec)) = declarations[2].object else { return }
        #expect(spec.attributes["n"] == .long(123))
        #expect(spec.attributes["s"] == .string("12"))
        #expect(spec.parents.map(\.id) == ["x", "y"])
    }

    @Test(
        "mistakes are shown with their place",
        arguments: [
            ("kind: Agnet\nname: x", "f.yaml:1:1: kind: must be one of Agent"),
            ("name: x", "f.yaml:1:1: kind: is missing"),
            ("kind: Agent\nname: x\nowners: user/a", "f.yaml:3:1: owners: unknown field"),
            ("kind: Agent\nname: a/b", "f.yaml:2:1: name: must have"),
            ("kind: Agent\nname: x\nattributes:\n  a:\n    - 1\n    - 1.5", "f.yaml:6:7: attributes.a[1]: "),
            ("kind: Assignment\nprincipal: bot\nrole: r", "f.yaml:2:1: principal: must name a principal"),
            (
                "kind: Assignment\nprincipal: agent/b\nrole: r\nexpires_at: soon",
                "f.yaml:4:1: expires_at: must be a time"
            ),
            ("kind: Resource\ntype: Role\nid: r", "f.yaml:2:1: type: "),
            ("kind: PolicySet\nname: p", "give either file or text"),
            ("kind: Role\nname: a\nparents: [b]\n---\nkind: Role\nname: b\nparents: [a]", "would be its own ancestor"),
        ]
    )
    func mistakes(text: String, expected: String) {
        #expect(Self.error(text).contains(expected), "\(Self.error(text))")
    }

    @Test("a stored object that is equal is unchanged, another names its fields") func difference() throws {
        let role = DirectoryObject.role(RoleSpec(name: "r", parents: ["a", "b"], description: "d"))
        let equal: JSONValue = ["parents": ["b", "a"], "description": "d"]
        #expect(try Plan.Change(declared: role, stored: equal) == .unchanged)
        let other: JSONValue = ["parents": ["a"], "description": "e"]
        #expect(try Plan.Change(declared: role, stored: other) == .update(["parents", "description"]))
        let owner = PrincipalID(kind: .user, name: "u")
        let agent = try #require(PrincipalID(kind: .agent, name: "x"))
        let principal = DirectoryObject.principal(PrincipalSpec(id: agent, owner: owner, attributes: ["a": .long(1)]))
        let stored: JSONValue = ["owner": "user/u", "parent": nil, "description": "", "attributes": ["a": 2]]
        #expect(try Plan.Change(declared: principal, stored: stored) == .update(["attributes"]))
    }
}

@Suite("Apply against a node") struct ApplierTests {
    /// A policy set at revision 41, whose version 1 is in force.
    private static func node(latest: Int64) async throws -> StubNode {
        try await StubNode("n1") { heard in
            switch heard.line {
            case "GET /v1/policy-sets/s":
                .json(200, ["active_version": 1, "latest_version": .integer(latest)], tag: "41")
            case "GET /v1/policy-sets/s/versions/1": .json(200, ["text": "old"])
            case "GET /v1/policy-sets/s/versions/2": .json(200, ["text": "// p\npermit (principal, action, resource);"])
            case "POST /v1/policy-sets/s/versions": .json(201, ["version": 3], tag: "57")
            default: .json(200, ["revision": 60])
            }
        }
    }

    private static func apply(_ node: StubNode) async throws -> [StubNode.Heard] {
        let declarations = try ApplyTests.declarations("kind: PolicySet\nname: s\nfile: p")
        try await StubNode.withClient(node.node) { client in
            let applier = Applier(client: client)
            for step in try await applier.plan(declarations).steps { try await applier.apply(step) }
        }
        return node.heard.filter { $0.line.hasPrefix("POST") }
    }

    @Test("a version is put in force only where the set is as it was compared") func activate() async throws {
        let writes = try await Self.apply(Self.node(latest: 2))
        #expect(writes.map(\.line) == ["POST /v1/policy-sets/s/activate"])
        #expect(writes.first?.body["version"] == 2)
        #expect(writes.first?.headers["If-Match"] == ["\"41\""])
    }

    @Test("a text is drafted where the set is as it was compared, and put in force if nothing came after")
    func draft() async throws {
        let writes = try await Self.apply(Self.node(latest: 1))
        #expect(writes.map(\.line) == ["POST /v1/policy-sets/s/versions", "POST /v1/policy-sets/s/activate"])
        #expect(writes.map { $0.headers["If-Match"] } == [["\"41\""], ["\"57\""]])
        #expect(writes.last?.body["version"] == 3)
    }
}

@Suite("Cluster init") struct ClusterInitTests {
    @Test("the genesis file is the same for every node, and read back") func genesis() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "reeve-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        let files = ClusterFiles(root: folder)
        let nodes = ["n1=127.0.0.1:1,2,3", "n2=127.0.0.1:4,5,6", "n3=127.0.0.1:7,8,9"]
            .compactMap(NodeArgument.init(argument:))
        let maker = ClusterMaker(
            files: files,
            trustDomain: try TrustDomain(parsing: "reeve.test"),
            nodes: nodes,
            administrator: "admin",
            days: 1,
            protection: .plainForDevelopment
        )
        try maker.make()
        let texts = try nodes.map {
            try Data(contentsOf: files.node($0.name).appending(path: "genesis.json"))
        }
        #expect(Set(texts).count == 1)
        let genesis = try GenesisFile.parse(Array(texts[0]), file: "genesis.json")
        #expect(Data(genesis.text.utf8) == texts[0])
        for node in nodes {
            let configuration = try NodeConfiguration.load(files.node(node.name).appending(path: "node.yaml").path())
            let member = try #require(genesis.genesis.voters.first { $0.id == configuration.member })
            #expect(member.name == node.name)
            #expect(configuration.listen.raft.description == member.raftAddress)
        }
        // Making it again must not replace a single key.
        #expect(throws: (any Error).self) { try maker.make() }
    }

    @Test("a failure leaves nothing in the way of the same command, mended; a space in a name is one")
    func failure() throws {
        let directory = try TemporaryDirectory()
        func make(_ administrator: String) throws {
            try ClusterMaker(
                files: ClusterFiles(root: URL(filePath: "\(directory.path)/a cluster/")),
                trustDomain: try TrustDomain(parsing: "reeve.test"),
                nodes: ["n1=127.0.0.1:1,2,3"].compactMap(NodeArgument.init(argument:)),
                administrator: administrator,
                days: 1,
                protection: .plainForDevelopment
            )
            .make()
        }
        #expect(throws: (any Error).self) { try make("Ann Lee") }
        #expect(directory.files.isEmpty)
        try make("ann")
        #expect(directory.files == ["a cluster"])
        let context = try ClusterContext.load(option: "\(directory.path)/a cluster/context.yaml", environment: [:])
        #expect(FileManager.default.fileExists(atPath: context.files.key), "\(context.files.key)")
        let node = try NodeConfiguration.load("\(directory.path)/a cluster/nodes/n1/node.yaml")
        #expect(FileManager.default.fileExists(atPath: node.tls.files.key), "\(node.tls.files.key)")
    }

    @Test("a genesis with a mistake names the field") func badGenesis() {
        #expect {
            try GenesisFile.parse(Array(#"{"lineage": "x"}"#.utf8), file: "g.json")
        } throws: {
            "\($0)" == "g.json: lineage: must be a UUID"
        }
    }
}
