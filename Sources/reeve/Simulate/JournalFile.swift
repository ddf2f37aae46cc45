import Foundation
import Simulator

/// The journal of a run as a file, which one process at a time has open.
struct JournalFile {
    /// What there was when it was opened.
    let entries: [JournalEntry]
    private let path: String
    private let handle: FileHandle

    /// Makes the file, or goes on with it. A last line that was cut off goes.
    init(_ path: String, of subject: JournalSubject) throws {
        self.path = path
        do {
            if !FileManager.default.fileExists(atPath: path) { try Data().write(to: URL(filePath: path)) }
            handle = try FileHandle(forUpdating: URL(filePath: path))
            guard flock(handle.fileDescriptor, LOCK_EX | LOCK_NB) == 0 else {
                throw CommandError("another process has this journal open", at: path)
            }
            let journal = try Journal([UInt8](handle.readToEnd() ?? Data()), path, of: subject)
            entries = journal.entries
            try handle.truncate(atOffset: UInt64(journal.byteCount))
            try handle.seekToEnd()
            if journal.byteCount == 0 { try handle.write(contentsOf: Data(subject.header.utf8)) }
        } catch let flaw as BundleFlaw {
            throw CommandError("\(flaw)", advice: "Give the command that it was begun with, or another file.")
        } catch let error as CommandError {
            throw error
        } catch {
            throw CommandError("cannot be used as a journal: \(error.localizedDescription)", at: path)
        }
    }

    func append(_ entry: JournalEntry) throws {
        do {
            try handle.write(contentsOf: Data("\(entry.json)\n".utf8))
        } catch {
            throw CommandError("cannot be written: \(error.localizedDescription)", at: path)
        }
    }
}
