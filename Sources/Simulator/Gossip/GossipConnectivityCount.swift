import Gossip
import Kernel

/// Counts who is left alone in overlays with nodes down at random.
package struct GossipConnectivityCount: Sendable {
    /// Live nodes without a live neighbour, on average of the worlds.
    package private(set) var isolated = 0.0
    /// Worlds in which not every live node could reach every other.
    package private(set) var apart = 0

    package init(nodes: Int, downShare: Double, lostZones: Int, seeds: UInt64) {
        let overlay = Overlay(seed: Digest.of([1]), members: (0..<nodes).map(GossipWorld.member))
        for seed in 1...max(1, seeds) {
            var random = SeededRandom(seed: seed)
            let lives = (0..<nodes).map { place in
                !random.chance(UInt64(downShare * 1_000_000)) && GossipWorld.region(of: place) >= lostZones
            }
            isolated += Double(Self.isolated(overlay, lives)) / Double(max(1, seeds))
            if !Self.isWhole(overlay, lives) { apart += 1 }
        }
    }

    private static func isolated(_ overlay: Overlay, _ lives: [Bool]) -> Int {
        lives.indices.count { place in lives[place] && !overlay.neighbourPlaces(of: place).contains { lives[Int($0)] } }
    }

    private static func isWhole(_ overlay: Overlay, _ lives: [Bool]) -> Bool {
        guard let first = lives.firstIndex(of: true) else { return true }
        var reached = [Bool](repeating: false, count: lives.count)
        reached[first] = true
        var open = [first]
        while let place = open.popLast() {
            for other in overlay.neighbourPlaces(of: place).map(Int.init) where lives[other] && !reached[other] {
                reached[other] = true
                open.append(other)
            }
        }
        return lives.indices.allSatisfy { !lives[$0] || reached[$0] }
    }
}
