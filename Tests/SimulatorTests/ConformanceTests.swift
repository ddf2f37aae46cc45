import Consensus
import Kernel
import Replica
import Simulator
import StoreTesting
import Testing

@Suite("The virtual log disk passes the conformance suite of log stores") struct ConformanceTests {
    @Test("as the model does", arguments: 1...40 as ClosedRange<UInt64>)
    func random(_ seed: UInt64) throws {
        var suite = StoreConformance(seed: seed)
        var store = VirtualLogStore()
        let difference = try suite.run(&store, operations: 150)
        #expect(difference == nil, "seed \(seed)")
        #expect(suite.done.count >= 9, "seed \(seed) did too little: \(suite.done)")
    }
}

@Suite("The virtual state store passes the conformance suite of state stores") struct StateConformanceTests {
    @Test("as the model does", arguments: 1...40 as ClosedRange<UInt64>)
    func random(_ seed: UInt64) throws {
        var suite = StateStoreConformance(seed: seed)
        var (store, other) = (VirtualStateDisk(), VirtualStateDisk())
        let difference = try suite.run(&store, beside: &other, operations: 400)
        #expect(difference == nil, "seed \(seed)")
        #expect(suite.done.count == StateStoreConformance.kinds.count, "seed \(seed) did too little: \(suite.done)")
    }
}

private struct VirtualLogStore: LogStoreUnderTest {
    private var disk = VirtualLogDisk(
        hardState: HardState(term: Term(1), vote: nil, commitIndex: LogIndex(1)),
        base: StoreConformance.base,
        entries: [StoreConformance.genesis]
    )

    var standing: LogStanding {
        LogStanding(hardState: disk.hardState, base: disk.base, last: disk.last, lost: disk.lost)
    }

    /// A group is one transaction: all of it or none.
    mutating func write(_ writes: [LogWrite]) throws {
        var changed = disk
        for write in writes { _ = changed.begin(write) }
        while changed.isWriting {
            for completion in changed.completeBatch() {
                if let flaw = completion.flaw { throw Refused(reason: flaw) }
            }
        }
        disk = changed
    }

    func entries(from index: LogIndex, maxBytes: Int) -> (previous: LogPosition, entries: [Entry])? {
        disk.range(from: index, maxBytes: maxBytes)
    }
    func entries(from first: LogIndex, endingAt last: LogIndex, maxBytes: Int) -> [Entry] {
        disk.entries(from: first, endingAt: last, maxBytes: maxBytes)
    }
    mutating func compact(before index: LogIndex, applied: SnapshotPoint) -> LogIndex {
        disk.compact(before: min(index, applied.position.index.next), applied: applied.position.index)
        return disk.firstIndex
    }
    mutating func reset(to point: SnapshotPoint) { disk.reset(to: point) }
    mutating func restart() { _ = disk.crash(keeping: 0) }
    func restored(applied: SnapshotPoint) -> RestoredLog {
        disk.restored(hidingThrough: applied.position.index, applied: applied.position.index)
    }
    mutating func damage(_ index: LogIndex) { disk.rot(at: index) }
    func scrub() -> [LogDamage] { disk.damage }
    mutating func cutDamagedTail(after applied: SnapshotPoint) -> Bool {
        disk.cutDamagedTail(after: applied.position.index) != nil
    }
    mutating func repair(_ entries: [Entry], endingIn hash: Digest) throws {
        guard disk.repair(entries, endingIn: hash) else { throw Refused(reason: "no repair") }
    }
    mutating func forgetLostTail() { disk.forgetLostTail() }
}

private struct VirtualStateDisk: StateStoreUnderTest {
    private static let facts = DirectoryFacts(revision: .zero, epoch: 0, stateRoot: .zero)
    private var store = VirtualStateStore(
        VirtualStateStore.Version(pairs: SortedStore(), point: StateStoreConformance.start, facts: facts)
    )

    var applied: SnapshotPoint { store.current.point }

    var rows: [StateRow] {
        var rows: [StateRow] = []
        store.current.pairs.forEach { rows.append(StateRow(key: $0, value: $1)) }
        return rows
    }

    mutating func apply(_ changes: [StateChange], reaching point: SnapshotPoint?) {
        var transaction = store.begin()
        for change in changes {
            if let value = change.value {
                transaction.set(value, for: change.key)
            } else {
                transaction.remove(change.key)
            }
        }
        if let point { store.commit(transaction, at: point, Self.facts) } else { store.discard(transaction) }
    }

    mutating func sync() { store.sync() }
    mutating func crash(drawn: UInt64) { store.crash(losing: Int(drawn % UInt64(store.uncommittedCount + 1))) }

    func chunks() -> [Message.SnapshotChunk] {
        let snapshot = OutgoingSnapshot(store.current)
        var chunks: [Message.SnapshotChunk] = []
        while let chunk = snapshot.chunk(UInt64(chunks.count)) { chunks.append(chunk) }
        return chunks
    }

    mutating func install(_ chunks: [Message.SnapshotChunk], at point: SnapshotPoint) throws {
        var incoming = IncomingSnapshot()
        for chunk in chunks { incoming.stage(chunk) }
        guard let pairs = incoming.assembled(at: point) else { throw Refused(reason: "no whole state at that point") }
        store.replace(with: VirtualStateStore.Version(pairs: pairs, point: point, facts: Self.facts))
    }
}

private struct Refused: Error { let reason: String }
