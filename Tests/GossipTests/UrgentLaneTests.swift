import Gossip
import Kernel
import Testing

@Suite("Urgent lane") struct UrgentLaneTests {
    @Test("a record is judged first, and passed on once to all but those who sent it")
    func spreads() {
        var fixture = Fixture()
        let neighbours = fixture.neighbours
        #expect(fixture.receive(.record(statement(1)), from: 0) == [.judge(statement(1), from: neighbours[0])])
        #expect(fixture.receive(.record(statement(1)), from: 3).isEmpty)
        let effects = fixture.step(.judged(statement(1).id, .counts))
        let others = neighbours.filter { $0 != neighbours[0] && $0 != neighbours[3] }
        #expect(effects == [.send(.record(statement(1)), to: others)])
        #expect(fixture.receive(.record(statement(1)), from: 5).isEmpty)
        #expect(fixture.step(.judged(statement(1).id, .counts)).isEmpty)
        #expect(fixture.node.counters.recordsTaken == 1)
        #expect(fixture.node.counters.recordsRepeated == 2)
    }

    @Test("what is published goes to all, once")
    func publishes() {
        var fixture = Fixture()
        #expect(fixture.step(.publish(statement(1))) == [.send(.record(statement(1)), to: fixture.neighbours)])
        #expect(fixture.step(.publish(statement(1))).isEmpty)
        #expect(fixture.receive(.record(statement(1)), from: 0).isEmpty)
    }

    @Test("what is refused goes no further, and may be judged again")
    func refused() {
        var fixture = Fixture()
        fixture.receive(.record(statement(1)), from: 0)
        #expect(fixture.step(.judged(statement(1).id, .refused)).isEmpty)
        #expect(fixture.receive(.record(statement(1)), from: 1).judged == [statement(1)])
        #expect(fixture.node.counters.recordsRefused == 1)
    }

    @Test("bytes and lifetime are under the id")
    func ids() {
        #expect(statement(1).id != statement(2).id)
        #expect(seal(1).id != seal(2).id)
        #expect(seal(1).id != Record(.untilSettled, bytes: seal(1).bytes).id)
        let other = Record(.untilSuperseded(stream: member(2), sequence: 1), bytes: seal(1).bytes)
        #expect(seal(1).id != other.id)
    }

    @Test("of a stream only what is newer counts, and only of streams that are known")
    func streams() {
        var fixture = Fixture()
        fixture.step(.publish(seal(5)))
        #expect(fixture.receive(.record(seal(4)), from: 0).isEmpty)
        #expect(fixture.receive(.record(seal(6)), from: 0).judged == [seal(6)])
        // It comes in while the older one is with the shell.
        fixture.receive(.record(seal(7)), from: 1)
        #expect(!fixture.step(.judged(seal(7).id, .counts)).isEmpty)
        #expect(fixture.step(.judged(seal(6).id, .counts)).isEmpty)
        let strange = Record(.untilSuperseded(stream: member(2), sequence: 1), bytes: [1])
        #expect(fixture.receive(.record(strange), from: 0).isEmpty)
        #expect(fixture.step(.publish(strange)).isEmpty)
        #expect(fixture.node.counters.malformed == 1)
    }

    @Test("what the log has judged is neither kept nor judged again")
    func settled() {
        var fixture = Fixture()
        fixture.step(.publish(statement(1)))
        fixture.receive(.record(statement(2)), from: 0)
        fixture.step(.settled([statement(1).id, statement(2).id, statement(3).id]))
        #expect(fixture.step(.judged(statement(2).id, .counts)).isEmpty)
        for number in 1...3 as ClosedRange<UInt8> {
            #expect(fixture.receive(.record(statement(number)), from: 1).isEmpty)
        }
        let empty = Fixture().held()
        #expect(fixture.held() == empty)
    }

    @Test("where there is no room to keep it, a record is passed on once all the same")
    func full() {
        var options = GossipOptions()
        options.heldLimit = 2
        var fixture = Fixture(options: options)
        for number in 1...4 as ClosedRange<UInt8> {
            let effects = fixture.step(.publish(statement(number)))
            #expect(effects.receivers(of: .record(statement(number))) == fixture.neighbours)
        }
        #expect(fixture.receive(.record(statement(4)), from: 0).isEmpty)
        #expect(fixture.node.counters.recordsUnkept == 2)
    }

    @Test("a neighbour's garbage fills its own places alone, and costs its budget")
    func garbage() {
        var options = GossipOptions()
        options.judgedLimit = 3
        options.refusalCost = options.incoming.burst / 3
        var fixture = Fixture(options: options)
        for number in 1...9 as ClosedRange<UInt8> { fixture.receive(.record(statement(number)), from: 0) }
        #expect(fixture.node.counters.recordsUnjudged == 6)
        #expect(fixture.receive(.record(statement(10)), from: 1).judged == [statement(10)])
        for number in 1...3 as ClosedRange<UInt8> { fixture.step(.judged(statement(number).id, .refused)) }
        #expect(fixture.receive(.record(statement(11)), from: 0).isEmpty)
        #expect(fixture.node.counters.overBudget == 1)
        #expect(fixture.receive(.record(statement(11)), from: 1).judged == [statement(11)])
        fixture.run(.seconds(1))
        #expect(fixture.receive(.record(statement(12)), from: 0).judged == [statement(12)])
    }
}

extension Fixture {
    /// Ids that it would tell a neighbour with other records.
    func held() -> [Digest] {
        var copy = self
        copy.now = copy.now.advanced(by: .seconds(1))
        let summary = Message.Summary(
            head: .none,
            held: Digest.of([77]),
            streams: [],
            departures: 0,
            isAnswer: false
        )
        let effects = copy.receive(.summary(summary), from: 0)
        for case .held(let ids) in effects.sent(to: neighbours[0]) { return ids }
        return []
    }
}
