import Foundation

/// This program, run again beside itself.
enum SecondProcess {
    /// What it prints, a line each. Its hash seeds are random, whatever this process's are.
    static func lines(of words: [String]) throws -> [String] {
        let (process, output) = (Foundation.Process(), Pipe())
        process.executableURL = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
        process.arguments = words
        process.standardOutput = output
        var environment = ProcessInfo.processInfo.environment
        environment["SWIFT_DETERMINISTIC_HASHING"] = nil
        process.environment = environment
        do {
            try process.run()
        } catch {
            throw CommandError("a second process cannot be started: \(error.localizedDescription)")
        }
        let text = String(decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        process.waitUntilExit()
        return text.split(separator: "\n").map(String.init)
    }
}
