import ClusterSupport
import Foundation

/// Agents that ask a node for decisions, each as soon as the last is answered: `wrk`, which costs less than what answers it.
struct DecisionLoad: Sendable {
    struct Result: Sendable {
        let perSecond: Double
        let requests: Int
    }

    let url: String
    let connections: Int
    /// The core that it has to itself and the attacker.
    let core: Int
    /// Has the question, and the token of the agent that asks.
    private let script: URL

    init(url: String, token: String, question: String, connections: Int, core: Int, folder: URL) throws {
        self.url = url
        self.connections = connections
        self.core = core
        script = folder.appending(path: "load.lua")
        let text = """
            wrk.method = "POST"
            wrk.body = '\(question)'
            wrk.headers["Content-Type"] = "application/json"
            wrk.headers["Authorization"] = "Bearer \(token)"

            """
        try text.write(to: script, atomically: true, encoding: .utf8)
    }

    func run(seconds: Int) async throws -> Result {
        let arguments = [
            "taskset", "--cpu-list", "\(core)", "wrk", "--threads", "1", "--connections", "\(connections)",
            "--duration",
            "\(seconds)s", "--script", script.path(), url,
        ]
        let ended = try await Task.detached {
            try TestCluster.run(arguments, program: URL(filePath: "/usr/bin/env"))
        }.value
        let rate = ended.output.firstMatch(of: /Requests\/sec: *([0-9.]+)/).flatMap { Double($0.1) }
        let count = ended.output.firstMatch(of: /([0-9]+) requests in/).flatMap { Int($0.1) }
        guard ended.status == 0, let rate, let count, !ended.output.contains("Non-2xx"),
            !ended.output.contains("Socket errors")
        else { throw TestCluster.Failure("wrk was not answered as it should be: \(ended.output)") }
        return Result(perSecond: rate, requests: count)
    }
}

/// What a process and a core have used, by proc(5).
enum Usage {
    /// Seconds of CPU, in user mode and in the kernel.
    static func cpuSeconds(of process: Int32) -> Double {
        guard let text = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8),
            let close = text.lastIndex(of: ")")
        else { return .nan }
        let fields = text[text.index(after: close)...].split(separator: " ")
        guard fields.count > 13, let user = Double(fields[11]), let system = Double(fields[12]) else { return .nan }
        return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    /// Bytes in memory.
    static func residentBytes(of process: Int32) -> Int {
        guard let text = try? String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8),
            let line = text.split(separator: "\n").first(where: { $0.hasPrefix("VmRSS:") }),
            let kilobytes = line.split(separator: " ").dropLast().last.flatMap({ Int($0) })
        else { return 0 }
        return kilobytes * 1024
    }

    /// Seconds that a core had nothing to do.
    static func idleSeconds(of core: Int) -> Double {
        guard let text = try? String(contentsOfFile: "/proc/stat", encoding: .utf8),
            let line = text.split(separator: "\n").first(where: { $0.hasPrefix("cpu\(core) ") })
        else { return .nan }
        let fields = line.split(separator: " ")
        guard fields.count > 4, let idle = Double(fields[4]) else { return .nan }
        return idle / Double(sysconf(Int32(_SC_CLK_TCK)))
    }
}
