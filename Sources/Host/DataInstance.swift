package import Kernel
package import Keys

/// The name of a data directory: 32 random bytes in a file of its own, drawn when the directory is made.
///
/// The log pins it for each member, so that a member whose disk was wiped, and with it the votes that it gave, is known
/// from one that has only restarted.
package enum DataInstance {
    /// The instance of the directory at a path. One that has none yet gets a new one if `mayBegin`.
    ///
    /// - Throws: `KeysError`, with the file.
    package static func load(_ directory: String, mayBegin: Bool) throws(KeysError) -> Digest {
        let path = "\(directory)/instance"
        do throws(KeysError) {
            let text = String(decoding: try KeyFiles.read(path, limit: 1024), as: UTF8.self)
            guard text.last == "\n", let instance = Digest(hex: String(text.dropLast())) else {
                throw KeysError(.malformed(expected: "64 hexadecimal digits"), at: path)
            }
            return instance
        } catch {
            guard error.problem == .missing, mayBegin else { throw error }
        }
        var source = SystemRandomNumberGenerator()
        let instance = Digest.of((0..<32).map { _ in UInt8.random(in: 0...255, using: &source) })
        try KeyFiles.create(path, mode: 0o600, bytes: Array("\(instance.hex)\n".utf8))
        return instance
    }

    /// Whether the directory has had a log: one that has none any more has lost the votes that were in it, though the file that
    /// names it is still there.
    package static func hasBegun(_ directory: String) throws(KeysError) -> Bool {
        do throws(KeysError) {
            _ = try KeyFiles.read(mark(directory), limit: 1024)
            return true
        } catch {
            guard error.problem == .missing else { throw error }
            return false
        }
    }

    /// Notes durably that the directory has a log.
    package static func begin(_ directory: String) throws(KeysError) {
        guard try !hasBegun(directory) else { return }
        try KeyFiles.create(mark(directory), mode: 0o600, bytes: Array("This directory has had a log.\n".utf8))
    }

    private static func mark(_ directory: String) -> String { "\(directory)/begun" }
}
