package import Kernel

/// Where machines stand, and what the network between them is like where nothing is wrong.
package struct NetworkLayout: Hashable, Sendable {
    /// By machine.
    package let zones: [Int]
    /// What a message between zones takes longer than one within a zone, one way.
    package let distance: Span
    /// What comes on top for each of the two zones, by zone.
    private let latencies: [Span]
    /// As the network is without a fault.
    package let usual: NetworkQuality

    package static let lastZone: Int64 = 2
    /// Of two continents it would be five times as much; there election timeouts are to be set otherwise.
    package static let longestDistance = Span.milliseconds(15)
    /// Connections repair what the network loses, so that it is little.
    package static let highestLossPPM: Int64 = 2000

    package init(zones: [Int], distance: Span, lossPPM: UInt64) {
        self.zones = zones
        self.distance = distance
        latencies = []
        usual = NetworkQuality(lossPPM: lossPPM)
    }

    /// As a scenario says.
    package init(_ zones: [Zone], machineCount: Int, lossPPM: UInt64) {
        self.zones = (0..<machineCount).map { machine in zones.firstIndex { $0.machines.contains(machine) } ?? 0 }
        distance = .zero
        latencies = zones.map(\.latency)
        usual = NetworkQuality(lossPPM: lossPPM)
    }

    /// All in one zone, without loss.
    package init(machineCount: Int) {
        self.init(zones: Array(repeating: 0, count: machineCount), distance: .zero, lossPPM: 0)
    }

    package func distance(_ from: Int, _ to: Int) -> Span {
        let (zone, other) = (zones[from], zones[to])
        guard zone != other else { return .zero }
        let both = [zone, other].compactMap { latencies.indices.contains($0) ? latencies[$0].microseconds : nil }
        return Span(microseconds: distance.microseconds + both.reduce(0, +))
    }
}
