import Foundation
import Testing

/// Runs `Golden/*.txt`: comments, a command, `----`, what came of it, a blank line. `Transcript` lists the commands.
/// With `REEVE_UPDATE_GOLDEN=1` the files are rewritten; read the diff before committing it.
@Suite("Raft transcripts") struct GoldenTests {
    static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Golden")
    static var files: [String] {
        get throws {
            try FileManager.default.contentsOfDirectory(atPath: folder.path()).filter { $0.hasSuffix(".txt") }.sorted()
        }
    }

    @Test("replays to the recorded output", arguments: try files)
    func replays(file: String) throws {
        let url = Self.folder.appending(path: file)
        let recorded = try String(contentsOf: url, encoding: .utf8)
        let actual = transcript(of: recorded)
        if ProcessInfo.processInfo.environment["REEVE_UPDATE_GOLDEN"] != nil {
            try actual.write(to: url, atomically: true, encoding: .utf8)
        }
        #expect(!actual.contains("VIOLATION"))
        #expect(actual == recorded, "run with REEVE_UPDATE_GOLDEN=1 and read the diff of \(file)")
    }

    @Test("there is a transcript for each part of the protocol") func complete() throws {
        #expect(try Self.files.count >= 9)
    }

    private func transcript(of recorded: String) -> String {
        var transcript = Transcript()
        let blocks = recorded.components(separatedBy: "\n\n").filter { !$0.allSatisfy(\.isWhitespace) }
        return blocks.map { block in
            let head = block.split(separator: "\n").map(String.init).prefix { $0 != "----" }
            guard let command = head.last(where: { !$0.hasPrefix("#") }) else { return head.joined(separator: "\n") }
            return (head + ["----"] + transcript.run(command)).joined(separator: "\n")
        }.joined(separator: "\n\n") + "\n"
    }
}
