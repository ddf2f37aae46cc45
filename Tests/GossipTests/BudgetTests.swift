import Kernel
import Testing

@testable import Gossip

@Suite("Budgets") struct BudgetTests {
    /// About one record of 900 bytes a second and neighbour, and three of them in a queue.
    static var tight: GossipOptions {
        var options = GossipOptions()
        options.heldLimit = 16
        options.recordByteLimit = 900
        options.entriesByteLimit = 900
        options.entryByteLimit = 900
        options.outgoing = ByteBudget(bytesPerSecond: 1000, burst: 1000)
        options.queueByteLimit = 2800
        return options
    }

    static func records(_ effects: [GossipNode.Effect], to receiver: MemberID) -> [Record] {
        effects.sent(to: receiver).compactMap { message in
            guard case .record(let record) = message else { return nil }
            return record
        }
    }

    @Test("what a budget does not cover waits in order, and what the queue does not hold is dropped")
    func queues() {
        var fixture = Fixture(options: Self.tight)
        let neighbour = fixture.neighbours[0]
        fixture.run(.milliseconds(500))
        var sent: [Record] = []
        for number in 1...6 as ClosedRange<UInt8> {
            sent += Self.records(fixture.step(.publish(statement(number, byteCount: 800))), to: neighbour)
        }
        #expect(sent == [statement(1, byteCount: 800)])
        #expect(fixture.node.counters.notSent == 2 * UInt64(fixture.neighbours.count))
        let before = fixture.now
        while Self.records(sentNow(&fixture), to: neighbour).isEmpty {}
        #expect((400...1000).contains(fixture.now.elapsed(since: before).milliseconds))
        let rest = Self.records(fixture.run(.seconds(5)), to: neighbour)
        #expect(rest == [statement(3, byteCount: 800), statement(4, byteCount: 800)])
    }

    private func sentNow(_ fixture: inout Fixture) -> [GossipNode.Effect] { fixture.run(.milliseconds(10)) }

    @Test("no neighbour is sent more than its budget")
    func rate() {
        var fixture = Fixture(options: Self.tight)
        let neighbour = fixture.neighbours[0]
        var bytes = 0
        for number in 0..<200 as Range<UInt8> {
            let effects = fixture.step(.publish(statement(number, byteCount: 500))) + fixture.run(.milliseconds(50))
            bytes += effects.sent(to: neighbour).reduce(0) { $0 + $1.byteCount }
        }
        #expect((9_000...11_000).contains(bytes))
    }

    @Test(
        "however often it is asked, a budget gives all that came in, and says when there is enough",
        arguments: [1, 47, 999]
    )
    func fractions(pause: UInt64) {
        let budget = ByteBudget(bytesPerSecond: 32_000, burst: 1000)
        var bucket = TokenBucket(budget, at: .zero)
        var now = Instant.zero
        while bucket.take(100, of: budget, at: now) {}
        var taken = 0
        while now < Instant.zero.advanced(by: .seconds(10)) {
            now = now.advanced(by: Span(microseconds: pause))
            while bucket.take(1, of: budget, at: now) { taken += 1 }
        }
        #expect((319_900...320_100).contains(taken), "\(taken)")
        let ready = bucket.ready(for: 500, of: budget)
        let end = Instant(microseconds: .max)
        // A clock that goes back brings nothing, and the longest silence no more than a burst.
        let asked = [
            (500, Instant(microseconds: ready.microseconds - 1)), (500, ready), (500, .zero), (1000, end), (1, end),
        ]
        let answers = asked.map { bucket.take($0, of: budget, at: $1) }
        #expect(answers == [false, true, false, true, false])
    }

    @Test("the longest entry passes, and what no burst covers holds up nothing")
    func longest() {
        var fixture = Fixture()
        #expect(Self.isSent(512 << 10, by: &fixture))
        #expect(Self.isSent(fixture.node.options.entryByteLimit, by: &fixture))
        #expect(fixture.node.counters.notSent == 0)
        fixture = Fixture(options: Self.tight)
        #expect(!Self.isSent(1500, by: &fixture))
        #expect(fixture.node.counters.notSent == 1)
        #expect(Self.isSent(1, by: &fixture))
    }

    /// Whether a neighbour that asks for it is sent an entry that so many bytes make up.
    private static func isSent(_ byteCount: Int, by fixture: inout Fixture) -> Bool {
        let last = fixture.node.head.index.next
        fixture.step(.logAdvanced(head(last.number), records: []))
        fixture.receive(.pull(after: last.previous), from: 0)
        let entry = LogRecord(index: last, bytes: [UInt8](repeating: 1, count: byteCount))
        let neighbour = fixture.neighbours[0]
        let answered = fixture.step(.logRead(for: neighbour, after: last.previous, [entry]))
        return (answered + fixture.run(.seconds(5))).sent(to: neighbour).contains(.entries([entry]))
    }

    @Test("records overtake entries that wait")
    func lanes() {
        var options = Self.tight
        options.eagerCount = 100
        var fixture = Fixture(options: options)
        let neighbour = fixture.neighbours[0]
        fixture.run(.seconds(1))
        fixture.step(.publish(statement(1, byteCount: 900)))
        fixture.step(.logAdvanced(head(1), records: entries(1...1, byteCount: 800)))
        fixture.run(.milliseconds(30))
        fixture.step(.publish(statement(2, byteCount: 900)))
        let order = fixture.run(.seconds(3)).sent(to: neighbour).compactMap { message -> String? in
            switch message {
            case .record: "record"
            case .entries: "entries"
            default: nil
            }
        }
        #expect(order == ["record", "entries"])
    }

    @Test("what a closed link had in its queue is gone, and nothing waits for it")
    func closing() {
        var fixture = Fixture(options: Self.tight)
        for number in 1...3 as ClosedRange<UInt8> { fixture.step(.publish(statement(number, byteCount: 800))) }
        let neighbour = fixture.neighbours[0]
        fixture.step(.linkClosed(neighbour))
        #expect(fixture.run(.seconds(5)).sent(to: neighbour).isEmpty)
    }

    @Test("a neighbour that sends as fast as it can is cut at its budget, and others are heard")
    func flood() {
        var options = GossipOptions()
        options.incoming = ByteBudget(bytesPerSecond: 100_000, burst: 100_000)
        options.entryByteLimit = 64 << 10
        var fixture = Fixture(options: options)
        fixture.step(.publish(seal(9)))
        for _ in 0..<10_000 { fixture.receive(.record(seal(1)), from: 0) }
        #expect(fixture.node.counters.recordsRepeated == UInt64(100_000 / Message.record(seal(1)).byteCount))
        #expect(fixture.node.counters.overBudget == 10_000 - fixture.node.counters.recordsRepeated)
        #expect(fixture.receive(.record(statement(1)), from: 1).judged == [statement(1)])
        #expect(fixture.receive(.record(statement(2)), from: 0).isEmpty)
    }

    @Test("frames that do not decode are counted, within the budget")
    func unreadable() {
        var fixture = Fixture()
        for _ in 0..<5 { fixture.step(.unreadable(byteCount: 1 << 20, from: fixture.neighbours[0])) }
        #expect(fixture.node.counters.unreadable == 2)
        #expect(fixture.node.counters.overBudget == 3)
        fixture.step(.unreadable(byteCount: -5, from: fixture.neighbours[1]))
        #expect(fixture.node.counters.unreadable == 3)
    }

    @Test("options that could not work are named")
    func flaws() {
        #expect(GossipOptions().flaw == nil)
        var options = GossipOptions()
        options.recordByteLimit = options.outgoing.burst
        #expect(options.flaw == "a message may be longer than a burst")
        options = GossipOptions()
        options.entryByteLimit = options.outgoing.burst
        #expect(options.flaw == "a message may be longer than a burst")
        options = GossipOptions()
        options.incomingClaims = ByteBudget(bytesPerSecond: 0, burst: 1)
        #expect(options.flaw == "a budget is zero")
        options = GossipOptions()
        options.eagerCount = 0
        #expect(options.flaw == "a bound is below one")
        options = GossipOptions()
        options.probeInterval = .zero
        #expect(options.flaw == "a time is zero")
    }
}
