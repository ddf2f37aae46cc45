import Kernel
import Simulator
import Testing

@Suite("Sorted store")
struct SortedStoreTests {
    @Test("agrees with a sorted dictionary after any sequence of writes", arguments: [UInt64(1), 2, 3])
    func agreesWithModel(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var store = SortedStore()
        var model: [[UInt8]: [UInt8]] = [:]
        for _ in 0..<4000 {
            let key = Self.key(&random)
            if random.next() % 3 == 0 {
                store.remove(key)
                model[key] = nil
            } else {
                let value = [UInt8(truncatingIfNeeded: random.next())]
                store.set(value, for: key)
                model[key] = value
            }
        }
        #expect(store.count == model.count)
        #expect(store.count > 100, "seed \(seed) stored next to nothing")
        var pairs: [[UInt8]] = []
        store.forEach { key, value in
            #expect(model[key] == value)
            pairs.append(key)
        }
        #expect(pairs == model.keys.sorted { $0.lexicographicallyPrecedes($1) })
        for _ in 0..<500 {
            let probe = Self.key(&random)
            #expect(store.value(for: probe) == model[probe])
            let next = model.keys.filter { !$0.lexicographicallyPrecedes(probe) }
                .min { $0.lexicographicallyPrecedes($1) }
            #expect(store.first(atOrAfter: probe)?.key == next)
        }
    }

    @Test("a copy does not see later writes")
    func copies() {
        var store = SortedStore()
        for number in 0..<200 { store.set([1], for: [UInt8(number)]) }
        let copy = store
        store.set([2], for: [7])
        store.remove([8])
        #expect(copy.value(for: [7]) == [1])
        #expect(copy.value(for: [8]) == [1])
        #expect(copy.count == 200)
        #expect(store.count == 199)
    }

    private static func key(_ random: inout SeededRandom) -> [UInt8] {
        let length = 1 + Int(random.next() % 3)
        return (0..<length).map { _ in UInt8(truncatingIfNeeded: random.next() % 17) }
    }
}
