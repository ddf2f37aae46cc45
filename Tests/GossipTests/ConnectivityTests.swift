import Gossip
import Kernel
import Testing

@Suite("Connectivity of the overlay") struct ConnectivityTests {
    static let overlay = Overlay(seed: Digest.of([1]), members: members(0..<2000))

    /// How many of the live nodes the first of them reaches over live ones, and how many have no live neighbour.
    static func count(_ lives: [Bool]) -> (reached: Int, isolated: Int) {
        guard let first = lives.firstIndex(of: true) else { return (0, 0) }
        var reached = Set([first])
        var open = [first]
        while let place = open.popLast() {
            for other in overlay.neighbourPlaces(of: place).map(Int.init) where lives[other] {
                if reached.insert(other).inserted { open.append(other) }
            }
        }
        let isolated = lives.indices.count { place in
            lives[place] && !overlay.neighbourPlaces(of: place).contains { lives[Int($0)] }
        }
        return (reached.count, isolated)
    }

    static func lives(downShare: Double, lostZones: UInt64, _ random: inout SeededRandom) -> [Bool] {
        overlay.members.map { member in
            let isDown = Double(random.next() >> 11) * 0x1p-53 < downShare
            return !isDown && member.id.low % 5 >= lostZones
        }
    }

    @Test("with a fifth down, and with a whole zone lost, everybody reaches everybody", arguments: [0, 1] as [UInt64])
    func whole(lostZones: UInt64) {
        var random = SeededRandom(seed: 3)
        for _ in 0..<20 {
            let lives = Self.lives(downShare: 0.2, lostZones: lostZones, &random)
            #expect(Self.count(lives).reached == lives.count { $0 })
        }
    }

    @Test("what is computed is what is counted where it can be counted", arguments: [0, 1] as [UInt64])
    func counted(lostZones: UInt64) {
        var random = SeededRandom(seed: 4)
        let (rounds, share) = (400, lostZones == 0 ? 0.8 : 0.75)
        var isolated = 0
        for _ in 0..<rounds {
            isolated += Self.count(Self.lives(downShare: share, lostZones: lostZones, &random)).isolated
        }
        let computed = OverlayConnectivity(nodeCount: 2000, zoneCount: 5, downShare: share, lostZones: Int(lostZones))
        let counted = Double(isolated) / Double(rounds)
        #expect(abs(counted - computed.expectedIsolated) < 0.1 * counted, "\(counted) and \(computed.expectedIsolated)")
    }

    @Test("of 10,000 nodes with a fifth down, one is alone less often than once in a billion")
    func rare() {
        func chance(_ down: Double, lost: Int) -> Double {
            OverlayConnectivity(nodeCount: 10_000, zoneCount: 5, downShare: down, lostZones: lost).expectedIsolated
        }
        #expect((1e-11...1e-9).contains(chance(0.2, lost: 0)))
        #expect((1e-11...1e-6).contains(chance(0.2, lost: 1)))
        #expect(chance(0, lost: 1) == 0)
    }
}
