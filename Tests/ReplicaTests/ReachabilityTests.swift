import Gossip
import Kernel
import Testing

@testable import Replica

@Suite("Who is reachable") struct ReachabilityTests {
    private static func member(_ number: Int) -> MemberID { SealingGroup.member(number) }

    private static func notes(_ group: SealingGroup, of node: Int) -> [Note] {
        group.effects.compactMap { number, effect in
            guard number == node, case .note(let note) = effect, note.message.contains("a node is") else { return nil }
            return note
        }
    }

    @Test("a node that nobody hears is suspected, then unreachable, and since when; then it is back")
    func comesAndGoes() throws {
        var group = SealingGroup(roots: Array(repeating: .zero, count: 5))
        group.run(.seconds(5))
        #expect(group.nodes.map(\.unreachedNodes) == Array(repeating: [], count: 5))
        let start = group.now.monotonic
        group.isolated = [4]
        for _ in 0..<500 where group.nodes[0].unreachedNodes == [] { group.run(.milliseconds(10)) }
        let suspected = try #require(group.nodes[0].unreachedNodes?.first)
        #expect(suspected.member == Self.member(4) && !suspected.isUnreachable)
        #expect(suspected.since >= start && suspected.since <= group.now.monotonic)
        group.run(.seconds(10))
        #expect(
            group.nodes[0].unreachedNodes
                == [UnreachedNode(member: Self.member(4), isUnreachable: true, since: suspected.since)]
        )
        #expect(group.nodes[0].isServing, "who is reachable says nothing of who may")
        group.isolated = []
        group.run(.seconds(5))
        #expect(group.nodes[0].unreachedNodes == [])
        let notes = Self.notes(group, of: 0)
        #expect(notes.map(\.level) == [.info, .warning, .info])
        #expect(notes.last?.fields.first { $0.name == "after_ms" } != nil)
    }

    @Test("nobody is kept who is of the overlay no more, or was reachable all the time") func bounded() {
        var nodes = UnreachedNodes()
        let times = (0..<4).map { Instant(microseconds: UInt64($0)) }
        nodes.note(Self.member(2), .suspected, at: times[1])
        nodes.note(Self.member(1), .suspected, at: times[2])
        nodes.note(Self.member(3), .reachable, at: times[2])
        nodes.note(Self.member(2), .unreachable, at: times[3])
        #expect(nodes.all.map(\.member) == [1, 2].map(Self.member))
        #expect(nodes.all.map(\.isUnreachable) == [false, true])
        #expect(nodes.all.map(\.since) == [times[2], times[1]])
        nodes.keep { $0 == Self.member(2) }
        #expect(nodes.all.map(\.member) == [Self.member(2)])
        #expect(nodes.note(Self.member(2), .reachable, at: times[3]) == times[1])
        #expect(nodes.all.isEmpty)
    }
}
