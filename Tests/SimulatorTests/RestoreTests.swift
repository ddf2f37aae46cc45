import Consensus
import Kernel
import Simulator
import Testing

@Suite("Restored backups")
struct RestoreTests {
    private func scenario(_ fate: RevocationsFate) -> Scenario {
        func time(_ seconds: UInt64) -> Instant { Instant(microseconds: seconds * 1_000_000) }
        return Scenario(
            name: "restore",
            duration: .seconds(25),
            operationsPerSecond: 30,
            faults: [
                TimedFault(at: time(8), .backup(.leader)),
                TimedFault(at: time(9), .revokeAgents(count: 10)),
                TimedFault(at: time(12), .restoreBackup(fate)),
            ],
            drawsFaults: false
        )
    }

    @Test(
        "lose what was written since, and keep what was revoked",
        arguments: 1...4 as ClosedRange<UInt64>,
        RevocationsFate.allCases
    )
    func restored(seed: UInt64, fate: RevocationsFate) throws {
        var simulation = Simulation(Fixtures.options(seed: seed, scenario: scenario(fate)))
        try simulation.advance(to: Instant(microseconds: 11_900_000))
        let before = simulation.world
        let report = simulation.run()
        #expect(report.verdict == .passed, Comment(rawValue: report.story))
        let world = simulation.world
        #expect(Set(before.members).isDisjoint(with: world.members), "nobody of the old cluster is left")
        #expect(world.lineage == before.lineage)
        #expect(world.log.base > before.log.highestCommit || fate == .lost)
        let lost = world.operations.count { if case .lost = $0.outcome { true } else { false } }
        #expect(lost >= 10)
        #expect(before.revocations.revocations.count >= 10)
        let revoked = Set(world.revocations.revocations.map(\.agent))
        if fate == .merged {
            #expect(revoked.isSuperset(of: before.revocations.revocations.map(\.agent)))
        } else {
            #expect(revoked.contains(Population.standing), "everybody is out of action")
        }
    }

    @Test("S4: a node allows what was revoked before the restore")
    func checker() throws {
        var checker = RevocationChecker()
        checker.acknowledged(5, at: LogIndex(20), by: 1)
        checker.restored(at: LogIndex(30), quarantined: nil)
        try checker.allowed(5, by: 0, applied: LogIndex(29))
        #expect(
            violation { () throws(Violation) in try checker.allowed(5, by: 0, applied: LogIndex(30)) } == .knowledge
        )
        checker.restored(at: LogIndex(40), quarantined: [7])
        try checker.allowed(5, by: 0, applied: LogIndex(40))
        #expect(
            violation { () throws(Violation) in try checker.allowed(7, by: 0, applied: LogIndex(40)) } == .knowledge
        )
    }
}
