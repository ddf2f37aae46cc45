import Kernel
import Testing

@testable import Decision

@Suite("Sorted ids") struct SortedIDsTests {
    @Test("are a sorted set, whatever was put in and taken out", arguments: 1...4 as ClosedRange<UInt64>)
    func changes(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var ids = SortedIDs()
        var expected: Set<String> = []
        for round in 0..<5000 {
            // Grows, then shrinks, over several pieces.
            let isAdded = Int.random(in: 0..<10, using: &random) < (round < 2500 ? 8 : 2)
            let id = "\(UInt64.random(in: 0..<2500, using: &random))"
            let before = ids
            if isAdded { ids.insert(id) } else { ids.remove(id) }
            if isAdded { expected.insert(id) } else { expected.remove(id) }
            guard round.isMultiple(of: 500) else { continue }
            #expect(list(ids) == expected.sorted(), "seed \(seed), round \(round)")
            #expect(ids == SortedIDs(expected.sorted()), "seed \(seed), round \(round)")
            #expect((before == ids) == (list(before) == list(ids)))
            let start = "\(UInt64.random(in: 0..<2500, using: &random))"
            #expect(list(ids, after: start) == expected.sorted().filter { $0 > start }, "seed \(seed), round \(round)")
        }
        #expect(expected.count > 100)
    }

    @Test("of several lists come in one order, each once") func merging() {
        let lists = [SortedIDs(["b", "d", "f"]), SortedIDs(), SortedIDs(["a", "b", "e"]), SortedIDs(["c"])]
        #expect(SortedIDs.merged(lists, after: "", limit: 9) == ["a", "b", "c", "d", "e", "f"])
        #expect(SortedIDs.merged(lists, after: "b", limit: 2) == ["c", "d"])
        #expect(SortedIDs.merged(lists, after: "bb", limit: 9) == ["c", "d", "e", "f"])
        #expect(SortedIDs.merged(lists, after: "f", limit: 9).isEmpty)
        #expect(SortedIDs.merged(lists, after: "", limit: 0).isEmpty)
    }

    @Test("are ordered and told apart by their bytes") func bytes() {
        #expect(list(SortedIDs(["\u{e9}", "e\u{301}", "z", "Z"])) == ["Z", "e\u{301}", "z", "\u{e9}"])
    }

    private func list(_ ids: SortedIDs, after start: String = "") -> [String] {
        var list: [String] = []
        ids.forEach(after: start) {
            list.append($0)
            return true
        }
        return list
    }
}
