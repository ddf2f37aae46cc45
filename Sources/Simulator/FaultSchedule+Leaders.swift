package import Kernel

/// What is drawn against whoever leads, from streams of its own.
extension FaultSchedule {
    /// Leaders that fall one after the other, in a third of all seeds: the one that leads is cut off, with what it takes
    /// meanwhile, or crashes, and so do the next few in the moment of their election. Logs then end in entries of several
    /// terms, each on a disk or two, as in figure 8 of the Raft paper; of a leader that is cut off with much on its hands, in
    /// more of them than one message takes.
    package static func drawFallingLeaders(
        for scenario: Scenario,
        from random: inout SeededRandom
    ) -> [TimedFault] {
        guard random.chance(333_333) else { return [] }
        var faults: [TimedFault] = []
        var time = Instant(microseconds: 1_500_000).advanced(by: random.span(.zero...(.seconds(4))))
        while time < scenario.healTime {
            let pause = random.span(.milliseconds(300)...(.seconds(4)))
            if random.chance(700_000) {
                if random.chance(500_000) {
                    let lead = random.span(.milliseconds(1)...(.milliseconds(20)))
                    let count = random.within(5...20)
                    faults.append(TimedFault(at: time, .revokeAgents(count: count)))
                    time = time.advanced(by: lead)
                }
                faults.append(TimedFault(at: time, .isolate(.leader)))
                faults.append(TimedFault(at: time.advanced(by: pause), .healNetwork))
            } else {
                faults.append(TimedFault(at: time, .crash(.leader, crash(from: &random), downFor: pause)))
            }
            for _ in 0..<random.within(1...2) {
                let downFor = random.span(.milliseconds(50)...(.seconds(6)))
                faults.append(TimedFault(at: time, .crashWhenElected(crash(from: &random), downFor: downFor)))
            }
            time = time.advanced(by: random.span(.seconds(2)...(.seconds(12))))
        }
        return faults
    }

    /// Leaders that are told to hand over, in a third of all seeds. In half of the cases what the next leader says does not
    /// reach the old one, which goes on for a moment as if it led.
    package static func drawHandOvers(for scenario: Scenario, from random: inout SeededRandom) -> [TimedFault] {
        guard random.chance(333_333) else { return [] }
        var faults: [TimedFault] = []
        var time = Instant(microseconds: 1_500_000).advanced(by: random.span(.zero...(.seconds(4))))
        while time < scenario.healTime {
            let target = NodeSelector.node(random.below(scenario.memberCount))
            if random.chance(500_000) {
                let pause = random.span(.milliseconds(50)...(.seconds(1)))
                faults.append(TimedFault(at: time, .cut(from: target, to: .leader)))
                faults.append(TimedFault(at: time.advanced(by: pause), .healNetwork))
            }
            faults.append(TimedFault(at: time, .handOver(to: target)))
            time = time.advanced(by: random.span(.seconds(1)...(.seconds(6))))
        }
        return faults
    }
}
