import ClusterSupport
import Foundation

/// `Attack` as a process, told what to do over its standard input.
final class AttackerProcess {
    private let process = Process()
    private let input = Pipe()
    private let output = Pipe()
    private var rest = ""

    struct Tally: Sendable {
        let frames: Int
        let bytes: Int
        let isEmptyHanded: Bool
    }

    /// - Parameter core: On which it runs, behind everybody else who wants it.
    init(arguments: [String], core: Int) throws {
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments =
            ["taskset", "--cpu-list", "\(core)", "nice", "-n", "19", CommandLine.arguments[0], "attack"] + arguments
        process.standardInput = input
        process.standardOutput = output
        try process.run()
    }

    /// Until it has its link.
    func connected() async throws { try await expect("connected") }

    /// Until it has heard what it is to repeat.
    func ready() async throws { try await expect("ready") }

    private func expect(_ word: String) async throws {
        let line = try await self.line()
        guard line == word else { throw TestCluster.Failure("the attacker says: \(line)") }
    }

    /// Until it has a link and begins.
    func begin(_ kind: Ammunition) async throws {
        try input.fileHandleForWriting.write(contentsOf: Data("\(kind.rawValue)\n".utf8))
        try await expect("firing")
    }

    func stop() async throws -> Tally {
        try input.fileHandleForWriting.write(contentsOf: Data("stop\n".utf8))
        let words = try await line().split(separator: " ")
        guard words.count == 3, let frames = Int(words[0]), let bytes = Int(words[1]) else {
            throw TestCluster.Failure("the attacker says: \(words)")
        }
        return Tally(frames: frames, bytes: bytes, isEmptyHanded: words[2] == "true")
    }

    func end() {
        try? input.fileHandleForWriting.close()
        process.terminate()
        process.waitUntilExit()
    }

    private func line() async throws -> String {
        let handle = output.fileHandleForReading
        while true {
            if let end = rest.firstIndex(of: "\n") {
                defer { rest = String(rest[rest.index(after: end)...]) }
                return String(rest[..<end])
            }
            let data = await Task.detached { handle.availableData }.value
            guard !data.isEmpty else { throw TestCluster.Failure("the attacker has ended") }
            rest += String(decoding: data, as: UTF8.self)
        }
    }
}
