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

    /// Of all its threads that there are by now, and those that they begin.
    func setNiceness(_ niceness: Int) {
        guard let process else { return }
        let tasks = "/proc/\(process.processIdentifier)/task"
        for task in (try? FileManager.default.contentsOfDirectory(atPath: tasks)) ?? [] {
            guard let thread = UInt32(task) else { continue }
            setpriority(__priority_which_t(PRIO_PROCESS.rawValue), thread, Int32(niceness))
        }
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
