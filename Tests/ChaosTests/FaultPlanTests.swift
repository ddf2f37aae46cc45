import Testing

@testable import Chaos

@Suite("Fault plan") struct FaultPlanTests {
    @Test("one seed gives one plan, two seeds give two") func determinism() {
        #expect(rounds(seed: 7, FaultKind.allCases) == rounds(seed: 7, FaultKind.allCases))
        #expect(rounds(seed: 7, FaultKind.allCases) != rounds(seed: 8, FaultKind.allCases))
    }

    @Test("every kind has its turn before any comes again", arguments: UInt64(1)...20)
    func fairness(seed: UInt64) {
        let kinds = rounds(seed: seed, FaultKind.allCases).flatMap(\.faults).map(\.kind)
        for start in stride(from: 0, to: 45, by: FaultKind.allCases.count) {
            #expect(Set(kinds[start..<start + FaultKind.allCases.count]).count == FaultKind.allCases.count)
        }
    }

    @Test("what is not permitted is never planned, and two faults of a round are on two nodes") func limits() {
        let rounds = rounds(seed: 3, [.kill, .stop])
        #expect(Set(rounds.flatMap(\.faults).map(\.kind)) == [.kill, .stop])
        let pairs = rounds.filter { $0.faults.count == 2 }
        #expect(!pairs.isEmpty)
        for round in pairs {
            guard case .other(let offset) = round.faults[1].target else {
                Issue.record("\(round)")
                continue
            }
            #expect((1..<FaultPlan.nodeCount).contains(offset))
        }
        #expect(self.rounds(seed: 3, []).allSatisfy { $0.faults.isEmpty })
    }

    private func rounds(seed: UInt64, _ kinds: [FaultKind]) -> [FaultRound] {
        var plan = FaultPlan(seed: seed, kinds: kinds)
        return (0..<60).map { _ in plan.next() }
    }
}
