import Consensus
import Kernel
import Storage
import Testing

/// Damage that is found, cut or repaired: what each kind of it comes to.
@Suite("LogStore: verification and repair") struct LogRepairTests {
    let scratch: Scratch
    let entries = [Samples.genesis] + Samples.entries(count: 39)
    var path: String { scratch.path + "/log" }

    /// Forty entries of which the hint says that thirty are committed.
    init() throws {
        scratch = try Scratch()
        let log = try LogStore.fresh(path)
        try log.write([Samples.write(1, Array(entries[1...]), Samples.hardState(3, commit: 30))])
    }

    enum Kind: CaseIterable { case flipped, missing, short, misdirected, foreign }

    /// Below what the store checks, as a failing disk does.
    private func damage(_ index: UInt64, _ kind: Kind, seed: UInt64 = 1) throws {
        var random = SeededRandom(seed: seed)
        try Scratch.tamper(path, table: "entries") { transaction, table in
            let key = Samples.key(index)
            var record = try #require(try transaction.value(for: key, in: table))
            switch kind {
            case .flipped:
                record[Int.random(in: 0..<record.count, using: &random)] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            case .missing: try transaction.remove(key, in: table)
            case .short: record.removeLast(Int.random(in: 1...record.count, using: &random))
            case .misdirected:
                let other = index > 20 ? index - UInt64.random(in: 1...15, using: &random) : index + 7
                record = try #require(try transaction.value(for: Samples.key(other), in: table))
            case .foreign: record = Samples.foreignRecord(like: record)
            }
            if kind != .missing { try transaction.put(record, for: key, in: table) }
        }
    }

    private func point(_ index: UInt64) -> SnapshotPoint { Samples.point(of: entries[Int(index) - 1]) }

    /// All of the log in steps of so many bytes.
    private func scrub(_ log: LogStore, stepBytes: Int) throws -> [LogDamage] {
        var found: [LogDamage] = []
        var next: LogIndex? = .zero
        var steps = 0
        while let index = next {
            let step = try log.scrub(from: index, maxBytes: stepBytes)
            found += step.damage
            next = step.next
            steps += 1
        }
        #expect(stepBytes > 1 || steps > 10)
        return found
    }

    @Test("a scrub of a whole log finds nothing, whatever its steps", arguments: [1, 300, 1 << 20])
    func wholeLog(_ stepBytes: Int) throws {
        #expect(try scrub(try LogStore.reopened(path), stepBytes: stepBytes).isEmpty)
    }

    @Test("a scrub finds every kind of damage, with the hash that its successor names", arguments: Kind.allCases)
    func kinds(_ kind: Kind) throws {
        for seed in 1...12 as ClosedRange<UInt64> {
            let scratch = try LogRepairTests()
            let index = 2 + seed * 3
            try scratch.damage(index, kind, seed: seed)
            let log = try LogStore.reopened(scratch.path)
            for stepBytes in [1, 500, 1 << 20] {
                let found = try scratch.scrub(log, stepBytes: stepBytes)
                let covered = found.contains { $0.first.number <= index && index <= $0.last.number }
                #expect(covered, "seed \(seed), steps of \(stepBytes): \(found)")
                for run in found where run.hash != nil {
                    #expect(run.hash == entries[Int(run.last.number) - 1].hash, "seed \(seed): \(run)")
                }
                #expect(found.contains { $0.hash != nil }, "seed \(seed), steps of \(stepBytes): \(found)")
            }
        }
    }

    @Test("what was repaired reads back, and is whole", arguments: Kind.allCases)
    func repair(_ kind: Kind) throws {
        for index in [2, 9, 40] as [UInt64] {
            try damage(index, kind)
            let log = try LogStore.reopened(path)
            let found = try #require(try scrub(log, stepBytes: 1 << 20).first)
            let hash = try #require(found.hash)
            let run = entries[Int(found.first.number) - 1...Int(found.last.number) - 1]
            try log.repair(Array(run), endingIn: hash)
            #expect(try scrub(log, stepBytes: 1 << 20).isEmpty)
            #expect(try log.all() == entries)
        }
    }

    @Test("a run is repaired from its end down, a part at a time")
    func parts() throws {
        for index in 10...20 as ClosedRange<UInt64> { try damage(index, .flipped, seed: index) }
        let log = try LogStore.reopened(path)
        let hash = entries[19].hash
        #expect(try scrub(log, stepBytes: 1) == [LogDamage(first: LogIndex(10), last: LogIndex(20), hash: hash)])
        try log.repair(Array(entries[15...19]), endingIn: hash)
        let rest = try scrub(log, stepBytes: 1 << 20)
        #expect(rest == [LogDamage(first: LogIndex(10), last: LogIndex(15), hash: entries[14].hash)])
        try log.repair(Array(entries[9...14]), endingIn: entries[14].hash)
        #expect(try log.all() == entries)
    }

    @Test("entries that are not the ones that were lost are refused and change nothing")
    func wrongRepair() throws {
        try damage(10, .flipped)
        let log = try LogStore.reopened(path)
        let other = Samples.entries(after: entries[8], count: 1, term: 2)
        let hash = entries[9].hash
        for (name, wrong, end) in [
            ("another entry", other, hash), ("another entry with its hash", other, other[0].hash), ("none", [], hash),
            ("a gap", [entries[7], entries[9]], hash), ("past the end", [other[0]], other[0].hash),
        ] {
            #expect(throws: StorageError.self, "\(name)") { try log.repair(wrong, endingIn: end) }
        }
        #expect(try scrub(log, stepBytes: 1 << 20).count == 1)
        try log.repair([entries[9]], endingIn: hash)
        #expect(try log.all() == entries)
    }

    @Test("damage before the applied entry harms no start, and leaves the window after it", arguments: [12, 20, 25])
    func startBeforeApplied(_ index: UInt64) throws {
        try damage(index, .flipped)
        let log = try LogStore.reopened(path)
        #expect(try log.cutDamagedTail(after: point(25), isOnlyVoter: false) == nil)
        let restored = try log.restore(applied: point(25), windowBytes: 1 << 20)
        #expect(
            restored.damage == [
                LogDamage(first: LogIndex(index), last: LogIndex(index), hash: entries[Int(index) - 1].hash)
            ]
        )
        #expect(restored.base.position.index == LogIndex(min(index + 1, 25)))
        #expect(restored.base.hash == entries[Int(min(index + 1, 25)) - 1].hash)
        #expect(restored.entries.last == entries.last)
        #expect(restored.lost == nil)
    }

    @Test(
        "a damaged tail is cut, on record until it is made good, and the term is left",
        arguments: [
            (26, Kind.flipped), (28, .missing), (35, .misdirected), (40, .short), (40, .foreign), (40, .missing),
        ] as [(UInt64, Kind)]
    )
    func cut(_ index: UInt64, _ kind: Kind) throws {
        try damage(index, kind)
        do {
            let log = try LogStore.reopened(path)
            let cut = try #require(try log.cutDamagedTail(after: point(25), isOnlyVoter: false))
            #expect(cut.first == LogIndex(index))
            #expect(cut.last == LogIndex(40))
            #expect(cut.isCommitted == (index <= 30))
            #expect(cut.isFollowedByWholeEntries == (index < 40))
        }
        let log = try LogStore.reopened(path)
        #expect(try log.cutDamagedTail(after: point(25), isOnlyVoter: false) == nil)
        let restored = try log.restore(applied: point(25), windowBytes: 0)
        #expect(restored.lost == LostTail(first: LogIndex(index), last: entries[39].position))
        #expect(restored.hardState == Samples.hardState(4, commit: 30))
        #expect(restored.entries == Array(entries[25..<Int(index) - 1]))
        // The hint outlives a smaller one of a member that starts over.
        try log.write([Samples.write(1, Array(entries[(Int(index) - 1)...]), Samples.hardState(4, commit: index - 1))])
        #expect(log.summary?.hardState.commitIndex.number == max(30, index - 1))
        try log.forgetLostTail()
        #expect(log.summary?.lost == nil)
        #expect(try scrub(log, stepBytes: 1 << 20).isEmpty)
    }

    @Test("a second cut before the first is made good keeps the farther end")
    func secondCut() throws {
        try damage(38, .flipped)
        do { _ = try LogStore.reopened(path).cutDamagedTail(after: point(25), isOnlyVoter: false) }
        try damage(33, .flipped)
        let log = try LogStore.reopened(path)
        _ = try log.cutDamagedTail(after: point(25), isOnlyVoter: false)
        #expect(log.summary?.lost == LostTail(first: LogIndex(33), last: entries[39].position))
        #expect(log.summary?.hardState.term == Term(5))
    }

    @Test("the only voter's entries are all committed: nothing is cut")
    func onlyVoter() throws {
        try damage(35, .flipped)
        let log = try LogStore.reopened(path)
        let before = log.summary
        #expect {
            try log.cutDamagedTail(after: point(25), isOnlyVoter: true)
        } throws: { error in
            guard case StorageError.corruptEntry(_, LogIndex(35), true, _) = error else { return false }
            return true
        }
        #expect(log.summary == before)
    }

    @Test("a log of another history than the state is not cut into shape but refused or cut where they part")
    func foreignState() throws {
        let log = try LogStore.reopened(path)
        let other = SnapshotPoint(
            position: entries[24].position,
            hash: .of([9]),
            time: entries[24].time,
            configuration: Samples.configuration
        )
        #expect(try log.cutDamagedTail(after: other, isOnlyVoter: false)?.first == LogIndex(26))
        #expect(throws: StorageError.self) { try log.restore(applied: Samples.point(41), windowBytes: 0) }
    }

    @Test("appending after a damaged last entry goes on with the chain, and a scrub finds the entry")
    func appendAfterDamage() throws {
        try damage(40, .flipped)
        let log = try LogStore.reopened(path)
        let next = Samples.entries(after: entries[39], count: 2)
        try log.write([Samples.write(2, next)])
        #expect(
            try scrub(log, stepBytes: 1 << 20) == [
                LogDamage(first: LogIndex(40), last: LogIndex(40), hash: entries[39].hash)
            ]
        )
        try log.repair([entries[39]], endingIn: entries[39].hash)
        #expect(try log.all() == entries + next)
    }

    @Test("a log is compacted past damaged entries, to the state's own point if need be")
    func compactPastDamage() throws {
        for index in [8, 9, 25] as [UInt64] { try damage(index, .flipped) }
        let log = try LogStore.reopened(path)
        #expect(try log.truncatePrefix(before: LogIndex(16), state: point(25), entriesATime: 8) == LogIndex(16))
        #expect(log.summary?.base == point(15))
        #expect(try log.truncatePrefix(before: LogIndex(26)) == LogIndex(25))
        #expect(try log.truncatePrefix(before: LogIndex(26), state: point(25)) == LogIndex(26))
        #expect(log.summary?.base == point(25))
        #expect(try log.all() == Array(entries[25...]))
    }

    @Test("entries for a peer end where it asks, and are as many as fit")
    func entriesForPeer() throws {
        try damage(10, .flipped)
        let log = try LogStore.reopened(path)
        let all = try log.entries(from: LogIndex(11), endingAt: LogIndex(30), maxBytes: 1 << 20)
        #expect(all == Array(entries[10...29]))
        let some = try log.entries(from: LogIndex(11), endingAt: LogIndex(30), maxBytes: 400)
        #expect(some.count > 1 && some.count < 10 && some.last == entries[29])
        #expect(try log.entries(from: LogIndex(1), endingAt: LogIndex(5), maxBytes: 1) == [entries[4]])
        #expect(try log.entries(from: LogIndex(41), endingAt: LogIndex(41), maxBytes: 1).isEmpty)
        #expect(try log.entries(from: LogIndex(9), endingAt: LogIndex(8), maxBytes: 1).isEmpty)
        let cut = try log.entries(from: LogIndex(5), endingAt: LogIndex(12), maxBytes: 1 << 20)
        #expect(cut == Array(entries[10...11]))
        #expect(throws: StorageError.self) {
            try log.entries(from: LogIndex(5), endingAt: LogIndex(10), maxBytes: 1 << 20)
        }
    }
}
