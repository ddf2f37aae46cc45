import Consensus
import Glibc
import Kernel
import Storage
import Testing
import Wire

@Suite("Backup file") struct BackupTests {
    let scratch: Scratch
    var path: String { scratch.path + "/backup" }

    init() throws { scratch = try Scratch() }

    /// Two tables, of rows that fill several chunks.
    private func state(rows: Int) throws -> StateStore {
        let state = try StateStore(path: scratch.path + "/state", owner: Samples.owner)
        try state.write(applied: Samples.point(9)) { transaction in
            for row in 0..<rows {
                for table in [1, 2] as [UInt8] {
                    let key = [table, UInt8(row >> 8), UInt8(truncatingIfNeeded: row)]
                    transaction.set([UInt8](repeating: UInt8(truncatingIfNeeded: row), count: 1000), for: key)
                }
            }
        }
        return state
    }

    private func stream(_ state: StateStore, tables: [UInt8]? = nil) throws -> BackupStream {
        try state.openBackup(tables: tables) { _, point in
            BackupHeader(
                kind: tables == nil ? .state : .revocations,
                lineage: Samples.owner.lineage,
                point: point,
                stateRoot: .of([4]),
                createdAt: WallTime(milliseconds: 77)
            )
        }
    }

    @Test("may be of a state after changes that are never made") func afterChanges() throws {
        let state = try state(rows: 3)
        var ahead: BackupStream? = try state.openBackup { transaction, point in
            #expect(point == Samples.point(9))
            transaction.set([7], for: [2, 9])
            transaction.remove([1, 0, 0])
            return Samples.point(12)
        } describe: { view, point in
            #expect(view.value(for: [2, 9]) == [7])
            return BackupHeader(
                kind: .state,
                lineage: Samples.owner.lineage,
                point: point,
                stateRoot: .of([4]),
                createdAt: WallTime(milliseconds: 77)
            )
        }
        let file = try bytes(try #require(ahead))
        ahead = nil
        try write(file)
        #expect(try BackupReader(verifying: path).header.point == Samples.point(12))
        let pairs = try rows()
        #expect(pairs.count == 6 && pairs.contains { $0.key == [2, 9] && $0.value == [7] })
        #expect(!pairs.contains { $0.key == [1, 0, 0] })
        #expect(try state.applied() == Samples.point(9))
        #expect(try state.read { $0.value(for: [2, 9]) } == nil)
        #expect(try state.read { $0.value(for: [1, 0, 0])?.first } == 0)
        try state.write(applied: Samples.point(10)) { $0.set([1], for: [1]) }
    }

    private func bytes(_ stream: BackupStream) throws -> [UInt8] {
        var bytes: [UInt8] = []
        while let piece = try stream.next() { bytes += piece }
        return bytes
    }

    private func write(_ bytes: [UInt8]) throws {
        let file = unsafe open(path, O_CREAT | O_TRUNC | O_WRONLY, 0o600)
        defer { _ = close(file) }
        try #require(unsafe Glibc.write(file, bytes, bytes.count) == bytes.count)
    }

    private func rows() throws -> [StatePairs.Pair] {
        var rows: [StatePairs.Pair] = []
        try BackupReader(verifying: path).forEachChunk { rows += $0.pairs }
        return rows
    }

    @Test("holds the state as it was when it was opened, whatever happens meanwhile") func consistent() throws {
        let state = try state(rows: 700)
        let backup = try stream(state)
        let first = try #require(try backup.next())
        try state.write(applied: Samples.point(10)) { transaction in
            transaction.remove([1, 0, 0])
            transaction.set([1], for: [2, 0, 0])
            transaction.set([1], for: [3])
        }
        try write(first + bytes(backup))
        let reader = try BackupReader(verifying: path)
        #expect(reader.header == backup.header)
        #expect(reader.header.point == Samples.point(9))
        #expect(reader.chunkCount > 3)
        let rows = try rows()
        #expect(rows.count == 1400)
        #expect(rows.allSatisfy { $0.value.count == 1000 })
    }

    @Test("of some tables alone holds all of their rows and no others") func tables() throws {
        let state = try state(rows: 700)
        try write(bytes(stream(state, tables: [2])))
        let rows = try rows()
        #expect(rows.count == 700 && rows.allSatisfy { $0.key[0] == 2 })
        try write(bytes(stream(state, tables: [1, 2])))
        #expect(try self.rows().count == 1400)
    }

    @Test("any changed, missing or extra byte is found") func damage() throws {
        let whole = try bytes(stream(state(rows: 2)))
        try write(whole)
        _ = try BackupReader(verifying: path)
        for place in whole.indices where place < 200 || place.isMultiple(of: 13) || place > whole.count - 100 {
            var bad = whole
            bad[place] ^= 0x10
            try write(bad)
            #expect(throws: BackupError.self, "byte \(place)") { try BackupReader(verifying: path) }
        }
        for count in stride(from: 0, to: whole.count, by: 37) {
            try write(Array(whole.prefix(count)))
            #expect(throws: BackupError.self, "\(count) bytes") { try BackupReader(verifying: path) }
        }
        try write(whole + [0])
        #expect(throws: BackupError.self) { try BackupReader(verifying: path) }
        #expect(throws: BackupError.self) { try BackupReader(verifying: scratch.path + "/none") }
    }
}
