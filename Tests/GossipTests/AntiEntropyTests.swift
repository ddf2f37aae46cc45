import Gossip
import Kernel
import Testing

@Suite("Anti-entropy") struct AntiEntropyTests {
    static func question(
        head: LogHead = .none,
        held: Digest = Digest.of([77]),
        streams: [Message.StreamPosition] = [],
        departures: UInt64 = 0,
        isAnswer: Bool = false
    ) -> Message {
        .summary(
            Message.Summary(head: head, held: held, streams: streams, departures: departures, isAnswer: isAnswer)
        )
    }

    /// A member that keeps these, and its neighbour, to whom all that it says is carried.
    static func exchange(_ first: inout GossipNode, _ second: inout GossipNode, at now: Instant) -> Int {
        var queue: [(isFirst: Bool, message: Message)] = []
        func collect(_ effects: [GossipNode.Effect], from isFirst: Bool, _ peer: MemberID) {
            queue += effects.sent(to: peer).map { (!isFirst, $0) }
        }
        collect(first.step(.linkOpened(second.id), at: now), from: true, second.id)
        collect(second.step(.linkOpened(first.id), at: now), from: false, first.id)
        var bytes = 0
        while !queue.isEmpty {
            let (isFirst, message) = queue.removeFirst()
            bytes += message.byteCount
            let sender = isFirst ? second.id : first.id
            func step(_ node: inout GossipNode) {
                let effects = node.step(.receive(message, from: sender), at: now)
                collect(effects, from: isFirst, sender)
                for record in effects.judged {
                    collect(node.step(.judged(record.id, .counts), at: now), from: isFirst, sender)
                }
            }
            if isFirst { step(&first) } else { step(&second) }
        }
        return bytes
    }

    static func pair(_ options: GossipOptions = GossipOptions()) -> (GossipNode, GossipNode) {
        let overlay = Overlay(seed: Digest.of([9]), members: members(0..<2))
        let nodes = [0, 1].map { number in
            GossipNode(
                id: member(number),
                overlay: overlay,
                streams: [member(1)],
                options: options,
                seed: number,
                at: .zero
            )
        }
        return (nodes[0], nodes[1])
    }

    @Test("two that were apart have the same after one comparison, both ways")
    func bothWays() {
        var (first, second) = Self.pair()
        for number in 1...20 as ClosedRange<UInt8> {
            _ = first.step(.publish(statement(number)), at: .zero)
            _ = second.step(.publish(statement(number + 15)), at: .zero)
        }
        _ = first.step(.publish(seal(7)), at: .zero)
        _ = Self.exchange(&first, &second, at: .zero)
        #expect(first.counters.recordsTaken == 36 && second.counters.recordsTaken == 36)
        // Equal ones exchange two questions and two answers, and no ids.
        _ = first.step(.linkClosed(member(1)), at: .zero)
        _ = second.step(.linkClosed(member(0)), at: .zero)
        let bytes = Self.exchange(&first, &second, at: Instant.zero.advanced(by: .seconds(1)))
        #expect(bytes < 4 * 150 + 200)
    }

    @Test("one difference is answered within a bound, and the next comparison has another part of the rest")
    func bounded() {
        var options = GossipOptions()
        options.exchangeByteLimit = 1000
        var fixture = Fixture(options: options)
        for number in 0..<100 as Range<UInt8> { fixture.step(.publish(statement(number))) }
        var seen: Set<Digest> = []
        for _ in 0..<100 {
            let asked = fixture.run(.seconds(1)).compactMap { effect -> MemberID? in
                guard case .send(.summary(let summary), let receivers) = effect, !summary.isAnswer else { return nil }
                return receivers[0]
            }
            for neighbour in asked {
                let records = BudgetTests.records(fixture.receive(.held([]), from: neighbour), to: neighbour)
                #expect(records.reduce(0) { $0 + $1.byteCount } <= 1000)
                seen.formUnion(records.map(\.id))
            }
        }
        #expect(seen.count == 100)
    }

    @Test("each second one neighbour is asked, all within a round")
    func rounds() {
        var fixture = Fixture()
        let effects = fixture.run(.seconds(UInt64(fixture.neighbours.count) + 3))
        let asked = effects.flatMap { effect -> [MemberID] in
            guard case .send(.summary, let receivers) = effect else { return [] }
            return receivers
        }
        #expect(Set(asked) == Set(fixture.neighbours))
        #expect(asked.count <= fixture.neighbours.count + 6)
    }

    @Test("answers that were not asked for are not looked at")
    func unasked() {
        var fixture = Fixture()
        fixture.step(.publish(statement(1)))
        fixture.step(.publish(seal(3)))
        // The question that opening a link asks has one answer, and one list of ids.
        #expect(!fixture.receive(Self.question(isAnswer: true), from: 0).isEmpty)
        #expect(!fixture.receive(.held([statement(2).id]), from: 0).isEmpty)
        #expect(fixture.receive(Self.question(isAnswer: true), from: 0).isEmpty)
        #expect(fixture.receive(.held([statement(2).id]), from: 0).isEmpty)
        #expect(fixture.receive(.want([statement(1).id]), from: 0).isEmpty)
        #expect(fixture.node.counters.unasked == 3)
    }

    @Test("a neighbour that asks without end is answered ten times a second")
    func paced() {
        var fixture = Fixture()
        fixture.step(.publish(statement(1)))
        var answers = 0
        for _ in 0..<1000 {
            answers += fixture.receive(Self.question(), from: 0).sent(to: fixture.neighbours[0]).count { message in
                if case .summary = message { true } else { false }
            }
            fixture.run(.milliseconds(1))
        }
        #expect((9...11).contains(answers))
    }

    @Test("what is known of the unreachable is compared, too")
    func departures() {
        var fixture = Fixture()
        let accused = fixture.distant
        let claim = Claim(accused, incarnation: 0, .suspected(by: fixture.overlay.neighbours(of: accused)[0]))
        fixture.receive(.claims([claim]), from: 1)
        #expect(fixture.receive(Self.question(), from: 0).claims == [claim])
    }

    @Test("lists that are too long or out of order are dropped")
    func malformed() {
        var fixture = Fixture()
        let ids = (0..<2000 as Range<UInt64>).map { seal($0).id }.sorted()
        let positions = (0..<17 as Range<UInt64>).map { Message.StreamPosition(stream: member($0), sequence: 1) }
        let messages: [Message] = [
            .held(ids), .held([ids[1], ids[0]]), .held([ids[0], ids[0]]), .want(ids), Self.question(streams: positions),
            .claims([]), .claims([Claim](repeating: Claim(member(3), incarnation: 1, .alive), count: 129)),
            .entries([]), .entries(entries(1...2) + entries(4...4)), .entries(entries(0...2)),
            .entries([LogRecord(index: LogIndex(.max), bytes: [])]),
            .record(statement(1, byteCount: fixture.node.options.recordByteLimit + 1)),
        ]
        for message in messages { #expect(fixture.receive(message, from: 0).isEmpty) }
        #expect(fixture.node.counters.malformed == UInt64(messages.count))
    }

    @Test("strangers, closed links and unknown members are not listened to")
    func strangers() {
        var fixture = Fixture()
        fixture.step(.linkClosed(fixture.neighbours[0]))
        for sender in [fixture.distant, member(1000), fixture.id, fixture.neighbours[0]] {
            #expect(fixture.receive(.record(statement(1)), from: sender).isEmpty)
            #expect(fixture.receive(Self.question(), from: sender).isEmpty)
            fixture.step(.unreadable(byteCount: 10, from: sender))
        }
        #expect(fixture.step(.linkOpened(member(1000))).isEmpty)
        #expect(fixture.node.counters.fromStrangers == 12)
        #expect(fixture.node.counters.unreadable == 0)
    }
}
