internal import Consensus
package import Kernel
internal import Wire

/// The few records of an environment that are not its bulk: format, owner, and where it stands.
///
/// Each record is its bytes preceded by a CRC-32C over name and bytes, since LMDB 0.9 has no page checksums.
struct MetaTable: Sendable {
    enum Name: String, Sendable {
        case format, owner, base, end, hardState, lostTail, stateGeneration, applied, sealMark, sealMemory
    }

    /// The newest layout that this program knows. Raised with any change that an older program would misread.
    static let formatVersion: UInt32 = 1

    let table: LMDBTable
    let path: String

    func record(_ name: Name, in transaction: LMDBTransaction) throws(StorageError) -> [UInt8]? {
        guard let stored = try transaction.value(for: Array(name.rawValue.utf8), in: table) else { return nil }
        let body = stored.dropFirst(4)
        guard stored.count >= 4, stored.bigEndian32(at: 0) == checksum(name, body) else {
            throw .corrupt(path: path, reason: "the record '\(name.rawValue)' does not match its checksum")
        }
        return Array(body)
    }

    func put(_ bytes: [UInt8], as name: Name, in transaction: LMDBTransaction) throws(StorageError) {
        var stored: [UInt8] = []
        stored.append(bigEndian: checksum(name, bytes[...]))
        try transaction.put(stored + bytes, for: Array(name.rawValue.utf8), in: table)
    }

    func number(_ name: Name, in transaction: LMDBTransaction) throws(StorageError) -> UInt64? {
        guard let bytes = try record(name, in: transaction) else { return nil }
        guard bytes.count == 8 else { throw corrupt(name) }
        return bytes.bigEndian64(at: 0)
    }

    func put(_ number: UInt64, as name: Name, in transaction: LMDBTransaction) throws(StorageError) {
        var bytes: [UInt8] = []
        bytes.append(bigEndian: number)
        try put(bytes, as: name, in: transaction)
    }

    func point(_ name: Name, in transaction: LMDBTransaction) throws(StorageError) -> SnapshotPoint? {
        guard let bytes = try record(name, in: transaction) else { return nil }
        do throws(WireError) { return try RaftCodec.decodeSnapshotPoint(bytes) } catch { throw corrupt(name) }
    }

    func hardState(in transaction: LMDBTransaction) throws(StorageError) -> HardState? {
        guard let bytes = try record(.hardState, in: transaction) else { return nil }
        do throws(WireError) { return try RaftCodec.decodeHardState(bytes) } catch { throw corrupt(.hardState) }
    }

    /// Position and hash of the last entry; nil before there was any.
    func end(in transaction: LMDBTransaction) throws(StorageError) -> LogEnd? {
        guard let bytes = try record(.end, in: transaction) else { return nil }
        guard bytes.count == 48, let hash = Digest(bytes: bytes[16...]) else { throw corrupt(.end) }
        let position = LogPosition(term: Term(bytes.bigEndian64(at: 0)), index: LogIndex(bytes.bigEndian64(at: 8)))
        return LogEnd(position: position, hash: hash)
    }

    func put(_ end: LogEnd, in transaction: LMDBTransaction) throws(StorageError) {
        var bytes: [UInt8] = []
        bytes.append(bigEndian: end.position.term.number)
        bytes.append(bigEndian: end.position.index.number)
        try put(bytes + end.hash.bytes, as: .end, in: transaction)
    }

    func lostTail(in transaction: LMDBTransaction) throws(StorageError) -> LostTail? {
        guard let bytes = try record(.lostTail, in: transaction), !bytes.isEmpty else { return nil }
        guard bytes.count == 24 else { throw corrupt(.lostTail) }
        let last = LogPosition(term: Term(bytes.bigEndian64(at: 16)), index: LogIndex(bytes.bigEndian64(at: 8)))
        return LostTail(first: LogIndex(bytes.bigEndian64(at: 0)), last: last)
    }

    /// Nil erases it.
    func put(_ lost: LostTail?, in transaction: LMDBTransaction) throws(StorageError) {
        var bytes: [UInt8] = []
        if let lost {
            for number in [lost.first.number, lost.last.index.number, lost.last.term.number] {
                bytes.append(bigEndian: number)
            }
        }
        try put(bytes, as: .lostTail, in: transaction)
    }

    func put(_ point: SnapshotPoint, as name: Name, in transaction: LMDBTransaction) throws(StorageError) {
        try put(RaftCodec.encode(point), as: name, in: transaction)
    }

    func put(_ state: HardState, in transaction: LMDBTransaction) throws(StorageError) {
        try put(RaftCodec.encode(state), as: .hardState, in: transaction)
    }

    private func corrupt(_ name: Name) -> StorageError {
        .corrupt(path: path, reason: "the record '\(name.rawValue)' cannot be read")
    }

    private func checksum(_ name: Name, _ body: ArraySlice<UInt8>) -> UInt32 {
        CRC32C.checksum(Array(name.rawValue.utf8) + body)
    }
}

/// Whose data an environment holds.
package struct StoreOwner: Hashable, Sendable {
    package let lineage: Lineage
    package let member: MemberID

    package init(lineage: Lineage, member: MemberID) {
        self.lineage = lineage
        self.member = member
    }

    fileprivate var bytes: [UInt8] {
        var bytes: [UInt8] = []
        for number in [lineage.high, lineage.low, member.high, member.low] { bytes.append(bigEndian: number) }
        bytes.append(bigEndian: member.incarnation)
        return bytes
    }

    fileprivate init?(bytes: [UInt8]) {
        guard bytes.count == 36 else { return nil }
        lineage = Lineage(high: bytes.bigEndian64(at: 0), low: bytes.bigEndian64(at: 8))
        member = MemberID(
            high: bytes.bigEndian64(at: 16),
            low: bytes.bigEndian64(at: 24),
            incarnation: bytes.bigEndian32(at: 32)
        )
    }
}

extension MetaTable {
    /// Marks a new environment as the owner's; refuses one of another owner or of a format not known yet.
    func claim(for owner: StoreOwner, in transaction: LMDBTransaction) throws(StorageError) {
        guard let format = try record(.format, in: transaction) else {
            var version: [UInt8] = []
            version.append(bigEndian: Self.formatVersion)
            try put(version, as: .format, in: transaction)
            try put(owner.bytes, as: .owner, in: transaction)
            return
        }
        guard format.count == 4 else { throw corrupt(.format) }
        let version = format.bigEndian32(at: 0)
        guard version <= Self.formatVersion else {
            throw .versionTooNew(path: path, found: version, supported: Self.formatVersion)
        }
        guard let bytes = try record(.owner, in: transaction), let found = StoreOwner(bytes: bytes) else {
            throw corrupt(.owner)
        }
        guard found.lineage == owner.lineage else {
            throw .wrongLineage(path: path, expected: owner.lineage, found: found.lineage)
        }
        guard found.member == owner.member else {
            throw .wrongMember(path: path, expected: owner.member, found: found.member)
        }
    }
}
