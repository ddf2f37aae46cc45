package import Kernel

/// Draws the faults of a seed. Each seed has some classes of faults and not others, and each class at a rate of its own,
/// since one class at a high rate hides what another would show ("swarm testing", Groce et al., ISSTA 2012).
package enum FaultSchedule {
    /// Faults before the world's heal time, sorted by time.
    package static func draw(for scenario: Scenario, from random: inout SeededRandom) -> [TimedFault] {
        let gaps = gaps(atPercent: scenario.faultIntensity, from: &random)
        var faults: [TimedFault] = []
        for kind in FaultClass.shared {
            // A stream for each class, so that what one draws does not shift another's.
            var stream = random.split()
            guard let gap = gaps[Int(kind.rawValue)] else { continue }
            var time = Instant.zero.advanced(by: .milliseconds(1500)).advanced(by: stream.exponential(mean: gap))
            while time < scenario.healTime {
                let target = selector(nodeCount: scenario.memberCount, from: &stream)
                faults += draw(kind, at: time, on: target, among: 0..<scenario.memberCount, from: &stream)
                time = time.advanced(by: stream.exponential(mean: gap))
            }
        }
        return faults.sorted { $0.time < $1.time }
    }

    /// The mean time between two faults of each class, by its number; nil for those that the seed does not have. They share
    /// the seed's overall rate by weights that differ by a factor of eight at most, so that more classes are not more faults.
    private static func gaps(atPercent intensity: Int, from random: inout SeededRandom) -> [Span?] {
        let all = random.within(400_000...4_000_000) * 100 / UInt64(intensity)
        let weights = FaultClass.shared.map { _ in
            let weight = UInt64(1) << random.below(4 as UInt64)
            return random.chance(500_000) ? weight : 0
        }
        let sum = weights.reduce(0, +)
        return weights.map { $0 == 0 ? nil : Span(microseconds: max(1, all * sum / $0)) }
    }

    /// Who lies, where there are machines besides the voters that may: in a third of those seeds.
    package static func drawLies(for scenario: Scenario, from random: inout SeededRandom) -> [TimedFault] {
        guard random.chance(333_333), let role = random.element(of: Liar.members) else { return [] }
        let latest = scenario.healTime.elapsed(since: .zero).microseconds
        let time = Instant(microseconds: random.within(2_000_000...max(2_000_000, latest)))
        return [TimedFault(at: time, .byzantine(role, for: random.span(.milliseconds(500)...(.seconds(8)))))]
    }

    static func crash(from random: inout SeededRandom) -> Crash { random.chance(400_000) ? .power : .process }

    /// - Parameter nodes: Those that the network may be split between.
    static func draw(
        _ kind: FaultClass,
        at time: Instant,
        on target: NodeSelector,
        among nodes: Range<Int>,
        from random: inout SeededRandom
    ) -> [TimedFault] {
        let pause = random.span(.milliseconds(50)...(.seconds(4)))
        let crash = crash(from: &random)
        func lasting(_ fault: Fault, until repair: Fault) -> [TimedFault] {
            [TimedFault(at: time, fault), TimedFault(at: time.advanced(by: pause), repair)]
        }
        switch kind {
        case .isolation: return lasting(.isolate(target), until: .healNetwork)
        case .split: return lasting(.split([side(nodes, from: &random)]), until: .healNetwork)
        case .cut:
            return cut(target, .node(random.below(nodes.count)), isOneWay: random.chance(600_000), at: time, for: pause)
        case .crash: return [TimedFault(at: time, .crash(target, crash, downFor: pause))]
        case .crashDuringWrite: return [TimedFault(at: time, .crashDuringWrite(target, crash, downFor: pause))]
        case .stop: return [TimedFault(at: time, .stop(target, downFor: pause))]
        case .network: return lasting(.network(quality(from: &random)), until: .network(.good))
        case .slowDisk:
            return lasting(.slowDisk(target, factor: random.within(2...200)), until: .slowDisk(target, factor: 1))
        case .hungDisk: return lasting(.hangDisk(target), until: .slowDisk(target, factor: 1))
        case .rot:
            let rot = Fault.rotLog(target, entries: random.within(1...20), sparing: random.within(0...30))
            // Found by a scrub of the running node, or by its next start.
            guard random.chance(600_000) else { return [TimedFault(at: time, rot)] }
            return [TimedFault(at: time, .crash(target, crash, downFor: pause)), TimedFault(at: time, rot)]
        case .clock: return [TimedFault(at: time, .stepClock(target, milliseconds: clockStep(from: &random)))]
        case .revocation: return [TimedFault(at: time, .revokeAgents(count: random.within(1...10)))]
        case .pause:
            return [TimedFault(at: time, .pause(target, for: random.chance(500_000) ? pause : short(from: &random)))]
        case .fullDisk: return [TimedFault(at: time, .fillDisk(target, for: pause))]
        case .failedWrite: return [TimedFault(at: time, .failWrite(target, downFor: pause))]
        case .misdirection: return [TimedFault(at: time, .misdirectWrite(target, back: random.within(1...20)))]
        case .clog:
            let other = NodeSelector.node(random.below(nodes.count))
            let clog = TimedFault(at: time, .clog(from: target, to: other, for: pause))
            return random.chance(400_000)
                ? [clog, TimedFault(at: time, .clog(from: other, to: target, for: pause))] : [clog]
        case .bandwidth:
            return lasting(.network(NetworkQuality(bandwidth: random.within(2000...200_000))), until: .network(.good))
        }
    }

    private static func cut(
        _ node: NodeSelector,
        _ other: NodeSelector,
        isOneWay: Bool,
        at time: Instant,
        for pause: Span
    ) -> [TimedFault] {
        let back = isOneWay ? [] : [TimedFault(at: time, .cut(from: other, to: node))]
        return [TimedFault(at: time, .cut(from: node, to: other))] + back
            + [TimedFault(at: time.advanced(by: pause), .healNetwork)]
    }

    /// Too short for anybody to take the node for dead.
    private static func short(from random: inout SeededRandom) -> Span {
        random.span(.milliseconds(5)...(.milliseconds(300)))
    }

    static func selector(nodeCount: Int, from random: inout SeededRandom) -> NodeSelector {
        random.chance(400_000) ? .leader : .node(random.below(nodeCount))
    }

    /// Some of the nodes, perhaps none or all.
    private static func side(_ nodes: Range<Int>, from random: inout SeededRandom) -> [NodeSelector] {
        nodes.filter { _ in random.chance(500_000) }.map { .node($0) }
    }

    private static func quality(from random: inout SeededRandom) -> NetworkQuality {
        NetworkQuality(
            minimumLatency: Span(microseconds: random.within(100...5000)),
            meanExtraLatency: Span(microseconds: random.within(100...60_000)),
            lossPPM: random.chance(700_000) ? random.within(1000...300_000) : 0,
            duplicationPPM: random.chance(700_000) ? random.within(1000...200_000) : 0,
            reorders: random.chance(700_000)
        )
    }

    /// Mostly what a careless operator or a bad time server does: seconds to hours, either way.
    private static func clockStep(from random: inout SeededRandom) -> Int64 {
        let sizes: [ClosedRange<UInt64>] = [1...150, 600...5000, 60_000...7_200_000]
        let size = Int64(random.within(random.element(of: sizes) ?? 1...150))
        return random.chance(500_000) ? size : -size
    }
}
