import Directory
import Kernel
import Replica
import Testing

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
