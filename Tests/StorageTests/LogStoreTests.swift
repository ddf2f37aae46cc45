import Consensus
import Kernel
import Storage
import Testing

@Suite("LogStore") struct LogStoreTests {
    let scratch: Scratch
    var path: String { scratch.path + "/log" }

    init() throws { scratch = try Scratch() }

    @Test("a new log is not initialised, and takes nothing before it is")
    func uninitialised() throws {
        let log = try LogStore.reopened(path)
        #expect(log.summary == nil)
        #expect(throws: StorageError.self) { try log.write([Samples.write(1, [Samples.genesis])]) }
        #expect(throws: StorageError.self) { try log.restore(appliedIndex: .zero, windowBytes: 0) }
    }

    @Test("it starts with one committed entry, once")
    func initialise() throws {
        let log = try LogStore.fresh(path)
        let restored = try log.restore(appliedIndex: .zero, windowBytes: 1 << 20)
        #expect(restored.entries == [Samples.genesis])
        #expect(restored.hardState == Samples.hardState(1, commit: 1))
        #expect(restored.base.configuration == Samples.configuration)
        #expect(restored.base.position == .zero)
        #expect(restored.firstIndex == LogIndex(1))
        #expect(throws: StorageError.self) {
            try log.initialise(genesis: Samples.genesis, configuration: Samples.configuration)
        }
    }

    @Test("what was written is there after it is opened again")
    func reopen() throws {
        let entries = Samples.entries(count: 30)
        let hardState = Samples.hardState(3, commit: 9, vote: Samples.owner.member)
        do {
            let log = try LogStore.fresh(path)
            try log.write([Samples.write(1, entries, hardState)])
        }
        let log = try LogStore.reopened(path)
        let restored = try log.restore(appliedIndex: .zero, windowBytes: 0)
        #expect(restored.entries == [Samples.genesis] + entries)
        #expect(restored.hardState == hardState)
        #expect(log.summary?.last == entries.last?.position)
    }

    @Test("a group of writes is one transaction, in order")
    func groupCommit() throws {
        let log = try LogStore.fresh(path)
        let first = Samples.entries(count: 5)
        let replaced = Samples.entries(after: first[1], count: 2, term: 2)
        try log.write([
            Samples.write(1, first, Samples.hardState(1, commit: 1)),
            Samples.write(2, [], Samples.hardState(2, commit: 1)),
            Samples.write(3, replaced),
        ])
        #expect(try log.all() == [Samples.genesis] + first[...1] + replaced)
        #expect(log.summary?.hardState.term == Term(2))
    }

    @Test("a group of which one write is refused leaves nothing behind")
    func groupIsAtomic() throws {
        let log = try LogStore.fresh(path)
        let before = log.summary
        let entries = Samples.entries(count: 3)
        #expect(throws: StorageError.self) {
            try log.write([Samples.write(1, Array(entries[...1])), Samples.write(2, [entries[0], entries[2]])])
        }
        #expect(log.summary == before)
        #expect(try log.all() == [Samples.genesis])
        try log.write([Samples.write(3, entries)])
        #expect(try log.all().count == 4)
    }

    @Test("entries replace the suffix from the first of them on, shorter ones too")
    func replaceSuffix() throws {
        let log = try LogStore.fresh(path)
        let old = Samples.entries(count: 20)
        try log.write([Samples.write(1, old)])
        let new = Samples.entries(after: old[9], count: 2, term: 2)
        try log.write([Samples.write(2, new)])
        #expect(try log.all() == [Samples.genesis] + old[...9] + new)
        #expect(log.summary?.last == new.last?.position)
    }

    @Test("what must never be written is refused")
    func misuse() throws {
        let log = try LogStore.fresh(path)
        let entries = Samples.entries(count: 6)
        try log.write([Samples.write(1, entries, Samples.hardState(2, commit: 4, vote: Samples.owner.member))])
        let other = Samples.entries(after: Samples.entries(count: 6, term: 2)[5], count: 1, term: 2)
        let gap = Samples.entries(after: Samples.entries(count: 7)[6], count: 1)
        let falling = Entry(
            position: LogPosition(term: .zero, index: LogIndex(8)),
            time: entries[5].time,
            previousHash: entries[5].hash,
            payload: .empty
        )
        for (name, write) in [
            ("another chain", Samples.write(2, other)), ("a gap", Samples.write(2, gap)),
            ("a committed entry", Samples.write(2, Samples.entries(count: 1, term: 2))),
            ("a falling term", Samples.write(2, [falling])),
            ("an old term", Samples.write(2, [], Samples.hardState(1, commit: 4))),
            ("a second vote", Samples.write(2, [], Samples.hardState(2, commit: 4, vote: MemberID(high: 9, low: 9)))),
            ("a vote taken back", Samples.write(2, [], Samples.hardState(2, commit: 4))),
        ] {
            #expect(throws: StorageError.self, "\(name)") { try log.write([write]) }
        }
        #expect(try log.all() == [Samples.genesis] + entries)
    }

    @Test("a range is read with the position before it, bounded by bytes, at least one entry")
    func ranges() throws {
        let log = try LogStore.fresh(path)
        let entries = Samples.entries(count: 10, payloadBytes: 1000)
        try log.write([Samples.write(1, entries)])
        let bounded = try #require(try log.entries(from: LogIndex(3), maxBytes: 2500))
        #expect(bounded.previous == entries[0].position)
        #expect(bounded.entries == Array(entries[1...2]))
        #expect(try log.entries(from: LogIndex(3), maxBytes: 1)?.entries == [entries[1]])
        #expect(try log.entries(from: LogIndex(1), maxBytes: 1)?.previous == .zero)
        let end = try #require(try log.entries(from: LogIndex(12), maxBytes: 100))
        #expect(end.previous == entries[9].position && end.entries.isEmpty)
        #expect(try log.entries(from: LogIndex(13), maxBytes: 100) == nil)
        #expect(try log.entries(from: .zero, maxBytes: 100) == nil)
    }

    @Test("restoring gives all that is not applied, and a window of what is")
    func restoreWindow() throws {
        let log = try LogStore.fresh(path)
        let entries = Samples.entries(count: 49, payloadBytes: 100)
        try log.write([Samples.write(1, entries)])
        for (applied, window, first) in [(40, 0, 41), (40, 1000, 35), (50, 0, 51), (0, 0, 1), (40, 1 << 20, 1)] {
            let restored = try log.restore(appliedIndex: LogIndex(UInt64(applied)), windowBytes: window)
            #expect(
                restored.base.position.index.next == LogIndex(UInt64(first)),
                "applied \(applied), window \(window)"
            )
            #expect(restored.entries.count == 51 - first)
            #expect(restored.entries.first.map { $0.previousHash == restored.base.hash } ?? true)
            #expect(restored.firstIndex == LogIndex(1))
        }
        #expect(throws: StorageError.self) { try log.restore(appliedIndex: LogIndex(51), windowBytes: 0) }
    }

    @Test(
        "of what is to be applied restoring leaves on the disk what is too much, but nothing that may not be committed"
    )
    func restoreBacklog() throws {
        let log = try LogStore.fresh(path)
        try log.write([
            Samples.write(1, Samples.entries(count: 49, payloadBytes: 100), Samples.hardState(1, commit: 30))
        ])
        for (applied, commit, first) in [
            (10, 30, 31), (10, 50, 45), (0, 50, 45), (46, 50, 47), (44, 50, 45), (43, 50, 45),
        ] {
            try log.write([Samples.write(2, [], Samples.hardState(1, commit: UInt64(commit)))])
            let restored = try log.restore(
                appliedIndex: LogIndex(UInt64(applied)),
                windowBytes: 0,
                maxUnappliedBytes: 1000
            )
            #expect(
                restored.base.position.index.next == LogIndex(UInt64(first)),
                "applied \(applied), committed \(commit)"
            )
            #expect(restored.entries.count == 51 - first)
            #expect(restored.entries.first?.previousHash == restored.base.hash)
            #expect(restored.firstIndex == LogIndex(1))
        }
    }
}
