import Kernel
import Replica
import Testing
import Wire

@Suite("WireRecordCodec") struct WireRecordCodecTests {
    private let codec = WireRecordCodec()

    private static let records: [GossipRecord] =
        [.seal(SealSamples.seal), .statement(PeerCodecTests.statement)]
        + SealSamples.transitions.map { .transition($0) }

    @Test("entries and records come back equal") func roundTrip() {
        for entry in RaftSamples.entries { #expect(codec.decodeEntry(codec.encode(entry)) == entry) }
        for record in Self.records { #expect(codec.decodeRecord(codec.encode(record)) == record) }
    }

    @Test("what a snapshot comes with comes back equal, and in no other bytes") func proofs() {
        var random = SeededRandom(seed: 3)
        let bytes = codec.encode(GossipSamples.proof)
        #expect(codec.decodeProof(bytes) == GossipSamples.proof)
        #expect(codec.decodeProof([]) == nil && codec.decodeProof(bytes + [0x7A, 0]) == nil)
        for _ in 0..<5000 {
            let other = mutated(bytes, &random)
            if let decoded = codec.decodeProof(other) { #expect(codec.encode(decoded) == other) }
        }
    }

    @Test("nothing is not a record, and one kind is not another")
    func kinds() {
        #expect(codec.decodeRecord([]) == nil)
        #expect(codec.decodeEntry([]) == nil)
        for record in Self.records { #expect(codec.decodeEntry(codec.encode(record)) == nil) }
        for entry in RaftSamples.entries { #expect(codec.decodeRecord(codec.encode(entry)) == nil) }
    }

    /// Records go by the hash of their bytes: one with two encodings could flood twice, and one with many without end.
    @Test("no other bytes decode to the same", arguments: [1, 2] as [UInt64])
    func oneEncoding(_ seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var others = 0
        for round in 0..<20_000 {
            let entry = RaftSamples.entries[round % RaftSamples.entries.count]
            let record = Self.records[round % Self.records.count]
            let entryBytes = mutated(codec.encode(entry), &random)
            let recordBytes = mutated(codec.encode(record), &random)
            if let decoded = codec.decodeEntry(entryBytes) { #expect(codec.encode(decoded) == entryBytes) }
            if let decoded = codec.decodeRecord(recordBytes) {
                if decoded != record { others += 1 }
                #expect(codec.encode(decoded) == recordBytes, "seed \(seed), round \(round)")
            }
        }
        #expect(others > 500, "seed \(seed) made only \(others) other records")
    }

    @Test("a record with a field that nobody reads is none")
    func padded() {
        for record in Self.records { #expect(codec.decodeRecord(codec.encode(record) + [0x7A, 0]) == nil) }
        for entry in RaftSamples.entries { #expect(codec.decodeEntry(codec.encode(entry) + [0x7A, 0]) == nil) }
    }
}
