import Consensus
import Foundation
import Kernel
import Testing

@testable import Storage

@Suite("LogJournal") struct LogJournalTests {
    let scratch: Scratch
    let entries: [Entry]

    init() throws {
        scratch = try Scratch()
        entries = Samples.entries(count: 200)
    }

    private static let byteCount = 64 * JournalRecord.blockBytes
    private var path: String { scratch.path + "/log" }

    private func open() throws -> (log: LogStore, journal: LogJournal) {
        let log = try LogStore(path: path, owner: Samples.owner)
        if log.summary == nil { try log.initialise(genesis: Samples.genesis, configuration: Samples.configuration) }
        return (log, try LogJournal(store: log, byteCount: Self.byteCount))
    }

    private func write(_ number: UInt64, _ entries: some Collection<Entry>, term: UInt64 = 1) -> LogWrite {
        LogWrite(
            id: .init(number),
            hardState: HardState(term: Term(term), vote: nil, commitIndex: LogIndex(1)),
            entries: Array(entries)
        )
    }

    /// Changes the file as a disk might.
    private func overwrite(_ bytes: [UInt8], at offset: Int) throws {
        let file = try FileHandle(forUpdating: URL(filePath: path + "/journal"))
        try file.seek(toOffset: UInt64(offset))
        try file.write(contentsOf: Data(bytes))
        try file.close()
    }

    @Test("what was written is in the store after the next start, whether it was moved or not")
    func replay() throws {
        do {
            let (log, journal) = try open()
            try journal.write([write(1, entries[0..<3]), write(2, entries[3..<5])])
            try journal.move()
            #expect(log.summary?.last == entries[4].position)
            try journal.write([write(3, entries[5..<9])])
            try journal.write([write(4, [], term: 7)])
            #expect(log.summary?.last == entries[4].position)
            #expect(journal.pendingBytes == 2 * JournalRecord.blockBytes)
        }
        let (log, journal) = try open()
        #expect(log.summary?.last == entries[8].position)
        #expect(log.summary?.hardState.term == Term(7))
        #expect(journal.pendingBytes == 0)
        #expect(try log.entries(from: LogIndex(2), maxBytes: .max)?.entries == Array(entries[0..<9]))
    }

    @Test("a suffix that was replaced stays replaced")
    func replaced() throws {
        let other = Samples.entries(after: entries[1], count: 3, term: 2)
        do {
            let (_, journal) = try open()
            try journal.write([write(1, entries[0..<6])])
            try journal.write([write(2, other, term: 2)])
        }
        let (log, _) = try open()
        #expect(try log.entries(from: LogIndex(2), maxBytes: .max)?.entries == Array(entries[0..<2]) + other)
    }

    @Test("the ring goes round many times, and every start finds everything")
    func ring() throws {
        var place = 0
        for start in 0..<5 {
            let (log, journal) = try open()
            #expect(log.summary?.last.index == LogIndex(UInt64(place) + 1))
            // More blocks than there are; moved now and then, and at times only because there is no room.
            for step in 0..<36 {
                try journal.write([write(UInt64(place), entries[place...place])])
                place += 1
                if start.isMultiple(of: 2), step % 7 == 0 { try journal.move() }
            }
        }
        let (log, _) = try open()
        #expect(try log.entries(from: LogIndex(2), maxBytes: .max)?.entries == Array(entries[..<place]))
    }

    @Test("a write whose last record is torn ends before it")
    func torn() throws {
        do {
            let (_, journal) = try open()
            try journal.write([write(1, entries[0..<2])])
            try journal.write([write(2, entries[2..<4])])
        }
        try overwrite([0xff], at: JournalFile.ringStart + JournalRecord.blockBytes + 100)
        let (log, journal) = try open()
        #expect(log.summary?.last == entries[1].position)
        try journal.write([write(3, entries[2..<6])])
        try journal.move()
        #expect(log.summary?.last == entries[5].position)
    }

    @Test("damage before what is whole is no torn end, and refused")
    func damaged() throws {
        do {
            let (_, journal) = try open()
            for number in 0..<3 { try journal.write([write(UInt64(number), entries[number...number])]) }
        }
        try overwrite([0xff], at: JournalFile.ringStart + JournalRecord.blockBytes + 40)
        #expect(throws: StorageError.corrupt(path: path + "/journal", reason: "record 2 is missing before record 3")) {
            try open()
        }
    }

    @Test("a damaged head is refused, a head that was never written is not")
    func head() throws {
        do {
            let (_, journal) = try open()
            try journal.write([write(1, entries[0..<2])])
        }
        try overwrite([0xff], at: 9)
        #expect(throws: StorageError.self) { try open() }
        try overwrite([UInt8](repeating: 0, count: Self.byteCount), at: 0)
        let (log, _) = try open()
        #expect(log.summary?.last.index == LogIndex(1))
    }

    @Test("what a client put into a command does not pass for a record")
    func forged() throws {
        let forged = JournalRecord(key: 1, sequence: 2, writes: [write(9, entries[0..<2], term: 9)])
        do {
            let (_, journal) = try open()
            try journal.write([write(1, entries[0..<2])])
        }
        try overwrite(forged.bytes, at: JournalFile.ringStart + 8 * JournalRecord.blockBytes)
        let (log, _) = try open()
        #expect(log.summary?.hardState.term == Term(1))
    }

    @Test("what is too large for the ring goes to the store, after what came before")
    func large() throws {
        let (log, journal) = try open()
        try journal.write([write(1, entries[0..<2])])
        let payload = [UInt8](repeating: 7, count: Self.byteCount / 3)
        let big = Entry(
            position: LogPosition(term: Term(1), index: LogIndex(4)),
            time: entries[1].time,
            previousHash: entries[1].hash,
            payload: .command(payload)
        )
        try journal.write([write(2, [big])])
        #expect(log.summary?.last.index == LogIndex(4))
        #expect(journal.pendingBytes == 0)
    }

    @Test("a full log refuses entries and goes on to take votes")
    func full() throws {
        let log = try LogStore(path: path, owner: Samples.owner, limits: .init(maxBytes: 64 << 10))
        try log.initialise(genesis: Samples.genesis, configuration: Samples.configuration)
        let journal = try LogJournal(store: log, byteCount: Self.byteCount)
        #expect(throws: StorageError.full(path: path, limitBytes: 64 << 10)) {
            for number in entries.indices { try journal.write([write(UInt64(number), entries[number...number])]) }
        }
        try journal.write([write(999, [], term: 5)])
        try journal.move()
        #expect(log.summary?.hardState.term == Term(5))
    }
}
