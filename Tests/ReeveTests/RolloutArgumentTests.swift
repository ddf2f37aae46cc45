import Directory
import JSON
import Kernel
import Testing

@testable import reeve

@Suite("What is worth a report on a roll-out") struct RolloutNewsTests {
    private static let spec = RolloutSpec(
        set: "s",
        version: 2,
        rings: [.all],
        soak: .seconds(10),
        minimumDecisions: 100
    )
    private static let node = MemberID(high: 1, low: 1)

    /// The state's record when so many were counted.
    private static func record(_ decisions: UInt64) -> RolloutRecord {
        let witness = RolloutRecord.Witness(
            node: node,
            counts: RolloutCounts(decisions: decisions),
            reportedAt: .distantPast
        )
        return RolloutRecord(
            spec: spec,
            base: 1,
            began: LogIndex(1),
            author: .bootstrap,
            stageOpenedAt: WallTime(milliseconds: 0),
            witnesses: [witness],
            metadata: RecordMetadata(
                createdAt: WallTime(milliseconds: 0),
                updatedAt: WallTime(milliseconds: 0),
                revision: LogIndex(1)
            )
        )
    }

    private static func report(_ decisions: UInt64, stage: UInt32 = 0, isFailed: Bool = false) -> RolloutReport {
        RolloutReport(
            stage: RolloutStage(set: "s", openedAt: WallTime(milliseconds: 0), number: stage),
            counts: RolloutCounts(decisions: decisions),
            isFailed: isFailed
        )
    }

    private static func at(_ seconds: UInt64) -> Moment {
        Moment(
            monotonic: Instant(microseconds: seconds * 1_000_000),
            wall: WallTime(milliseconds: seconds * 1000)
        )
    }

    /// `#expect` calls nothing that mutates.
    private static func expect(_ isTold: Bool, _ taken: Bool) { #expect(isTold == taken) }

    @Test("after the soak, and short of enough decisions, what says the same waits for ten minutes") func silence() {
        var news = RolloutNews()
        Self.expect(true, news.take(Self.report(0), of: Self.record(0), at: Self.at(1)))
        // Within the soak each interval's.
        Self.expect(true, news.take(Self.report(0), of: Self.record(0), at: Self.at(3)))
        Self.expect(false, news.take(Self.report(0), of: Self.record(0), at: Self.at(12)))
        Self.expect(false, news.take(Self.report(0), of: Self.record(0), at: Self.at(602)))
        Self.expect(true, news.take(Self.report(0), of: Self.record(0), at: Self.at(603)))
        Self.expect(false, news.take(Self.report(0), of: Self.record(0), at: Self.at(605)))
    }

    @Test("what is new anywhere is told: here, at another node, of another stage, and a failure") func new() {
        let told: [(RolloutReport, RolloutRecord?)] = [
            (Self.report(1), Self.record(0)), (Self.report(0), Self.record(5)),
            (Self.report(0, stage: 1), Self.record(0)),
            (Self.report(0, isFailed: true), Self.record(0)), (Self.report(0), nil),
        ]
        for (report, record) in told {
            var news = RolloutNews()
            Self.expect(true, news.take(Self.report(0), of: Self.record(0), at: Self.at(12)))
            Self.expect(true, news.take(report, of: record, at: Self.at(14)))
        }
    }

    @Test("where there are enough decisions every report counts: those lately heard open the ring") func enough() {
        var news = RolloutNews()
        for second in 12...15 {
            Self.expect(true, news.take(Self.report(60), of: Self.record(100), at: Self.at(UInt64(second))))
        }
    }
}

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
