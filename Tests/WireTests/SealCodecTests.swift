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

    @Test("what was kept before checkpoints were has none, and what is no checkpoint is an error")
    func checkpoints() throws {
        let memory = SealMemory(voters: SealSamples.voters([1, 2]), checkpoint: SealSamples.checkpoint)
        let older = SealCodec.encode(SealMemory(voters: memory.voters))
        #expect(try SealCodec.decodeMemory(older).checkpoint == nil)
        #expect(try SealCodec.decodeMemory(older + Self.checkpointField(memory)) == memory)
        for count in [0, 1, 40] {
            let bytes = Array(SealSamples.checkpoint.bytes.prefix(count))
            #expect(throws: WireError.self) { try SealCodec.decodeMemory(older + [0x22, UInt8(count)] + bytes) }
        }
    }

    /// What a member with a checkpoint keeps beyond its voters.
    private static func checkpointField(_ memory: SealMemory) -> [UInt8] {
        SealCodec.encode(SealMemory(checkpoint: memory.checkpoint))
    }

    @Test("what is cut short is another thing or an error, and what is longer than it may be is an error")
    func damaged() throws {
        let mark = SealMark(SealSamples.statement)
        let bytes = SealCodec.encode(mark)
        for count in bytes.indices {
            #expect((try? SealCodec.decodeMark(Array(bytes.prefix(count)))) != mark)
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
