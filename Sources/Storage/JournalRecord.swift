internal import Consensus
internal import Kernel
internal import Wire

/// The bytes of a batch of log writes in the journal, big-endian, padded with zeros to whole blocks.
///
///     0   "RJ01"
///     4   CRC-32C of all that follows, without the padding
///     8   key of the journal
///     16  sequence number
///     24  bytes of the writes
///     28  count of writes
///     32  the writes: bytes of the hard state (0: none), hard state, index of the first entry, count of entries, and of
///         each its bytes and its record
struct JournalRecord: Hashable, Sendable {
    /// Drawn when the journal was made, and known to nobody else: remains of a command, which may hold whatever a client
    /// likes, cannot pass for a record.
    let key: UInt64
    let sequence: UInt64
    let writes: [LogWrite]

    /// No smaller than a sector and no smaller than a page: a write that is torn touches no earlier record.
    static let blockBytes = 4096
    static let headerBytes = 32
    static let magic: UInt32 = 0x524a_3031

    var bytes: [UInt8] {
        var body: [UInt8] = []
        body.append(bigEndian: key)
        body.append(bigEndian: sequence)
        let writes = Self.encode(writes)
        body.append(bigEndian: UInt32(clamping: writes.count))
        body.append(bigEndian: UInt32(clamping: self.writes.count))
        body += writes
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Self.roundedUp(8 + body.count))
        bytes.append(bigEndian: Self.magic)
        bytes.append(bigEndian: CRC32C.checksum(body))
        bytes += body
        bytes.append(contentsOf: repeatElement(0, count: Self.roundedUp(bytes.count) - bytes.count))
        return bytes
    }

    private static func encode(_ writes: [LogWrite]) -> [UInt8] {
        var bytes: [UInt8] = []
        for write in writes {
            let hardState = write.hardState.map { RaftCodec.encode($0) } ?? []
            bytes.append(bigEndian: UInt32(clamping: hardState.count))
            bytes += hardState
            bytes.append(bigEndian: write.entries.first?.index.number ?? 0)
            bytes.append(bigEndian: UInt32(clamping: write.entries.count))
            for entry in write.entries {
                let record = LogRecord.encode(entry)
                bytes.append(bigEndian: UInt32(clamping: record.count))
                bytes += record
            }
        }
        return bytes
    }

    static func roundedUp(_ byteCount: Int) -> Int { (byteCount + blockBytes - 1) / blockBytes * blockBytes }

    /// Bytes of the whole record, padding included, if one begins with this block; its checksum is not looked at.
    static func byteCount(from block: [UInt8]) -> Int? {
        guard block.count >= headerBytes, block.bigEndian32(at: 0) == magic else { return nil }
        return roundedUp(headerBytes + Int(block.bigEndian32(at: 24)))
    }

    /// Nil for what is not, byte for byte, a record: another's remains, or one whose writing was interrupted.
    init?(bytes: [UInt8]) {
        guard let length = Self.byteCount(from: bytes), length <= bytes.count else { return nil }
        let end = Self.headerBytes + Int(bytes.bigEndian32(at: 24))
        guard bytes.bigEndian32(at: 4) == CRC32C.checksum(bytes[8..<end]) else { return nil }
        var reader = Reader(bytes: bytes, offset: Self.headerBytes, end: end)
        var writes: [LogWrite] = []
        for _ in 0..<bytes.bigEndian32(at: 28) {
            guard let write = reader.write() else { return nil }
            writes.append(write)
        }
        guard reader.offset == end else { return nil }
        self.key = bytes.bigEndian64(at: 8)
        self.sequence = bytes.bigEndian64(at: 16)
        self.writes = writes
    }

    init(key: UInt64, sequence: UInt64, writes: [LogWrite]) {
        self.key = key
        self.sequence = sequence
        self.writes = writes
    }

    /// Reads writes one after the other; nil where the bytes hold none.
    private struct Reader {
        let bytes: [UInt8]
        var offset: Int
        let end: Int

        mutating func write() -> LogWrite? {
            guard let state = piece(), let first = number64(), let count = number32() else { return nil }
            let hardState = state.isEmpty ? nil : try? RaftCodec.decodeHardState(state)
            guard state.isEmpty || hardState != nil else { return nil }
            var index = LogIndex(first)
            var entries: [Entry] = []
            for _ in 0..<count {
                guard let record = piece(), let entry = try? LogRecord.decode(record, at: index) else { return nil }
                entries.append(entry)
                index = index.next
            }
            return LogWrite(id: .init(0), hardState: hardState, entries: entries)
        }

        private mutating func piece() -> [UInt8]? {
            guard let count = number32(), Int(count) <= end - offset else { return nil }
            defer { offset += Int(count) }
            return Array(bytes[offset..<offset + Int(count)])
        }

        private mutating func number32() -> UInt32? {
            guard offset + 4 <= end else { return nil }
            defer { offset += 4 }
            return bytes.bigEndian32(at: offset)
        }

        private mutating func number64() -> UInt64? {
            guard offset + 8 <= end else { return nil }
            defer { offset += 8 }
            return bytes.bigEndian64(at: offset)
        }
    }
}
