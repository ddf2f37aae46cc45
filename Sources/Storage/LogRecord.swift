internal import Consensus
internal import Kernel
internal import Wire

/// The bytes of a stored entry: a fixed header, big-endian, and the command as it was proposed.
///
///     0   CRC-32C of all that follows
///     4   term
///     12  index
///     20  time, milliseconds since 1970
///     28  kind: 0 empty, 1 command, 2 change of the configuration
///     29  hash of the predecessor
///     61  command; for kind 2, before it, the change as `RaftCodec` encodes it, its length in 4 bytes first
enum LogRecord {
    static let headerBytes = 61

    static func encode(_ entry: Entry) -> [UInt8] {
        var body: [UInt8] = []
        body.reserveCapacity(headerBytes - 4 + entry.byteCount)
        body.append(bigEndian: entry.term.number)
        body.append(bigEndian: entry.index.number)
        body.append(bigEndian: entry.time.milliseconds)
        switch entry.payload {
        case .empty:
            body.append(0)
            body += entry.previousHash.bytes
        case .command(let bytes):
            body.append(1)
            body += entry.previousHash.bytes
            body += bytes
        case .configuration(let change, let command):
            body.append(2)
            body += entry.previousHash.bytes
            let bytes = RaftCodec.encode(change)
            body.append(bigEndian: UInt32(bytes.count))
            body += bytes
            body += command
        }
        var record: [UInt8] = []
        record.reserveCapacity(4 + body.count)
        record.append(bigEndian: CRC32C.checksum(body))
        return record + body
    }

    enum Damage: Error, Hashable, Sendable {
        case reason(String)
    }

    /// Refuses whatever is not, byte for byte, a record of this index.
    static func decode(_ record: [UInt8], at index: LogIndex) throws(Damage) -> Entry {
        guard record.count >= headerBytes else { throw .reason("only \(record.count) bytes") }
        guard record.bigEndian32(at: 0) == CRC32C.checksum(record[4...]) else { throw .reason("checksum") }
        let stored = LogIndex(record.bigEndian64(at: 12))
        guard stored == index else { throw .reason("it is entry \(stored.number)") }
        guard let previousHash = Digest(bytes: record[29..<headerBytes]) else { throw .reason("hash") }
        let payload: Entry.Payload
        switch (record[28], record.count) {
        case (0, headerBytes): payload = .empty
        case (1, _): payload = .command(Array(record[headerBytes...]))
        case (2, (headerBytes + 4)...): payload = try configuration(record[headerBytes...])
        default: throw .reason("kind \(record[28])")
        }
        return Entry(
            position: LogPosition(term: Term(record.bigEndian64(at: 4)), index: index),
            time: WallTime(milliseconds: record.bigEndian64(at: 20)),
            previousHash: previousHash,
            payload: payload
        )
    }

    private static func configuration(_ body: ArraySlice<UInt8>) throws(Damage) -> Entry.Payload {
        let rest = body.dropFirst(4)
        let count = Array(body).bigEndian32(at: 0)
        guard count <= rest.count else { throw .reason("a change of \(count) bytes in \(rest.count)") }
        do throws(WireError) {
            let change = try RaftCodec.decodeConfigurationChange(Array(rest.prefix(Int(count))))
            return .configuration(change, command: Array(rest.dropFirst(Int(count))))
        } catch {
            throw .reason("change: \(error)")
        }
    }

    /// Big-endian, so that keys sort as indexes do.
    static func key(_ index: LogIndex) -> [UInt8] {
        var key: [UInt8] = []
        key.append(bigEndian: index.number)
        return key
    }

    /// Bytes of the pages that a record may take, with its share of the tree: LMDB puts what is longer than about half
    /// a page on pages of its own.
    static func storedBytes(_ entry: Entry, pageBytes: Int) -> Int {
        let bytes = headerBytes + entry.byteCount - Entry.overhead + 64
        return bytes <= pageBytes / 2 ? bytes : (bytes / pageBytes + 1) * pageBytes + 64
    }
}
