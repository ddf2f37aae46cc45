import ArgumentParser
import Kernel
import Simulator
import Wire

/// What a run is of, but for its seed.
struct WorldArguments: ParsableArguments {
    @Option(help: "How much: see above.")
    var profile: SimulationProfile?

    @Option(help: "How many nodes, 1 to 15. It wins over that of a scenario file.")
    var nodes: Int?

    @Option(help: "How many members more without a vote, 0 to 63. It wins over that of a scenario file.")
    var learners: Int?

    @Option(help: "How many edges, 0 to 100. It wins over that of a scenario file.")
    var edges: Int?

    @Option(help: "How long clients send, in simulated seconds, at least 5.")
    var seconds: UInt64?

    @Option(help: ArgumentHelp("What clients begin, a simulated second.", valueName: "operations"))
    var rate: UInt64?

    @Option(help: ArgumentHelp("How dense the seed's faults are, in percent of the usual.", valueName: "percent"))
    var faults: Int?

    @Option(help: "A scenario file; see simulations/.", completion: .file(extensions: ["yaml"]))
    var scenario: String?

    var isDefault: Bool { words.isEmpty }

    func loadScenario() throws -> Scenario {
        var result = profile?.scenario ?? Scenario()
        if let path = scenario {
            do {
                result = try ScenarioFile.read(path)
            } catch let error as CommandError { throw error } catch {
                throw CommandError("\(error)", at: path)
            }
            if let profile { result.faultIntensity = profile.scenario.faultIntensity }
        }
        if let nodes { result.nodeCount = nodes }
        if let learners { result.learnerCount = learners }
        if let edges { result.edgeCount = edges }
        if let seconds { result.duration = .seconds(seconds) }
        if let rate { result.operationsPerSecond = rate }
        if let faults { result.faultIntensity = faults }
        if let flaw = result.flaw { throw CommandError(flaw) }
        return result
    }

    /// The same on a command line.
    var words: String { arguments.map { " \($0)" }.joined() }

    /// As a process is given them.
    var arguments: [String] {
        let given: [(String, String?)] = [
            ("--profile", profile.map { "\($0)" }), ("--nodes", nodes.map { "\($0)" }),
            ("--learners", learners.map { "\($0)" }), ("--edges", edges.map { "\($0)" }),
            ("--seconds", seconds.map { "\($0)" }), ("--rate", rate.map { "\($0)" }),
            ("--faults", faults.map { "\($0)" }), ("--scenario", scenario),
        ]
        return given.flatMap { name, value in value.map { [name, $0] } ?? [] }
    }
}

extension WorldOptions {
    /// With a codec of its own: nodes read the same few commands and records again and again, and worlds that run at the
    /// same time share nothing.
    init(seed: UInt64, scenario: Scenario) {
        self.init(seed: seed, scenario: scenario, codec: RecallingCodec(ProtobufCodec()))
    }
}
