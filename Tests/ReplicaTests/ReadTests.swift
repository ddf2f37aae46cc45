import Consensus
import Kernel
import Replica
import Testing

@Suite("Linearizable reads") struct ReadTests {
    private let deadline = Span.seconds(10)

    private func leader() -> Voter {
        var voter = Voter()
        voter.campaign()
        voter.commit()
        return voter
    }

    private func follower() -> Voter {
        var voter = Voter()
        voter.hear(.heartbeat(commitIndex: LogIndex(1), round: 1), in: Term(2))
        return voter
    }

    private func ask(_ number: UInt64, of voter: inout Voter) {
        voter.step(.awaitCurrent(RequestID(number), deadline: voter.now.monotonic.advanced(by: deadline)))
    }

    @Test("are answered by a leader once a quorum has acknowledged a round that began after them") func leads() {
        var leader = leader()
        let earlier = leader.rounds.last ?? 0
        ask(1, of: &leader)
        #expect(leader.replies.isEmpty)
        leader.hear(.heartbeatAcknowledged(round: earlier))
        #expect(leader.replies.isEmpty, "that round began before")
        leader.hear(.heartbeatAcknowledged(round: earlier + 1))
        #expect(leader.replies == [.reached(leader.node.applied.position.index)])
    }

    @Test("that come while a question is under way share the next one") func shared() {
        var leader = leader()
        for number in 1...4 as ClosedRange<UInt64> { ask(number, of: &leader) }
        let first = leader.rounds.last ?? 0
        leader.hear(.heartbeatAcknowledged(round: first))
        #expect(leader.replies.count == 1, "the others may have been asked after its round began")
        leader.hear(.heartbeatAcknowledged(round: first + 1))
        #expect(leader.replies.count == 4)
    }

    @Test("wait on a follower until its state has what the leader had committed") func follows() throws {
        var follower = follower()
        ask(1, of: &follower)
        let context = try #require(follower.readContexts.last)
        follower.hear(.readIndexResponse(context: context, index: LogIndex(2)))
        #expect(follower.replies.isEmpty)
        follower.receiveEntry()
        follower.commit()
        #expect(follower.replies == [.reached(LogIndex(2))])
    }

    @Test("are asked again of the next leader") func newLeader() throws {
        var follower = follower()
        ask(1, of: &follower)
        let lost = try #require(follower.readContexts.last)
        follower.hear(.heartbeat(commitIndex: LogIndex(1), round: 1), in: Term(3), from: Voter.members[2])
        let context = try #require(follower.readContexts.last)
        #expect(context != lost)
        follower.hear(.readIndexResponse(context: lost, index: LogIndex(1)), from: Voter.members[2])
        #expect(follower.replies.isEmpty)
        follower.hear(.readIndexResponse(context: context, index: LogIndex(1)), from: Voter.members[2])
        #expect(follower.replies == [.reached(LogIndex(1))])
    }

    @Test("are refused at their deadline where nobody leads, and when too many wait") func refused() {
        var voter = Voter()
        ask(1, of: &voter)
        voter.advance(deadline)
        voter.step(.wake)
        #expect(voter.replies == [.refused(.noLeader)])
        for number in 2...UInt64(voter.node.options.maxPendingRequests) + 2 { ask(number, of: &voter) }
        #expect(voter.replies.last == .refused(.tooManyRequests(limit: voter.node.options.maxPendingRequests)))
    }
}
