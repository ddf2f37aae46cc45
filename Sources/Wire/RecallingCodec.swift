package import Directory
internal import Synchronization

/// A codec that remembers what it decoded and encoded last, since the same few records are read with each command, and a
/// node sees a command when it takes it, when it proposes it and when it applies it.
///
/// Bytes that were never decoded are; a command that is only being encoded is not remembered, so that decoding it still
/// shows whether it can be read back.
package final class RecallingCodec: DirectoryCodec {
    private let base: any DirectoryCodec
    private let records = Mutex(Recollection<StoredRecord>(slotCount: 4096))
    private let commands = Mutex(Recollection<Command>(slotCount: 1024))

    package init(_ base: any DirectoryCodec) { self.base = base }

    package func encode(_ command: Command) -> [UInt8] { base.encode(command) }

    package func decodeCommand(_ bytes: [UInt8]) throws(DirectoryDecodeError) -> Command {
        if let known = commands.withLock({ $0.value(of: bytes) }) { return known }
        let command = try base.decodeCommand(bytes)
        commands.withLock { $0.keep(command, of: bytes) }
        return command
    }

    package func encode(_ record: StoredRecord) -> [UInt8] {
        let bytes = base.encode(record)
        records.withLock { $0.keep(record, of: bytes) }
        return bytes
    }

    package func decodeRecord(_ bytes: [UInt8]) throws(DirectoryDecodeError) -> StoredRecord {
        if let known = records.withLock({ $0.value(of: bytes) }) { return known }
        let record = try base.decodeRecord(bytes)
        records.withLock { $0.keep(record, of: bytes) }
        return record
    }
}

/// Values by their bytes, as many as there are slots at most.
///
/// Each text has two slots that it may be in. The one used last stays, or two that are read with each command and share a
/// slot would push each other out every time.
private struct Recollection<Value: Sendable>: Sendable {
    private var slots: [(bytes: [UInt8], value: Value)?]
    /// What is longer is rare, and is not to take so much memory for so little.
    private static var maxByteCount: Int { 2048 }

    /// - Parameter slotCount: An even number.
    init(slotCount: Int) { slots = Array(repeating: nil, count: slotCount) }

    mutating func value(of bytes: [UInt8]) -> Value? {
        guard bytes.count <= Self.maxByteCount else { return nil }
        let first = firstSlot(of: bytes)
        if let kept = slots[first], kept.bytes == bytes { return kept.value }
        guard let kept = slots[first + 1], kept.bytes == bytes else { return nil }
        slots.swapAt(first, first + 1)
        return kept.value
    }

    mutating func keep(_ value: Value, of bytes: [UInt8]) {
        guard bytes.count <= Self.maxByteCount else { return }
        let first = firstSlot(of: bytes)
        slots[first + 1] = slots[first]
        slots[first] = (bytes, value)
    }

    private func firstSlot(of bytes: [UInt8]) -> Int {
        var hasher = Hasher()
        bytes.withUnsafeBytes { hasher.combine(bytes: $0) }
        return Int(UInt(bitPattern: hasher.finalize()) % UInt(slots.count / 2)) * 2
    }
}
