import Foundation
import Kernel
import Simulator
import Testing
import Wire

@Suite struct TmpTests {
    @Test func seeds() {
        let environment = ProcessInfo.processInfo.environment
        let range = environment["SEEDS"]?.split(separator: "-").compactMap { UInt64($0) } ?? [1, 5]
        var bad = 0, changed = 0
        for seed in range[0]...range[1] {
            var simulation = Simulation(WorldOptions(seed: seed, scenario: Scenario(), codec: ProtobufCodec()))
            let report = simulation.run()
            if simulation.world.members.count > 3 { changed += 1 }
            guard let violation = report.violation else { continue }
            bad += 1
            print("seed \(seed): \(violation.invariant) \(violation.message)")
            for line in report.lastEvents.suffix(Int(environment["LINES"] ?? "0") ?? 0) { print(line) }
        }
        print("bad \(bad), with spares \(changed) of \(range)")
    }
}
