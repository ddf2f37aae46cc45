import Kernel
import Replica
import Sealing
import Testing
import Wire

@Suite("SealCodec") struct SealCodecTests {
    @Test("what a member keeps comes back equal") func roundTrip() throws {
        let mark = SealMark(SealSamples.statement)
        #expect(try SealCodec.decodeMark(SealCodec.encode(mark)) == mark)
        for memory in SealSamples.memories {
            #expect(try SealCodec.decodeMemory(SealCodec.encode(memory)) == memory)
        }
    }

    @Test("what is cut short or longer than it may be is an error") func damaged() throws {
        let bytes = SealCodec.encode(SealMark(SealSamples.statement))
        for count in bytes.indices {
            #expect(throws: WireError.self) { try SealCodec.decodeMark(Array(bytes.prefix(count))) }
        }
        let key = Voter(member: MemberID(high: 1, low: 1), sealKey: [UInt8](repeating: 2, count: 33))
        let many = Seal(
            statement: SealSamples.statement,
            signatures: Array(
                repeating: SealSignature(member: key.member, bytes: []),
                count: VoterSet.maxVoters + 1
            )
        )
        let frame = PeerCodec.encode(.init(stamp: .distantPast, body: .sealed(many)))
        #expect(throws: WireError.self) { try PeerCodec.decode(frame) }
    }
}
