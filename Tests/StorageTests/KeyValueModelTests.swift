import Consensus
import Kernel
import Storage
import Testing

@Suite("StateStore against a sorted array") struct KeyValueModelTests {
    /// The obvious version of what a state is.
    private struct Model: KeyValueTransaction {
        var pairs: [(key: [UInt8], value: [UInt8])] = []

        private func place(_ key: [UInt8]) -> Int {
            pairs.firstIndex { !$0.key.lexicographicallyPrecedes(key) } ?? pairs.count
        }
        func value(for key: [UInt8]) -> [UInt8]? { pairs.first { $0.key == key }?.value }
        func first(atOrAfter key: [UInt8]) -> (key: [UInt8], value: [UInt8])? {
            place(key) < pairs.count ? pairs[place(key)] : nil
        }
        mutating func set(_ value: [UInt8], for key: [UInt8]) {
            remove(key)
            pairs.insert((key, value), at: place(key))
        }
        mutating func remove(_ key: [UInt8]) { pairs.removeAll { $0.key == key } }
    }

    @Test("the same writes give the same reads", arguments: [1, 2, 3, 4, 5, 6] as [UInt64])
    func random(_ seed: UInt64) throws {
        let scratch = try Scratch()
        let state = try StateStore(path: scratch.path + "/state", owner: Samples.owner)
        var random = SeededRandom(seed: seed)
        var model = Model()
        var checked = 0
        for round in 1...30 as ClosedRange<UInt64> {
            let steps = (0..<40).map { _ in
                (Self.key(&random), Self.value(&random), Int.random(in: 0..<4, using: &random))
            }
            let answers = try state.write(applied: Samples.point(round)) { transaction in
                steps.map { Self.apply($0, to: &transaction) }
            }
            #expect(answers == steps.map { Self.apply($0, to: &model) }, "seed \(seed), round \(round)")
            checked += answers.reduce(0) { $0 + ($1.isEmpty ? 0 : 1) }
            let all = try state.read { view in
                var keys: [[UInt8]] = []
                view.scan(prefix: []) { key, value in
                    keys += [key, value]
                    return true
                }
                return keys
            }
            #expect(all == model.pairs.flatMap { [$0.key, $0.value] }, "seed \(seed), round \(round)")
        }
        #expect(checked > 100, "seed \(seed) found nothing")
    }

    private static func apply(
        _ step: ([UInt8], [UInt8], Int),
        to transaction: inout some KeyValueTransaction
    ) -> [UInt8] {
        switch step.2 {
        case 0: transaction.remove(step.0)
        case 1: transaction.set(step.1, for: step.0)
        case 2: return transaction.value(for: step.0) ?? []
        default: return transaction.first(atOrAfter: step.0).map { $0.key + $0.value } ?? []
        }
        return []
    }

    /// From few bytes, so that keys meet; at times as long as can be, all of the highest byte, or a successor of such.
    private static func key(_ random: inout SeededRandom) -> [UInt8] {
        switch Int.random(in: 0..<20, using: &random) {
        case 0: [UInt8](repeating: .max, count: 511)
        case 1: [UInt8](repeating: 3, count: 511)
        default:
            (0..<Int.random(in: 1...3, using: &random)).map { _ in [0, 3, 255][Int.random(in: 0..<3, using: &random)] }
        }
    }

    private static func value(_ random: inout SeededRandom) -> [UInt8] {
        let count = [0, 1, 50, 3000, 9000][Int.random(in: 0..<5, using: &random)]
        return [UInt8](repeating: UInt8.random(in: 0...255, using: &random), count: count)
    }

    @Test("seeking past the longest key finds what follows it")
    func longSeek() throws {
        let scratch = try Scratch()
        let state = try StateStore(path: scratch.path + "/state", owner: Samples.owner)
        let longest = [UInt8](repeating: 5, count: 510) + [255]
        try state.write(applied: Samples.point(1)) { transaction in
            for key in [longest, [5, 6], [255, 255]] { transaction.set([1], for: key) }
        }
        let found = try state.read { view in
            [longest, longest + [0], [5, 6, 0], [UInt8](repeating: 255, count: 600)].map {
                view.first(atOrAfter: $0)?.key
            }
        }
        #expect(found == [longest, [5, 6], [255, 255], nil])
    }
}
