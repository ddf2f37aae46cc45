import Foundation
import Testing

/// A process that writes to a data directory and says what was acknowledged.
final class WriterProcess {
    private let process = Process()
    private let output = Pipe()
    private var text = ""

    /// The program that was built beside these tests.
    private static let binary = URL(filePath: CommandLine.arguments[0]).resolvingSymlinksInPath()
        .deletingLastPathComponent().appending(path: "StorageWriter")

    init(_ mode: String, path: String, seed: UInt64) throws {
        process.executableURL = Self.binary
        process.arguments = [mode, path, String(seed)]
        process.standardOutput = output
        try process.run()
    }

    /// Waits until it has said so many lines, and kills it at whatever it is doing then.
    func killAfter(lines: Int) throws -> [[String]] {
        while text.utf8.count(where: { $0 == 10 }) < lines {
            let bytes = output.fileHandleForReading.availableData
            try #require(!bytes.isEmpty, "the writer ended by itself: \(text)")
            text += String(decoding: bytes, as: UTF8.self)
        }
        kill(process.processIdentifier, SIGKILL)
        return finish()
    }

    /// What it said, once it has ended. A line that was cut short was not said.
    func finish() -> [[String]] {
        text += String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return text.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map { line in
            line.split(separator: " ").map { String($0) }
        }
    }
}
