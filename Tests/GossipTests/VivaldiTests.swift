import Kernel
import Testing

@testable import Gossip

@Suite("Vivaldi") struct VivaldiTests {
    @Test("estimates come within a twentieth of the truth in the median, and tell regions apart")
    func converges() {
        var players = CoordinatePlayers(count: 50)
        #expect(players.medianError > 0.9)
        players.play(300)
        #expect(players.medianError < 0.05, "\(players.medianError)")
        // Most of the rest are two of one region, 2 ms apart, which a few more milliseconds make several times as much.
        #expect(players.errors[players.errors.count * 3 / 4] < 0.15, "\(players.errors)")
        for place in 1..<50 {
            let estimate = players.nodes[0].coordinate.roundTrip(to: players.nodes[place].coordinate)
            #expect((estimate < .milliseconds(30)) == place.isMultiple(of: 5), "\(place): \(estimate)")
        }
    }

    @Test("a node's own estimate of its error follows") func confidence() {
        var players = CoordinatePlayers(count: 50)
        #expect(players.nodes.allSatisfy { $0.error == 1 })
        players.play(300)
        #expect(players.nodes.allSatisfy { $0.error < 0.3 }, "\(players.nodes.map(\.error))")
    }

    @Test("heights take up what is on every path of a node, which no position could") func heights() {
        // All in one place, behind lines of up to 50 ms.
        var players = CoordinatePlayers(count: 40, regions: 1, access: 50_000)
        players.play(600)
        #expect(players.medianError < 0.05, "\(players.medianError)")
        let heights = players.nodes.map(\.height)
        #expect(heights[30...].allSatisfy { high in heights[..<10].allSatisfy { $0 < high } }, "\(heights)")
    }

    @Test(
        "two of twenty that lie shift the others' estimates by no more than a bound",
        arguments: CoordinatePlayers.Lie.allCases
    )
    func liars(_ lie: CoordinatePlayers.Lie) {
        var players = CoordinatePlayers(count: 20, liars: 2, lie: lie)
        players.play(600)
        #expect(players.medianError < 0.12, "\(players.medianError)")
    }

    @Test("what they have shifted mends once they stop") func mends() {
        var players = CoordinatePlayers(count: 20)
        players.play(600)
        let limit = NetworkCoordinate.limit
        let far = NetworkCoordinate(position: SIMD4(repeating: limit), height: 0, error: 0)
        players.push(0, to: far, times: 1000)
        let pushed = players.nodes[0].coordinate.roundTrip(to: players.nodes[5].coordinate)
        #expect(pushed > .milliseconds(1000), "\(pushed)")
        players.play(600)
        let mended = players.nodes[0].coordinate.roundTrip(to: players.nodes[5].coordinate)
        #expect(mended < .milliseconds(20), "\(mended)")
    }

    /// Coordinates at every edge of what can be said, and times, too.
    static let extremes: [NetworkCoordinate] = [-NetworkCoordinate.limit, -1, 0, 1, NetworkCoordinate.limit].flatMap {
        place in
        [0, NetworkCoordinate.limit].flatMap { height in
            [0, NetworkCoordinate.errorLimit].map { error in
                NetworkCoordinate(position: SIMD4(place, 0, -place, place), height: height, error: error)
            }
        }
    }

    static let times: [Span] = [.zero, Span(microseconds: 1), .milliseconds(1), .seconds(9), Span(microseconds: .max)]

    @Test("whatever is told, a step is bounded, and so is where a node can be driven") func hostile() {
        for (told, time) in Self.extremes.flatMap({ told in Self.times.map { (told, $0) } }) {
            var (node, longest) = (Vivaldi(seed: 1), 0.0)
            for _ in 0..<2000 {
                let before = node
                node.measured(time, to: told)
                longest = max(
                    longest,
                    (node.position - before.position).length + abs(node.height - before.height)
                )
            }
            // Gravity comes on top, which at the farthest is as strong.
            #expect(longest <= 2.2 * Vivaldi.stepLimit, "\(told), \(time)")
            #expect(node.isInBounds, "\(told), \(time)")
        }
        var (node, random) = (Vivaldi(seed: 1), SeededRandom(seed: 5))
        for _ in 0..<100_000 {
            let told = Self.extremes[Int(random.next() % UInt64(Self.extremes.count))]
            node.measured(Self.times[Int(random.next() % UInt64(Self.times.count))], to: told)
        }
        #expect(node.isInBounds)
    }

    @Test("two in one place go apart by as much as they measure") func samePlace() {
        var (first, second) = (Vivaldi(seed: 1), Vivaldi(seed: 2))
        #expect(first.coordinate.roundTrip(to: second.coordinate) < .milliseconds(1))
        for _ in 0..<200 {
            first.measured(.milliseconds(40), to: second.coordinate)
            second.measured(.milliseconds(40), to: first.coordinate)
        }
        let estimate = first.coordinate.roundTrip(to: second.coordinate)
        #expect((39_000...41_000).contains(estimate.microseconds), "\(estimate)")
    }

    @Test("the same everywhere: in each build, and on each machine") func golden() {
        var players = CoordinatePlayers(count: 7, access: 3000)
        players.play(50)
        let told = players.nodes.map(\.coordinate)
        #expect(told[0].components == [24351, -26075, -43592, 26337])
        #expect([told[0].height, told[0].error] == [220, 98873])
        #expect(told[6].components == [-5246, -8487, 18972, 36368])
        #expect([told[6].height, told[6].error] == [310, 50601])
    }

    @Test("of the last four round trips the shortest counts") func filter() {
        var filter = RoundTripFilter()
        let counted = [50, 40, 300, 45, 60, 70].map { filter.add(.milliseconds($0)).milliseconds }
        #expect(counted == [50, 40, 40, 40, 40, 45])
    }
}

@Suite("Network coordinates") struct NetworkCoordinateTests {
    static let limit = NetworkCoordinate.limit

    @Test("what is out of bounds is none") func bounds() {
        let (limit, errorLimit) = (NetworkCoordinate.limit, NetworkCoordinate.errorLimit)
        #expect(NetworkCoordinate(position: [limit, -limit, 0, 0], height: limit, error: errorLimit) != nil)
        #expect(NetworkCoordinate(position: [0, 0, 0, 0], height: 0, error: 0) != nil)
        for position in [
            [], [0, 0, 0], [0, 0, 0, 0, 0], [0, 0, 0, limit + 1], [-limit - 1, 0, 0, 0], [.min, 0, 0, 0],
        ] {
            #expect(NetworkCoordinate(position: position, height: 0, error: 0) == nil, "\(position)")
        }
        for height in [-1, limit + 1, .min, .max] {
            #expect(NetworkCoordinate(position: [0, 0, 0, 0], height: height, error: 0) == nil, "\(height)")
        }
        for error in [-1, errorLimit + 1, .min, .max] {
            #expect(NetworkCoordinate(position: [0, 0, 0, 0], height: 0, error: error) == nil, "\(error)")
        }
    }

    @Test("a round trip is the distance and both heights, in both directions") func roundTrip() throws {
        let first = try #require(NetworkCoordinate(position: [3000, 0, -1000, 0], height: 200, error: 0))
        let second = try #require(NetworkCoordinate(position: [0, 4000, -1000, 0], height: 30, error: 0))
        #expect(first.roundTrip(to: second) == Span(microseconds: 5230))
        #expect(second.roundTrip(to: first) == Span(microseconds: 5230))
        #expect(first.roundTrip(to: first) == Span(microseconds: 400))
        let (limit, four) = (NetworkCoordinate.limit, 0..<4)
        let low = try #require(NetworkCoordinate(position: four.map { _ in -limit }, height: limit, error: 0))
        let high = try #require(NetworkCoordinate(position: four.map { _ in limit }, height: limit, error: 0))
        #expect(low.roundTrip(to: high) == .seconds(60))
    }
}

@Suite("Coordinates by probes") struct ProbedCoordinateTests {
    static let far = NetworkCoordinate(position: SIMD4(300_000, 0, 0, 0), height: 10, error: 20_000)

    /// A probe of this node's, and the neighbour it went to.
    static func probe(_ fixture: inout Fixture) -> Message.Probe {
        while true {
            guard let due = fixture.node.nextWake else { continue }
            fixture.now = max(fixture.now, due)
            if let probe = fixture.step(.wake).probes.first { return probe }
        }
    }

    static func answer(_ probe: Message.Probe, _ coordinate: NetworkCoordinate?) -> Message {
        var answer = probe
        answer.coordinate = coordinate
        return .probeAnswer(answer)
    }

    @Test("the time until a direct answer moves the node, each probe once")
    func measured() {
        var fixture = Fixture()
        let before = fixture.node.coordinate
        let probe = Self.probe(&fixture)
        fixture.now = fixture.now.advanced(by: .milliseconds(80))
        fixture.receive(Self.answer(probe, Self.far), from: probe.route[1])
        let moved = fixture.node.coordinate
        // It is 300 ms from where it should be 80 from.
        #expect(moved.roundTrip(to: Self.far) < before.roundTrip(to: Self.far))
        #expect(fixture.node.counters.roundTrips == 1)
        fixture.receive(Self.answer(probe, Self.far), from: probe.route[1])
        #expect(fixture.node.coordinate == moved)
        #expect(fixture.node.counters.roundTrips == 1)
    }

    @Test("a lost packet's delay does not count where there is a better measurement")
    func filtered() {
        var fixture = Fixture(count: 2)
        var (coordinates, probes) = ([fixture.node.coordinate], 0)
        for delay in [20, 20, 900] as [UInt64] {
            let probe = Self.probe(&fixture)
            fixture.now = fixture.now.advanced(by: .milliseconds(delay))
            fixture.receive(Self.answer(probe, coordinates[0]), from: probe.route[1])
            coordinates.append(fixture.node.coordinate)
            probes += 1
        }
        #expect(fixture.node.counters.roundTrips == 3)
        // Unfiltered, the third would push by the longest step.
        let steps = zip(coordinates, coordinates.dropFirst()).map { $0.roundTrip(to: $1) }
        #expect(steps[2] < .milliseconds(5), "\(steps)")
    }

    @Test("an answer without a coordinate, in the way of others, or late is an answer, and moves nobody")
    func unmeasured() {
        var fixture = Fixture()
        let before = fixture.node.coordinate
        let plain = Self.probe(&fixture)
        fixture.receive(Self.answer(plain, nil), from: plain.route[1])
        // Not answered: others are asked, and the answer comes over one of them.
        let probe = Self.probe(&fixture)
        var indirect: [Message.Probe] = []
        while indirect.isEmpty {
            fixture.now = fixture.node.nextWake.map { max($0, fixture.now) } ?? fixture.now
            indirect = fixture.step(.wake).probes.filter { $0.route.count > 2 && $0.route.last == probe.route[1] }
        }
        fixture.receive(Self.answer(indirect[0], Self.far), from: indirect[0].route[1])
        #expect(fixture.node.coordinate == before)
        let late = Self.probe(&fixture)
        while fixture.node.counters.roundTrips == 0, fixture.node.counters.probes < 4 {
            fixture.now = fixture.node.nextWake.map { max($0, fixture.now) } ?? fixture.now
            fixture.step(.wake)
        }
        fixture.receive(Self.answer(late, Self.far), from: late.route[1])
        #expect(fixture.node.coordinate == before)
        #expect(fixture.node.counters.roundTrips == 0)
        #expect(fixture.node.counters.probesFailed == 0)
    }

    @Test("another cannot answer for the one that was asked, with a coordinate of its choice")
    func forged() {
        var fixture = Fixture()
        let before = fixture.node.coordinate
        let probe = Self.probe(&fixture)
        let other = fixture.neighbours.first { $0 != probe.route[1] } ?? probe.route[1]
        let way = Message.Probe(sequence: probe.sequence, route: [fixture.id, other, probe.route[1]], suspectedIn: nil)
        fixture.receive(Self.answer(way, Self.far), from: other)
        fixture.receive(Self.answer(probe, Self.far), from: other)
        #expect(fixture.node.coordinate == before)
        #expect(fixture.node.counters.roundTrips == 0)
    }

    @Test("who is probed says where it is, to whoever asks itself")
    func told() throws {
        var fixture = Fixture()
        let (neighbour, other) = (fixture.neighbours[0], fixture.neighbours[1])
        let direct = Message.Probe(sequence: 7, route: [neighbour, fixture.id], suspectedIn: nil)
        #expect(
            fixture.receive(.probe(direct), from: neighbour)
                == [.send(Self.answer(direct, fixture.node.coordinate), to: [neighbour])]
        )
        // Whatever the question says.
        let long = Message.Probe(
            sequence: 8,
            route: [fixture.distant, other, fixture.id],
            suspectedIn: nil,
            coordinate: Self.far
        )
        #expect(fixture.receive(.probe(long), from: other) == [.send(Self.answer(long, nil), to: [other])])
    }
}
