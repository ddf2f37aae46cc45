internal import Glibc

/// Directories of the file system, and what has to be durable about them.
enum FileSystem {
    /// Creates the directory, its parents too, and makes the names durable.
    static func create(_ path: String) throws(StorageError) {
        guard !exists(path) else { return }
        let parent = parent(of: path)
        try create(parent)
        guard unsafe mkdir(path, 0o700) == 0 || errno == EEXIST else { throw error(errno, path) }
        try sync(parent)
    }

    static func exists(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }

    /// After the return a crash loses no name that was made or removed in the directory.
    static func sync(_ path: String) throws(StorageError) {
        let descriptor = unsafe open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw error(errno, path) }
        defer { _ = close(descriptor) }
        guard fsync(descriptor) == 0 else { throw .syncFailed(path: path, reason: reason(errno)) }
    }

    static func names(in path: String) throws(StorageError) -> [String] {
        guard let stream = unsafe opendir(path) else { throw error(errno, path) }
        defer { unsafe closedir(stream) }
        var names: [String] = []
        while let entry = unsafe readdir(stream) {
            let name = unsafe withUnsafeBytes(of: entry.pointee.d_name) { buffer in
                unsafe String(decoding: buffer.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// Removes the directory and the files in it; it must hold no directory. Those who have a file open keep it.
    static func remove(_ path: String) throws(StorageError) {
        guard exists(path) else { return }
        for name in try names(in: path) {
            guard unsafe unlink(path + "/" + name) == 0 else { throw error(errno, path + "/" + name) }
        }
        guard unsafe rmdir(path) == 0 else { throw error(errno, path) }
        try sync(parent(of: path))
    }

    static func fileLength(_ path: String) throws(StorageError) -> UInt64 {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { throw error(errno, path) }
        return UInt64(clamping: status.st_size)
    }

    /// What a user without privileges may still write.
    static func availableBytes(_ path: String) throws(StorageError) -> UInt64 {
        var status = statvfs()
        guard unsafe statvfs(path, &status) == 0 else { throw error(errno, path) }
        let (bytes, overflow) = UInt64(status.f_bavail).multipliedReportingOverflow(by: UInt64(status.f_frsize))
        return overflow ? .max : bytes
    }

    private static func parent(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    static func error(_ code: Int32, _ path: String) -> StorageError {
        switch code {
        case ENOSPC, EDQUOT: .diskFull(path: path)
        default: .openFailed(path: path, reason: reason(code))
        }
    }

    static func reason(_ code: Int32) -> String {
        var buffer = [CChar](repeating: 0, count: 256)
        guard unsafe strerror_r(code, &buffer, buffer.count) == 0 else { return "error \(code)" }
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

/// Holds a directory against every other holder, of this process or another, for as long as it lives.
final class DirectoryLock: Sendable {
    private let descriptor: Int32

    init(directory: String) throws(StorageError) {
        let path = directory + "/owner.lock"
        descriptor = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw FileSystem.error(errno, path) }
        guard let code = Self.lock(descriptor) else { return }
        // `deinit`, which runs from here on in any case, closes it.
        throw code == EWOULDBLOCK ? .inUse(path: directory) : FileSystem.error(code, path)
    }

    /// Tries for a fifth of a second: a process that was forked off the last holder keeps a copy of its descriptor until
    /// it executes another program.
    ///
    /// - Returns: why not, if so.
    private static func lock(_ descriptor: Int32) -> Int32? {
        for _ in 0..<40 {
            if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return nil }
            guard errno == EWOULDBLOCK else { return errno }
            usleep(5000)
        }
        return EWOULDBLOCK
    }

    deinit { _ = close(descriptor) }
}
