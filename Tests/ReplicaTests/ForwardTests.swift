import Consensus
import Decision
import Directory
import Kernel
import Replica
import Testing

@Suite("Forwarded commands") struct ForwardTests {
    private func leader() -> Voter {
        var voter = Voter()
        voter.campaign()
        #expect(voter.node.role == .leader)
        return voter
    }

    @Test("stand in the log once, however often they are sent again while nothing commits") func repeated() {
        var leader = leader()
        let (one, two) = (leader.command("one"), leader.command("two"))
        for _ in 0..<3 {
            leader.hear(.forward(RequestID(1), command: one))
            leader.hear(.forward(RequestID(2), command: two))
        }
        #expect(leader.written == [one, two])
        #expect(leader.node.counters.repeatedForwards == 4)
        #expect(leader.refusedForwards.isEmpty)
    }

    @Test("are kept in mind until they are applied, no longer") func applied() {
        var leader = leader()
        let command = leader.command("one")
        leader.hear(.forward(RequestID(1), command: command))
        leader.commit()
        leader.hear(.forward(RequestID(1), command: command))
        #expect(leader.written == [command, command])
    }

    @Test("are taken anew in another term, whose log may lack them") func newTerm() {
        var leader = leader()
        let command = leader.command("one")
        leader.hear(.forward(RequestID(1), command: command))
        leader.hear(.heartbeat(commitIndex: LogIndex(1), round: 1), in: leader.node.term.next, from: Voter.members[2])
        #expect(leader.node.role == .follower)
        leader.campaign()
        #expect(leader.node.role == .leader)
        leader.hear(.forward(RequestID(1), command: command))
        #expect(leader.written == [command, command])
    }

    @Test("are not refused by a leader of before that has taken them, by which they may come to be committed")
    func secondCopy() {
        var leader = leader()
        let (one, two) = (leader.command("one"), leader.command("two"))
        leader.hear(.forward(RequestID(1), command: one))
        leader.hear(.heartbeat(commitIndex: LogIndex(1), round: 1), in: leader.node.term.next, from: Voter.members[2])
        #expect(leader.node.role == .follower)
        leader.hear(.forward(RequestID(1), command: one))
        #expect(leader.refusedForwards.isEmpty)
        leader.hear(.forward(RequestID(2), command: two))
        #expect(leader.refusedForwards == [.notLeader])
    }

    @Test("are refused while the leader's disk is full, unless they stand in its log") func full() {
        var leader = leader()
        let (one, two) = (leader.command("one"), leader.command("two"))
        leader.hear(.forward(RequestID(1), command: one))
        leader.step(.storage(isFull: true))
        leader.hear(.forward(RequestID(1), command: one))
        leader.hear(.forward(RequestID(2), command: two))
        #expect(leader.refusedForwards == [.storageFull])
    }

    @Test("and a leader's own are refused at once while its disk is full") func ownWhenFull() {
        var leader = leader()
        leader.step(.storage(isFull: true))
        let command = leader.command("one", authenticatedBy: Voter.members[0])
        let deadline = leader.now.monotonic.advanced(by: .seconds(10))
        leader.step(.submit([.init(id: RequestID(1), command: command, level: .first, deadline: deadline)]))
        #expect(leader.replies == [.refused(.storageFull)])
    }

    @Test("must be vouched for by their sender") func voucher() {
        var leader = leader()
        leader.hear(.forward(RequestID(1), command: leader.command("one", authenticatedBy: Voter.members[2])))
        leader.hear(.forward(RequestID(2), command: [1, 2, 3]))
        #expect(leader.written.isEmpty)
        #expect(leader.node.counters.undecodableForwards == 2)
    }
}

@Suite("A leader's proofs of freshness") struct ProofTests {
    @Test("date from the round that a quorum acknowledged") func proof() {
        var leader = Voter()
        leader.campaign()
        leader.commit()
        leader.beat()
        let began = leader.now
        leader.beat()
        #expect(leader.proofs.last?.provenAt == began.wall)
        #expect(leader.node.freshness?.provenAt == leader.now.wall)
    }

    @Test("are not given while no quorum's clocks agree with its own", arguments: [501, 100_000] as [UInt64])
    func unconfirmed(milliseconds: UInt64) {
        var leader = Voter()
        leader.othersAreAhead = .milliseconds(milliseconds)
        leader.campaign()
        leader.commit()
        for _ in 0..<20 { leader.beat() }
        #expect(leader.node.role == .leader)
        #expect(leader.proofs.isEmpty)
        #expect(leader.node.freshness == nil)
        leader.othersAreAhead = .zero
        leader.beat()
        // The round that was acknowledged just now began when the clocks did not agree.
        #expect(leader.node.freshness == nil)
        leader.beat()
        #expect(leader.node.freshness?.provenAt == leader.now.wall)
    }

    @Test("do not cover a round that began before the leader knew what is committed") func uncommitted() {
        var leader = Voter()
        leader.campaign()
        leader.beat()
        leader.advance(.milliseconds(20))
        leader.commit()
        #expect(leader.node.freshness == nil)
        leader.beat()
        #expect(leader.node.freshness?.provenAt == leader.now.wall)
    }
}
