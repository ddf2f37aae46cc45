import Foundation
import Glibc

/// A server that this program started.
final class ServerProcess {
    private let executable: String
    private let arguments: [String]
    private let logFile: String
    private var process: Process?

    init(_ executable: String, _ arguments: [String], logFile: String) {
        self.executable = executable
        self.arguments = arguments
        self.logFile = logFile
    }

    func start() throws {
        if !FileManager.default.fileExists(atPath: logFile) {
            _ = FileManager.default.createFile(atPath: logFile, contents: nil)
        }
        let log = try FileHandle(forWritingTo: URL(filePath: logFile))
        try log.seekToEnd()
        let process = Process()
        process.executableURL = URL(filePath: executable)
        process.arguments = arguments
        process.standardOutput = log
        process.standardError = log
        process.standardInput = FileHandle.nullDevice
        try process.run()
        self.process = process
    }

    func signal(_ number: Int32) {
        guard let process, process.isRunning else { return }
        kill(process.processIdentifier, number)
    }

    /// From now on it runs on these cores alone, with all its threads.
    func pin(to cores: Range<Int>) throws {
        if let process { try Self.pin(process.processIdentifier, to: cores) }
    }

    /// Likewise any process, and what it starts afterwards.
    static func pin(_ process: Int32, to cores: Range<Int>) throws {
        let list = "\(cores.lowerBound)-\(cores.upperBound - 1)"
        _ = try output(of: "/usr/bin/taskset", ["--all-tasks", "--pid", "--cpu-list", list, "\(process)"])
    }

    func waitUntilExit() { process?.waitUntilExit() }

    func stop() {
        signal(SIGCONT)
        signal(SIGKILL)
        waitUntilExit()
    }

    /// Seconds of CPU that it has used, in user mode and in the kernel for it. proc(5), `stat`, fields 14 and 15.
    var cpuSeconds: Double {
        guard let process,
            let text = try? String(contentsOfFile: "/proc/\(process.processIdentifier)/stat", encoding: .utf8),
            let close = text.lastIndex(of: ")")
        else { return 0 }
        let fields = text[text.index(after: close)...].split(separator: " ")
        guard fields.count > 13, let user = Double(fields[11]), let system = Double(fields[12]) else { return 0 }
        return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }
}

/// Runs a program to its end and gives what it printed.
///
/// - Parameter mayFail: Whether it counts also when the program ends with another status than 0.
func output(
    of executable: String,
    _ arguments: [String],
    environment: [String: String] = [:],
    mayFail: Bool = false
) throws -> Data {
    let process = Process()
    process.executableURL = URL(filePath: executable)
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { _, new in new }
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = FileHandle.nullDevice
    try process.run()
    let data = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard mayFail || process.terminationStatus == 0 else {
        throw PeerError("\(executable) \(arguments.joined(separator: " ")) ended with \(process.terminationStatus)")
    }
    return data
}
