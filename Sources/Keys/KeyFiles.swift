internal import Glibc

/// Files that appear whole or not at all. None is overwritten but by `replace`.
package enum KeyFiles {
    /// Bytes of a file, at most `limit` of them.
    package static func read(_ path: String, limit: Int) throws(KeysError) -> [UInt8] {
        try open(path, limit: limit).bytes
    }

    /// Also the permission bits, from the same open file.
    static func open(_ path: String, limit: Int) throws(KeysError) -> (bytes: [UInt8], mode: mode_t) {
        let file = unsafe Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else {
            throw errno == ENOENT ? KeysError(.missing, at: path) : KeysError(.unreadable(lastReason), at: path)
        }
        defer { close(file) }
        var facts = stat()
        guard unsafe fstat(file, &facts) == 0 else { throw KeysError(.unreadable(lastReason), at: path) }
        guard facts.st_mode & S_IFMT == S_IFREG else { throw KeysError(.unreadable("not a regular file"), at: path) }
        guard facts.st_size <= limit else { throw KeysError(.tooLarge(limit: limit), at: path) }
        var bytes = [UInt8](repeating: 0, count: limit + 1)
        var count = 0
        while count <= limit {
            let step = unsafe bytes.withUnsafeMutableBytes { buffer in
                unsafe Glibc.read(file, buffer.baseAddress?.advanced(by: count), limit + 1 - count)
            }
            if step < 0 && errno == EINTR { continue }
            guard step >= 0 else { throw KeysError(.unreadable(lastReason), at: path) }
            if step == 0 { break }
            count += step
        }
        guard count <= limit else { throw KeysError(.tooLarge(limit: limit), at: path) }
        return (Array(bytes.prefix(count)), facts.st_mode & 0o777)
    }

    /// Creates a file with these permissions. After it returns the file survives a crash of the system.
    ///
    /// Written under another name first, and linked: `link` fails if the name is taken, so that a crash in between
    /// leaves no half file under it and no run overwrites another's.
    package static func create(_ path: String, mode: UInt32, bytes: [UInt8]) throws(KeysError) {
        let temporary = try writeBeside(path, mode: mode, bytes: bytes)
        defer { _ = unsafe unlink(temporary) }
        guard unsafe link(temporary, path) == 0 else {
            throw errno == EEXIST ? KeysError(.alreadyExists, at: path) : KeysError(.unwritable(lastReason), at: path)
        }
        try syncFolder(of: path)
    }

    /// Puts a file in the place of the one of this name, whose permissions it takes. A crash leaves the one or the other;
    /// after it returns, the new one.
    package static func replace(_ path: String, bytes: [UInt8]) throws(KeysError) {
        var facts = stat()
        guard unsafe stat(path, &facts) == 0 else { throw KeysError(.unwritable(lastReason), at: path) }
        let temporary = try writeBeside(path, mode: facts.st_mode & 0o777, bytes: bytes)
        guard unsafe rename(temporary, path) == 0 else {
            let reason = lastReason
            _ = unsafe unlink(temporary)
            throw KeysError(.unwritable(reason), at: path)
        }
        try syncFolder(of: path)
    }

    /// Whether this process may put another file in the place of one.
    ///
    /// - Throws: `KeysError` with the reason why not.
    package static func checkReplaceable(_ path: String) throws(KeysError) {
        guard unsafe access(folder(of: path), W_OK | X_OK) == 0 else {
            throw KeysError(.unwritable("its folder: \(lastReason)"), at: path)
        }
    }

    private static func writeBeside(_ path: String, mode: UInt32, bytes: [UInt8]) throws(KeysError) -> String {
        let temporary = "\(path).new-\(UInt64.random(in: 0...(.max)))"
        let file = unsafe Glibc.open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode)
        guard file >= 0 else { throw KeysError(.unwritable(lastReason), at: path) }
        defer { close(file) }
        do throws(KeysError) {
            try write(bytes, to: file, path: path)
            // Past the umask.
            guard fchmod(file, mode) == 0, fsync(file) == 0 else { throw KeysError(.unwritable(lastReason), at: path) }
        } catch {
            _ = unsafe unlink(temporary)
            throw error
        }
        return temporary
    }

    private static func write(_ bytes: [UInt8], to file: CInt, path: String) throws(KeysError) {
        var offset = 0
        while offset < bytes.count {
            let step = unsafe bytes.withUnsafeBytes { buffer in
                unsafe Glibc.write(file, buffer.baseAddress?.advanced(by: offset), bytes.count - offset)
            }
            if step < 0 && errno == EINTR { continue }
            guard step > 0 else { throw KeysError(.unwritable(lastReason), at: path) }
            offset += step
        }
    }

    private static func syncFolder(of path: String) throws(KeysError) {
        let folder = unsafe Glibc.open(folder(of: path), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { throw KeysError(.unwritable(lastReason), at: path) }
        defer { close(folder) }
        guard fsync(folder) == 0 else { throw KeysError(.unwritable(lastReason), at: path) }
    }

    private static func folder(of path: String) -> String {
        path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
    }

    static var lastReason: String { unsafe String(cString: strerror(errno)) }
}
