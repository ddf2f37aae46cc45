import ArgumentParser
import Foundation
import NIOCore
import NIOPosix

/// Measures how soon a revocation is enforced by three voters and their edges, and how soon as many agents of serf have a user
/// event, in one run. `Tests/peers/serf` prepares it.
struct BesideSerf: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "serf")

    @Option(help: "An empty directory for both clusters, on the disk that is to be measured.") var directory: String
    @Option(help: "The reeve executable.") var reeve: String
    @Option(help: "The serf executable.") var serf = "/usr/bin/serf"
    @Option(help: "First of 3 ports a node of Reeve, and 2 an agent of serf.") var portBase = 26500
    @Option(help: "How many edges, beside three voters, and how many agents of serf.") var edges = 20
    @Option(help: "How often the systems take turns.") var rounds = 10
    @Option(help: "How many revocations, and events, in each round.") var count = 20
    @Option(help: "Milliseconds from one question to a node of Reeve until the next.") var interval = 2
    @Flag(help: "Print one JSON object.") var json = false

    func validate() throws {
        guard (2...100).contains(edges) else { throw ValidationError("--edges must be from 2 to 100.") }
        guard rounds > 0, count > 0, rounds * count <= ReeveEdges.budget else {
            throw ValidationError("--rounds times --count must be from 1 to \(ReeveEdges.budget).")
        }
        guard (1...1000).contains(interval) else { throw ValidationError("--interval must be from 1 to 1000.") }
    }

    func run() async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let agents = try SerfAgents(
            directory: "\(directory)/serf",
            serf: serf,
            count: edges,
            portBase: portBase + 3 * (3 + edges)
        )
        defer { agents.stop() }
        note("starting 3 voters, \(edges) edges and \(edges) agents of serf")
        let cluster = try await ReeveEdges.start(
            directory: "\(directory)/reeve",
            reeve: reeve,
            count: edges,
            portBase: portBase
        )
        defer { cluster.stop() }
        try await agents.start()
        let revocations = try await RevocationTrials(
            cluster: cluster,
            agents: rounds * count,
            interval: .milliseconds(Int64(interval)),
            loop: group.next()
        )
        let events = try await EventTrials(agents: agents, loop: group.next())
        let samples = try await takeTurns(revocations, events)
        Report(other: "serf", method: method, lines: samples.lines).print(asJSON: json)
        try await group.shutdownGracefully()
    }

    private func takeTurns(_ revocations: RevocationTrials, _ events: EventTrials) async throws -> SpreadSamples {
        var samples = SpreadSamples()
        for round in 1...rounds {
            for number in (round - 1) * count..<round * count {
                try await pause()
                samples.reeve.append(try await revocations.measure(number))
            }
            for number in (round - 1) * count..<round * count {
                try await pause()
                samples.serf.append(try await events.measure(number))
            }
            note("round \(round) of \(rounds); \(samples.summary)")
        }
        return samples
    }

    /// So that what follows meets any moment of serf's interval of 200 ms, and of the second in which Reeve seals.
    private func pause() async throws { try await Task.sleep(for: .milliseconds(Int.random(in: 50..<250))) }

    private var method: [String] {
        [
            "3 voters and \(edges) edges of Reeve, and \(edges) agents of serf, on this machine at the same time. \(rounds) rounds of "
                + "\(count) revocations and \(count) events, each once the one before is everywhere.",
            "Reeve: a signed statement under a warrant is sent to an edge, another each time, over a connection that is open. Until "
                + "the last of the \(edges + 3) nodes has answered a question about the agent with a denial; each is asked every "
                + "\(interval) ms meanwhile, which is part of the time.",
            "Mutual TLS everywhere; the edge answers, and passes it on, when it has the statement on its disk.",
            "serf: a user event, not to be coalesced, is given to an agent, another each time. Until the stream of events of the "
                + "last of the \(edges) agents has brought it. The default profile (lan), no encryption, nothing on disk.",
            "A ratio above 1 is in Reeve's favour.",
        ]
    }
}

/// Milliseconds.
private struct SpreadSamples {
    var reeve: [Revocation.Times] = []
    var serf: [Double] = []

    /// At most a fifth of serf's time.
    private static let target = Line.Target.ratio(5)

    var summary: String {
        String(format: "medians so far: serf %.1f ms, Reeve %.1f ms", median(serf), median(reeve.map(\.everywhere)))
    }

    var lines: [Line] {
        func line(_ name: String, _ statistic: ([Double]) -> Double) -> Line {
            Line(
                name: name,
                unit: "ms",
                other: statistic(serf),
                reeve: statistic(reeve.map(\.everywhere)),
                lessIsBetter: true,
                target: Self.target
            )
        }
        func own(_ name: String, _ statistic: ([Double]) -> Double) -> Line {
            Line(name: name, unit: "ms", other: nil, reeve: statistic(reeve.map(\.atEdge)), lessIsBetter: true)
        }
        return [
            line("everywhere, p50 of \(reeve.count)", median), line("everywhere, p99") { percentile(99, $0) },
            line("everywhere, worst") { $0.max() ?? .nan }, own("of that on the edge's disk, p50", median),
            own("of that on the edge's disk, p99") { percentile(99, $0) },
        ]
    }
}
