internal import Glibc
internal import Kernel
package import Wire

/// Reads a backup file. Everything in it is checked before anything of it is given out.
package struct BackupReader: Sendable {
    package let path: String
    package let header: BackupHeader
    package let chunkCount: UInt64

    /// Larger chunks than are ever written are refused unread.
    private static let maximumChunkByteCount = 16 << 20

    /// Reads the whole file once, and checks every digest.
    ///
    /// - Throws: `BackupError`.
    package init(verifying path: String) throws(BackupError) {
        self.path = path
        let file = try BackupFile(path)
        header = try Self.header(file)
        var count: UInt64 = 0
        while let bytes = try Self.chunk(file) {
            do throws(WireError) { _ = try StatePairs(encoded: bytes) } catch {
                throw file.error("chunk \(count) does not decode: \(error)")
            }
            count += 1
        }
        chunkCount = count
        let told = try file.read(8).bigEndian64(at: 0)
        let digest = file.digest
        guard told == count, try file.read(Digest.byteCount) == digest.bytes, file.isAtEnd else {
            throw file.error("the file is not what was written: its digest or length is wrong")
        }
    }

    /// Gives the rows, in the order of their keys, a chunk at a time. Of a file that has been verified; its digests are
    /// checked all the same.
    package func forEachChunk<Failure: Error>(
        _ body: (StatePairs) throws(Failure) -> Void
    ) throws {
        let file = try BackupFile(path)
        guard try Self.header(file) == header else { throw file.error("the file has changed since it was verified") }
        while let bytes = try Self.chunk(file) { try body(try StatePairs(encoded: bytes)) }
    }

    private static func header(_ file: BackupFile) throws(BackupError) -> BackupHeader {
        guard try file.read(4) == BackupStream.magic else { throw file.error("this is no backup of Reeve") }
        let bytes = try file.read(2)
        let version = UInt16(bytes[0]) << 8 | UInt16(bytes[1])
        guard version == BackupStream.version else {
            throw file.error("its format is \(version), this program knows \(BackupStream.version)")
        }
        let count = Int(try file.read(4).bigEndian32(at: 0))
        guard count <= BackupHeader.maximumByteCount, let header = BackupHeader(bytes: try file.read(count)) else {
            throw file.error("its header is damaged")
        }
        return header
    }

    /// Nil at the end mark.
    private static func chunk(_ file: BackupFile) throws(BackupError) -> [UInt8]? {
        let count = Int(try file.read(4).bigEndian32(at: 0))
        if count == 0 { return nil }
        guard count <= maximumChunkByteCount else { throw file.error("a chunk of \(count) bytes is damaged") }
        let bytes = try file.read(count)
        guard try file.read(Digest.byteCount) == Digest.of(bytes).bytes else {
            throw file.error("a chunk does not match its digest")
        }
        return bytes
    }
}

/// An open file that is read front to back, and the digest of what was read.
private final class BackupFile {
    private let path: String
    private let descriptor: CInt
    private var hasher = DigestHasher()

    init(_ path: String) throws(BackupError) {
        self.path = path
        descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw BackupError(path: path, reason: unsafe String(cString: strerror(errno)))
        }
    }

    deinit { close(descriptor) }

    func error(_ reason: String) -> BackupError { BackupError(path: path, reason: reason) }

    var digest: Digest { hasher.finalize() }

    /// Exactly so many bytes.
    func read(_ count: Int) throws(BackupError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var filled = 0
        while filled < count {
            let step = unsafe bytes.withUnsafeMutableBytes { buffer in
                unsafe Glibc.read(descriptor, buffer.baseAddress?.advanced(by: filled), count - filled)
            }
            if step < 0 && errno == EINTR { continue }
            guard step >= 0 else { throw error(unsafe String(cString: strerror(errno))) }
            guard step > 0 else { throw error("the file ends too early") }
            filled += step
        }
        hasher.update(bytes)
        return bytes
    }

    var isAtEnd: Bool {
        var byte: UInt8 = 0
        return unsafe Glibc.read(descriptor, &byte, 1) == 0
    }
}
