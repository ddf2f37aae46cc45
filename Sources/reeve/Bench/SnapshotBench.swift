import ArgumentParser
import Foundation
import JSON

/// What the knowledge that decisions are made from weighs, and what a change of it costs.
struct SnapshotBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "snapshot",
        abstract: "Weigh a decision snapshot of many agents and policies, and time its changes.",
        discussion: """
            Agents have roles out of a thousand; policies are in sets of a thousand. A change is all that a node does in \
            memory, from the stored rows to a new snapshot, while the one before it is still in use. Memory is by how much \
            the process grew (resident set) as agents and their roles were added. One thread, no network, no disk.
            """
    )

    @Option(help: "How many agents.")
    var agents = 1_000_000
    @Option(help: "How many roles each of them has.")
    var roles = 3
    @Option(help: "How many policies.")
    var policies = 10_000
    @Option(help: "How many changes of either kind are timed.")
    var changes = 201
    @Flag(help: "Print one JSON object.")
    var json = false

    func validate() throws {
        guard (1...10_000_000).contains(agents) else { throw ValidationError("--agents must be from 1 to 10000000.") }
        guard (0...16).contains(roles) else { throw ValidationError("--roles must be from 0 to 16.") }
        guard (1...100_000).contains(policies) else { throw ValidationError("--policies must be from 1 to 100000.") }
        guard (1...100_000).contains(changes) else { throw ValidationError("--changes must be from 1 to 100000.") }
    }

    func run() throws {
        var world = SnapshotWorld(roles: roles)
        // Before the policies: what was freed of those would be taken for agents, and not counted.
        let before = try residentBytes()
        var progress = ProgressBar("agents")
        for first in stride(from: 0, to: agents, by: SnapshotWorld.batch) {
            let done = min(first + SnapshotWorld.batch, agents)
            try world.addAgents(first..<done)
            progress.show(done: Int64(done), of: Int64(agents), note: "\(done) of \(agents)")
        }
        progress.finish()
        let bytes = Double(try residentBytes() - before) / Double(agents)
        try world.addPolicies(policies)
        let entity = try (0..<changes).map { try world.changeAgent(number: $0 * 7919 % agents, round: $0) }
        let policy = try (0..<changes).map { try world.addPolicy(round: $0) }
        report(bytes, entity.sorted(), policy.sorted())
    }

    private func residentBytes() throws -> Int {
        let path = "/proc/self/statm"
        let fields = FileManager.default.contents(atPath: path).map {
            String(decoding: $0, as: UTF8.self).split(separator: " ")
        }
        guard let fields, fields.count > 1, let pages = Int(fields[1]) else {
            throw CommandError("does not say how much memory the process has", at: path)
        }
        return pages * Int(sysconf(Int32(_SC_PAGESIZE)))
    }

    private func report(_ bytes: Double, _ entity: [Duration], _ policy: [Duration]) {
        func median(_ sorted: [Duration]) -> Double { sorted[sorted.count / 2] / .microseconds(1) }
        func longest(_ sorted: [Duration]) -> Double { sorted[sorted.count - 1] / .microseconds(1) }
        guard !json else {
            return Console.json([
                "agents": .integer(Int64(agents)), "rolesEach": .integer(Int64(roles)),
                "policies": .integer(Int64(policies)), "changes": .integer(Int64(changes)),
                "bytesPerAgent": .integer(Int64(bytes.rounded(.up))),
                "agentChangedMedianMicroseconds": .integer(Int64(median(entity).rounded(.up))),
                "agentChangedLongestMicroseconds": .integer(Int64(longest(entity).rounded(.up))),
                "policyAddedMedianMicroseconds": .integer(Int64(median(policy).rounded(.up))),
                "policyAddedLongestMicroseconds": .integer(Int64(longest(policy).rounded(.up))),
            ])
        }
        var table = Table("change", "among", "median us", "longest us")
        for (name, count, times) in [("one agent changed", agents, entity), ("one policy added", policies, policy)] {
            table.add(cells: [
                name, "\(count)", String(format: "%.1f", median(times)), String(format: "%.1f", longest(times)),
            ])
        }
        Console.print(String(format: "%.1f bytes an agent with %d roles\n", bytes, roles) + table.text)
    }
}
