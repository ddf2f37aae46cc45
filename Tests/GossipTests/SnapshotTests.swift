import Gossip
import Kernel
import Testing

@Suite("Snapshots") struct SnapshotTests {
    static func part(
        _ number: UInt64,
        isLast: Bool = false,
        byteCount: UInt64 = 1000,
        at index: UInt64 = 50,
        bytes: Int = 100
    ) -> SnapshotPart {
        SnapshotPart(
            index: LogIndex(index),
            number: number,
            isLast: isLast,
            bytes: [UInt8](repeating: 1, count: bytes),
            opening: number == 0 ? .init(byteCount: byteCount, proof: [1]) : nil
        )
    }

    /// At the tenth entry, with neighbours that have fifty and let go of the eleventh.
    static func behind(_ neighbours: Range<Int>, lacking: Int, _ options: GossipOptions = GossipOptions()) -> Fixture {
        var fixture = Fixture(options: options)
        fixture.step(.logAdvanced(head(10), records: entries(1...10)))
        for place in neighbours { fixture.receive(.announcement(head(50)), from: place) }
        for place in neighbours.prefix(lacking) { fixture.receive(.unavailable(after: LogIndex(10)), from: place) }
        return fixture
    }

    /// The one that is asked, as its place among the neighbours.
    private static func asked(_ effects: [GossipNode.Effect], _ fixture: Fixture) throws -> Int {
        let pull = Message.snapshotPull(at: LogIndex(10), number: 0)
        let receivers = effects.receivers(of: pull)
        #expect(receivers.count == 1)
        return try #require(fixture.neighbours.firstIndex { receivers.first == $0 })
    }

    @Test("the state is asked for once everybody that is ahead has let go of the log") func asking() throws {
        var fixture = Self.behind(0..<3, lacking: 2)
        #expect(fixture.run(.seconds(3)).receivers(of: .snapshotPull(at: LogIndex(10), number: 0)).isEmpty)
        fixture.receive(.unavailable(after: LogIndex(10)), from: 2)
        let place = try Self.asked(fixture.run(.seconds(3)), fixture)
        let first = fixture.receive(.snapshotPart(Self.part(0)), from: place)
        #expect(first.contains(.takeSnapshot(Self.part(0), from: fixture.neighbours[place])))
        for number in 0..<3 as Range<UInt64> {
            let next = Message.snapshotPull(at: LogIndex(50), number: number + 1)
            #expect(fixture.step(.snapshotTaken(number: number)).receivers(of: next) == [fixture.neighbours[place]])
            let part = Self.part(number + 1, isLast: number == 2)
            #expect(
                fixture.receive(.snapshotPart(part), from: place)
                    == [.takeSnapshot(part, from: fixture.neighbours[place])]
            )
        }
        #expect(fixture.node.fetching?.byteCount == 400)
        fixture.step(.logAdvanced(head(50), records: []))
        #expect(fixture.node.fetching == nil && fixture.node.counters.snapshotsTaken == 1)
    }

    @Test("a piece that does not come is asked for again, and is taken once") func askedAgain() throws {
        var fixture = Self.behind(0..<3, lacking: 3)
        let place = try Self.asked(fixture.run(.seconds(3)), fixture)
        fixture.receive(.snapshotPart(Self.part(0)), from: place)
        let pull = Message.snapshotPull(at: LogIndex(50), number: 1)
        #expect(fixture.step(.snapshotTaken(number: 0)).receivers(of: pull).count == 1)
        #expect((2...3).contains(fixture.run(.milliseconds(2500)).receivers(of: pull).count))
        #expect(fixture.receive(.snapshotPart(Self.part(1)), from: place).count == 1)
        #expect(fixture.receive(.snapshotPart(Self.part(1)), from: place).isEmpty)
        #expect(fixture.run(.milliseconds(2500)).receivers(of: pull).isEmpty)
    }

    @Test("one that says it has the log, and sends none that a seal proves, holds nobody up for long") func pretender()
        throws
    {
        var fixture = Self.behind(0..<3, lacking: 2)
        var asked: [MemberID] = []
        for _ in 0..<12 {
            fixture.receive(.entries(entries(11...12)), from: 2)
            asked += fixture.run(.seconds(1)).receivers(of: .snapshotPull(at: LogIndex(10), number: 0))
        }
        #expect(asked.count == 1 && asked[0] != fixture.neighbours[2])
    }

    @Test("entries that come make it needless") func entriesCome() {
        var fixture = Self.behind(0..<2, lacking: 2)
        fixture.step(.logAdvanced(head(50), records: entries(11...50)))
        #expect(fixture.run(.seconds(5)).receivers(of: .snapshotPull(at: LogIndex(10), number: 0)).isEmpty)
        #expect(fixture.node.counters.snapshotsAsked == 0)
    }

    @Test("what neighbours let go of past entries that were still unproved is lacked once a seal proves those")
    func lackedPastTheOffered() {
        var fixture = Fixture()
        fixture.step(.logAdvanced(head(10), records: entries(1...10)))
        fixture.receive(.entries(entries(11...14)), from: 0)
        for place in 0..<3 { fixture.receive(.announcement(head(50)), from: place) }
        let unavailable = Message.unavailable(after: LogIndex(14))
        let pulled = fixture.run(.milliseconds(300)).receivers(of: .pull(after: LogIndex(14)))
        #expect(!pulled.isEmpty)
        for place in 0..<3 { fixture.receive(unavailable, from: place) }
        fixture.step(.logAdvanced(head(14), records: entries(11...14)))
        // The end of the log goes on coming, as it does to everybody.
        fixture.receive(.entries(entries(51...52)), from: 1)
        let effects = fixture.run(.seconds(5))
        #expect(effects.receivers(of: .snapshotPull(at: LogIndex(14), number: 0)).count == 1)
    }

    @Test("whose state is none is not listened to for a while, and another is asked") func liar() throws {
        var fixture = Self.behind(0..<2, lacking: 2)
        let place = try Self.asked(fixture.run(.seconds(3)), fixture)
        fixture.receive(.snapshotPart(Self.part(0)), from: place)
        fixture.step(.snapshotGivenUp(isLie: true))
        #expect(fixture.node.counters.snapshotsRefused == 1)
        let next = try Self.asked(fixture.run(.seconds(3)), fixture)
        #expect(next != place)
        fixture.receive(.snapshotUnavailable(at: LogIndex(10)), from: next)
        // There is nobody else.
        let again = try Self.asked(fixture.run(.seconds(5)), fixture)
        #expect(again == next)
    }

    @Test("more than was said is not taken, nor what was not asked for") func moreThanSaid() throws {
        var fixture = Self.behind(0..<2, lacking: 2)
        let place = try Self.asked(fixture.run(.seconds(9)), fixture)
        let other = 1 - place
        #expect(fixture.receive(.snapshotPart(Self.part(0)), from: other).isEmpty)
        #expect(fixture.receive(.snapshotPart(Self.part(1)), from: place).isEmpty)
        fixture.receive(.snapshotPart(Self.part(0, byteCount: 150)), from: place)
        #expect(fixture.receive(.snapshotPart(Self.part(1)), from: place).isEmpty)
        fixture.step(.snapshotTaken(number: 0))
        #expect(fixture.receive(.snapshotPart(Self.part(1, at: 51)), from: place).isEmpty)
        #expect(fixture.node.counters.unasked == 4)
        let taken = fixture.receive(.snapshotPart(Self.part(1)), from: place)
        #expect(!taken.contains(.takeSnapshot(Self.part(1), from: fixture.neighbours[place])))
        #expect(fixture.node.fetching == nil && fixture.node.counters.snapshotsRefused == 1)
    }

    @Test("a long state is taken once nobody has a shorter one, up to a bound") func long() throws {
        var options = GossipOptions()
        options.snapshotByteLimit = 1000
        options.snapshotMaxBytes = 3000
        var fixture = Self.behind(0..<2, lacking: 2, options)
        var said: UInt64 = 3001
        for limit in [1000, 2000, 3000] as [UInt64] {
            let place = try Self.asked(fixture.run(.seconds(9)), fixture)
            fixture.receive(.snapshotPart(Self.part(0, byteCount: limit + 1)), from: place)
            #expect(fixture.node.fetching == nil)
            said = limit
        }
        let place = try Self.asked(fixture.run(.seconds(9)), fixture)
        fixture.receive(.snapshotPart(Self.part(0, byteCount: said)), from: place)
        #expect(fixture.node.fetching?.index == LogIndex(50))
        #expect(fixture.node.counters.snapshotsRefused == 0)
    }

    @Test("who falls silent, or sends a piece now and then, is given up") func slow() throws {
        var fixture = Self.behind(0..<2, lacking: 2)
        let place = try Self.asked(fixture.run(.seconds(9)), fixture)
        fixture.receive(.snapshotPart(Self.part(0)), from: place)
        fixture.step(.snapshotTaken(number: 0))
        let next = try Self.asked(fixture.run(.seconds(15)), fixture)
        #expect(next != place)
        // In time each, but no more than a few bytes a second.
        var number: UInt64 = 0
        while fixture.node.fetching != nil, number < 100 {
            fixture.receive(.snapshotPart(Self.part(number, byteCount: 1 << 20)), from: next)
            fixture.step(.snapshotTaken(number: number))
            number += 1
            fixture.run(.seconds(4))
        }
        #expect(number < 5)
    }

    @Test("a link that closes ends it, and another is asked") func closes() throws {
        var fixture = Self.behind(0..<2, lacking: 2)
        let place = try Self.asked(fixture.run(.seconds(9)), fixture)
        fixture.step(.linkClosed(fixture.neighbours[place]))
        #expect(fixture.node.fetching == nil)
        #expect(try Self.asked(fixture.run(.seconds(9)), fixture) == 1 - place)
    }

    private static func reads(_ effects: [GossipNode.Effect]) -> Int {
        effects.count { if case .readSnapshot = $0 { true } else { false } }
    }

    @Test("a neighbour is sent a piece at a time, and few are") func serving() {
        var fixture = Fixture()
        fixture.step(.logAdvanced(head(50), records: entries(41...50)))
        let limit = fixture.node.options.servedLimit
        for place in 0...limit {
            let effects = fixture.receive(.snapshotPull(at: LogIndex(10), number: 0), from: place)
            #expect(Self.reads(effects) == (place < limit ? 1 : 0))
            let refused = effects.receivers(of: .snapshotUnavailable(at: LogIndex(10)))
            #expect(refused == (place < limit ? [] : [fixture.neighbours[place]]))
        }
        // Asked again while it is read.
        #expect(fixture.receive(.snapshotPull(at: LogIndex(10), number: 0), from: 0).isEmpty)
        let sent = fixture.step(.snapshotRead(for: fixture.neighbours[0], Self.part(0)))
        #expect(sent.receivers(of: .snapshotPart(Self.part(0))) == [fixture.neighbours[0]])
        let next = fixture.receive(.snapshotPull(at: LogIndex(50), number: 1), from: 0)
        #expect(next == [.readSnapshot(for: fixture.neighbours[0], at: LogIndex(50), number: 1)])
        let last = fixture.step(.snapshotRead(for: fixture.neighbours[0], Self.part(1, isLast: true)))
        #expect(last.last == .closeSnapshot(for: fixture.neighbours[0]))
        // There is room for the other now, and not for the same so soon.
        #expect(Self.reads(fixture.receive(.snapshotPull(at: LogIndex(10), number: 0), from: 0)) == 0)
        #expect(Self.reads(fixture.receive(.snapshotPull(at: LogIndex(10), number: 0), from: limit)) == 1)
        // One that was never opened, or of another index.
        #expect(Self.reads(fixture.receive(.snapshotPull(at: LogIndex(50), number: 1), from: limit + 1)) == 0)
        _ = fixture.step(.snapshotRead(for: fixture.neighbours[1], nil))
        #expect(Self.reads(fixture.receive(.snapshotPull(at: LogIndex(49), number: 1), from: 1)) == 0)
    }

    @Test("who asks no more is let go, and so is who asks for ever") func letGo() {
        var fixture = Fixture()
        fixture.step(.logAdvanced(head(50), records: entries(41...50)))
        for place in 0..<2 {
            fixture.receive(.snapshotPull(at: LogIndex(10), number: 0), from: place)
            fixture.step(.snapshotRead(for: fixture.neighbours[place], Self.part(0)))
        }
        var number: UInt64 = 1
        var closed: [MemberID: UInt64] = [:]
        for second in 0..<4000 as Range<UInt64> where closed.count < 2 {
            var effects = fixture.run(.seconds(1))
            effects += fixture.receive(.snapshotPull(at: LogIndex(50), number: number), from: 1)
            if Self.reads(effects) == 1 {
                effects += fixture.step(.snapshotRead(for: fixture.neighbours[1], Self.part(number)))
                number += 1
            }
            for case .closeSnapshot(let neighbour) in effects { closed[neighbour] = second }
        }
        #expect((9...12).contains(closed[fixture.neighbours[0]] ?? 0))
        #expect((3598...3602).contains(closed[fixture.neighbours[1]] ?? 0))
    }
}
