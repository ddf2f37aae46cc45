import ArgumentParser
import ClusterSupport
import Foundation

/// Cuts an edge off, and sees when it stops permitting what, and how soon it permits it again. `Tests/long/ages` prepares it.
struct Ages: AsyncParsableCommand {
    @Option(help: "A folder that does not exist, for the cluster.") var directory: String
    @Option(parsing: .upToNextOption, help: "Seconds of @max_age, each of a policy of its own.") var bounds = [
        5, 10, 30,
    ]
    @Option(help: "Seconds of the cluster-wide maximum, which counts where a policy has none.") var maximum = 60
    @Option(help: "How often the edge is cut off for each of them.") var rounds = 2
    @Option(help: "First of 12 ports.") var portBase = 26600

    private static let edge = "e1"

    func validate() throws {
        guard !bounds.isEmpty, bounds.allSatisfy({ (3...maximum).contains($0) }), maximum <= 3600 else {
            throw ValidationError("--bounds must be from 3 to --maximum, and that at most 3600.")
        }
        guard (1...100).contains(rounds) else { throw ValidationError("--rounds must be from 1 to 100.") }
    }

    func run() async throws {
        let names = ["n1", "n2", "n3", Self.edge]
        let namespaces = try NodeNamespaces(names: names)
        let cluster = try TestCluster(
            folder: URL(filePath: directory),
            hosts: namespaces.hosts,
            portBase: portBase
        ) { .init(wrapper: namespaces.wrapper(of: $0)) }
        let outcome: Result<[CutOff], any Error>
        do { outcome = .success(try await measure(cluster, namespaces)) } catch { outcome = .failure(error) }
        await cluster.tearDown()
        try finish(outcome.map { AgesReport(cuts: $0) })
    }

    private var permits: [Permit] {
        bounds.sorted().map { Permit(action: "read\($0)", bound: .seconds($0), isMaximum: false) }
            + [Permit(action: "read", bound: .seconds(maximum), isMaximum: true)]
    }

    private func measure(_ cluster: TestCluster, _ namespaces: NodeNamespaces) async throws -> [CutOff] {
        note("starting 3 voters and an edge")
        try await cluster.startAll()
        try await prepare(cluster)
        try await cluster.join(Self.edge, edge: true)
        let watch = EdgeWatch(cluster: cluster, edge: Self.edge)
        let voters = cluster.names.indices
        let edge = cluster.names.count
        let cuts = voters.flatMap { [NodeNamespaces.Cut(from: $0, to: edge), .init(from: edge, to: $0)] }
        var results: [CutOff] = []
        for round in 1...rounds {
            for (place, permit) in permits.enumerated() {
                note("round \(round) of \(rounds): cut off until \(permit.name) has passed")
                try await watch.untilPermitted(permits)
                // Anywhere between two seals.
                try await Task.sleep(for: .milliseconds(Int.random(in: 2000..<3000)))
                var cut = CutOff(permits: permits, through: place, begin: .now)
                for cut in cuts { try namespaces.cut(cut) }
                try await watch.untilRefused(&cut)
                // Anywhere between two attempts of the links to come through.
                try await Task.sleep(for: .milliseconds(Int.random(in: 0..<3000)))
                cut.healed = .now
                for cut in cuts { try namespaces.heal(cut) }
                try await watch.untilPermitted(&cut)
                results.append(cut)
            }
        }
        return results
    }

    private func prepare(_ cluster: TestCluster) async throws {
        func write(_ method: String, _ path: String, _ body: String) async throws {
            let answer = try await cluster.admin(method, path, body: body, at: "n1")
            guard (200..<300).contains(answer.status) else {
                throw TestCluster.Failure("\(method) \(path): \(answer.body)")
            }
        }
        let settings = try cluster.command("cluster", "settings", "--maximum-age", "\(maximum)s")
        guard settings.status == 0 else { throw TestCluster.Failure("cluster settings: \(settings.output)") }
        let policies = permits.map { permit in
            let age = permit.isMaximum ? "" : "@max_age(\"\(permit.bound.components.seconds)s\") "
            return age + "permit(principal, action == Action::\"\(permit.action)\", resource);"
        }
        let text = try JSONSerialization.data(withJSONObject: ["text": policies.joined(separator: "\n")])
        try await write("PUT", "/v1/principals/agent/bot", "{}")
        try await write("POST", "/v1/policy-sets/main/versions", String(decoding: text, as: UTF8.self))
        try await write("POST", "/v1/policy-sets/main/activate", #"{"version": 1}"#)
    }
}

/// A permit that applies while what the edge knows is no older than its bound.
struct Permit: Hashable, Sendable {
    let action: String
    let bound: Duration
    /// Whether the bound is the cluster's, not its own.
    let isMaximum: Bool

    var name: String { "\(bound.components.seconds) s" + (isMaximum ? ", the maximum" : "") }
}

/// One time that the edge was cut off, and what it said to whom asked it. All times are by this machine's one wall clock.
struct CutOff: Sendable {
    struct Observation: Sendable {
        let permit: Permit
        /// When the last question was sent that was answered with yes.
        var lastYes: Date?
        /// When the first no had come, whose reason was the age.
        var firstNo: Date?
        /// When the first yes after healing had come.
        var yesAgain: Date?
    }

    let permits: [Permit]
    var observations: [Observation]
    /// Of the permit whose bound is waited for.
    let target: Int
    /// Before the first link was cut.
    let begin: Date
    /// That of the newest seal which the edge has, as it says at the end.
    var sealTime: Date?
    /// Before the first link was mended.
    var healed: Date?

    init(permits: [Permit], through target: Int, begin: Date) {
        self.permits = permits
        self.target = target
        self.begin = begin
        observations = permits.map { Observation(permit: $0) }
    }

    /// Those whose bound has passed.
    var ended: ArraySlice<Observation> { observations[...target] }
}
