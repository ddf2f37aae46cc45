import Gossip
import Kernel
import Testing

@Suite("Failure detection") struct FailureDetectionTests {
    @Test("who answers stays in sight")
    func answering() {
        var fixture = Fixture()
        let effects = fixture.run(.seconds(60))
        #expect(effects.changes.isEmpty)
        #expect(Set(effects.probes.map { $0.route[1] }) == Set(fixture.neighbours))
        #expect((50...62).contains(fixture.node.counters.probes))
        #expect(fixture.node.healthPenalty == 0)
    }

    @Test("who does not answer is asked for over others, suspected, and given up when nobody refutes it")
    func silent() {
        var fixture = Fixture()
        let silent = fixture.neighbours[2]
        var (suspectedAt, effects): (Instant?, [GossipNode.Effect]) = (nil, [])
        while suspectedAt == nil, fixture.now < Instant.zero.advanced(by: .seconds(60)) {
            effects += fixture.run(.milliseconds(10)) { $0 != silent }
            if fixture.node.reachability(of: silent) == .suspected { suspectedAt = fixture.now }
        }
        let indirect = effects.probes.filter { $0.route.count > 2 }
        #expect(indirect.count == fixture.node.options.indirectProbes)
        #expect(indirect.allSatisfy { $0.route.last == silent })
        #expect(effects.claims == [Claim(silent, incarnation: 0, .suspected(by: fixture.id))])
        // A hundred is ten twice, and nobody confirms: three times two times two seconds.
        let before = fixture.run(.milliseconds(11_900)) { $0 != silent }
        #expect(before.changes.isEmpty)
        let after = fixture.run(.milliseconds(200)) { $0 != silent }
        #expect(after.changes == [silent: [.unreachable]])
        #expect(fixture.run(.seconds(60)) { $0 != silent }.probes.allSatisfy { $0.route.last != silent })
        // The fault is not here: all that were asked passed the probe on.
        #expect(fixture.node.healthPenalty == 0)
        #expect(fixture.node.accusations == [Claim(silent, incarnation: 0, .suspected(by: fixture.id))])
    }

    @Test("an answer over others is an answer")
    func indirect() {
        var fixture = Fixture()
        let far = fixture.neighbours[2]
        var effects: [GossipNode.Effect] = []
        while effects.probes.isEmpty || effects.probes.last?.route.last != far {
            effects = fixture.run(.milliseconds(10)) { $0 != far }
        }
        let asked = fixture.run(.milliseconds(1000)) { $0 != far }.probes.filter { $0.route.count > 2 }
        #expect(asked.count == 3)
        fixture.receive(.probeAnswer(asked[1]), from: asked[1].route[1])
        #expect(fixture.run(.milliseconds(2100)) { _ in true }.changes.isEmpty)
    }

    @Test("a refutation in a higher incarnation clears a suspicion, and goes to all")
    func refuted() {
        var fixture = Fixture()
        let accused = fixture.distant
        let accuser = fixture.overlay.neighbours(of: accused)[0]
        let suspicion = Claim(accused, incarnation: 0, .suspected(by: accuser))
        #expect(fixture.receive(.claims([suspicion]), from: 0).changes == [accused: [.suspected]])
        let passed = fixture.run(.milliseconds(100))
        #expect(passed.receivers(of: .claims([suspicion])).count == fixture.node.options.claimFanout)
        // The same incarnation is the one that is suspected.
        #expect(fixture.receive(.claims([Claim(accused, incarnation: 0, .alive)]), from: 1).changes.isEmpty)
        let refutation = Claim(accused, incarnation: 1, .alive)
        #expect(fixture.receive(.claims([refutation]), from: 1).changes == [accused: [.reachable]])
        #expect(fixture.run(.milliseconds(100)).receivers(of: .claims([refutation])) == fixture.neighbours)
        // Whoever still says so is told.
        let late = fixture.receive(.claims([suspicion]), from: 4)
        #expect(late == [.send(.claims([refutation]), to: [fixture.neighbours[4]])])
        #expect(fixture.run(.seconds(30)).changes.isEmpty)
    }

    @Test("neighbours that confirm a suspicion shorten it, each once")
    func confirmed() {
        func time(_ accusers: [Int]) -> UInt64 {
            var fixture = Fixture()
            let accused = fixture.distant
            let others = fixture.overlay.neighbours(of: accused)
            for accuser in accusers {
                fixture.receive(.claims([Claim(accused, incarnation: 0, .suspected(by: others[accuser]))]), from: 0)
            }
            while fixture.node.reachability(of: accused) != .unreachable { fixture.run(.milliseconds(100)) }
            return fixture.now.microseconds / 100_000
        }
        #expect(time([0]) == 120)
        #expect(time([0, 0, 0, 0]) == 120)
        #expect(time([0, 1]) == 80)
        #expect(time([0, 1, 2, 3]) == 40)
        #expect(time([0, 1, 2, 3, 4, 5]) == 40)
    }

    @Test("a suspected neighbour is told, and probed at once")
    func buddies() {
        var fixture = Fixture()
        let accused = fixture.neighbours[0]
        let accuser = fixture.overlay.neighbours(of: accused).first { $0 != fixture.id } ?? accused
        let suspicion = Claim(accused, incarnation: 4, .suspected(by: accuser))
        let effects = fixture.receive(.claims([suspicion]), from: 1)
        #expect(effects.receivers(of: .claims([suspicion])) == [accused])
        #expect(effects.probes.map(\.route) == [[fixture.id, accused]])
        #expect(effects.probes.map(\.suspectedIn) == [4])
    }

    @Test("a closed link is a hint: the neighbour is asked for over others at once")
    func closed() {
        var fixture = Fixture()
        let neighbour = fixture.neighbours[0]
        let probes = fixture.step(.linkClosed(neighbour)).probes
        #expect(probes.count == 3)
        #expect(probes.allSatisfy { $0.route.count > 2 && $0.route.last == neighbour })
        #expect(fixture.node.reachability(of: neighbour) == .reachable)
    }

    @Test("a neighbour that never had a link is not missed before its time")
    func grace() {
        var fixture = Fixture(opensLinks: false)
        fixture.run(.milliseconds(9900)) { _ in false }
        #expect(fixture.node.counters.probes == 0)
        fixture.run(.seconds(100)) { _ in false }
        #expect(fixture.node.counters.probesFailed > 0)
        // It reaches nobody, so the fault is likely here.
        #expect(fixture.node.healthPenalty == 8)
    }

    @Test("local health slows probes down, and each answer mends it")
    func health() {
        var fixture = Fixture()
        for incarnation in 0..<9 as Range<UInt64> {
            fixture.receive(.claims([Claim(fixture.id, incarnation: incarnation, .suspected(by: member(1)))]), from: 0)
        }
        #expect(fixture.node.healthPenalty == 8)
        // The next is due within a second, the one after it in nine, the one after that in eight.
        fixture.run(.seconds(17))
        #expect(fixture.node.counters.probes == 2)
        fixture.run(.seconds(40))
        #expect(fixture.node.healthPenalty == 0)
    }
}
