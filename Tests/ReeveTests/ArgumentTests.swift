import ArgumentParser
import Directory
import Identity
import JSON
import Kernel
import Testing

@testable import reeve

@Suite("Command line") struct ArgumentTests {
    @Test("every command's help can be written") func help() {
        for command in Self.commands(Reeve.self) { #expect(!command.helpMessage().isEmpty) }
    }

    @Test("the names of options and commands are used once") func completions() {
        #expect(Reeve.completionScript(for: .bash).contains("reeve"))
    }

    private static func commands(_ root: any ParsableCommand.Type) -> [any ParsableCommand.Type] {
        [root] + root.configuration.subcommands.flatMap { commands($0) }
    }

    @Test("a principal is an agent unless it says otherwise") func principal() {
        #expect(PrincipalArgument(argument: "bot")?.id == PrincipalID(kind: .agent, name: "bot"))
        #expect(PrincipalArgument(argument: "user/alice")?.id == PrincipalID(kind: .user, name: "alice"))
        #expect(PrincipalArgument(argument: "robot/x") == nil)
    }

    @Test(
        "lengths of time",
        arguments: [("250ms", 250), ("90s", 90_000), ("15m", 900_000), ("8h", 28_800_000), ("30d", 2_592_000_000)]
            as [(String, UInt64)]
    )
    func durations(text: String, milliseconds: UInt64) {
        #expect(DurationArgument(argument: text)?.span == .milliseconds(milliseconds))
    }

    @Test("texts that are no length of time", arguments: ["", "5", "s", "-5s", "1.5h", "999999999999999999d"])
    func badDurations(text: String) {
        #expect(DurationArgument(argument: text) == nil)
    }

    @Test("times are absolute, dates, or ahead") func times() {
        let now = WallTime(milliseconds: 1_000_000)
        #expect(TimeArgument(argument: "5s")?.time(at: now) == WallTime(milliseconds: 1_005_000))
        #expect(TimeArgument(argument: "1970-01-02")?.time(at: now) == WallTime(milliseconds: 86_400_000))
        #expect(TimeArgument(argument: "1970-01-01T00:00:01Z")?.time(at: now) == WallTime(milliseconds: 1000))
        #expect(TimeArgument(argument: "tomorrow") == nil)
    }

    @Test("attributes are JSON or else text") func attributes() {
        #expect(AttributeArgument(argument: "n=3")?.value == 3)
        #expect(AttributeArgument(argument: "s=three")?.value == "three")
        #expect(AttributeArgument(argument: "l=[1,2]")?.value == [1, 2])
        #expect(AttributeArgument(argument: "=x") == nil)
    }

    @Test("nodes", arguments: ["n1=127.0.0.1:1,2,3", "n1=[::1]:1,2,3"]) func nodes(text: String) {
        #expect(NodeArgument(argument: text)?.decisionsPort == 3)
    }

    @Test(
        "texts that are no node",
        arguments: ["n1", "n1=h:1", "n1=h:1,2", "N1=h:1,2,3", "n1=h:1,2,2", "n1=h:1,2,70000"]
    )
    func badNodes(text: String) {
        #expect(NodeArgument(argument: text) == nil)
    }

    @Test(
        "wrong usage is found before anything is done",
        arguments: [
            ["cluster", "init", "--dir", "d", "--domain", "x", "--node", "a=h:1,2,3", "--node", "b=h:4,5,6"],
            [
                "cluster", "init", "--dir", "d", "--domain", "x", "--node", "a=h:1,2,3", "--node", "a=h:4,5,6",
                "--node", "c=h:7,8,9",
            ],
            [
                "cluster", "init", "--dir", "d", "--domain", "x", "--node", "a=h:1,2,3", "--node", "b=h:3,4,5",
                "--node", "c=h:7,8,9",
            ],
            ["revoke", "robot/x", "--reason", "x"], ["revoke", "agent/x"],
            ["revoke", "token/x", "--reason", "r", "--wait"],
            ["revoke", "agent/x", "--reason", "r", "--action", "read"], ["check", "agent/x", "read", "nothing"],
            ["agent", "create", "x", "--new", "--if-revision", "1"], ["audit", "decisions", "--denied", "--allowed"],
            ["agent", "list", "--passphrase-file", "a", "--passphrase-env", "B"],
            ["bench", "writes", "--clients", "0"], ["cluster", "settings", "--action-age", "deploy"],
            ["cluster", "settings", "--action-age", "deploy=5s", "--no-action-age", "deploy"],
            ["warrant", "issue", "w", "--level", "revoke", "--expires-in", "1d", "--budget", "5"],
            ["warrant", "issue", "w", "--level", "all", "--expires-in", "1d", "--budget", "5", "--everybody"],
            ["warrant", "issue", "w", "--level", "revoke", "--expires-in", "1d", "--budget", "0", "--everybody"],
            [
                "warrant", "issue", "w", "--level", "revoke", "--expires-in", "1d", "--budget", "5", "--everybody",
                "--owned-by", "user/a",
            ],
            ["revoke", "agent/x", "--reason", "r", "--wait", "--warrant", "f"],
            ["token", "create", "agent/x", "--expires", "2020-01-01"], ["policy", "draft", "bad name", "f.cedar"],
            ["policy", "activate", "reeve.admin", "2", "--ring", "all"],
            ["cluster", "settings", "--maximum-age", "1s"],
            ["administrator", "create", "a b", "--authority", "x", "--dir", "y"],
            ["audit", "--limit=-1"], ["audit", "--limit", "0"], ["audit", "--limit", "9223372036854775807"],
            ["audit", "decisions", "--limit", "1001"],
            ["cluster", "init", "--dir", "d", "--domain", "x", "--node", "a=h:1,2,3", "--administrator", "Ann Lee"],
            ["cluster", "label", "e1", "zone=a", "zone=b"], ["cluster", "label", "e1", "zone=a", "zone-"],
            ["cluster", "add", "e1=h:1,2,3", "--label", "zone=a", "--label", "zone=b"],
        ]
    )
    func wrongUsage(arguments: [String]) {
        #expect(throws: (any Error).self) { try Reeve.parseAsRoot(arguments) }
    }

    @Test("quarantine and audit do the usual thing without a subcommand") func defaults() throws {
        let quarantine = try Reeve.parseAsRoot(["quarantine", "agent/x", "--reason", "r"])
        #expect(quarantine is QuarantineCommand.Start)
        #expect(try Reeve.parseAsRoot(["audit"]) is AuditCommand.Commands)
    }
}

@Suite("Tables") struct TableTests {
    @Test("columns are as wide as their widest cell, and nothing steers the terminal") func table() {
        var table = Table("a", "long title")
        table.add("wide cell", "x")
        table.add("e\u{1b}[31m", "")
        #expect(table.text == "A          LONG TITLE\nwide cell  x\ne\u{fffd}[31m\n")
    }

    @Test("everything but the unreserved is encoded in a path") func segment() {
        #expect(ClusterClient.segment("a/b c::ü-._~") == "a%2Fb%20c%3A%3A%C3%BC-._~")
        #expect(ClusterClient.query([("a", "1&2"), ("b", "")]) == "?a=1%262&b=")
    }
}
