import Consensus
import Kernel
import Storage
import Testing

@Suite("LogStore on a damaged or foreign disk") struct LogDamageTests {
    let scratch: Scratch
    let entries = Samples.entries(count: 10)
    var path: String { scratch.path + "/log" }

    init() throws {
        scratch = try Scratch()
        let log = try LogStore.fresh(path)
        try log.write([Samples.write(1, entries, Samples.hardState(1, commit: 6))])
    }

    @Test("any flipped bit of an entry is found, and whether it was known to be committed", arguments: [3, 9])
    func flippedBits(_ index: UInt64) throws {
        let key = Samples.key(index)
        var original: [UInt8] = []
        try Scratch.tamper(path, table: "entries") { original = try #require(try $0.value(for: key, in: $1)) }
        for place in 0..<original.count {
            var damaged = original
            damaged[place] ^= 1 << UInt8(place % 8)
            try Scratch.tamper(path, table: "entries") { try $0.put(damaged, for: key, in: $1) }
            let log = try LogStore.reopened(path)
            let expected = Damage(index: LogIndex(index), isCommitted: index <= 6)
            #expect(damage { try log.restore(appliedIndex: .zero, windowBytes: 0) } == expected, "byte \(place)")
            #expect(damage { try log.entries(from: LogIndex(index), maxBytes: 1 << 20) } == expected, "byte \(place)")
            #expect(try log.entries(from: LogIndex(1), maxBytes: 1) != nil)
        }
    }

    @Test("an entry that is missing, shortened or another's is found")
    func otherDamage() throws {
        let key = Samples.key(4)
        for change in ["missing", "short", "empty", "moved"] {
            try Scratch.tamper(path, table: "entries") { transaction, table in
                let record = try #require(try transaction.value(for: Samples.key(5), in: table))
                switch change {
                case "missing": try transaction.remove(key, in: table)
                case "short": try transaction.put(Array(record.prefix(30)), for: key, in: table)
                case "empty": try transaction.put([], for: key, in: table)
                default: try transaction.put(record, for: key, in: table)
                }
            }
            let log = try LogStore.reopened(path)
            let found = damage { try log.restore(appliedIndex: .zero, windowBytes: 0) }
            #expect(found == Damage(index: LogIndex(4), isCommitted: true), "\(change)")
        }
    }

    @Test("a whole entry of another history is found by its chain")
    func foreignEntry() throws {
        let foreign = Samples.entries(after: Samples.entries(count: 3, term: 2)[2], count: 1, term: 2)[0]
        do {
            let other = try LogStore.fresh(scratch.path + "/other")
            try other.write([Samples.write(1, Samples.entries(count: 3, term: 2) + [foreign])])
        }
        var record: [UInt8] = []
        try Scratch.tamper(scratch.path + "/other", table: "entries") {
            record = try #require(try $0.value(for: Samples.key(5), in: $1))
        }
        try Scratch.tamper(path, table: "entries") { try $0.put(record, for: Samples.key(5), in: $1) }
        let log = try LogStore.reopened(path)
        let found = damage { try log.restore(appliedIndex: .zero, windowBytes: 0) }
        #expect(found == Damage(index: LogIndex(5), isCommitted: true))
    }

    @Test("nothing is written in place of what followed a damaged entry")
    func damagedPredecessor() throws {
        try Scratch.tamper(path, table: "entries") { transaction, table in
            var record = try #require(try transaction.value(for: Samples.key(10), in: table))
            record[40] ^= 1
            try transaction.put(record, for: Samples.key(10), in: table)
        }
        let log = try LogStore.reopened(path)
        let found = damage { try log.write([Samples.write(1, Samples.entries(after: entries[8], count: 1, term: 2))]) }
        #expect(found == Damage(index: LogIndex(10), isCommitted: false))
        try log.write([Samples.write(2, [entries[8], entries[9]])])
        #expect(try log.all() == [Samples.genesis] + entries)
    }

    @Test("a damaged meta record is found", arguments: ["base", "end", "hardState", "owner", "format"])
    func metaRecords(_ name: String) throws {
        try Scratch.tamper(path, table: "meta") { transaction, table in
            var record = try #require(try transaction.value(for: Array(name.utf8), in: table))
            record[record.count - 1] ^= 0x10
            try transaction.put(record, for: Array(name.utf8), in: table)
        }
        #expect(
            throws: StorageError.corrupt(path: path, reason: "the record '\(name)' does not match its checksum")
        ) { try LogStore.reopened(path) }
    }

    @Test("a newer format is refused")
    func newerFormat() throws {
        // CRC-32C of "format" and the version, then version 2.
        try Scratch.tamper(path, table: "meta") { transaction, table in
            let record = Samples.checked(name: "format", [0, 0, 0, 2])
            try transaction.put(record, for: Array("format".utf8), in: table)
        }
        #expect(throws: StorageError.versionTooNew(path: path, found: 2, supported: 1)) {
            try LogStore.reopened(path)
        }
    }

    @Test("another cluster's and another member's log is refused")
    func foreignOwner() throws {
        let lineage = Lineage(high: 8, low: 8)
        #expect(throws: StorageError.wrongLineage(path: path, expected: lineage, found: Samples.owner.lineage)) {
            try LogStore(path: path, owner: StoreOwner(lineage: lineage, member: Samples.owner.member))
        }
        let member = MemberID(high: 3, low: 4, incarnation: 2)
        #expect(throws: StorageError.wrongMember(path: path, expected: member, found: Samples.owner.member)) {
            try LogStore(path: path, owner: StoreOwner(lineage: Samples.owner.lineage, member: member))
        }
    }

    private struct Damage: Equatable {
        let index: LogIndex
        let isCommitted: Bool
    }

    private func damage(_ body: () throws -> Any?) -> Damage? {
        do {
            _ = try body()
            return nil
        } catch StorageError.corruptEntry(_, let index, let isCommitted, _) {
            return Damage(index: index, isCommitted: isCommitted)
        } catch {
            return nil
        }
    }
}
