import ArgumentParser
import ClusterSupport
import Foundation

/// Has an edge decide under load, without and with a peer that sends it bad input as fast as it can. `Tests/long/bad-input` prepares it.
struct BadInput: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "bad-input")

    @Option(help: "A folder that does not exist, for the cluster.") var directory: String
    @Option(help: "Seconds of each window.") var seconds = 4
    @Option(help: "How many windows without and with each kind of input.") var rounds = 3
    @Option(help: "Agents that ask, each one question at a time.") var connections = 16
    @Option(parsing: .upToNextOption, help: "What is sent: all of them, unless named.") var kinds = Ammunition.allCases
    @Option(help: "libfaketime, for the edge whose checkpoint is too old.") var faketime: String
    @Option(help: "First of 18 ports.") var portBase = 26640

    /// That is attacked; whose place the attacker takes; that begins from a checkpoint that is too old.
    private static let (victim, attacker, late) = ("e1", "e2", "e3")
    private static let (victimCore, otherCore) = (0, 1)

    func validate() throws {
        guard (1...60).contains(seconds), (1...100).contains(rounds), (1...1000).contains(connections) else {
            throw ValidationError(
                "--seconds must be from 1 to 60, --rounds from 1 to 100, --connections from 1 to 1000."
            )
        }
        guard ProcessInfo.processInfo.activeProcessorCount > 1 else {
            throw ValidationError("The edge needs a core of its own, and whoever asks and attacks it another one.")
        }
    }

    func run() async throws {
        let faketime = faketime
        let cluster = try TestCluster(folder: URL(filePath: directory), portBase: portBase) { name in
            let core = name == Self.victim ? Self.victimCore : Self.otherCore
            let wrapper = ["/usr/bin/env", "taskset", "--cpu-list", "\(core)"]
            guard name == Self.late else { return .init(wrapper: wrapper) }
            return .init(wrapper: ["/usr/bin/env"], environment: ["LD_PRELOAD": faketime, "FAKETIME": "+8d"])
        }
        let outcome: Result<BadInputReport, any Error>
        do { outcome = .success(try await measure(cluster)) } catch { outcome = .failure(error) }
        await cluster.tearDown()
        try finish(outcome)
    }

    private func measure(_ cluster: TestCluster) async throws -> BadInputReport {
        note("starting 3 voters and an edge")
        try await cluster.startAll()
        let preparation = Preparation(cluster: cluster)
        let token = try await preparation.prepare()
        try await cluster.join(Self.victim, edge: true)
        try cluster.admit(Self.attacker, edge: true)
        let attacker = try await preparation.startAttacker(Self.attacker, against: Self.victim, core: Self.otherCore)
        defer { attacker.end() }
        let load = try DecisionLoad(
            url: cluster.url(Self.victim, 2, "/access/v1/evaluation"),
            token: token,
            question: Preparation.question,
            connections: connections,
            core: Self.otherCore,
            folder: cluster.folder
        )
        let trial = AttackTrial(
            cluster: cluster,
            victim: Self.victim,
            load: load,
            attacker: attacker,
            otherCore: Self.otherCore
        )
        _ = try await load.run(seconds: 2)
        var report = BadInputReport(victim: try trial.residentBytes)
        for kind in kinds {
            var windows: [(quiet: AttackTrial.Window, attacked: AttackTrial.Window)] = []
            for round in 1...rounds {
                note("\(kind.rawValue), round \(round) of \(rounds)")
                try await trial.restartVictim()
                let quiet = try await trial.window(nil, seconds: seconds)
                windows.append((quiet, try await trial.window(kind, seconds: seconds)))
            }
            report.add(kind, windows, residentBytes: try trial.residentBytes)
        }
        note("an edge with a checkpoint that is too old")
        report.lateEdge = try await LateEdge(cluster: cluster, name: Self.late).run()
        report.isVictimReady = try await trial.isReady()
        return report
    }
}
