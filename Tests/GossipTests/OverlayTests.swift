import Gossip
import Kernel
import Testing

@Suite("Overlay") struct OverlayTests {
    static func members(_ numbers: Range<UInt64>, zones: UInt64 = 5) -> [Overlay.Member] {
        numbers.map { Overlay.Member(id: MemberID(high: 1, low: $0), zone: "\($0 % zones)") }
    }

    @Test("a list that changed gives the overlay that is computed from nothing", arguments: [1, 2, 5] as [UInt64])
    func changing(zones: UInt64) {
        let seed = Digest.of([1])
        var overlay = Overlay(seed: seed, members: Self.members(0..<300, zones: zones))
        for step in 1...20 as ClosedRange<UInt64> {
            let list = Self.members(step * 3..<300 + step * 2, zones: zones)
            overlay = overlay.changed(to: list)
            #expect(overlay == Overlay(seed: seed, members: list.reversed()), "step \(step)")
        }
    }

    @Test("links go both ways and everybody has at least as many as it chose")
    func links() {
        let overlay = Overlay(seed: Digest.of([2]), members: Self.members(0..<500))
        for member in overlay.members {
            let neighbours = overlay.neighbours(of: member.id)
            #expect(neighbours.count >= Overlay.choiceCount)
            #expect(!neighbours.contains(member.id))
            for other in neighbours { #expect(overlay.neighbours(of: other).contains(member.id)) }
        }
    }
}
