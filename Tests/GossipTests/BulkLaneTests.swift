import Gossip
import Kernel
import Testing

@Suite("Bulk lane") struct BulkLaneTests {
    static func advance(_ fixture: inout Fixture, to last: UInt64, from first: UInt64) -> [GossipNode.Effect] {
        fixture.step(.logAdvanced(head(last), records: entries(first...last)))
    }

    @Test("entries go to six within 20 ms, together, and word of them to the rest")
    func spreads() {
        var fixture = Fixture()
        #expect(Self.advance(&fixture, to: 2, from: 1).isEmpty)
        #expect(fixture.run(.milliseconds(5)).receivers(of: .entries(entries(1...2))).isEmpty)
        #expect(Self.advance(&fixture, to: 3, from: 3).isEmpty)
        let effects = fixture.run(.milliseconds(15))
        let few = effects.receivers(of: .entries(entries(1...3)))
        #expect(few.count == 6)
        #expect(effects.receivers(of: .announcement(head(3))) == fixture.neighbours.filter { !few.contains($0) })
    }

    @Test("the six are drawn anew, and those that have the entries are left out")
    func eager() {
        var fixture = Fixture()
        for neighbour in fixture.neighbours { fixture.receive(.announcement(head(3)), from: neighbour) }
        _ = Self.advance(&fixture, to: 3, from: 1)
        let quiet = fixture.run(.milliseconds(20)).receivers(of: .announcement(head(3)))
        #expect(quiet.isEmpty)
        var drawn: Set<[MemberID]> = []
        for index in 4...10 as ClosedRange<UInt64> {
            _ = Self.advance(&fixture, to: index, from: index)
            drawn.insert(fixture.run(.seconds(2)).receivers(of: .entries(entries(index...index))))
        }
        #expect(drawn.count > 3)
        #expect(drawn.allSatisfy { $0.count == 6 })
    }

    @Test("what is announced and does not come is asked for; what comes is not")
    func pulls() {
        var fixture = Fixture()
        fixture.receive(.announcement(head(2)), from: 0)
        #expect(fixture.run(.milliseconds(90)).pulls().isEmpty)
        let pulls = fixture.run(.milliseconds(120)).pulls()
        #expect(pulls.map(\.after) == [.zero] && pulls.map(\.from) == [fixture.neighbours[0]])

        var other = Fixture()
        other.receive(.announcement(head(2)), from: 0)
        #expect(other.receive(.entries(entries(1...2)), from: 1).offered == [entries(1...2)])
        #expect(other.run(.milliseconds(900)).pulls().isEmpty)
    }

    @Test("askings go to one after the other, ever more seldom, and end")
    func patience() {
        var options = GossipOptions()
        // Else it starts anew with each comparison.
        options.antiEntropyInterval = .seconds(1000)
        var fixture = Fixture(options: options)
        for place in 0..<3 { fixture.receive(.announcement(head(2)), from: place) }
        let pulls = fixture.run(.seconds(100)).pulls()
        #expect(pulls.count == fixture.node.options.pullAttempts)
        #expect(zip(pulls, pulls.dropFirst()).allSatisfy { $0.from != $1.from })
    }

    @Test("nothing is offered over a gap, twice or backwards")
    func gaps() {
        var fixture = Fixture()
        #expect(fixture.receive(.entries(entries(3...4)), from: 0).offered.isEmpty)
        #expect(fixture.run(.milliseconds(200)).pulls().map(\.after) == [.zero])
        #expect(fixture.receive(.entries(entries(1...2)), from: 0).offered == [entries(1...2)])
        #expect(fixture.receive(.entries(entries(1...4)), from: 1).offered == [entries(3...4)])
        #expect(fixture.receive(.entries(entries(2...4)), from: 2).offered.isEmpty)
        #expect(Self.advance(&fixture, to: 4, from: 1).isEmpty)
        #expect(fixture.receive(.entries(entries(1...4)), from: 3).offered.isEmpty)
        #expect(fixture.node.counters.entriesRepeated == 9)
    }

    @Test("who is far behind goes on at once while nothing is proved yet, within a bound")
    func catchingUp() {
        var options = GossipOptions()
        options.offerByteLimit = 50 * 20
        var fixture = Fixture(options: options)
        fixture.receive(.announcement(head(1000)), from: 0)
        var effects = fixture.run(.milliseconds(200))
        for first in stride(from: 1 as UInt64, to: 50, by: 10) {
            #expect(effects.pulls().map(\.after) == [LogIndex(first - 1)])
            let taken = fixture.receive(.entries(entries(first...first + 9)), from: 0)
            #expect(taken.offered == [entries(first...first + 9)])
            effects = fixture.run(.milliseconds(1))
        }
        #expect(fixture.receive(.entries(entries(51...60)), from: 0).offered.isEmpty)
        #expect(fixture.node.counters.entriesUnkept == 10)
        // Once a seal has come, there is room again.
        _ = Self.advance(&fixture, to: 50, from: 1)
        #expect(fixture.receive(.entries(entries(51...60)), from: 0).offered == [entries(51...60)])
    }

    @Test("what is not the log's is asked of another, and who offered it is not listened to, longer each time")
    func distrust() {
        var fixture = Fixture()
        fixture.receive(.announcement(head(2)), from: 1)
        for round in 0..<3 as Range<UInt64> {
            #expect(fixture.receive(.entries(entries(1...2)), from: 0).offered.count == 1)
            let pulls = fixture.step(.logRefused(from: fixture.neighbours[0])).pulls()
            #expect(pulls.map(\.from) == [fixture.neighbours[1]])
            fixture.receive(.announcement(head(2)), from: 0)
            #expect(fixture.run(.seconds(1)).pulls().allSatisfy { $0.from == fixture.neighbours[1] })
            fixture.run(.seconds(10 << round - 2))
            #expect(fixture.receive(.entries(entries(1...2)), from: 0).offered.isEmpty)
            fixture.run(.seconds(2))
            fixture.receive(.announcement(head(2)), from: 1)
        }
        #expect(fixture.receive(.entries(entries(1...2)), from: 1).offered.count == 1)
    }

    @Test("what no seal proves in time is let go, and taken from others")
    func unproved() {
        var fixture = Fixture()
        #expect(fixture.receive(.entries(entries(1...9)), from: 0).offered.count == 1)
        #expect(fixture.receive(.entries(entries(1...2)), from: 1).offered.isEmpty)
        fixture.run(.seconds(3))
        #expect(fixture.receive(.entries(entries(1...2)), from: 1).offered == [entries(1...2)])
    }

    @Test("askings are answered from memory, else by the shell, one at a time")
    func answers() {
        var fixture = Fixture()
        let neighbour = fixture.neighbours[0]
        fixture.step(.logAdvanced(head(20), records: entries(11...20)))
        #expect(
            fixture.receive(.pull(after: LogIndex(15)), from: 0) == [.send(.entries(entries(16...20)), to: [neighbour])]
        )
        #expect(fixture.receive(.pull(after: LogIndex(20)), from: 0).isEmpty)
        let limit = fixture.node.options.entriesByteLimit
        let reading = GossipNode.Effect.readLog(for: neighbour, after: LogIndex(3), maxBytes: limit)
        #expect(fixture.receive(.pull(after: LogIndex(3)), from: 0) == [reading])
        #expect(fixture.receive(.pull(after: LogIndex(3)), from: 0).isEmpty)
        let read = fixture.step(.logRead(for: neighbour, after: LogIndex(3), entries(4...5)))
        #expect(read == [.send(.entries(entries(4...5)), to: [neighbour])])
        fixture.receive(.pull(after: LogIndex(0)), from: 0)
        let gone = fixture.step(.logRead(for: neighbour, after: .zero, []))
        #expect(gone == [.send(.unavailable(after: .zero), to: [neighbour])])
        #expect(fixture.step(.logRead(for: neighbour, after: .zero, entries(1...2))).isEmpty)
    }

    @Test("a neighbour that asks as fast as it can is answered within its budget")
    func pullFlood() {
        var fixture = Fixture()
        fixture.step(.logAdvanced(head(200), records: entries(1...200, byteCount: 1000)))
        var bytes = 0
        for _ in 0..<10_000 {
            let sent = fixture.receive(.pull(after: .zero), from: 0).sent(to: fixture.neighbours[0])
            bytes += sent.reduce(0) { $0 + $1.byteCount }
        }
        #expect(bytes <= fixture.node.options.outgoing.burst)
        #expect(fixture.node.counters.notSent == 0)
    }

    @Test("who has nothing any more is left, and another asked")
    func unavailable() {
        var fixture = Fixture()
        fixture.receive(.announcement(head(2)), from: 0)
        fixture.receive(.announcement(head(2)), from: 1)
        let asked = fixture.run(.milliseconds(250)).pulls().map(\.from)
        #expect(asked.count == 1)
        let next = fixture.receive(.unavailable(after: .zero), from: asked[0]).pulls().map(\.from)
        #expect(Set(asked + next) == Set(fixture.neighbours[0...1]))
    }

    @Test("a neighbour with another log is reported once")
    func forks() {
        var fixture = Fixture()
        _ = Self.advance(&fixture, to: 2, from: 1)
        let other = AntiEntropyTests.question(head: head(2, 99))
        func notes(_ effects: [GossipNode.Effect]) -> Int {
            effects.count { if case .note = $0 { true } else { false } }
        }
        #expect(notes(fixture.receive(other, from: 0)) == 1)
        fixture.run(.seconds(1))
        #expect(notes(fixture.receive(other, from: 0)) == 0)
        #expect(notes(fixture.receive(AntiEntropyTests.question(head: head(2)), from: 1)) == 0)
        #expect(fixture.node.counters.forks == 2)
    }
}
