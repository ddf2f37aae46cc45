package import Kernel

/// What an operator does where programs are older than they could be.
extension FaultSchedule {
    /// One machine after the other is upgraded, in some order, sooner or later, now and then one never; and the level is raised, mostly
    /// once everybody says to know it.
    package static func drawUpgrades(
        for scenario: Scenario,
        machineCount: Int,
        from random: inout SeededRandom
    ) -> [TimedFault] {
        var faults: [TimedFault] = []
        var time = Instant(microseconds: 2_000_000).advanced(by: random.span(.zero...(.seconds(4))))
        let asks = random.chance(650_000)
        let early = time.advanced(by: random.span(.zero...(.seconds(6))))
        faults.append(TimedFault(at: asks ? time : early, .raiseFeatureLevel(asks: asks)))
        var waiting = Array(0..<machineCount)
        while !waiting.isEmpty {
            let node = waiting.remove(at: random.below(waiting.count))
            let pause = random.span(.milliseconds(50)...(.seconds(2)))
            if random.chance(900_000), time < scenario.healTime {
                faults.append(TimedFault(at: time, .upgrade(.node(node), downFor: pause)))
            }
            time = time.advanced(by: random.span(.milliseconds(100)...(.seconds(4))))
        }
        return faults.filter { $0.time < scenario.healTime }
    }
}
