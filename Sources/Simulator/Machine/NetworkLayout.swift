package import Kernel

/// Where machines stand, and what the network between them is like where nothing is wrong.
package struct NetworkLayout: Hashable, Sendable {
    /// By machine.
    package let zones: [Int]
    /// What a message between zones takes longer than one within a zone, one way.
    package let distance: Span
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
        usual = NetworkQuality(lossPPM: lossPPM)
    }

    /// All in one zone, without loss.
    package init(machineCount: Int) {
        self.init(zones: Array(repeating: 0, count: machineCount), distance: .zero, lossPPM: 0)
    }

    package func distance(_ from: Int, _ to: Int) -> Span { zones[from] == zones[to] ? .zero : distance }
}
