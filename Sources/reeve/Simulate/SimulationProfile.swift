import ArgumentParser
import Kernel
import Simulator

/// How much is simulated, for an occasion.
enum SimulationProfile: String, CaseIterable, ExpressibleByArgument {
    /// Before a change lands.
    case quick
    /// All that a night gives.
    case nightly
    /// More of everything that goes wrong than any cluster should see.
    case brutal

    var seeds: SeedRange {
        switch self {
        case .quick: SeedRange(lower: 1, upper: 50)
        case .nightly: SeedRange(lower: 1, upper: 20_000)
        case .brutal: SeedRange(lower: 1, upper: 2000)
        }
    }

    var scenario: Scenario {
        switch self {
        case .quick: Scenario(duration: .seconds(15))
        case .nightly: Scenario()
        case .brutal: Scenario(nodeCount: 5, duration: .seconds(60), operationsPerSecond: 40, faultIntensity: 400)
        }
    }

    var summary: String {
        let scenario = scenario
        return "seeds \(seeds), \(scenario.nodeCount) nodes, \(scenario.duration.milliseconds / 1000) s, "
            + "\(scenario.operationsPerSecond) operations/s, faults at \(scenario.faultIntensity) %"
    }

    static let explanation =
        "Profiles: " + allCases.map { "\($0.rawValue): \($0.summary)" }.joined(separator: "; ")
        + ". What else is given wins over them. A scenario file says all of its world itself, and of "
        + "a profile takes only the seeds and the density of faults."
}
