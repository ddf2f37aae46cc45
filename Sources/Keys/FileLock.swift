internal import Glibc

/// A file that other processes keep off as long as this lives, though each of them puts another in its place, as
/// `KeyFiles.replace` does.
package final class FileLock {
    private let descriptor: CInt

    /// - Throws: `KeysError` when another process has held it for so long.
    package init(_ path: String, patience: Duration = .seconds(5)) throws(KeysError) {
        let start = ContinuousClock.now
        repeat {
            let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
            guard descriptor >= 0 else { throw KeysError(.unreadable(KeyFiles.lastReason), at: path) }
            if flock(descriptor, LOCK_EX | LOCK_NB) == 0 {
                // Whoever held it may have put another file here meanwhile: this one is then nobody's.
                if Self.isSame(descriptor, as: path) {
                    self.descriptor = descriptor
                    return
                }
            } else if errno == EWOULDBLOCK {
                usleep(10_000)
            } else {
                let reason = KeyFiles.lastReason
                close(descriptor)
                throw KeysError(.unreadable(reason), at: path)
            }
            close(descriptor)
        } while ContinuousClock.now - start < patience
        throw KeysError(.held, at: path)
    }

    deinit { close(descriptor) }

    private static func isSame(_ descriptor: CInt, as path: String) -> Bool {
        var opened = stat()
        var named = stat()
        guard unsafe fstat(descriptor, &opened) == 0, unsafe stat(path, &named) == 0 else { return false }
        return opened.st_dev == named.st_dev && opened.st_ino == named.st_ino
    }
}
