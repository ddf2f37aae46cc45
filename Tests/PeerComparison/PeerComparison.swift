import ArgumentParser
import Foundation
import NIOCore
import NIOPosix

/// Measures whole clusters on this machine.
@main struct PeerComparison: AsyncParsableCommand {
    static let configuration = CommandConfiguration(subcommands: [BesideEtcd.self, BesideSerf.self, CatchUp.self])
}

/// Measures a three-node etcd and a three-node Reeve in one run. `Tests/peers/etcd` prepares it.
struct BesideEtcd: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "etcd")

    @Option(help: "An empty directory for both clusters, on the disk that is to be measured.") var directory: String
    @Option(help: "Where ca.crt, server.crt, server.key, client.crt and client.key lie, for etcd.") var certificates:
        String
    @Option(help: "The reeve executable.") var reeve: String
    @Option(help: "The etcd executable.") var etcd = "/usr/bin/etcd"
    @Option(help: "The etcdctl executable.") var etcdctl = "/usr/bin/etcdctl"
    @Option(help: "First of 24 ports.") var portBase = 26400
    @Option(help: "Seconds of each measurement of load.") var seconds = 5
    @Option(help: "How often each is repeated, the systems in turn; medians count.") var rounds = 3
    @Option(help: "How often the leader is killed, and how often stopped, with each pair of timers.") var kills = 20
    @Option(help: "Numbers of clients.") var clients: [Int] = [1, 64]
    @Flag(help: "Leave out the throughput.") var skipLoad = false
    @Flag(help: "Print one JSON object.") var json = false

    private var group: any EventLoopGroup { MultiThreadedEventLoopGroup.singleton }

    func run() async throws {
        var lines: [Line] = []
        for (place, timers) in [Timers.long, .short].enumerated() {
            let home = "\(directory)/\(timers.electionMilliseconds)"
            let etcd = try EtcdCluster(
                directory: "\(home)/etcd",
                certificates: certificates,
                etcd: etcd,
                etcdctl: etcdctl,
                portBase: portBase,
                timers: timers
            )
            let reeve = try ReeveCluster(
                directory: "\(home)/reeve",
                reeve: reeve,
                portBase: portBase + 10,
                settings: timers.settings
            )
            defer {
                etcd.stop()
                reeve.stop()
            }
            try etcd.start()
            try reeve.start()
            try await etcd.waitUntilWhole()
            try await reeve.waitUntilWhole()
            if place == 0, !skipLoad { lines += try await load(etcd, reeve) }
            if kills > 0 { lines += try await failOver(etcd, reeve, timers) }
        }
        Report(other: "etcd", method: Self.method, lines: lines).print(asJSON: json)
    }

    private func fill(_ cluster: any PeerCluster) async throws {
        note("\(type(of: cluster).name): putting \(Operation.keyCount) keys")
        try await cluster.putEachKey(group: group)
    }

    private func load(_ etcd: EtcdCluster, _ reeve: ReeveCluster) async throws -> [Line] {
        for cluster in [etcd, reeve] as [any PeerCluster] { try await fill(cluster) }
        var lines: [Line] = []
        for kind in Load.Kind.allCases {
            for count in clients {
                var samples: (etcd: [Sample], reeve: [Sample]) = ([], [])
                for round in 1...rounds {
                    note("\(kind.rawValue), \(count) client(s), round \(round)")
                    samples.etcd.append(try await sample(etcd, kind, count, round))
                    samples.reeve.append(try await sample(reeve, kind, count, round))
                }
                lines += Sample.lines("\(kind.rawValue), \(count) client(s)", samples, target: target(kind, count))
            }
        }
        return lines
    }

    private func target(_ kind: Load.Kind, _ clients: Int) -> Double? {
        switch (kind, clients) {
        case (.puts, 1), (.puts, 64): 2
        case (.linearizableReads, 64): 1.5
        default: nil
        }
    }

    /// All clients ask the leader, of either system: what a follower has to pass on is not measured.
    private func sample(
        _ cluster: some PeerCluster,
        _ kind: Load.Kind,
        _ clients: Int,
        _ round: Int
    ) async throws -> Sample {
        let endpoint = cluster.endpoints[try await cluster.currentLeader()]
        let reeve = cluster as? ReeveCluster
        let log = try await reeve?.logWrites(at: endpoint, group: group)
        let before = cluster.cpuSeconds
        let result: Load.Result
        do {
            result = try await Load(kind: kind, clients: clients, endpoint: endpoint)
                .run(for: .seconds(Int64(seconds)), round: round, group: group)
        } catch {
            throw PeerError("\(type(of: cluster).name): \(error)")
        }
        let cpu = cluster.cpuSeconds - before
        let written = try await reeve?.logWrites(at: endpoint, group: group)
        if result.failed > 0 { note("\(type(of: cluster).name): \(result.failed) requests failed") }
        return Sample(
            perSecond: result.perSecond,
            p50: Double(result.p50Microseconds) / 1000,
            p99: Double(result.p99Microseconds) / 1000,
            cpuMicroseconds: cpu * 1e6 / Double(max(1, result.answered)),
            entriesACommit: kind == .puts ? written.flatMap { log?.entriesACommit(until: $0) } : nil
        )
    }

    private func failOver(_ etcd: EtcdCluster, _ reeve: ReeveCluster, _ timers: Timers) async throws -> [Line] {
        var lines: [Line] = []
        for cause in FailOver.Cause.allCases {
            let failOver = FailOver(cause: cause, group: group)
            var times: (etcd: [Double], reeve: [Double]) = ([], [])
            for round in 1...kills {
                note("\(cause.rawValue) of the leader at \(timers.description), \(round) of \(kills)")
                times.etcd.append(try await failOver.measure(etcd, round: round))
                times.reeve.append(try await failOver.measure(reeve, round: round))
            }
            let name = "fail-over after \(cause.rawValue), \(timers.description)"
            let target = cause == .killed ? Line.Target.atMost(50) : .ratio(1)
            lines.append(Self.line(name + ", median", times, median, target))
            lines.append(Self.line(name + ", worst", times, { $0.max() ?? .nan }, nil))
        }
        return lines
    }

    private static func line(
        _ name: String,
        _ times: (etcd: [Double], reeve: [Double]),
        _ statistic: ([Double]) -> Double,
        _ target: Line.Target?
    ) -> Line {
        Line(
            name: name,
            unit: "ms",
            other: statistic(times.etcd),
            reeve: statistic(times.reeve),
            lessIsBetter: true,
            target: target
        )
    }

    private static let method = [
        "Three nodes of each system on this machine, mutual TLS to peers and to clients, every write synced to one disk.",
        "Puts of 256 bytes to 10,000 keys; for Reeve the value is an attribute of a resource, authorized and recorded.",
        "Reeve's limit of idempotency keys in force for one caller is raised, since one administrator sends everything.",
        "One load generator for both, one connection a client, all to the leader: etcd by its gRPC API over HTTP/2, Reeve by "
            + "its admin API over HTTP/1.1.",
        "A ratio above 1 is in Reeve's favour, also where less is better. CPU is all three servers' user and system time.",
        "Entries a commit: how many the leader's log took by one sync, of Reeve's own metrics.",
        "Fail-over: from the signal to the first acknowledgement of a write that was sent after it to one of the others.",
    ]
}

/// On standard error, so that what is measured stands alone.
func note(_ text: String) { FileHandle.standardError.write(Data((text + "\n").utf8)) }

/// One measurement of load.
private struct Sample {
    let perSecond: Double
    /// Milliseconds.
    let p50: Double
    let p99: Double
    let cpuMicroseconds: Double
    /// How many entries shared a sync of the leader's disk. Nil where it is not told, and for reads.
    let entriesACommit: Double?

    static func lines(_ name: String, _ samples: (etcd: [Sample], reeve: [Sample]), target: Double?) -> [Line] {
        func line(_ what: String, _ unit: String, lessIsBetter: Bool, _ value: (Sample) -> Double) -> Line {
            Line(
                name: what.isEmpty ? name : "  " + what,
                unit: unit,
                other: median(samples.etcd.map(value)),
                reeve: median(samples.reeve.map(value)),
                lessIsBetter: lessIsBetter
            )
        }
        var rate = line("", "/s", lessIsBetter: false, \.perSecond)
        rate.target = target.map { .ratio($0) }
        let entries = samples.reeve.compactMap(\.entriesACommit)
        return [
            rate,
            line("p50", "ms", lessIsBetter: true, \.p50),
            line("p99", "ms", lessIsBetter: true, \.p99),
            line("CPU an operation", "us", lessIsBetter: true, \.cpuMicroseconds),
        ] + (entries.isEmpty ? [] : [Line.own("  entries a commit", "", median(entries))])
    }
}
