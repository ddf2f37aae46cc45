import Consensus
import Kernel
import Storage
import Testing

@Suite("StateStore") struct StateStoreTests {
    let scratch: Scratch
    var path: String { scratch.path + "/state" }

    init() throws { scratch = try Scratch() }

    private func open(_ limits: StateStore.Limits = .init()) throws -> StateStore {
        try StateStore(path: path, owner: Samples.owner, limits: limits)
    }

    @Test("an empty state stands before the first entry")
    func empty() throws {
        let state = try open()
        #expect(try state.applied().position == .zero)
        #expect(try state.read { $0.first(atOrAfter: [])?.key } == nil)
    }

    @Test("pairs and position are committed together, and there when opened again")
    func commit() throws {
        do {
            let state = try open()
            let seen = try state.write(applied: Samples.point(5)) { transaction -> [UInt8]? in
                transaction.set([1], for: [10])
                transaction.set([2], for: [11])
                transaction.set([3], for: [11])
                transaction.remove([10])
                transaction.remove([99])
                return transaction.value(for: [11])
            }
            #expect(seen == [3])
            #expect(try state.sync() == Samples.point(5))
        }
        let state = try open()
        #expect(try state.applied() == Samples.point(5))
        #expect(try state.read { [$0.value(for: [10]), $0.value(for: [11])] } == [nil, [3]])
    }

    @Test("the position only rises")
    func position() throws {
        let state = try open()
        try state.write(applied: Samples.point(5)) { _ in }
        for index in [4, 5] as [UInt64] {
            #expect(throws: StorageError.self) {
                try state.write(applied: Samples.point(index)) { $0.set([1], for: [1]) }
            }
        }
        #expect(try state.read { $0.value(for: [1]) } == nil)
    }

    @Test("an error inside a write is thrown at its end, and nothing is committed")
    func failureInside() throws {
        let state = try open()
        let long = [UInt8](repeating: 7, count: 512)
        #expect(throws: StorageError.keyTooLong(byteCount: 512, limit: 511)) {
            try state.write(applied: Samples.point(5)) { transaction in
                transaction.set([1], for: [1])
                transaction.set([1], for: long)
                transaction.set([1], for: [2])
            }
        }
        #expect(throws: StorageError.misuse("a key must not be empty")) {
            try state.write(applied: Samples.point(5)) { $0.set([1], for: []) }
        }
        #expect(try state.applied().position == .zero)
        #expect(try state.read { $0.first(atOrAfter: [])?.key } == nil)
        try state.write(applied: Samples.point(5)) { $0.set([1], for: [1]) }
        #expect(try state.read { $0.value(for: [1]) } == [1])
    }

    @Test("a view sees one state from first to last")
    func isolation() throws {
        let state = try open()
        try state.write(applied: Samples.point(1)) { $0.set([1], for: [1]) }
        let view = try state.openView()
        try state.write(applied: Samples.point(2)) { $0.set([2], for: [1]) }
        #expect(view.value(for: [1]) == [1])
        #expect(try view.applied().position.index == LogIndex(1))
        #expect(try state.read { $0.value(for: [1]) } == [2])
        view.close()
        #expect(view.value(for: [1]) == nil)
        #expect(view.failure != nil)
    }

    @Test("a view keeps the environment open after the store is gone")
    func viewOwnsEnvironment() throws {
        var state: StateStore? = try open()
        try state?.write(applied: Samples.point(1)) { $0.set([1], for: [1]) }
        let view = try #require(try state?.openView())
        state = nil
        #expect(view.value(for: [1]) == [1])
        #expect(throws: StorageError.inUse(path: path)) { try open() }
        view.close()
    }

    @Test("a second opener is refused while the first lives")
    func secondOpener() throws {
        var first: StateStore? = try open()
        #expect(throws: StorageError.inUse(path: path)) { try open() }
        #expect(try first?.applied().position == .zero)
        first = nil
        _ = try open()
    }

    @Test("past the limit writes are refused, and reads go on")
    func limit() throws {
        let state = try open(.init(maxBytes: 200_000))
        var index: UInt64 = 0
        #expect(throws: StorageError.full(path: path, limitBytes: 200_000)) {
            while index < 1000 {
                try state.write(applied: Samples.point(index + 1)) { transaction in
                    var key: [UInt8] = []
                    key.append(bigEndian: index)
                    transaction.set([UInt8](repeating: 1, count: 1000), for: key)
                }
                index += 1
            }
        }
        #expect(index > 100)
        #expect(try state.applied().position.index == LogIndex(index))
    }

    @Test("a write that may leave too little on the disk is refused, and reads go on")
    func diskReserve() throws {
        let state = try open(.init(minimumFreeBytes: .max))
        for _ in 0..<2 {
            #expect(throws: StorageError.diskFull(path: path)) {
                try state.write(applied: Samples.point(1)) { $0.set([1], for: [1]) }
            }
        }
        #expect(try state.applied().position == .zero)
        #expect(try state.sync().position == .zero)
    }

    @Test("a full map aborts the write alone")
    func mapFull() throws {
        let state = try open(.init(maxBytes: 1 << 30, mapBytes: 1 << 20))
        #expect(throws: StorageError.full(path: path, limitBytes: 1 << 20)) {
            try state.write(applied: Samples.point(1)) { transaction in
                for key in 1...255 as ClosedRange<UInt8> {
                    transaction.set([UInt8](repeating: key, count: 10_000), for: [key])
                }
            }
        }
        #expect(try state.applied().position == .zero)
        try state.write(applied: Samples.point(1)) { $0.set([1], for: [1]) }
    }

    @Test("a file cut short or of something else is refused", arguments: ["short", "other"])
    func damagedFile(_ kind: String) throws {
        do {
            let state = try open()
            try state.write(applied: Samples.point(1)) { $0.set([UInt8](repeating: 1, count: 100_000), for: [1]) }
        }
        try Scratch.damageFile(path + "/data.mdb", keeping: kind == "short" ? 40_000 : 0)
        #expect { try open() } throws: { error in
            guard case StorageError.corrupt = error else { return false }
            return true
        }
    }
}
