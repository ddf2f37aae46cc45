import Linearizability
import Testing

@testable import Chaos

@Suite("History recorder") struct HistoryRecorderTests {
    @Test("a stale read is found, a lost write that shows late is not") func judge() {
        let history = HistoryRecorder()
        record(.write(1), .unknown, 0, in: history)
        record(.write(2), .answered(.written, at: 20), 10, in: history)
        record(.read, .answered(.value(2), at: 40), 30, in: history)
        record(.read, .answered(.value(1), at: 60), 50, in: history)
        #expect(history.judge() == nil)
        record(.read, .answered(.value(2), at: 80), 70, in: history)
        #expect(history.judge()?.contains("fits nowhere") == true)
    }

    @Test("the longest time without an acknowledged write may be the first or the last") func gap() {
        let history = HistoryRecorder()
        #expect(history.longestGap.nanoseconds > 0)
        history.acknowledged(at: 5)
        history.acknowledged(at: 2_000_000_000_000)
        #expect(history.longestGap.from == 5)
        #expect(history.longestGap.nanoseconds == 2_000_000_000_000 - 5)
        #expect(history.counts.acknowledgedWrites == 2)
    }

    @Test("known revisions never go back") func revisions() {
        let history = HistoryRecorder()
        history.learned(9)
        history.learned(4)
        #expect(history.knownRevision == 9)
    }

    private func record(
        _ call: HistoryRecorder.Model.Call,
        _ outcome: HistoryRecorder.Recorded.Outcome,
        _ time: UInt64,
        in history: HistoryRecorder
    ) {
        history.record(.init(client: 0, key: "r", call: call, calledAt: time, outcome: outcome))
    }
}
