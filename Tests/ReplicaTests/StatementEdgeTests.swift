import Directory
import Identity
import Kernel
import Replica
import Testing

/// The id of a statement does not cover its signature, so that anybody can bring a true one under another; and a leader may be
/// unable to write.
@Suite("Statements that are hard to take") struct StatementEdgeTests {
    @Test("the verdict on a forged signature is not told to whom brought the true one") func slander() throws {
        let (signed, forged) = (try statement(signature: 1), try statement(signature: 2))
        #expect(signed.id == forged.id)
        var voter = Voter()
        let deadline = voter.now.monotonic.advanced(by: .seconds(10))
        voter.hear(.statements([forged]))
        voter.step(.make(RequestID(1), signed, deadline: deadline))
        #expect(voter.replies == [.refused(.overloaded)], "to be tried again")
        voter.step(.judged([(forged, .unacceptable(.badSignature))]))
        #expect(voter.replies.count == 1)
        voter.step(.make(RequestID(2), signed, deadline: deadline))
        voter.step(.judged([(signed, .acceptable)]))
        voter.step(.enforced([signed.id]))
        #expect(voter.replies.last == .inForce(signed.id))
    }

    @Test("a leader that may write nothing does not wake without end for what it has to write")
    func fullStorage() throws {
        let signed = try statement(signature: 1)
        var leader = Voter()
        leader.campaign()
        leader.step(.storage(isFull: true))
        leader.step(.make(RequestID(1), signed, deadline: leader.now.monotonic.advanced(by: .seconds(10))))
        leader.step(.judged([(signed, .acceptable)]))
        leader.step(.enforced([signed.id]))
        #expect(leader.replies.last == .inForce(signed.id))
        let wake = try #require(leader.node.nextWake)
        #expect(wake > leader.now.monotonic)
        let written = leader.written.count
        leader.step(.storage(isFull: false))
        leader.advance(.seconds(1))
        leader.step(.wake)
        #expect(leader.written.count == written + 1)
    }

    private func statement(signature: UInt8) throws -> SignedStatement {
        let statement = Statement(
            lineage: Voter.lineage,
            warrant: "w",
            sequence: 1,
            kind: .quarantine,
            subject: .principal(try #require(PrincipalID(parsing: "agent/bot"))),
            reason: "odd",
            issuedAt: WallTime(milliseconds: 1)
        )
        return SignedStatement(
            statement,
            signature: [UInt8](repeating: signature, count: SignedStatement.signatureByteCount)
        )
    }
}
