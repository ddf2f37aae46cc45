import Consensus
import Kernel
import Storage
import StoreTesting
import Testing

@Suite("LogStore passes the conformance suite") struct ConformanceTests {
    @Test("as the model does", arguments: 1...8 as ClosedRange<UInt64>)
    func random(_ seed: UInt64) throws {
        var suite = StoreConformance(seed: seed)
        var store = try LogStoreOnDisk()
        let difference = try suite.run(&store, operations: 150)
        #expect(difference == nil, "seed \(seed)")
        #expect(suite.done.count >= 9, "seed \(seed) did too little: \(suite.done)")
    }
}

@Suite("StateStore passes the conformance suite") struct StateConformanceTests {
    @Test("as the model does", arguments: 1...8 as ClosedRange<UInt64>)
    func random(_ seed: UInt64) throws {
        var suite = StateStoreConformance(seed: seed)
        var (store, other) = (try StateStoreOnDisk(), try StateStoreOnDisk())
        let difference = try suite.run(&store, beside: &other, operations: 150)
        #expect(difference == nil, "seed \(seed)")
        #expect(suite.done.count == StateStoreConformance.kinds.count, "seed \(seed) did too little: \(suite.done)")
    }
}

/// The store on LMDB, in a directory of its own.
private struct LogStoreOnDisk: LogStoreUnderTest {
    private let scratch: Scratch
    private var opened: LogStore?

    init() throws {
        scratch = try Scratch()
        opened = try LogStore(path: scratch.path + "/log", owner: Samples.owner)
        try opened?.initialise(genesis: StoreConformance.genesis, configuration: StoreConformance.configuration)
    }

    private var log: LogStore { get throws { try #require(opened) } }

    var standing: LogStanding {
        get throws {
            let summary = try #require(try log.summary)
            return LogStanding(
                hardState: summary.hardState,
                base: summary.base,
                last: summary.last,
                lost: summary.lost
            )
        }
    }

    func write(_ writes: [LogWrite]) throws { try log.write(writes) }
    func entries(from index: LogIndex, maxBytes: Int) throws -> (previous: LogPosition, entries: [Entry])? {
        try log.entries(from: index, maxBytes: maxBytes)
    }
    func entries(from first: LogIndex, endingAt last: LogIndex, maxBytes: Int) throws -> [Entry] {
        try log.entries(from: first, endingAt: last, maxBytes: maxBytes)
    }
    func compact(before index: LogIndex, applied: SnapshotPoint) throws -> LogIndex {
        try log.truncatePrefix(before: min(index, applied.position.index.next), state: applied)
    }
    func reset(to point: SnapshotPoint) throws { try log.reset(to: point, stateGeneration: 1) }
    mutating func restart() throws {
        opened = nil
        opened = try LogStore(path: scratch.path + "/log", owner: Samples.owner)
    }
    func restored(applied: SnapshotPoint) throws -> RestoredLog { try log.restore(applied: applied, windowBytes: 1000) }
    mutating func damage(_ index: LogIndex) throws {
        opened = nil
        try Scratch.tamper(scratch.path + "/log", table: "entries") { transaction, table in
            let key = Samples.key(index.number)
            let record = try #require(try transaction.value(for: key, in: table))
            try transaction.put(Array(record.dropLast(1)), for: key, in: table)
        }
        try restart()
    }
    func scrub() throws -> [LogDamage] { try log.scrub(from: .zero, maxBytes: .max).damage }
    func cutDamagedTail(after applied: SnapshotPoint) throws -> Bool {
        try log.cutDamagedTail(after: applied, isOnlyVoter: false) != nil
    }
    func repair(_ entries: [Entry], endingIn hash: Digest) throws { try log.repair(entries, endingIn: hash) }
    func forgetLostTail() throws { try log.forgetLostTail() }
}

/// The store on LMDB, as nodes use it: committed a piece at a time, some time after it was applied.
private struct StateStoreOnDisk: StateStoreUnderTest {
    private let scratch: Scratch
    private var data: DataDirectory?
    private var working: WorkingState?

    init() throws {
        scratch = try Scratch()
        let opened = try DataDirectory(path: scratch.path + "/data", owner: Samples.owner)
        try opened.log.initialise(genesis: StoreConformance.genesis, configuration: StoreConformance.configuration)
        try opened.state.write(applied: StateStoreConformance.start) { _ in }
        data = opened
        working = try opened.state.openWorkingState()
    }

    private var state: WorkingState { get throws { try #require(working) } }
    private var directory: DataDirectory { get throws { try #require(data) } }

    var applied: SnapshotPoint { get throws { try state.applied } }

    var rows: [StateRow] {
        get throws {
            try state.apply { transaction, _ in
                var rows: [StateRow] = []
                transaction.scan(prefix: []) { key, value in
                    rows.append(StateRow(key: key, value: value))
                    return true
                }
                return (rows, nil)
            }
        }
    }

    func apply(_ changes: [StateChange], reaching point: SnapshotPoint?) throws {
        try state.apply { transaction, _ in
            for change in changes {
                if let value = change.value {
                    transaction.set(value, for: change.key)
                } else {
                    transaction.remove(change.key)
                }
            }
            return ((), point)
        }
        // Now and then, so that rows lie over others that are committed.
        if let point, point.position.index.number.isMultiple(of: 5) { try commit() }
    }

    private func commit() throws {
        guard let changes = try state.freeze() else { return }
        try directory.state.commit(changes)
        try state.settle()
    }

    func sync() throws {
        try commit()
        try directory.state.sync()
    }

    mutating func crash(drawn: UInt64) throws {
        working = nil
        data = nil
        data = try DataDirectory(path: scratch.path + "/data", owner: Samples.owner)
        working = try directory.state.openWorkingState()
    }

    func chunks() throws -> [Message.SnapshotChunk] {
        try commit()
        let reader = try directory.state.openSnapshot()
        var chunks: [Message.SnapshotChunk] = []
        while let chunk = try reader.chunk(UInt64(chunks.count), maxBytes: 2000) { chunks.append(chunk) }
        return chunks
    }

    mutating func install(_ chunks: [Message.SnapshotChunk], at point: SnapshotPoint) throws {
        for chunk in chunks { _ = try directory.stage(chunk) }
        try directory.installSnapshot(point)
        working = nil
        working = try directory.state.openWorkingState()
    }
}
