import Kernel
import Sealing
import Testing

@Suite("Signatures of a seal") struct VerificationTests {
    private let statement = Made.statement(Made.point(5), at: 1000)

    private func verify(_ signatures: [SealSignature], by voters: VoterSet = Made.voters([1, 2, 3]))
        throws(SignatureFlaw)
    {
        try voters.verify(signatures, of: statement.signedBytes, KeyedHash())
    }

    private func signed(_ members: UInt64...) -> [SealSignature] { members.map { Made.signature(statement, by: $0) } }

    @Test("a quorum is enough, all are too") func enough() throws {
        try verify(signed(1, 3))
        try verify(signed(1, 2, 3))
        try verify(signed(1, 3, 5), by: Made.voters([1, 2, 3], outgoing: [3, 4, 5]))
    }

    @Test("each way to be none of a quorum is named") func flaws() {
        let three = Made.voters([1, 2, 3])
        expect(.noQuorum(missing: 1, missingOutgoing: 0), signed(2))
        expect(.noQuorum(missing: 2, missingOutgoing: 0), [])
        expect(
            .noQuorum(missing: 0, missingOutgoing: 1),
            signed(1, 2, 4),
            Made.voters([1, 2, 3], outgoing: [3, 4, 5])
        )
        expect(.tooMany(count: 4, limit: 3), signed(1, 2, 3, 4), three)
        expect(.notAVoter(MemberID(4)), signed(1, 2, 4), three)
        expect(.duplicate(MemberID(1)), signed(1, 1, 2), three)
        expect(.unsorted(MemberID(1)), signed(2, 1), three)
        let short = SealSignature(member: MemberID(2), bytes: [1, 2, 3])
        expect(.malformed(MemberID(2), byteCount: 3), signed(1) + [short], three)
        let other = Made.signature(Made.statement(Made.point(6), at: 1000), by: 2)
        expect(.invalid(MemberID(2)), signed(1) + [other], three)
        let borrowed = SealSignature(member: MemberID(2), bytes: signed(3)[0].bytes)
        expect(.invalid(MemberID(2)), signed(1) + [borrowed], three)
    }

    private func expect(
        _ flaw: SignatureFlaw,
        _ signatures: [SealSignature],
        _ voters: VoterSet = Made.voters([1, 2, 3]),
        at location: SourceLocation = #_sourceLocation
    ) {
        #expect(throws: flaw, sourceLocation: location) { try verify(signatures, by: voters) }
    }

    @Test("no more signatures are checked than a quorum takes, and none where the form is wrong")
    func work() throws {
        let verifier = CountingVerifier()
        let bytes = statement.signedBytes
        let seven = Made.voters([1, 2, 3, 4, 5, 6, 7])
        try seven.verify(signed(1, 2, 3, 4, 5, 6, 7), of: bytes, verifier)
        #expect(verifier.count == 4)

        // 1 and 2 are incoming, 3 is both, 4 and 5 are outgoing: 1 and 2 do for the first half, so 3 is checked for the other.
        let joint = CountingVerifier()
        try Made.voters([1, 2, 3], outgoing: [3, 4, 5]).verify(signed(1, 2, 3, 4, 5), of: bytes, joint)
        #expect(joint.count == 4)

        let refused = CountingVerifier()
        for signatures in [signed(1, 2, 3, 4, 5, 6, 8), signed(1, 2, 3), signed(4, 3, 2, 1), signed(1, 1, 2, 3)] {
            #expect(throws: SignatureFlaw.self) { try seven.verify(signatures, of: bytes, refused) }
        }
        #expect(refused.count == 0)
    }

    @Test("every part of a statement is in what is signed") func parts() {
        let point = Made.point(5)
        let base = Made.statement(point, at: 1)
        let others = [
            Made.statement(point, at: 2), Made.statement(point, at: 1, lineage: Lineage(high: 7, low: 8)),
            Made.statement(Made.point(6, root: "root"), at: 1), Made.statement(Made.point(5, term: 4), at: 1),
            Made.statement(Made.point(5, root: "other"), at: 1), Made.statement(Made.point(5, head: "other"), at: 1),
            Made.statement(Made.point(5, Made.voters([1, 2])), at: 1),
        ]
        #expect(Set(([base] + others).map(\.id)).count == 8)
        #expect(Set(([base] + others).map(\.signedBytes.count)).count == 1)
        #expect(base.signedBytes.starts(with: Array("reeve seal 1\0".utf8)))
    }
}
