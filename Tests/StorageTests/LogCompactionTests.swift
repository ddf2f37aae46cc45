import Consensus
import Kernel
import Storage
import Testing

@Suite("LogStore: compaction, reset, limits") struct LogCompactionTests {
    let scratch: Scratch
    var path: String { scratch.path + "/log" }

    init() throws { scratch = try Scratch() }

    @Test("truncating in steps keeps the chain", arguments: [1, 3, 1000])
    func truncate(_ step: Int) throws {
        let log = try LogStore.fresh(path)
        let entries = Samples.entries(count: 20)
        try log.write([Samples.write(1, entries)])
        #expect(try log.truncatePrefix(before: LogIndex(11), entriesATime: step) == LogIndex(11))
        #expect(try log.truncatePrefix(before: LogIndex(4)) == LogIndex(11))
        let restored = try log.restore(appliedIndex: LogIndex(10), windowBytes: 1 << 20)
        #expect(restored.base == Samples.point(of: entries[8]))
        #expect(restored.entries == Array(entries[9...]))
        #expect(try log.entries(from: LogIndex(10), maxBytes: 100) == nil)
        #expect(try log.entries(from: LogIndex(11), maxBytes: 100)?.previous == entries[8].position)
        try log.write([Samples.write(2, Samples.entries(after: entries[19], count: 1))])
        #expect(throws: StorageError.self) { try log.restore(appliedIndex: LogIndex(9), windowBytes: 0) }
    }

    @Test("a log truncated to its end goes on from there, also when opened again")
    func truncateAll() throws {
        let entries = Samples.entries(count: 5)
        do {
            let log = try LogStore.fresh(path)
            try log.write([Samples.write(1, entries)])
            #expect(try log.truncatePrefix(before: LogIndex(100)) == LogIndex(7))
        }
        let log = try LogStore.reopened(path)
        #expect(log.summary?.last == entries[4].position)
        let next = Samples.entries(after: entries[4], count: 2)
        try log.write([Samples.write(2, next)])
        #expect(try log.all() == next)
    }

    @Test("truncation gives bytes back to the limit")
    func truncationFrees() throws {
        let log = try LogStore.fresh(path)
        try log.write([Samples.write(1, Samples.entries(count: 2000, payloadBytes: 500))])
        let before = try #require(log.summary?.usedBytes)
        try log.truncatePrefix(before: LogIndex(1990))
        let after = try #require(log.summary?.usedBytes)
        #expect(before > 1_000_000)
        #expect(after < before / 4)
    }

    @Test("a reset puts the log at a snapshot's point and keeps term and vote")
    func reset() throws {
        let point = Samples.point(500, term: 3)
        do {
            let log = try LogStore.fresh(path)
            let state = Samples.hardState(4, commit: 3, vote: Samples.owner.member)
            try log.write([Samples.write(1, Samples.entries(count: 30), state)])
            try log.reset(to: point, stateGeneration: 7)
        }
        let log = try LogStore.reopened(path)
        let restored = try log.restore(appliedIndex: LogIndex(500), windowBytes: 1 << 20)
        #expect(restored.base == point)
        #expect(restored.entries.isEmpty)
        #expect(restored.hardState == Samples.hardState(4, commit: 500, vote: Samples.owner.member))
        #expect(log.summary?.stateGeneration == 7)
    }

    @Test("a log that was never initialised can start from a snapshot")
    func resetEmpty() throws {
        let log = try LogStore.reopened(path)
        try log.reset(to: Samples.point(500, term: 3), stateGeneration: 2)
        #expect(log.summary?.hardState == Samples.hardState(3, commit: 500))
        #expect(log.summary?.last.index == LogIndex(500))
    }

    @Test("past the limit entries are refused and votes are not, and compaction makes room")
    func limit() throws {
        let log = try LogStore.fresh(path, limits: .init(maxBytes: 400_000))
        let entries = Samples.entries(count: 2000, payloadBytes: 300)
        var written = 0
        #expect(throws: StorageError.full(path: path, limitBytes: 400_000)) {
            for batch in stride(from: 0, to: entries.count, by: 50) {
                try log.write([Samples.write(UInt64(batch), Array(entries[batch..<batch + 50]))])
                written = batch + 50
            }
        }
        #expect(written > 500)
        #expect(try #require(log.summary).usedBytes <= 400_000)
        try log.write([Samples.write(9000, [], Samples.hardState(5, commit: 2, vote: Samples.owner.member))])
        #expect(try log.all().count == written + 1)
        try log.truncatePrefix(before: LogIndex(UInt64(written)))
        try log.write([Samples.write(9001, Array(entries[written..<written + 50]))])
        #expect(log.summary?.last.index == LogIndex(UInt64(written + 51)))
    }

    @Test("entries that would leave too little on the disk are refused, votes are not")
    func diskReserve() throws {
        do { _ = try LogStore.fresh(path) }
        let log = try LogStore.reopened(path, limits: .init(minimumFreeBytes: .max))
        #expect(throws: StorageError.diskFull(path: path)) {
            try log.write([Samples.write(1, Samples.entries(count: 1, payloadBytes: 100_000))])
        }
        try log.write([Samples.write(2, [], Samples.hardState(5, commit: 1, vote: Samples.owner.member))])
        #expect(try log.all() == [Samples.genesis])
        #expect(log.summary?.hardState.term == Term(5))
    }

    @Test("a full map is a clean error, and with a larger one the log goes on")
    func mapFull() throws {
        let limits = LogStore.Limits(maxBytes: 1 << 30, mapBytes: 1 << 20)
        let entries = Samples.entries(count: 200, payloadBytes: 30_000)
        var written = 0
        do {
            let log = try LogStore.fresh(path, limits: limits)
            #expect(throws: StorageError.full(path: path, limitBytes: 1 << 20)) {
                for (offset, entry) in entries.enumerated() {
                    try log.write([Samples.write(UInt64(offset), [entry])])
                    written = offset + 1
                }
            }
            #expect(written > 5)
            #expect(try log.all().count == written + 1)
        }
        let log = try LogStore.reopened(path)
        try log.write([Samples.write(1000, [entries[written]])])
        #expect(try log.all() == [Samples.genesis] + entries[...written])
    }
}
