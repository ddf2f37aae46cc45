import Foundation
import Kernel
import Keys
import Testing

@testable import reeve

@Suite("Node configuration") struct ConfigurationTests {
    static let good = """
        node:
          name: n1
          member: 8f14e45f-ceea-467f-a9d2-33a1b9c2f0aa
        genesis: genesis.json
        data: /var/lib/reeve
        listen:
          raft: "127.0.0.1:7401"
          admin: "[::1]:7402"
          decisions: "localhost:7403"
        tls:
          certificate: node.crt
          key: node.key
          roots: roots.crt
        """

    static func parse(_ text: String) throws -> NodeConfiguration {
        try NodeConfiguration.parse(YAMLDocument.single(text, file: "node.yaml"), folder: "/etc/reeve/n1")
    }

    /// What the error says, or that there was none.
    static func error(_ text: String) -> String {
        do {
            _ = try parse(text)
            return "no error"
        } catch {
            return "\(error)"
        }
    }

    @Test("what is left out has its default, and paths are relative to the file") func defaults() throws {
        let configuration = try Self.parse(Self.good)
        #expect(configuration.genesisFile == "/etc/reeve/n1/genesis.json")
        #expect(configuration.dataDirectory == "/var/lib/reeve")
        #expect(configuration.listen.admin == HostPort(host: "::1", port: 7402))
        #expect(configuration.member.incarnation == 1)
        #expect(configuration.timers.election == .milliseconds(1000))
        #expect(configuration.tls.allowPlainKey == false)
    }

    @Test("an edge's file says that it is one; a node is a member where nothing is said", arguments: [false, true])
    func role(isEdge: Bool) throws {
        func address(_ port: Int) -> HostPort { HostPort(host: "127.0.0.1", port: port) }
        let file = NodeFile(
            name: "e1",
            member: MemberID(high: 1, low: 2, incarnation: 3),
            raft: address(1),
            admin: address(2),
            decisions: address(3),
            isPlain: false,
            hasIssuer: false,
            joins: true,
            isEdge: isEdge
        )
        let configuration = try Self.parse(file.text)
        #expect(configuration.role == (isEdge ? .edge : .member))
        #expect(configuration.member == file.member && configuration.introductionFile != nil)
        #expect(Self.error(file.text.replacing("role: edge", with: "role: x")).contains("member, edge") == isEdge)
    }

    @Test("the example in cluster/ holds every field and parses") func example() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let configuration = try NodeConfiguration.load(root.appending(path: "cluster/examples/node.yaml").path())
        #expect(configuration.limits == NodeConfiguration.Limits())
        #expect(configuration.timers == NodeConfiguration.Timers())
        #expect(configuration.tls.warnDays == 30)
    }

    @Test(
        "errors name line and column",
        arguments: [
            ("\nextra: 1", "node.yaml:14:1: extra: unknown field"),
            ("\ntimers:\n  heartbeat_ms: 5", "node.yaml:15:3: timers.heartbeat_ms: must be a whole number from 10"),
            ("\ntimers: {heartbeat_ms: 500, election_ms: 600}", "must be at least three times heartbeat_ms"),
            ("\nlog: {level: loud}", "node.yaml:14:7: log.level: must be one of trace, debug"),
            ("\nlog: text", "node.yaml:14:1: log: must be an object, not"),
            ("\nlimits: {max_log_bytes: 1}", "limits.max_log_bytes: must be a whole number"),
            ("\n  indented: [", "node.yaml:15:1: is not valid YAML"),
            ("\ndata: again", "gives data twice"),
            ("\nlog: &a {level: info}", "anchors and aliases are not supported"),
        ]
    )
    func positions(addition: String, expected: String) {
        #expect(Self.error(Self.good + addition).contains(expected), "\(Self.error(Self.good + addition))")
    }

    @Test(
        "addresses that cannot be listened on",
        arguments: ["localhost", ":1", "h:0", "h:65536", "h:x", "::1:80", "[h]:1", "a b:1", "user@h:1"]
    )
    func addresses(text: String) {
        #expect(HostPort(parsing: text) == nil)
    }

    @Test("an address reads as it is written", arguments: ["127.0.0.1:1", "[::1]:65535", "node-1.example:443"])
    func addressText(text: String) {
        #expect(HostPort(parsing: text)?.description == text)
    }
}

@Suite("Context file") struct ContextTests {
    @Test("what is written is read back") func roundTrip() throws {
        let context = ClusterContext(
            trustDomain: "reeve.test",
            files: .init(certificate: "/c/admin.crt", key: "/c/admin.key", roots: "/c/roots.crt"),
            allowPlainKey: true,
            nodes: [.init(name: "n1", admin: "https://127.0.0.1:1", decisions: "https://[::1]:2")]
        )
        let document = try YAMLDocument.single(context.text, file: "context.yaml")
        #expect(try ClusterContext(document.value, folder: ConfigurationFolder(path: "/c")) == context)
    }

    @Test("a missing file says what to do") func missing() {
        #expect {
            try ClusterContext.load(option: "/nonexistent/context.yaml", environment: [:])
        } throws: {
            "\($0)".contains("REEVE_CONTEXT")
        }
    }
}
