import Consensus
import Kernel
import Storage
import Testing

@Suite("WorkingState") struct WorkingStateTests {
    let scratch: Scratch
    let state: StateStore

    init() throws {
        scratch = try Scratch()
        state = try StateStore(path: scratch.path + "/state", owner: Samples.owner)
    }

    private func set(_ byte: UInt8, at index: UInt64, in working: WorkingState) throws {
        try working.apply { transaction, _ in
            transaction.set([byte], for: [byte])
            return ((), Samples.point(index))
        }
    }

    private func keys(of working: WorkingState) throws -> [UInt8] {
        try working.apply { transaction, _ in
            var keys: [UInt8] = []
            transaction.scan(prefix: []) { key, _ in
                keys.append(key[0])
                return true
            }
            return (keys, nil)
        }
    }

    private func keys() throws -> [UInt8] {
        try state.read { view in
            var keys: [UInt8] = []
            view.scan(prefix: []) { key, _ in
                keys.append(key[0])
                return true
            }
            return keys
        }
    }

    @Test("changes gather, seen by those after them, and by readers only once committed")
    func gathers() throws {
        let working = try state.openWorkingState()
        try set(1, at: 5, in: working)
        let seen = try working.apply { transaction, point -> ([UInt8]?, applied: SnapshotPoint?) in
            #expect(point == Samples.point(5))
            transaction.set([2], for: [2])
            return (transaction.value(for: [1]), Samples.point(7))
        }
        #expect(seen == [1])
        #expect(working.applied == Samples.point(7))
        #expect(try keys().isEmpty)
        #expect(try state.applied().position == .zero)
        try state.commit(try #require(working.freeze()))
        #expect(try keys() == [1, 2])
        #expect(try state.applied() == Samples.point(7))
    }

    @Test("more is applied while a piece is committed, and is the next piece")
    func overlaps() throws {
        let working = try state.openWorkingState()
        try set(1, at: 1, in: working)
        try set(2, at: 2, in: working)
        let first = try #require(working.freeze())
        try working.apply { transaction, _ in
            transaction.remove([1])
            transaction.set([3], for: [3])
            return ((), Samples.point(3))
        }
        #expect(working.freeze()?.applied == Samples.point(2), "still to be settled")
        #expect(try keys(of: working) == [2, 3])
        try state.commit(first)
        #expect(try keys() == [1, 2])
        #expect(try keys(of: working) == [2, 3], "what is committed shines through twice")
        try working.settle()
        #expect(try keys(of: working) == [2, 3])
        try state.commit(try #require(working.freeze()))
        try working.settle()
        #expect(try keys() == [2, 3])
        #expect(working.freeze() == nil)
        #expect(working.openBytes == 0)
    }

    @Test("what the body gives up leaves no trace in what came before it")
    func rollsBack() throws {
        let working = try state.openWorkingState()
        try set(1, at: 5, in: working)
        try working.apply { transaction, _ in
            transaction.set([9], for: [1])
            transaction.set([2], for: [2])
            transaction.remove([1])
            return ((), nil)
        }
        #expect(working.applied == Samples.point(5))
        try state.commit(try #require(working.freeze()))
        #expect(try keys() == [1])
        #expect(try state.read { $0.value(for: [1]) } == [1])
    }

    @Test("after an error within a change nothing more is applied, and what came before it can be committed")
    func spoilt() throws {
        let working = try state.openWorkingState()
        try set(1, at: 5, in: working)
        for _ in 0..<2 {
            #expect(throws: StorageError.misuse("a key must not be empty")) {
                try working.apply { transaction, _ in
                    transaction.set([2], for: [2])
                    transaction.set([1], for: [])
                    return ((), Samples.point(6))
                }
            }
        }
        try state.commit(try #require(working.freeze()))
        #expect(try keys() == [1])
        #expect(try state.applied() == Samples.point(5))
    }

    @Test("the position only rises, and a refused step takes its rows with it")
    func position() throws {
        let working = try state.openWorkingState()
        try set(1, at: 5, in: working)
        #expect(throws: StorageError.self) { try set(2, at: 5, in: working) }
        #expect(try keys(of: working) == [1])
    }

    @Test("changes to a state that has moved on since are refused")
    func stale() throws {
        let working = try state.openWorkingState()
        try set(1, at: 5, in: working)
        try state.write(applied: Samples.point(3)) { $0.set([3], for: [3]) }
        let changes = try #require(working.freeze())
        #expect(throws: StorageError.self) { try state.commit(changes) }
        #expect(try keys() == [3])
    }

    @Test("a commit that finds no room changes nothing, and leaves the changes whole for a store that has some")
    func noRoom() throws {
        let small = try StateStore(
            path: scratch.path + "/small",
            owner: Samples.owner,
            limits: .init(maxBytes: 1 << 30, mapBytes: 1 << 20)
        )
        let working = try small.openWorkingState()
        try working.apply { transaction, _ in
            for key in 1...255 as ClosedRange<UInt8> {
                transaction.set([UInt8](repeating: key, count: 10_000), for: [key])
            }
            return ((), Samples.point(1))
        }
        let changes = try #require(working.freeze())
        for _ in 0..<2 {
            #expect(throws: StorageError.full(path: scratch.path + "/small", limitBytes: 1 << 20)) {
                try small.commit(changes)
            }
        }
        #expect(try small.applied().position == .zero)
        try state.commit(changes)
        #expect(try keys().count == 255)
    }

    @Test("without a change there is nothing to commit")
    func empty() throws {
        #expect(try state.openWorkingState().freeze() == nil)
    }

    @Test("rows over rows read as one sorted map does", arguments: [UInt64(1), 2, 3, 4, 5])
    func agreesWithModel(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        var model: [[UInt8]: [UInt8]] = [:]
        let working = try state.openWorkingState()
        var frozen: StateChanges?
        for round in 1...60 as ClosedRange<UInt64> {
            try step(working, &model, &random, 2 * round)
            if let changes = frozen, random.next() % 2 == 0 {
                try state.commit(changes)
                if random.next() % 2 == 0 { try step(working, &model, &random, 2 * round + 1) }
                try working.settle()
                frozen = nil
            } else {
                frozen = working.freeze()
            }
        }
    }

    /// Some changes, given up one time in four, and then the same questions to both.
    private func step(
        _ working: WorkingState,
        _ model: inout [[UInt8]: [UInt8]],
        _ random: inout SeededRandom,
        _ index: UInt64
    ) throws {
        let isKept = random.next() % 4 > 0
        var changed = model
        try working.apply { transaction, _ in
            for _ in 0..<20 {
                let key = Self.key(&random)
                if random.next() % 2 == 0 {
                    transaction.remove(key)
                    changed[key] = nil
                } else {
                    let value = [UInt8(truncatingIfNeeded: random.next())]
                    transaction.set(value, for: key)
                    changed[key] = value
                }
                Self.compare(transaction, changed, at: [UInt8(truncatingIfNeeded: random.next() % 8)])
            }
            return ((), isKept ? Samples.point(index) : nil)
        }
        if isKept { model = changed }
        try working.apply { transaction, _ in
            for first in 0...8 as ClosedRange<UInt8> { Self.compare(transaction, model, at: [first]) }
            for _ in 0..<20 { Self.compare(transaction, model, at: Self.key(&random)) }
            return ((), nil)
        }
    }

    private static func compare(_ transaction: StateTransaction, _ model: [[UInt8]: [UInt8]], at key: [UInt8]) {
        #expect(transaction.value(for: key) == model[key])
        let next = model.keys.filter { !$0.lexicographicallyPrecedes(key) }.min { $0.lexicographicallyPrecedes($1) }
        #expect(transaction.first(atOrAfter: key)?.key == next)
        #expect(transaction.first(atOrAfter: key)?.value == next.flatMap { model[$0] })
    }

    private static func key(_ random: inout SeededRandom) -> [UInt8] {
        (0..<1 + Int(random.next() % 2)).map { _ in UInt8(truncatingIfNeeded: random.next() % 8) }
    }
}
