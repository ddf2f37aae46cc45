import Directory
import JSON
import Testing

@testable import reeve

@Suite("Roll-outs on the command line") struct RolloutArgumentTests {
    @Test("a ring is all nodes, or those with some labels") func rings() {
        #expect(RingArgument(argument: "all")?.ring == .all)
        #expect(RingArgument(argument: "zone=eu-1,ring=canary")?.ring.description == "ring=canary,zone=eu-1")
        for text in ["", "ring", "ring=", "ring=a,", "ring=a,ring=b", "Ring=a", "ring=a b"] {
            #expect(RingArgument(argument: text) == nil, "\(text)")
        }
    }

    private static let nodes = RingMembers([
        ["name": "n1", "labels": ["ring": "canary", "zone": "eu-1"]], ["name": "n2", "labels": ["zone": "eu-2"]],
        ["name": "n3", "labels": [:]],
    ])

    @Test("a ring has the nodes with all of its labels, and one that has none is refused") func members() async throws {
        func ring(_ text: String) throws -> Ring { try #require(RingArgument(argument: text)).ring }
        #expect(try Self.nodes.names(in: ring("all")) == ["n1", "n2", "n3"])
        #expect(try Self.nodes.names(in: ring("zone=eu-1,ring=canary")) == ["n1"])
        try Self.nodes.check([ring("ring=canary"), ring("all")])
        let text = await message { try Self.nodes.check([ring("ring=canary"), ring("ring=canry")]) }
        #expect(text.contains("no node has the labels ring=canry"), "\(text)")
        #expect(text.contains("ring=canary (n1), zone=eu-1 (n1), zone=eu-2 (n2)"), "\(text)")
    }

    @Test("a roll-out says what it waits for") func waits() {
        let witnesses: JSONValue = [["node": "n1", "decisions": 0], ["node": "n2", "decisions": 7]]
        func rollout(_ decisions: Int64, state: String = "running", witnesses: JSONValue = []) -> JSONValue {
            [
                "state": .string(state), "min_decisions": 100, "counts": ["decisions": .integer(decisions)],
                "witnesses": witnesses,
            ]
        }
        #expect(
            RolloutText.waits(rollout(7, witnesses: witnesses)) == "100 compared decisions; n1 has 0, n2 has 7"
        )
        #expect(RolloutText.waits(rollout(0)) == "100 compared decisions; no node has reported")
        #expect(RolloutText.waits(rollout(100)) == nil && RolloutText.waits(rollout(7, state: "halted")) == nil)
    }

    @Test("a share is read and written in percent") func shares() {
        let shares: [(String, UInt32)] = [
            ("1%", 10_000), ("0.05%", 500), ("100%", 1_000_000), ("0%", 0), ("12.5%", 125_000),
        ]
        for (text, share) in shares {
            #expect(ShareArgument(argument: text)?.perMillion == share)
            #expect(ShareArgument.text(Int64(share)) == text)
        }
        for text in ["1", "101%", "-1%", "%", "x%", "nan%"] {
            #expect(ShareArgument(argument: text) == nil, "\(text)")
        }
    }
}
