import Kernel

@testable import Gossip

/// Nodes that know each other's true distances only by measuring: five regions as `GossipNetwork` has them, ways of different length to the
/// first router, jitter, and lost packets.
struct CoordinatePlayers {
    enum Lie: CaseIterable {
        /// It is as far away as can be said.
        case far
        /// It answers late.
        case delay
        /// It is just opposite to whoever asks, high up.
        case opposite
        /// It is somewhere else each time.
        case random
    }

    private(set) var nodes: [Vivaldi]
    private var filters: [[RoundTripFilter]]
    private let access: [UInt64]
    private let regions: Int
    private let lie: Lie?
    private let liarCount: Int
    private var random = SeededRandom(seed: 7)

    /// - Parameters:
    ///   - access: The longest way to the first router, one way in microseconds; each node has its share of it.
    ///   - liars: How many of the nodes lie.
    init(count: Int, regions: Int = 5, access: UInt64 = 0, liars: Int = 0, lie: Lie? = nil, seed: UInt64 = 1) {
        nodes = (0..<count).map { Vivaldi(seed: seed &+ UInt64($0)) }
        filters = Array(repeating: Array(repeating: RoundTripFilter(), count: count), count: count)
        self.access = (0..<count).map { access * UInt64($0) / UInt64(count) }
        self.regions = regions
        self.lie = lie
        liarCount = liars
    }

    private static let oneWay: [[UInt64]] = [
        [1, 32, 40, 75, 105], [32, 1, 70, 50, 80], [40, 70, 1, 110, 150], [75, 50, 110, 1, 55], [105, 80, 150, 55, 1],
    ]

    func truth(_ first: Int, _ second: Int) -> Double {
        Double(2 * (Self.oneWay[first % regions][second % regions] * 1000 + access[first] + access[second]))
    }

    var honest: Range<Int> { liarCount..<nodes.count }

    /// Each measures one other each time, as with a probe a second.
    mutating func play(_ times: Int) {
        for _ in 0..<times {
            for place in nodes.indices {
                let other = (place + 1 + Int(random.next() % UInt64(nodes.count - 1))) % nodes.count
                measure(place, other)
            }
        }
    }

    /// One node is told the same thing again and again, after a millisecond each time.
    mutating func push(_ place: Int, to told: NetworkCoordinate, times: Int) {
        for _ in 0..<times { nodes[place].measured(.milliseconds(1), to: told) }
    }

    private mutating func measure(_ place: Int, _ other: Int) {
        let lies = other < liarCount
        var time = UInt64(truth(place, other))
        // Up to a tenth more; one in fifty waits for a retransmission.
        time += random.next() % (time / 10 + 1)
        if random.next().isMultiple(of: 50) { time += 200_000 }
        if lies, lie == .delay { time += 900_000 }
        let told = lies ? self.told(to: place, by: other) : nodes[other].coordinate
        nodes[place].measured(filters[place][other].add(Span(microseconds: time)), to: told)
    }

    private mutating func told(to place: Int, by other: Int) -> NetworkCoordinate {
        let limit = NetworkCoordinate.limit
        let own = nodes[place].coordinate
        return switch lie {
        case .far: NetworkCoordinate(position: SIMD4(repeating: limit), height: 0, error: 0)
        case .opposite: NetworkCoordinate(position: 0 &- own.position &* 3, height: 1_000_000, error: 0)
        case .random:
            NetworkCoordinate(
                position: SIMD4(drawn(), drawn(), drawn(), drawn()),
                height: 0,
                error: 0
            )
        case .delay, nil: nodes[other].coordinate
        }
    }

    private mutating func drawn() -> Int32 { Int32(random.next() % 2_000_000) - 1_000_000 }

    /// Of the estimates between honest nodes, in order: by how much of the truth they are off.
    var errors: [Double] {
        var errors: [Double] = []
        for first in honest {
            for second in honest where second > first {
                let estimate = Double(nodes[first].coordinate.roundTrip(to: nodes[second].coordinate).microseconds)
                errors.append(abs(estimate - truth(first, second)) / truth(first, second))
            }
        }
        return errors.sorted()
    }

    var medianError: Double { errors[errors.count / 2] }
}
