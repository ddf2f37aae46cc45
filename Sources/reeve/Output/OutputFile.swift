import Foundation
import Keys

/// A file that a command makes, readable by its owner alone and never in the place of another.
struct OutputFile {
    let path: String

    /// Takes the name, before something is spent that the file alone will hold.
    init(reserving path: String) throws {
        try Self.refuseExisting(path)
        try KeyFiles.create(path, mode: 0o600, bytes: [])
        self.path = path
    }

    func write(_ text: String) throws { try KeyFiles.replace(path, bytes: Array(text.utf8)) }

    func remove() { try? FileManager.default.removeItem(atPath: path) }

    static func refuseExisting(_ path: String, advice: String = "give another one with --out") throws {
        guard !FileManager.default.fileExists(atPath: path) else {
            throw CommandError("exists already and is not overwritten", at: path, advice: advice)
        }
    }
}
