import Consensus
import Decision
import Kernel
import Replica
import Testing

/// A node whose state lags behind its log may have shown more before it started: decision 12.
@Suite("Serving after a restart") struct ServingAgainTests {
    @Test("waits for the log's end, whatever a proof of an older round says") func oldProof() {
        var voter = Voter(unapplied: 1)
        #expect(!voter.node.isServing)
        // Of before its clock: not to be dated by it.
        hearProof(of: .milliseconds(100), &voter)
        #expect(voter.node.freshness == nil)
        hearProof(of: .zero, &voter)
        #expect(voter.node.freshness != nil)
        #expect(!voter.node.isServing)
        // It may have been on the way since before the process.
        voter.advance(.milliseconds(900))
        hearProof(of: .zero, &voter)
        #expect(!voter.node.isServing)
        voter.advance(.milliseconds(500))
        hearProof(of: .milliseconds(100), &voter)
        #expect(voter.node.isServing)
    }

    @Test("and does not wait where there is nothing more") func complete() {
        #expect(Voter().node.isServing)
    }

    /// Of a round that began so long ago, in which the leader knew what the state reflects to be committed.
    private func hearProof(of age: Span, _ voter: inout Voter) {
        let provenAt = WallTime(milliseconds: voter.now.wall.milliseconds - age.milliseconds)
        let message = Message(
            lineage: Voter.lineage,
            from: Voter.other,
            to: voter.node.member,
            term: Term(2),
            body: .heartbeat(commitIndex: LogIndex(1), round: 1)
        )
        let proof = FreshnessProof(provenAt: provenAt, age: age, commitIndex: LogIndex(1))
        voter.step(.receive(PeerMessage(stamp: voter.now.wall, body: .raft(message, proof: proof)), from: Voter.other))
    }
}
