/// How likely the overlay is to leave somebody alone.
///
/// A live node is isolated when all that it chose are down and no live node chose it. Without zones, with `n` nodes of which a
/// share `f` is down at random, the expected number of isolated ones is
///
///     n (1 - f) · f^14 · (1 - 14 / (n - 1))^(n (1 - f) - 1)
///
/// which also bounds the chance that there is one. In random graphs of such degrees isolated nodes are by far the likeliest way
/// to come apart (Bollobás, "Random Graphs", chapter 7), so it is close to the chance that the live nodes are in two parts.
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

    /// The expected number of live nodes without a live neighbour.
    package var expectedIsolated: Double {
        guard nodeCount > 1 else { return 0 }
        return liveOfZone * Double(zoneCount - lostZones) * allChosenAreDown * noLiveOneChose
    }

    private var zoneSize: Double { Double(nodeCount) / Double(zoneCount) }
    private var liveOfZone: Double { zoneSize * (1 - downShare) }

    /// Ten are of any zone, two of another, and the other two of its own, which is not lost.
    private var allChosenAreDown: Double {
        let lostShare = Double(lostZones) / Double(zoneCount)
        let anywhere = lostShare + (1 - lostShare) * downShare
        guard zoneCount > 1 else { return Self.power(downShare, Overlay.choiceCount) }
        let lostOutside = Double(lostZones) / Double(zoneCount - 1)
        let outside = lostOutside + (1 - lostOutside) * downShare
        return Self.power(anywhere, Overlay.randomCount) * Self.power(outside, Overlay.outsideCount)
            * Self.power(downShare, Self.insideCount)
    }

    /// Of its own zone each chooses it among all and among those of the zone; of others, among all and among those outside.
    private var noLiveOneChose: Double {
        let others = Double(nodeCount - 1)
        guard zoneCount > 1 else {
            return Self.power(max(0, 1 - Double(Overlay.choiceCount) / others), Int(liveOfZone - 1))
        }
        let anywhere = Double(Overlay.randomCount) / others
        let inside = anywhere + Double(Self.insideCount) / max(1, zoneSize - 1)
        let outside = anywhere + Double(Overlay.outsideCount) / max(1, Double(nodeCount) - zoneSize)
        return Self.power(max(0, 1 - inside), Int(max(0, liveOfZone - 1)))
            * Self.power(max(0, 1 - outside), Int(liveOfZone * Double(zoneCount - 1 - lostZones)))
    }

    private static let insideCount = Overlay.choiceCount - Overlay.randomCount - Overlay.outsideCount

    /// By squaring.
    private static func power(_ base: Double, _ exponent: Int) -> Double {
        var (result, factor, rest) = (1.0, base, max(0, exponent))
        while rest > 0 {
            if rest & 1 == 1 { result *= factor }
            factor *= factor
            rest >>= 1
        }
        return result
    }
}
