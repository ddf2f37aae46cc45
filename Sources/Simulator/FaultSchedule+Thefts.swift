package import Kernel

extension FaultSchedule {
    /// One to three credentials are stolen, in a fifth of all seeds.
    package static func drawThefts(for scenario: Scenario, from random: inout SeededRandom) -> [TimedFault] {
        guard random.chance(200_000) else { return [] }
        let latest = scenario.healTime.elapsed(since: .zero).microseconds
        return (0..<random.within(1...3)).map { _ in
            let time = Instant(microseconds: random.within(2_000_000...max(2_000_000, latest)))
            let loot = random.chance(500_000) ? Loot.administrator : .token
            return TimedFault(at: time, .theft(loot, noticedAfter: random.span(.milliseconds(200)...(.seconds(5)))))
        }
    }
}
