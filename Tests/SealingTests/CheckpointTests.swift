import Kernel
import Sealing
import Testing

@Suite("Checkpoints") struct CheckpointTests {
    private let checkpoint = Made.checkpoint(Made.point(9, Made.voters([1, 2], outgoing: [2, 3])), at: 1000)

    @Test("reads back what it writes") func roundTrip() throws {
        #expect(try Checkpoint(bytes: checkpoint.bytes) == checkpoint)
    }

    @Test("is not of voters that its statement does not name") func named() {
        #expect(Checkpoint(Made.statement(Made.point(9), at: 1), voters: Made.voters([1, 2])) == nil)
    }

    @Test("every cut and every addition is refused") func cuts() {
        let bytes = checkpoint.bytes
        for count in bytes.indices {
            #expect(throws: Checkpoint.Flaw.self) { try Checkpoint(bytes: Array(bytes.prefix(count))) }
        }
        #expect(throws: Checkpoint.Flaw.trailingBytes) { try Checkpoint(bytes: bytes + [0]) }
        #expect(throws: Checkpoint.Flaw.notACheckpoint) { try Checkpoint(bytes: Array("reeve seal 1\0".utf8)) }
        #expect(throws: Checkpoint.Flaw.cutShort) { try Checkpoint(bytes: Array(bytes.prefix(60))) }
    }

    @Test("no byte can be changed without being refused or being another checkpoint") func changes() {
        let bytes = checkpoint.bytes
        for place in bytes.indices {
            var changed = bytes
            changed[place] ^= 1
            if let other = try? Checkpoint(bytes: changed) {
                #expect(other != checkpoint)
                #expect(other.bytes == changed)
            }
        }
    }

    @Test("voters in another order, or too many, are refused") func voters() {
        var bytes = checkpoint.bytes
        // Head, lineage, index, two digests, time, the voters' head and count.
        let first = 19 + 16 + 8 + 64 + 8 + 15 + 8
        let width = 20 + Voter.sealKeyByteCount
        let swapped = bytes[(first + width)..<(first + 2 * width)] + bytes[first..<(first + width)]
        bytes.replaceSubrange(first..<(first + 2 * width), with: swapped)
        #expect(throws: Checkpoint.Flaw.notCanonical) { try Checkpoint(bytes: bytes) }
        bytes[first - 7] = 1
        #expect(throws: Checkpoint.Flaw.voters(.tooManyVoters(count: (1 << 48) + 2, limit: 64))) {
            try Checkpoint(bytes: bytes)
        }
    }

    @Test("begins a receiver for seven days, and not before its time") func age() throws {
        let week = Span.seconds(7 * 24 * 3600)
        let time = checkpoint.time
        #expect(try TrustedHead(checkpoint, at: time.advanced(by: week)).checkpoint == checkpoint)
        let late = Span(microseconds: week.microseconds + 1000)
        #expect(throws: TrustedHead.CheckpointRefusal.tooOld(age: late, limit: week)) {
            try TrustedHead(checkpoint, at: time.advanced(by: late))
        }
        #expect(throws: Never.self) { try TrustedHead(checkpoint, at: time.reduced(by: .milliseconds(500))) }
        let early = time.reduced(by: .milliseconds(501))
        #expect(throws: TrustedHead.CheckpointRefusal.fromTheFuture(time, now: early)) {
            try TrustedHead(checkpoint, at: early)
        }
    }
}
