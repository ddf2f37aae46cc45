/// How likely the overlay is to leave somebody alone.
///
/// A live node is isolated when all that it chose are down and no live node chose it. Both are close to independent between
/// links, so with `n` nodes of which a share `f` is down at random the expected number of isolated ones is
///
///     n (1 - f) · f^14 · (1 - 14 / (n - 1))^(n (1 - f) - 1)
///
/// which also bounds the chance that there is one. In random graphs of such degrees isolated nodes are by far the likeliest way to
/// come apart (Bollobás, "Random Graphs", chapter 7), so it is close to the chance that the live nodes are in two parts.
package struct OverlayConnectivity: Hashable, Sendable {
    package let nodeCount: Int
    /// Of equal size.
    package let zoneCount: Int
    /// Share of nodes that are down outside the zones that are lost.
    package let downShare: Double
    /// Zones of which every node is down.
    package let lostZones: Int

    package init(nodeCount: Int, zoneCount: Int, downShare: Double, lostZones: Int = 0) {
        self.nodeCount = nodeCount
        self.zoneCount = max(1, zoneCount)
        self.downShare = min(1, max(0, downShare))
        self.lostZones = min(max(0, lostZones), max(1, zoneCount) - 1)
    }

    package var liveCount: Double {
        Double(nodeCount) * Double(zoneCount - lostZones) / Double(zoneCount) * (1 - downShare)
    }

    /// The expected number of live nodes without a live neighbour.
    package var expectedIsolated: Double {
        guard nodeCount > 1 else { return 0 }
        let others = Double(min(Overlay.choiceCount, nodeCount - 1))
        let notChosen = Self.power(max(0, 1 - others / Double(nodeCount - 1)), Int(max(0, liveCount - 1)))
        return liveCount * allChosenAreDown * notChosen
    }

    /// Ten are of any zone, two of another, and the other two of its own, which is not lost.
    private var allChosenAreDown: Double {
        let lostShare = Double(lostZones) / Double(zoneCount)
        let anywhere = lostShare + (1 - lostShare) * downShare
        guard zoneCount > 1 else { return Self.power(downShare, Overlay.choiceCount) }
        let lostOutside = Double(lostZones) / Double(zoneCount - 1)
        let outside = lostOutside + (1 - lostOutside) * downShare
        return Self.power(anywhere, Overlay.randomCount) * Self.power(outside, Overlay.outsideCount)
            * Self.power(downShare, Overlay.choiceCount - Overlay.randomCount - Overlay.outsideCount)
    }

    /// By squaring.
    static func power(_ base: Double, _ exponent: Int) -> Double {
        var (result, factor, rest) = (1.0, base, exponent)
        while rest > 0 {
            if rest & 1 == 1 { result *= factor }
            factor *= factor
            rest >>= 1
        }
        return result
    }
}
