import Consensus
import Directory
import Kernel
import Replica
import Testing
import Wire

/// One message of a peer that does not keep to the rules, be it by malice or by a bug of its own.
@Suite("Dishonest peers") struct DishonestPeerTests {
    @Test("a command that no node could apply does not enter the log") func tooNew() {
        var leader = Voter()
        leader.campaign()
        #expect(leader.node.role == .leader)
        let command = leader.codec.encode(
            Command(
                featureLevel: FeatureLevel(FeatureLevel.supported.number + 1),
                caller: .node(Voter.other),
                authenticatedBy: Voter.other,
                idempotencyKey: "too new",
                notAfter: leader.now.wall.advanced(by: .seconds(60)),
                body: .put(.role(RoleSpec(name: "reader")), .none)
            )
        )
        leader.hear(.forward(RequestID(1), command: command))
        #expect(leader.written.isEmpty)
        #expect(leader.node.counters.undecodableForwards == 1)
    }

    @Test("a refusal counts from the leader that was asked, and from nobody else") func refusal() {
        var voter = Voter()
        voter.hear(.heartbeat(commitIndex: LogIndex(1), round: 1), in: voter.node.term.next)
        #expect(voter.node.leader == Voter.other)
        let deadline = voter.now.monotonic.advanced(by: .seconds(10))
        let command = voter.command("one", authenticatedBy: Voter.members[0])
        voter.step(.submit([.init(id: RequestID(1), command: command, level: .first, deadline: deadline)]))
        voter.hear(.forwardRefused(RequestID(1), .overloaded), from: Voter.members[2])
        #expect(voter.replies.isEmpty)
        voter.hear(.forwardRefused(RequestID(1), .overloaded), from: Voter.other)
        #expect(voter.replies.count == 1)
    }
}
