import Consensus
import Kernel
import Testing

@Suite("Linearizable reads") struct ReadTests {
    @Test("the only voter answers at once") func single() {
        var group = Group(1)
        group.elect()
        group.read(at: 0)
        #expect(group.readsReady == 1)
    }

    @Test("who knows no leader refuses") func noLeader() {
        var group = Group(3)
        group.read(at: 1)
        #expect(group.members[1].readRefusals == [.noLeader])
    }

    @Test("an acknowledgement of an earlier round confirms nothing") func earlierRound() {
        var group = Group(3)
        group.elect()
        let term = group.members[0].raft.term.number
        group.read(at: 0)
        let round = group.members[0].raft.round
        group.mail = []
        group.receive(from: 1, to: 0, term: term, .heartbeatAcknowledged(round: round - 1))
        #expect(group.readsReady == 0)
        group.receive(from: 1, to: 0, term: term, .heartbeatAcknowledged(round: round))
        #expect(group.readsReady == 1)
    }

    @Test("a leader that was deposed without knowing answers no read") func deposed() {
        var group = Group(3)
        group.elect()
        group.pass(.milliseconds(400), except: group.isCut([0]))
        group.read(at: 0)
        group.pass(.seconds(3), except: group.isCut([0]))
        #expect(group.readsReady == 0)
        #expect(group.members[0].readRefusals.count == 1)
        #expect(group.openReads.isEmpty)
        #expect(group.leader() != 0)
    }

    @Test("what waits is refused when the leadership is lost") func lost() {
        var group = Group(3)
        group.elect()
        group.read(at: 0)
        group.read(at: 1)
        group.deliver(group.mail.count - 1)
        group.receive(from: 2, to: 0, term: 9, .voteResponse(granted: false))
        #expect(group.members[0].readRefusals == [.leadershipLost])
        group.settle()
        #expect(group.openReads.isEmpty)
        #expect(group.members[1].readRefusals == [.leadershipLost])
    }

    @Test("what waits is bounded") func bounded() {
        var options = RaftOptions()
        options.maxWaitingReads = 3
        var group = Group(3, options: options)
        group.elect()
        for _ in 0..<4 { group.read(at: 0) }
        for _ in 0..<4 { group.read(at: 1) }
        #expect(group.members[0].readRefusals == [.overloaded(waiting: 3)])
        #expect(group.members[1].readRefusals == [.overloaded(waiting: 3)])
        group.settle()
        #expect(group.openReads.isEmpty)
    }

    @Test("an answer that nobody waits for is ignored") func unknownContext() {
        var group = Group(3)
        group.elect()
        let term = group.members[0].raft.term.number
        group.read(at: 1)
        let asked = group.bodies.compactMap { if case .readIndexRequest(let context) = $0 { context } else { nil } }
        let index = LogIndex(1)
        for context in asked {
            group.receive(from: 0, to: 1, term: term, .readIndexResponse(context: context &+ 1, index: index))
            group.receive(from: 2, to: 1, term: term, .readIndexResponse(context: context, index: index))
        }
        #expect(asked.count == 1)
        #expect(group.readsReady == 0)
    }

    @Test("a restarted member never asks in an old context", arguments: 0..<20 as Range<UInt64>) func contexts(
        seed: UInt64
    ) {
        var group = Group(3)
        group.elect()
        var seen: Set<UInt64> = []
        for _ in 0..<5 {
            group.pass(.milliseconds(60 + seed))
            for _ in 0..<5 { group.read(at: 1) }
            for case .readIndexRequest(let context) in group.bodies {
                #expect(seen.insert(context).inserted)
            }
            group.mail = []
            group.crash(1)
        }
        #expect(seen.count == 25)
    }
}
