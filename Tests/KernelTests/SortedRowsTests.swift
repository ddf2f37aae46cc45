import Kernel
import Testing

@Suite("Sorted rows")
struct SortedRowsTests {
    @Test("agrees with a sorted dictionary after any sequence of writes", arguments: [UInt64(1), 2, 3])
    func agreesWithModel(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var store = SortedRows()
        var model: [[UInt8]: [UInt8]] = [:]
        for _ in 0..<4000 {
            let key = Self.key(&random)
            if random.next() % 3 == 0 {
                #expect(store.remove(key)?.value == model[key])
                model[key] = nil
            } else {
                let value = [UInt8(truncatingIfNeeded: random.next())]
                #expect(store.set(value, for: key)?.value == model[key])
                model[key] = value
            }
        }
        #expect(store.count == model.count)
        #expect(store.count > 100, "seed \(seed) stored next to nothing")
        var pairs: [[UInt8]] = []
        store.forEach { row in
            #expect(model[row.key] == row.value)
            pairs.append(row.key)
        }
        #expect(pairs == model.keys.sorted { $0.lexicographicallyPrecedes($1) })
        for _ in 0..<500 {
            let probe = Self.key(&random)
            #expect(store.row(for: probe)?.value == model[probe])
            let next = model.keys.filter { !$0.lexicographicallyPrecedes(probe) }
                .min { $0.lexicographicallyPrecedes($1) }
            #expect(store.first(atOrAfter: probe)?.key == next)
        }
    }

    @Test("a copy does not see later writes")
    func copies() {
        var store = SortedRows()
        for number in 0..<200 { store.set([1], for: [UInt8(number)]) }
        let copy = store
        store.set([2], for: [7])
        store.remove([8])
        #expect(copy.row(for: [7])?.value == [1])
        #expect(copy.row(for: [8])?.value == [1])
        #expect(copy.count == 200)
        #expect(store.count == 199)
    }

    /// Few different ones, some of which begin with the same bytes and differ in two of the first eight.
    private static func key(_ random: inout SeededRandom) -> [UInt8] {
        let shared = [UInt8](repeating: 5, count: [0, 6, 9][Int(random.next() % 3)])
        let length = 1 + Int(random.next() % 3)
        return shared + (0..<length).map { _ in UInt8(truncatingIfNeeded: random.next() % 9) }
    }
}
