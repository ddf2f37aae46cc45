import Directory
import Identity
import Kernel
import Replica
import Testing

/// The id of a statement does not cover its signature, so that anybody can bring a true one under a signature that is not.
@Suite("Statements under another signature") struct StatementSignatureTests {
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
