import Gossip
import Kernel
import Testing

@Suite("Probes of others") struct ProbeRelayTests {
    @Test("a probe goes on along its way, the prober hears that it did, and the answer comes back")
    func relays() {
        var fixture = Fixture()
        let (first, last) = (fixture.neighbours[0], fixture.neighbours[1])
        let probe = Message.Probe(sequence: 5, route: [first, fixture.id, last], suspectedIn: nil)
        let effects = fixture.receive(.probe(probe), from: first)
        #expect(effects == [.send(.probe(probe), to: [last]), .send(.probePassedOn(sequence: 5), to: [first])])
        #expect(fixture.receive(.probeAnswer(probe), from: last) == [.send(.probeAnswer(probe), to: [first])])
    }

    @Test("a way that no node in good order would take is dropped")
    func malformed() {
        var fixture = Fixture()
        let (first, last) = (fixture.neighbours[0], fixture.neighbours[1])
        let routes = [
            [], [first], [first, last], [last, fixture.id], [first, fixture.id, first], [fixture.id, first],
            [first, fixture.id, last, member(90), member(91)], [first, last, fixture.id],
        ]
        for route in routes {
            let probe = Message.Probe(sequence: 5, route: route, suspectedIn: nil)
            #expect(fixture.receive(.probe(probe), from: first).isEmpty, "\(route)")
        }
        #expect(fixture.node.counters.malformed == UInt64(routes.count))
        // Answers to nobody's probes change nothing.
        let own = Message.Probe(sequence: 99, route: [fixture.id, first], suspectedIn: nil)
        #expect(fixture.receive(.probeAnswer(own), from: first).isEmpty)
        #expect(fixture.receive(.probeAnswer(own), from: last).isEmpty)
    }

    @Test("no more is sent over a way whose next is no neighbour")
    func dead() {
        var fixture = Fixture()
        let first = fixture.neighbours[0]
        let probe = Message.Probe(sequence: 5, route: [first, fixture.id, fixture.distant], suspectedIn: nil)
        #expect(fixture.receive(.probe(probe), from: first) == [.send(.probePassedOn(sequence: 5), to: [first])])
    }
}
