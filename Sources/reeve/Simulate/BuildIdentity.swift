import ArgumentParser
import Foundation

/// Which build this is: its version and, where the executable lies in a git work tree as one that was built from source does,
/// the commit that was checked out there when it was linked. What was changed since that commit nobody knows.
enum BuildIdentity {
    static var text: String {
        let version = Reeve.configuration.version
        return commit.map { "reeve \(version), commit \($0)" } ?? "reeve \(version)"
    }

    private static var commit: String? {
        guard let executable = Foundation.Bundle.main.executableURL?.resolvingSymlinksInPath() else { return nil }
        var folder = executable.deletingLastPathComponent()
        while folder.path() != "/" {
            let git = folder.appending(path: ".git")
            if let head = text(of: git.appending(path: "HEAD")) {
                return checkedOut(when: executable, in: git) ?? hash(head, in: git)
            }
            folder = folder.deletingLastPathComponent()
        }
        return nil
    }

    /// By the log of what was checked out; nil where git keeps none, or it begins later.
    private static func checkedOut(when executable: URL, in git: URL) -> String? {
        let attributes = try? FileManager.default.attributesOfItem(atPath: executable.path())
        guard let linked = attributes?[.modificationDate] as? Date,
            let log = text(of: git.appending(path: "logs/HEAD"))
        else { return nil }
        return commit(at: linked.timeIntervalSince1970, in: log)
    }

    /// - Parameter log: Lines of "BEFORE AFTER NAME <MAIL> SECONDS ZONE<tab>WHAT", oldest first (gitformat-signature, git-reflog).
    static func commit(at seconds: Double, in log: String) -> String? {
        let heads = log.split(separator: "\n").compactMap { line -> (hash: String, seconds: Double)? in
            let words = line.prefix { $0 != "\t" }.split(separator: " ")
            guard words.count >= 4, let time = Double(words[words.count - 2]) else { return nil }
            return (String(words[1]), time)
        }
        return heads.last { $0.seconds <= seconds }.flatMap { short($0.hash) }
    }

    /// `HEAD` is a hash, or names a branch whose hash lies in a file of its own or among the packed ones.
    private static func hash(_ head: String, in git: URL) -> String? {
        guard head.hasPrefix("ref: ") else { return short(head) }
        let name = String(head.dropFirst(5))
        if let hash = text(of: git.appending(path: name)) { return short(hash) }
        let packed = text(of: git.appending(path: "packed-refs"))?.split(separator: "\n") ?? []
        return packed.first { $0.hasSuffix(" \(name)") }.flatMap { short(String($0)) }
    }

    private static func short(_ hash: String) -> String? {
        let digits = hash.prefix(12)
        return digits.count == 12 && digits.allSatisfy(\.isHexDigit) ? String(digits) : nil
    }

    private static func text(of file: URL) -> String? {
        (try? String(contentsOf: file, encoding: .utf8))?.trimmingCharacters(in: .whitespacesAndNewlines)
    }
}
