import Consensus
import Kernel
import Replica
import Simulator
import Testing

@Suite("Virtual state store")
struct VirtualStateStoreTests {
    private typealias Rows = [[UInt8]: [UInt8]]

    @Test("a crash takes the last transactions, whole", arguments: [UInt64(1), 2, 3], [0, 1, 5, 16])
    func crash(seed: UInt64, losing count: Int) {
        var random = SeededRandom(seed: seed)
        var store = Self.empty()
        var versions: [Rows] = [[:]]
        for revision in 1...40 as ClosedRange<UInt64> {
            var rows = versions[versions.count - 1]
            var transaction = store.begin()
            Self.change(&transaction, &rows, from: &random)
            store.commit(transaction, at: Self.point(revision), Self.facts(revision))
            versions.append(rows)
        }
        #expect(Self.rows(of: store) == versions[40])
        #expect(store.uncommittedCount == 16)
        store.crash(losing: count)
        #expect(Self.rows(of: store) == versions[40 - count])
        #expect(store.current.point.position.index == LogIndex(UInt64(40 - count)))
        #expect(store.current.facts.revision == LogIndex(UInt64(40 - count)))
        #expect(store.uncommittedCount == 0, "what is left is durable")
    }

    @Test("a transaction that is discarded leaves no trace", arguments: [UInt64(1), 2, 3])
    func discard(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var store = Self.empty()
        var rows: Rows = [:]
        var transaction = store.begin()
        Self.change(&transaction, &rows, from: &random)
        store.commit(transaction, at: Self.point(1), Self.facts(1))
        var (doomed, others) = (store.begin(), rows)
        Self.change(&doomed, &others, from: &random)
        #expect(others != rows)
        store.discard(doomed)
        #expect(Self.rows(of: store) == rows)
        #expect(store.current.point.position.index == LogIndex(1))
    }

    @Test("a copy does not see what is written after it")
    func copies() {
        var random = SeededRandom(seed: 1)
        var store = Self.empty()
        var rows: Rows = [:]
        var transaction = store.begin()
        Self.change(&transaction, &rows, from: &random)
        store.commit(transaction, at: Self.point(1), Self.facts(1))
        let (copy, before) = (store, rows)
        var next = store.begin()
        Self.change(&next, &rows, from: &random)
        store.commit(next, at: Self.point(2), Self.facts(2))
        #expect(Self.rows(of: copy) == before)
        #expect(Self.rows(of: store) == rows)
    }

    private static func change(
        _ transaction: inout VirtualTransaction,
        _ rows: inout Rows,
        from random: inout SeededRandom
    ) {
        for _ in 0..<30 {
            let key = [UInt8(random.next() % 40)]
            if random.next() % 3 == 0 {
                transaction.remove(key)
                rows[key] = nil
            } else {
                let value = [UInt8(random.next() % 200), 1]
                transaction.set(value, for: key)
                rows[key] = value
            }
            #expect(transaction.value(for: key) == rows[key])
        }
    }

    private static func rows(of store: VirtualStateStore) -> Rows {
        var rows: Rows = [:]
        store.current.pairs.forEach { rows[$0] = $1 }
        return rows
    }

    private static func empty() -> VirtualStateStore {
        VirtualStateStore(VirtualStateStore.Version(pairs: SortedStore(), point: point(0), facts: facts(0)))
    }

    private static func point(_ revision: UInt64) -> SnapshotPoint {
        SnapshotPoint(
            position: LogPosition(term: Term(1), index: LogIndex(revision)),
            hash: .zero,
            time: .distantPast,
            configuration: Configuration(voters: Fixtures.members)
        )
    }

    private static func facts(_ revision: UInt64) -> DirectoryFacts {
        DirectoryFacts(revision: LogIndex(revision), epoch: 0, stateRoot: .zero)
    }
}
