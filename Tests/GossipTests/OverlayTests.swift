import Gossip
import Kernel
import Testing

@Suite("Overlay") struct OverlayTests {
    static let seed = Digest.of([1])

    @Test("the same list and seed give the same overlay in any order, another seed gives another")
    func deterministic() {
        let list = members(0..<300)
        let overlay = Overlay(seed: Self.seed, members: list)
        #expect(Overlay(seed: Self.seed, members: list.reversed()) == overlay)
        #expect(Overlay(seed: Self.seed, members: list + list.prefix(7)) == overlay)
        let other = Overlay(seed: Digest.of([2]), members: list)
        #expect(list.filter { other.neighbours(of: $0.id) == overlay.neighbours(of: $0.id) }.isEmpty)
    }

    @Test("a list that changed gives the overlay that is computed from nothing", arguments: [1, 2, 5] as [UInt64])
    func changing(zones: UInt64) {
        var overlay = Overlay(seed: Self.seed, members: members(0..<300, zones: zones))
        for step in 1...20 as ClosedRange<UInt64> {
            let list = members(step * 3..<300 + step * 2, zones: zones)
            overlay = overlay.changed(to: list)
            #expect(overlay == Overlay(seed: Self.seed, members: list.reversed()), "step \(step)")
        }
    }

    @Test("zones that are short of nodes change as they are computed, too")
    func changingSmallZones() {
        func list(_ numbers: Range<UInt64>) -> [Overlay.Member] {
            // One or two of the zone: too few for the places that others keep for it.
            numbers.map { Overlay.Member(id: member($0), zone: $0 % 150 == 0 ? "small" : "large") }
        }
        var overlay = Overlay(seed: Self.seed, members: list(0..<200))
        for step in 1...30 as ClosedRange<UInt64> {
            overlay = overlay.changed(to: list(step * 5..<200 + step * 6))
            #expect(overlay == Overlay(seed: Self.seed, members: list(step * 5..<200 + step * 6)), "step \(step)")
        }
    }

    @Test("one who comes changes the neighbours of few")
    func stable() {
        let before = Overlay(seed: Self.seed, members: members(0..<1000))
        let after = before.changed(to: members(0..<1001))
        let changed = before.members.filter { before.neighbours(of: $0.id) != after.neighbours(of: $0.id) }
        #expect(changed.count < 60)
        #expect(after.neighbours(of: member(1000)).count >= Overlay.choiceCount)
    }

    @Test("links go both ways, to no stranger and within bounds", arguments: [2, 15, 40, 1000] as [UInt64])
    func links(count: UInt64) {
        let overlay = Overlay(seed: Self.seed, members: members(0..<count))
        for member in overlay.members {
            let neighbours = overlay.neighbours(of: member.id)
            #expect(neighbours.count >= min(Overlay.choiceCount, Int(count) - 1))
            // Chosen by 14 on average, with the variance of a binomial distribution: six deviations above.
            #expect(neighbours.count <= 2 * Overlay.choiceCount + 23)
            #expect(!neighbours.contains(member.id))
            #expect(Set(neighbours).count == neighbours.count)
            for other in neighbours {
                #expect(overlay.neighbours(of: other).contains(member.id))
                #expect(overlay.links(other, member.id) && overlay.links(member.id, other))
            }
        }
    }

    @Test("a stranger has no neighbours and is nobody's")
    func strangers() {
        let overlay = Overlay(seed: Self.seed, members: members(0..<50))
        #expect(overlay.neighbours(of: member(50)).isEmpty)
        #expect(!overlay.contains(member(50)))
        #expect(!overlay.links(member(0), member(50)))
        // A node whose disk was wiped is another until the log knows it.
        #expect(overlay.neighbours(of: MemberID(high: 1, low: 3, incarnation: 2)).isEmpty)
        #expect(overlay.routes(from: member(0), to: member(50), limit: 3).isEmpty)
    }

    @Test("everybody has at least two neighbours outside its zone and two inside")
    func zones() {
        // Of a zone with 20 of 500, few would be drawn by chance.
        func zone(_ id: MemberID) -> String { id.low % 25 == 0 ? "small" : "large" }
        let list = members(0..<500).map { Overlay.Member(id: $0.id, zone: zone($0.id)) }
        let overlay = Overlay(seed: Self.seed, members: list)
        for member in overlay.members {
            let zones = overlay.neighbours(of: member.id).map(zone)
            #expect(zones.count { $0 != member.zone } >= Overlay.outsideCount)
            #expect(zones.count { $0 == member.zone } >= 2)
        }
    }

    @Test("ways over others use links that are there, and not the direct one")
    func routes() {
        let overlay = Overlay(seed: Self.seed, members: members(0..<1000))
        for other in overlay.neighbours(of: member(0)) {
            let routes = overlay.routes(from: member(0), to: other, limit: 3)
            #expect(!routes.isEmpty)
            #expect(Set(routes.map { $0[1] }).count == routes.count)
            for route in routes {
                #expect(route.first == member(0) && route.last == other && (3...4).contains(route.count))
                #expect(Set(route).count == route.count)
                for (from, to) in zip(route, route.dropFirst()) { #expect(overlay.links(from, to)) }
            }
        }
    }
}
