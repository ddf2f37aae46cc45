import Consensus
import Kernel
import Storage
import Testing

@Suite("StateBatch") struct StateBatchTests {
    let scratch: Scratch
    let state: StateStore

    init() throws {
        scratch = try Scratch()
        state = try StateStore(path: scratch.path + "/state", owner: Samples.owner)
    }

    private func set(_ byte: UInt8, at index: UInt64, in batch: StateBatch) throws {
        try batch.apply { transaction, _ in
            transaction.set([byte], for: [byte])
            return ((), Samples.point(index))
        }
    }

    @Test("changes gather, seen by those after them, and by readers only once committed")
    func gathers() throws {
        let batch = try state.begin()
        try set(1, at: 5, in: batch)
        let seen = try batch.apply { transaction, point -> ([UInt8]?, applied: SnapshotPoint?) in
            #expect(point == Samples.point(5))
            transaction.set([2], for: [2])
            return (transaction.value(for: [1]), Samples.point(7))
        }
        #expect(seen == [1])
        #expect(batch.applied == Samples.point(7))
        #expect(try state.read { $0.value(for: [1]) } == nil)
        #expect(try state.applied().position == .zero)
        try batch.commit()
        #expect(try state.read { [$0.value(for: [1]), $0.value(for: [2])] } == [[1], [2]])
        #expect(try state.applied() == Samples.point(7))
    }

    @Test("an abandoned or released batch leaves no trace, and the next one can begin")
    func abandoned() throws {
        let abandoned = try state.begin()
        try set(1, at: 5, in: abandoned)
        abandoned.abandon()
        do {
            let released = try state.begin()
            try set(2, at: 5, in: released)
        }
        let batch = try state.begin()
        try set(3, at: 5, in: batch)
        try batch.commit()
        #expect(try state.read { [$0.value(for: [1]), $0.value(for: [2]), $0.value(for: [3])] } == [nil, nil, [3]])
    }

    @Test("an error within one change spoils the whole batch")
    func spoilt() throws {
        let batch = try state.begin()
        try set(1, at: 5, in: batch)
        #expect(throws: StorageError.misuse("a key must not be empty")) {
            try batch.apply { transaction, _ in
                transaction.set([1], for: [])
                return ((), Samples.point(6))
            }
        }
        #expect(throws: StorageError.misuse("a key must not be empty")) { try batch.commit() }
        #expect(try state.applied().position == .zero)
    }

    @Test("the position only rises within a batch, too")
    func position() throws {
        let batch = try state.begin()
        try set(1, at: 5, in: batch)
        #expect(throws: StorageError.self) { try set(2, at: 5, in: batch) }
    }

    @Test("without a change there is nothing to commit")
    func empty() throws {
        try state.begin().commit()
        #expect(try state.applied().position == .zero)
        try state.write(applied: Samples.point(1)) { $0.set([1], for: [1]) }
    }
}
