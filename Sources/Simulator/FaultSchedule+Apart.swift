package import Kernel

/// What is drawn on top of the faults that share a seed's rate.
extension FaultSchedule {
    /// Pauses, disks that are full or fail, links that hold everything up or carry little: each kind in a quarter of all seeds.
    ///
    /// - Parameter machineCount: All of them may be hit, edges and spares too.
    package static func drawApart(
        for scenario: Scenario,
        machineCount: Int,
        from random: inout SeededRandom
    ) -> [TimedFault] {
        var faults: [TimedFault] = []
        for kind in FaultClass.apart {
            var stream = random.split()
            guard stream.chance(250_000) else { continue }
            let mean = stream.within(2_000_000...12_000_000) * 100 / UInt64(scenario.faultIntensity)
            let gap = Span(microseconds: max(1, mean))
            var time = Instant(microseconds: 1_500_000).advanced(by: stream.exponential(mean: gap))
            while time < scenario.healTime {
                let target = selector(nodeCount: machineCount, from: &stream)
                faults += draw(kind, at: time, on: target, among: 0..<machineCount, from: &stream)
                time = time.advanced(by: stream.exponential(mean: gap))
            }
        }
        return faults.sorted { $0.time < $1.time }
    }
}
