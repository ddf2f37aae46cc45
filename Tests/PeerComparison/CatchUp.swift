import ArgumentParser
import Foundation
import Glibc
import NIOCore
import NIOPosix

/// How a follower that is far behind comes back while the others serve, and what that costs them.
///
/// Writes are put until the follower that was stopped lacks so many entries; then it is started, with the load going on.
/// What the leader takes meanwhile is set against what it takes right afterwards, with all three in step. What it took
/// before is printed, but lies as far back as the backlog took to grow, on a log that was a good deal shorter.
struct CatchUp: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "catch-up")

    enum Way: String, ExpressibleByArgument, CaseIterable {
        case log, snapshot
    }

    @Option(help: "An empty directory for the cluster.") var directory: String
    @Option(help: "The reeve executable.") var reeve: String
    @Option(help: "How many entries the follower is to lack.") var entries: UInt64 = 1_000_000
    @Option(help: "What the leader has for it: the log itself, or a snapshot and what came after.") var way = Way.log
    @Option(help: "Clients while it is measured, each with one write at a time.") var clients = 64
    @Option(help: "Clients while the backlog grows.") var fillers = 256
    @Option(help: "Seconds of each sample.") var seconds = 5
    @Flag(help: "Let the follower share all cores with the others, instead of giving it the last one for its own.")
    var sharing = false
    @Option(help: "First of 9 ports.") var portBase = 26440

    /// So few entries behind counts as caught up.
    private static let nearby = 10_000

    private var group: any EventLoopGroup { MultiThreadedEventLoopGroup.singleton }

    func validate() throws {
        guard sharing || Self.lastCore > 0 else {
            throw ValidationError("There is but one core, so the follower cannot have one of its own: use --sharing.")
        }
    }

    func run() async throws {
        let step = way == .log ? 1 << 30 : 100_000
        let cluster = try ReeveCluster(
            directory: "\(directory)/cluster",
            reeve: reeve,
            portBase: portBase,
            settings: Timers.long.settings + "\nlimits:\n  compaction_step: \(step)"
        )
        defer { cluster.stop() }
        if !sharing { try ServerProcess.pin(ProcessInfo.processInfo.processIdentifier, to: 0..<Self.lastCore) }
        try cluster.start()
        try await cluster.waitUntilWhole()
        try await cluster.putEachKey(group: group)
        let leader = try await cluster.currentLeader()
        let follower = (leader + 1) % 3
        try separate(cluster.nodes[follower])
        var round = 0
        let before = try await rates(of: cluster, at: leader, samples: 3, &round)
        cluster.nodes[follower].stop()
        try await grow(cluster, leader, &round)
        try cluster.nodes[follower].start()
        try separate(cluster.nodes[follower])
        let (during, time) = try await catchingUp(cluster, leader, follower, &round)
        let after = try await rates(of: cluster, at: leader, samples: 9, &round)
        report(before, during, after, time)
    }

    /// As if the follower had a machine of its own: it gets the last core, and all others, this program too, the rest.
    private func separate(_ follower: ServerProcess) throws {
        if !sharing { try follower.pin(to: Self.lastCore..<Self.lastCore + 1) }
    }

    /// Of those that this process may run on before it is pinned.
    private static let lastCore = ProcessInfo.processInfo.activeProcessorCount - 1

    private func rates(
        of cluster: ReeveCluster,
        at node: Int,
        samples: Int,
        _ round: inout Int
    ) async throws -> [Double] {
        var rates: [Double] = []
        for _ in 0..<samples { rates.append(try await rate(cluster, node, clients, &round)) }
        return rates
    }

    private func rate(
        _ cluster: ReeveCluster,
        _ node: Int,
        _ clients: Int,
        _ round: inout Int
    ) async throws -> Double {
        round += 1
        let result = try await Load(kind: .puts, clients: clients, endpoint: cluster.endpoints[node])
            .run(for: .seconds(Int64(seconds)), round: round, group: group)
        if result.failed > 0 { note("\(result.failed) writes failed") }
        return result.perSecond
    }

    private func grow(_ cluster: ReeveCluster, _ leader: Int, _ round: inout Int) async throws {
        let start = try revision(cluster, leader)
        while true {
            let done = try revision(cluster, leader) - start
            guard done < entries else { return }
            let rate = try await rate(cluster, leader, fillers, &round)
            note("\(done) of \(entries) entries, \(Int(rate)) a second")
        }
    }

    private func catchingUp(
        _ cluster: ReeveCluster,
        _ leader: Int,
        _ follower: Int,
        _ round: inout Int
    ) async throws -> (rates: [Double], time: Duration) {
        let start = ContinuousClock.now
        var rates: [Double] = []
        while true {
            rates.append(try await rate(cluster, leader, clients, &round))
            let target = try revision(cluster, leader)
            let lack = cluster.revisions()[follower].map { target - min($0, target) }
            note("\(lack.map { "\($0) entries behind" } ?? "not there yet"), \(Int(rates.last ?? 0)) writes a second")
            if let lack, lack < Self.nearby { return (rates, ContinuousClock.now - start) }
        }
    }

    private func revision(_ cluster: ReeveCluster, _ node: Int) throws -> UInt64 {
        let revisions = cluster.revisions()
        guard node < revisions.count, let revision = revisions[node] else {
            throw PeerError("n\(node) does not answer")
        }
        return revision
    }

    private func report(_ before: [Double], _ during: [Double], _ after: [Double], _ time: Duration) {
        print("# \(entries) entries through the \(way.rawValue), \(clients) clients")
        let cores = sharing ? "the cores of the others" : "a core of its own"
        print("# the follower runs on \(cores)")
        print("writes a second in step, before:  \(Int(median(before)))")
        print("writes a second in step, after:   \(Int(median(after)))")
        let mean = during.reduce(0, +) / Double(max(during.count, 1))
        print("writes a second catching up:      \(Int(median(during))), in \(during.count) samples of \(seconds) s")
        print("                       on average \(Int(mean))")
        print("time to \(Self.nearby) entries behind:    \(time.components.seconds) s")
        print("loss of throughput:               \(Int(((1 - median(during) / median(after)) * 100).rounded())) %")
    }
}
