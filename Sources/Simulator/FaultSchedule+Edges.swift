package import Kernel

/// What is drawn against edges, from a stream of their own.
extension FaultSchedule {
    /// Faults of all kinds that hit a machine, and in a third of these seeds an edge that lies.
    package static func drawForEdges(
        _ edges: Range<Int>,
        of scenario: Scenario,
        from random: inout SeededRandom
    ) -> [TimedFault] {
        let kinds = FaultClass.shared.filter { $0.hitsMachine && random.chance(500_000) }
        let gap = Span(microseconds: random.within(800_000...8_000_000) * 100 / UInt64(scenario.faultIntensity))
        var faults: [TimedFault] = []
        // None has joined before.
        var time = Instant(microseconds: 3_000_000)
        while time < scenario.healTime {
            let target = NodeSelector.node(edges.lowerBound + random.below(edges.count))
            if random.chance(30_000) {
                faults.append(TimedFault(at: time, .wipeDisks(target)))
            } else if let kind = random.element(of: kinds) {
                faults += draw(kind, at: time, on: target, among: 0..<edges.upperBound, from: &random)
            }
            time = time.advanced(by: random.exponential(mean: gap))
        }
        guard random.chance(333_333) else { return faults }
        let latest = max(4_000_000, scenario.healTime.elapsed(since: .zero).microseconds)
        let start = Instant(microseconds: random.within(4_000_000...latest))
        let span = random.span(.milliseconds(500)...(.seconds(8)))
        return faults + [TimedFault(at: start, .byzantine(.edge, for: span))]
    }
}

extension FaultClass {
    /// Whether it happens to one machine, or parts machines from each other.
    fileprivate var hitsMachine: Bool {
        switch self {
        case .isolation, .split, .cut, .crash, .crashDuringWrite, .stop, .slowDisk, .hungDisk, .clock, .rot: true
        case .network, .revocation, .pause, .fullDisk, .failedWrite, .misdirection, .clog, .bandwidth: false
        }
    }
}
