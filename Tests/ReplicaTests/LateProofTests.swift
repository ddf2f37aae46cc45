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
        let freshness = try #require(voter.node.freshness)
        let latest = freshness.interval(at: voter.now.monotonic, rules: ClockRules()).latest
        guard milliseconds > 500 else {
            #expect(latest >= voter.now.wall)
            return
        }
        withKnownIssue("the time on the way is not counted, so a grant that ended meanwhile still counts") {
            #expect(latest >= voter.now.wall)
        }
    }
}
