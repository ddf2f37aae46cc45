import Linearizability
import Testing

@Suite("Text histories") struct TextHistoryTests {
    typealias Operation = RecordedOperation<String, TextModel>

    @Test("appends that overlap may come in either order, and all see the same one") func appends() {
        let appends = [append("a", 0, 100), append("b", 0, 100)]
        #expect(isLinearizable(appends + [get("ab", 110, 120), get("ab", 130, 140)]))
        #expect(isLinearizable(appends + [get("ba", 110, 120), get("ba", 130, 140)]))
        #expect(!isLinearizable(appends + [get("ab", 110, 120), get("ba", 130, 140)]))
        #expect(!isLinearizable(appends + [get("a", 110, 120)]))
    }

    @Test("a put replaces what was appended") func put() {
        let put = Operation(client: 0, key: "k", call: .put("z"), calledAt: 20, outcome: .answered(.done, at: 30))
        #expect(isLinearizable([append("a", 0, 10), put, append("b", 40, 50), get("zb", 60, 70)]))
        #expect(!isLinearizable([append("a", 0, 10), put, get("az", 60, 70)]))
    }

    private func append(_ text: String, _ start: UInt64, _ end: UInt64) -> Operation {
        Operation(client: 0, key: "k", call: .append(text), calledAt: start, outcome: .answered(.done, at: end))
    }

    private func get(_ text: String, _ start: UInt64, _ end: UInt64) -> Operation {
        Operation(client: 0, key: "k", call: .get, calledAt: start, outcome: .answered(.text(text), at: end))
    }

    private func isLinearizable(_ history: [Operation]) -> Bool {
        if case .linearizable = LinearizabilityChecker(model: TextModel()).check(history) { true } else { false }
    }
}
