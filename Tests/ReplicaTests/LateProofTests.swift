import Consensus
import Decision
import Kernel
import Replica
import Testing

/// A link that delivers everything, and everything late, as a long queue does.
@Suite("Proofs of freshness that come late") struct LateProofTests {
    @Test("do not make the present earlier than it is", arguments: [0, 400, 10_000] as [UInt64])
    func late(milliseconds: UInt64) throws {
        var voter = Voter()
        let proof = FreshnessProof(provenAt: voter.now.wall, age: .zero, commitIndex: LogIndex(1))
        let stamp = voter.now.wall
        voter.advance(.milliseconds(milliseconds))
        let message = Message(
            lineage: Voter.lineage,
            from: Voter.other,
            to: voter.node.member,
            term: voter.node.term.next,
            body: .heartbeat(commitIndex: LogIndex(1), round: 1)
        )
        voter.step(.receive(PeerMessage(stamp: stamp, body: .raft(message, proof: proof)), from: Voter.other))
        guard milliseconds <= ClockRules().maxClockError.milliseconds else {
            #expect(voter.node.freshness == nil)
            #expect(voter.node.counters.lateProofs == 1)
            return
        }
        let freshness = try #require(voter.node.freshness)
        #expect(freshness.interval(at: voter.now.monotonic, rules: ClockRules()).latest >= voter.now.wall)
    }
}
