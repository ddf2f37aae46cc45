import Directory
import Identity
import Kernel
import Replica
import Testing

/// What seeds of the simulator have shown.
@Suite("Statements that are hard to pass on") struct StatementEdgeTests {
    @Test("a leader that may write nothing does not wake without end for what it has to write")
    func fullStorage() throws {
        let signed = try statement(signature: 1)
        var leader = Voter()
        leader.campaign()
        leader.step(.storage(isFull: true))
        leader.step(.make(RequestID(1), signed, deadline: leader.now.monotonic.advanced(by: .seconds(10))))
        leader.step(.judged([(signed, .fresh)]))
        leader.step(.enforced([signed.id]))
        #expect(leader.replies.last == .inForce(signed.id))
        let wake = try #require(leader.node.nextWake)
        #expect(wake > leader.now.monotonic)
        let written = leader.written.count
        leader.step(.storage(isFull: false))
        for _ in 0..<12 { leader.beat() }
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
