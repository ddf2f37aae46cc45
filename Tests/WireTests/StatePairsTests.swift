import Testing
import Wire

@Suite("StatePairs") struct StatePairsTests {
    @Test("pairs come back equal and within their stated size")
    func roundTrip() throws {
        let pairs = [
            StatePairs.Pair(key: [0], value: []), .init(key: [0, 1], value: [UInt8](repeating: 7, count: 70_000)),
            .init(key: [UInt8](repeating: 9, count: 511), value: [1]),
        ]
        for run in [[], pairs] {
            let encoded = StatePairs(pairs: run).encoded()
            #expect(try StatePairs(encoded: encoded).pairs == run)
            #expect(encoded.count <= run.reduce(0) { $0 + $1.encodedByteCount })
        }
    }

    @Test("keys that are empty or out of order are refused")
    func keyOrder() {
        for keys in [[[]], [[2], [1]], [[1], [1]], [[1, 0], [1]]] as [[[UInt8]]] {
            let encoded = StatePairs(pairs: keys.map { StatePairs.Pair(key: $0, value: []) }).encoded()
            #expect(throws: WireError.self) { try StatePairs(encoded: encoded) }
        }
    }
}
