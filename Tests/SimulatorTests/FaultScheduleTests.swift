import Kernel
import Simulator
import Testing

@Suite("Faults of a seed")
struct FaultScheduleTests {
    private func draw(_ seed: UInt64, intensity: Int = 100) -> [FaultClass: Int] {
        var random = SeededRandom(seed: seed)
        let scenario = Scenario(duration: .seconds(1000), faultIntensity: intensity)
        let faults = FaultSchedule.draw(for: scenario, from: &random)
        #expect(faults.allSatisfy { $0.time < scenario.healTime || $0.fault.kind == nil })
        #expect(zip(faults, faults.dropFirst()).allSatisfy { $0.time <= $1.time })
        return faults.compactMap(\.fault.kind).reduce(into: [:]) { $0[$1, default: 0] += 1 }
    }

    @Test("each class is in about half of all seeds")
    func classes() {
        let seeds = (UInt64(1)...300).map { draw($0) }
        for kind in FaultClass.shared where kind != .crash {
            let count = seeds.count { $0[kind, default: 0] > 0 }
            #expect((110...190).contains(count), "\(kind) in \(count) of 300 seeds")
        }
    }

    @Test("classes of one seed come at rates of their own")
    func rates() {
        // Of two that come more than once in a while: how many times as often the one comes.
        let ratios = (UInt64(1)...300).compactMap { seed -> Double? in
            let counts = draw(seed)
            guard let one = counts[.isolation], let other = counts[.stop] else { return nil }
            return Double(max(one, other)) / Double(min(one, other))
        }
        #expect(ratios.count > 50)
        #expect(ratios.count { $0 < 1.5 } * 5 > ratios.count, "as often, in more than a fifth")
        #expect(ratios.count { $0 > 3 } * 5 > ratios.count, "more than three times as often, in more than a fifth")
    }

    @Test("leaders fall one after the other in a third of all seeds, all before everything heals")
    func fallingLeaders() {
        let scenario = Scenario(duration: .seconds(60))
        let seeds = (UInt64(1)...300).map { seed in
            var random = SeededRandom(seed: seed)
            return FaultSchedule.drawFallingLeaders(for: scenario, from: &random)
        }
        #expect((70...130).contains(seeds.count { !$0.isEmpty }))
        for faults in seeds where !faults.isEmpty {
            #expect(faults.allSatisfy { $0.time < scenario.healTime || $0.fault == .healNetwork })
            #expect(faults.contains { if case .crashWhenElected = $0.fault { true } else { false } })
        }
    }

    @Test("and hand over in another third, often to one that the old leader does not hear")
    func handOvers() {
        let scenario = Scenario(duration: .seconds(60))
        let seeds = (UInt64(1)...300).map { seed in
            var random = SeededRandom(seed: seed)
            return FaultSchedule.drawHandOvers(for: scenario, from: &random)
        }
        #expect((70...130).contains(seeds.count { !$0.isEmpty }))
        let faults = seeds.flatMap { $0 }
        #expect(faults.allSatisfy { $0.time < scenario.healTime || $0.fault == .healNetwork })
        let handOvers = faults.count { if case .handOver = $0.fault { true } else { false } }
        let cuts = faults.count { if case .cut(_, .leader) = $0.fault { true } else { false } }
        #expect(handOvers > 300)
        #expect((handOvers * 2 / 5...handOvers * 3 / 5).contains(cuts))
    }

    @Test("the rest comes on top, each kind in a quarter of all seeds and on every machine")
    func apart() {
        let scenario = Scenario(duration: .seconds(60))
        let seeds = (UInt64(1)...300).map { seed in
            var random = SeededRandom(seed: seed)
            return FaultSchedule.drawApart(for: scenario, machineCount: 4, from: &random)
        }
        #expect(Set(FaultClass.shared).union(FaultClass.apart) == Set(FaultClass.allCases))
        for kind in FaultClass.apart {
            let count = seeds.count { $0.contains { $0.fault.kind == kind } }
            #expect((50...105).contains(count), "\(kind) in \(count) of 300 seeds")
        }
        let faults = seeds.flatMap { $0 }
        #expect(faults.allSatisfy { $0.time < scenario.healTime || $0.fault.kind == nil })
        #expect(faults.contains { $0.fault.selectors.contains(.node(3)) })
    }

    @Test("intensity is how many there are")
    func intensity() {
        func total(_ intensity: Int) -> Int {
            (UInt64(1)...100).reduce(0) { $0 + draw($1, intensity: intensity).values.reduce(0, +) }
        }
        let ratio = Double(total(400)) / Double(total(100))
        #expect((3.5...4.5).contains(ratio), "\(ratio)")
    }
}
