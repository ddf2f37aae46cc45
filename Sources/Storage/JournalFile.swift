internal import Glibc
internal import Kernel

/// A file of fixed length that is written in place, so that a sync has nothing to record but the bytes themselves.
///
/// Its first block holds "RJK1", a checksum and the key that all records in it carry; the rest is a ring of blocks.
@safe final class JournalFile: Sendable {
    let path: String
    let byteCount: Int
    let key: UInt64
    private let descriptor: Int32

    static let ringStart = JournalRecord.blockBytes
    private static let magic: UInt32 = 0x524a_4b31

    /// Opens the file, or makes one. A file of another length is one whose making was interrupted, before anything was
    /// in it.
    init(path: String, byteCount: Int) throws(StorageError) {
        let descriptor = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw FileSystem.error(errno, path) }
        self.descriptor = descriptor
        self.path = path
        self.byteCount = byteCount
        var key: UInt64?
        do throws(StorageError) {
            if try FileSystem.fileLength(path) == UInt64(byteCount) { key = try Self.key(in: descriptor, path) }
            if key == nil { key = try Self.fill(descriptor, path, byteCount) }
        } catch {
            _ = close(descriptor)
            throw error
        }
        self.key = key ?? 0
    }

    /// Nil for a file that nothing was ever written to.
    private static func key(in descriptor: Int32, _ path: String) throws(StorageError) -> UInt64? {
        let head = try read(descriptor, path, 16, at: 0)
        if head.bigEndian32(at: 0) == magic, head.bigEndian32(at: 4) == CRC32C.checksum(head[8...]) {
            return head.bigEndian64(at: 8)
        }
        let first = try read(descriptor, path, 4, at: ringStart)
        guard head.allSatisfy({ $0 == 0 }), first.allSatisfy({ $0 == 0 }) else {
            throw .corrupt(path: path, reason: "the journal's head does not match its checksum")
        }
        return nil
    }

    /// With zeros: a file that only promised its blocks would have to record with each sync that they are in use now.
    private static func fill(_ descriptor: Int32, _ path: String, _ byteCount: Int) throws(StorageError) -> UInt64 {
        guard ftruncate(descriptor, 0) == 0 else { throw FileSystem.error(errno, path) }
        let key = UInt64.random(in: .min ... .max)
        var number: [UInt8] = []
        number.append(bigEndian: key)
        var head: [UInt8] = []
        head.append(bigEndian: magic)
        head.append(bigEndian: CRC32C.checksum(number))
        head += number
        let zeros = [UInt8](repeating: 0, count: 1 << 20)
        try write(descriptor, path, head + zeros.dropLast(head.count), at: 0)
        for offset in stride(from: zeros.count, to: byteCount, by: zeros.count) {
            try write(descriptor, path, Array(zeros.prefix(byteCount - offset)), at: offset)
        }
        try sync(descriptor, path)
        try FileSystem.syncParent(of: path)
        return key
    }

    deinit { _ = close(descriptor) }

    func write(_ bytes: [UInt8], at offset: Int) throws(StorageError) {
        try Self.write(descriptor, path, bytes, at: offset)
    }

    /// As many as there are, of those asked for.
    func read(_ count: Int, at offset: Int) throws(StorageError) -> [UInt8] {
        try Self.read(descriptor, path, count, at: offset)
    }

    func sync() throws(StorageError) { try Self.sync(descriptor, path) }

    private static func write(
        _ descriptor: Int32,
        _ path: String,
        _ bytes: [UInt8],
        at offset: Int
    ) throws(StorageError) {
        var done = 0
        while done < bytes.count {
            let written = unsafe bytes.withUnsafeBytes { buffer in
                let rest = unsafe UnsafeRawBufferPointer(rebasing: buffer[done...])
                return unsafe pwrite(descriptor, rest.baseAddress, rest.count, off_t(offset + done))
            }
            guard written >= 0 || errno == EINTR else { throw FileSystem.error(errno, path) }
            done += max(written, 0)
        }
    }

    private static func read(
        _ descriptor: Int32,
        _ path: String,
        _ count: Int,
        at offset: Int
    ) throws(StorageError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var done = 0
        while done < count {
            let found = unsafe bytes.withUnsafeMutableBytes { buffer in
                let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[done...])
                return unsafe pread(descriptor, rest.baseAddress, rest.count, off_t(offset + done))
            }
            guard found >= 0 || errno == EINTR else { throw FileSystem.error(errno, path) }
            if found == 0 { return Array(bytes.prefix(done)) }
            done += max(found, 0)
        }
        return bytes
    }

    private static func sync(_ descriptor: Int32, _ path: String) throws(StorageError) {
        guard fdatasync(descriptor) == 0 else { throw .syncFailed(path: path, reason: FileSystem.reason(errno)) }
    }
}
