import Gossip
import Kernel
import Testing

@Suite("Protection from false deaths") struct FalseDeathTests {
    @Test("who is suspected refutes at once, in a higher incarnation, to all")
    func refutes() {
        var fixture = Fixture()
        let accusation = Claim(fixture.id, incarnation: 3, .suspected(by: fixture.neighbours[1]))
        let effects = fixture.receive(.claims([accusation]), from: 0)
        let refutation = Message.claims([Claim(fixture.id, incarnation: 4, .alive)])
        #expect(effects == [.send(refutation, to: fixture.neighbours)])
        #expect(fixture.node.healthPenalty == 1)
    }

    @Test("a suspicion in a past incarnation is answered, since others may have forgotten the refutation")
    func past() {
        var fixture = Fixture()
        let accusation = Claim(fixture.id, incarnation: 0, .suspected(by: fixture.neighbours[1]))
        fixture.receive(.claims([accusation]), from: 0)
        fixture.run(.seconds(90))
        let effects = fixture.receive(.claims([accusation]), from: 0)
        #expect(effects == [.send(.claims([Claim(fixture.id, incarnation: 1, .alive)]), to: fixture.neighbours)])
        #expect(fixture.node.counters.refutations == 1)
    }

    @Test("a probe that says so is a suspicion as well")
    func probed() {
        var fixture = Fixture()
        let neighbour = fixture.neighbours[0]
        let probe = Message.Probe(sequence: 7, route: [neighbour, fixture.id], suspectedIn: 2)
        let effects = fixture.receive(.probe(probe), from: 0)
        var answer = probe
        answer.coordinate = fixture.node.coordinate
        #expect(effects.sent(to: neighbour).first == .probeAnswer(answer))
        #expect(effects.claims == [Claim(fixture.id, incarnation: 3, .alive)])
    }

    @Test("a neighbour cannot have this node flood the overlay with refutations")
    func paced() {
        var fixture = Fixture()
        var told: [Claim] = []
        for incarnation in 0..<100 as Range<UInt64> {
            let accusation = Claim(fixture.id, incarnation: incarnation, .suspected(by: fixture.neighbours[1]))
            told += fixture.receive(.claims([accusation]), from: 0).claims
            told += fixture.run(.milliseconds(20)).claims
        }
        // Two seconds, two refutations a second, and one at the beginning.
        #expect(told.count == 5)
        #expect((told + fixture.run(.seconds(1)).claims).last == Claim(fixture.id, incarnation: 100, .alive))
    }

    @Test("no claim uses the incarnations up: whoever is suspected can refute, and its refutation is taken")
    func usedUp() {
        var fixture = Fixture()
        func tell(_ incarnation: UInt64) -> [Claim] {
            fixture.run(.seconds(1))
            return fixture.receive(
                .claims([Claim(fixture.id, incarnation: incarnation, .suspected(by: member(1)))]),
                from: 0
            )
            .claims
        }
        let last: UInt64 = 1 << 62
        let refutation = Claim(fixture.id, incarnation: last + 1, .alive)
        #expect(tell(.max).isEmpty)
        #expect(tell(last + 1).isEmpty)
        #expect(tell(last) == [refutation])
        #expect(tell(last + 1).isEmpty)
        // Others have forgotten what was refuted.
        #expect(tell(0) == [refutation])

        let accused = fixture.distant
        let accuser = fixture.overlay.neighbours(of: accused)[0]
        fixture.receive(.claims([Claim(accused, incarnation: 0, .suspected(by: accuser))]), from: 0)
        let cleared = fixture.receive(.claims([Claim(accused, incarnation: last + 1, .alive)]), from: 0)
        #expect(cleared.changes == [accused: [.reachable]])
    }

    @Test("only a neighbour of the accused accuses, and only members are spoken of")
    func accusers() {
        var fixture = Fixture()
        let accused = fixture.distant
        let stranger = member(1000)
        let others = fixture.overlay.members.map(\.id)
        let unlinked = others.first { $0 != accused && !fixture.overlay.links($0, accused) } ?? accused
        let accuser = fixture.overlay.neighbours(of: accused)[0]
        let claims = [
            Claim(accused, incarnation: 0, .suspected(by: unlinked)),
            Claim(accused, incarnation: 0, .suspected(by: stranger)),
            Claim(stranger, incarnation: 0, .suspected(by: accuser)),
            Claim(stranger, incarnation: 5, .alive),
            Claim(accused, incarnation: .max, .suspected(by: accuser)),
            Claim(accused, incarnation: .max, .alive),
        ]
        #expect(fixture.receive(.claims(claims), from: 0).isEmpty)
        #expect(fixture.node.counters.malformed == 4)
        #expect(fixture.run(.seconds(30)).changes.isEmpty)
    }

    @Test("made-up claims are cut at their budget, and those of others are heard")
    func flood() {
        var options = GossipOptions()
        options.incomingClaims = ByteBudget(bytesPerSecond: 1000, burst: 4000)
        var fixture = Fixture(options: options)
        let accused = fixture.distant
        let accuser = fixture.overlay.neighbours(of: accused)[0]
        for incarnation in 0..<1000 as Range<UInt64> {
            fixture.receive(.claims([Claim(accused, incarnation: incarnation, .suspected(by: accuser))]), from: 0)
        }
        #expect(fixture.node.counters.suspicions == 4000 / 52)
        let refutation = Claim(accused, incarnation: 1000, .alive)
        #expect(fixture.receive(.claims([refutation]), from: 1).changes == [accused: [.reachable]])
    }

    @Test("a node that slept does not bury those that answered meanwhile")
    func asleep() {
        var fixture = Fixture()
        let accused = fixture.distant
        let accuser = fixture.overlay.neighbours(of: accused)[0]
        fixture.receive(.claims([Claim(accused, incarnation: 0, .suspected(by: accuser))]), from: 0)
        fixture.now = fixture.now.advanced(by: .seconds(100))
        #expect(fixture.step(.wake).changes.isEmpty)
        #expect(fixture.run(.seconds(11)).changes.isEmpty)
        #expect(fixture.run(.seconds(2)).changes == [accused: [.unreachable]])
    }

    @Test("nor when the first that it hears is that others suspect them as well")
    func asleepConfirmed() {
        var fixture = Fixture()
        let accused = fixture.distant
        let accusers = fixture.overlay.neighbours(of: accused)
        fixture.receive(.claims([Claim(accused, incarnation: 0, .suspected(by: accusers[0]))]), from: 0)
        fixture.now = fixture.now.advanced(by: .seconds(60))
        fixture.step(.wake)
        // What waited in the links while it slept, oldest first.
        fixture.receive(.claims([Claim(accused, incarnation: 0, .suspected(by: accusers[1]))]), from: 1)
        #expect(fixture.step(.wake).changes.isEmpty)
        let cleared = fixture.receive(.claims([Claim(accused, incarnation: 1, .alive)]), from: 1)
        #expect(cleared.changes == [accused: [.reachable]])
    }

    @Test("what was known before a restart is known after it, until it is refuted")
    func restored() {
        let before = Fixture()
        let dead = before.neighbours[0]
        let claim = Claim(dead, incarnation: 2, .suspected(by: before.overlay.neighbours(of: dead)[0]))
        let stranger = Claim(member(1000), incarnation: 2, .suspected(by: dead))
        var fixture = Fixture(restored: [claim, stranger], opensLinks: false)
        #expect(fixture.node.reachability(of: dead) == .unreachable)
        #expect(fixture.node.accusations == [claim])
        // It comes back, is told what is said of it, and refutes.
        #expect(fixture.step(.linkOpened(dead)).sent(to: dead).contains(.claims([claim])))
        let refutation = Claim(dead, incarnation: 3, .alive)
        #expect(fixture.receive(.claims([refutation]), from: dead).changes == [dead: [.reachable]])
    }

    @Test("who is off the list is forgotten, and links follow the list")
    func list() {
        var fixture = Fixture()
        let (gone, accused) = (fixture.neighbours[0], fixture.distant)
        let accuser = fixture.overlay.neighbours(of: accused)[0]
        fixture.receive(.claims([Claim(accused, incarnation: 0, .suspected(by: accuser))]), from: 1)
        let rest = fixture.overlay.members.filter { $0.id != gone && $0.id != accused }
        let overlay = fixture.overlay.changed(to: rest)
        let effects = fixture.step(.overlay(overlay, streams: [member(1)]))
        #expect(effects == [.connect(overlay.neighbours(of: fixture.id))])
        #expect(fixture.node.accusations.isEmpty)
        // Links that stay are open as before, new ones are not.
        let open = overlay.neighbours(of: fixture.id).filter { fixture.neighbours.contains($0) }
        #expect(fixture.step(.publish(statement(9))).receivers(of: .record(statement(9))) == open)
        fixture.receive(.record(statement(1)), from: gone)
        #expect(fixture.node.counters.fromStrangers == 1)
        // Removed itself, it speaks to nobody.
        let without = overlay.changed(to: overlay.members.filter { $0.id != fixture.id })
        #expect(fixture.step(.overlay(without, streams: [])) == [.connect([])])
        #expect(fixture.run(.seconds(10)).isEmpty)
    }
}
