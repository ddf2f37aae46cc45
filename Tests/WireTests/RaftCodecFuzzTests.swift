import Consensus
import Kernel
import Testing
import Wire

@Suite("RaftCodec against damaged bytes") struct RaftCodecFuzzTests {
    @Test("what still decodes encodes to an equal value, the rest throws", arguments: [1, 2, 3, 4] as [UInt64])
    func damagedMessages(_ seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let frames = RaftSamples.messages.map { RaftCodec.encode($0) }
        var accepted = 0
        var refused = 0
        for round in 0..<40_000 {
            let bytes = mutated(frames[round % frames.count], &random)
            guard let message = try? RaftCodec.decodeMessage(bytes) else {
                refused += 1
                continue
            }
            accepted += 1
            let again = try RaftCodec.decodeMessage(RaftCodec.encode(message))
            #expect(again == message, "seed \(seed), round \(round)")
        }
        #expect(accepted > 1000 && refused > 1000, "seed \(seed): \(accepted) accepted, \(refused) refused")
    }

    @Test("damaged records of the stores", arguments: [5, 6] as [UInt64])
    func damagedRecords(_ seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let entry = RaftCodec.encode(RaftSamples.entries[2])
        let point = RaftCodec.encode(RaftSamples.point)
        let state = RaftCodec.encode(HardState(term: Term(3), vote: RaftSamples.members[0], commitIndex: LogIndex(2)))
        let pairs = StatePairs(pairs: [.init(key: [1], value: []), .init(key: [1, 0], value: [5])]).encoded()
        for _ in 0..<10_000 {
            if let value = try? RaftCodec.decodeEntry(mutated(entry, &random)) {
                #expect(try RaftCodec.decodeEntry(RaftCodec.encode(value)) == value)
            }
            if let value = try? RaftCodec.decodeSnapshotPoint(mutated(point, &random)) {
                #expect(try RaftCodec.decodeSnapshotPoint(RaftCodec.encode(value)) == value)
            }
            if let value = try? RaftCodec.decodeHardState(mutated(state, &random)) {
                #expect(try RaftCodec.decodeHardState(RaftCodec.encode(value)) == value)
            }
            if let value = try? StatePairs(encoded: mutated(pairs, &random)) {
                #expect(try StatePairs(encoded: value.encoded()) == value)
            }
        }
    }
}
