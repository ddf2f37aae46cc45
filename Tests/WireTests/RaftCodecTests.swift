import Consensus
import FoundationEssentials
import Kernel
import SwiftProtobuf
import Testing
import Wire

@Suite("RaftCodec") struct RaftCodecTests {
    @Test("every message comes back equal", arguments: RaftSamples.messages)
    func messageRoundTrip(_ message: Consensus.Message) throws {
        #expect(try RaftCodec.decodeMessage(RaftCodec.encode(message)) == message)
    }

    @Test("every entry comes back equal, with its hash", arguments: RaftSamples.entries)
    func entryRoundTrip(_ entry: Entry) throws {
        let decoded = try RaftCodec.decodeEntry(RaftCodec.encode(entry))
        #expect(decoded == entry)
        #expect(decoded.hash == entry.hash)
    }

    @Test("hard state, snapshot point and configuration come back equal")
    func persistentRoundTrips() throws {
        for vote in [nil, RaftSamples.members[1]] {
            let state = HardState(term: Term(8), vote: vote, commitIndex: LogIndex(12))
            #expect(try RaftCodec.decodeHardState(RaftCodec.encode(state)) == state)
        }
        #expect(try RaftCodec.decodeSnapshotPoint(RaftCodec.encode(RaftSamples.point)) == RaftSamples.point)
        for configuration in [RaftSamples.configuration, Configuration(voters: [])] {
            #expect(try RaftCodec.decodeConfiguration(RaftCodec.encode(configuration)) == configuration)
        }
    }

    @Test("the bytes of a hard state stay what they were in the first version")
    func stableBytes() {
        let state = HardState(term: Term(8), vote: MemberID(high: 1, low: 2), commitIndex: LogIndex(300))
        #expect(RaftCodec.encode(state).hex == "080812140901000000000000001102000000000000001801" + "18ac02")
    }

    @Test("a digest of another length is refused", arguments: [0, 31, 33])
    func digestLength(_ count: Int) {
        #expect(throws: WireError.invalid("entry.previousHash", reason: "\(count) bytes instead of 32")) {
            try RaftCodec.decodeEntry(bytes(of: Self.entry { $0.previousHash = Data(count: count) }))
        }
    }

    @Test("an entry without position, payload or index is refused")
    func incompleteEntry() {
        #expect(throws: WireError.missing("entry.position")) {
            try RaftCodec.decodeEntry(bytes(of: Self.entry { $0.clearPosition() }))
        }
        #expect(throws: WireError.missing("entry.payload")) {
            try RaftCodec.decodeEntry(bytes(of: Self.entry { $0.payload = nil }))
        }
        #expect(throws: WireError.invalid("entry.position.index", reason: "counted from 1")) {
            try RaftCodec.decodeEntry(bytes(of: Self.entry { $0.position.index = 0 }))
        }
    }

    @Test("a command above the limit is refused")
    func commandLimit() {
        #expect(throws: WireError.invalid("entry.command", reason: "1048577 bytes, more than 1048576")) {
            try RaftCodec.decodeEntry(bytes(of: Self.entry { $0.command = Data(count: 1_048_577) }))
        }
    }

    @Test("a counter without successor is refused")
    func counterLimit() {
        #expect(throws: WireError.self) {
            try RaftCodec.decodeEntry(bytes(of: Self.entry { $0.position.index = UInt64.max }))
        }
        #expect(throws: WireError.self) {
            try RaftCodec.decodeHardState(bytes(of: ProtoHardState.with { $0.term = 1 << 63 }))
        }
    }

    @Test("entries with a gap, a repetition or a falling term are refused")
    func contiguity() {
        let good = RaftSamples.entries
        let backwards = Entry(
            position: LogPosition(term: Term(1), index: LogIndex(18)),
            time: good[0].time,
            previousHash: good[0].previousHash,
            payload: .empty
        )
        for entries in [[good[1]], [good[0], good[2]], [good[0], good[0]], [backwards]] {
            let append = Consensus.Message.Append(
                previous: RaftSamples.position,
                entries: entries,
                commitIndex: .zero
            )
            #expect(throws: WireError.self) { try decode(.append(append)) }
        }
    }

    @Test("voters out of order or twice are refused")
    func voterOrder() {
        let members = RaftSamples.members.map { member in
            ProtoMemberID.with {
                $0.high = member.high
                $0.low = member.low
                $0.incarnation = member.incarnation
            }
        }
        for voters in [[members[1], members[0]], [members[0], members[0]]] {
            #expect(throws: WireError.invalid("configuration.voters", reason: "not strictly ascending")) {
                try RaftCodec.decodeConfiguration(bytes(of: ProtoConfiguration.with { $0.voters = voters }))
            }
        }
    }

    @Test("a configuration that no change leads to is refused, and so is a change of an unknown kind")
    func unsoundConfigurations() {
        let member = ProtoMemberID.with { $0.high = 1 }
        let voting = ProtoConfiguration.with {
            $0.voters = [member]
            $0.learners = [member]
        }
        #expect(throws: WireError.invalid("configuration", reason: "a learner votes")) {
            try RaftCodec.decodeConfiguration(bytes(of: voting))
        }
        let change = ProtoConfigurationChange.with { $0.changes = [.init()] }
        #expect(throws: WireError.missing("change.kind")) {
            try RaftCodec.decodeConfigurationChange(bytes(of: change))
        }
        let crowd = ProtoConfigurationChange.with {
            $0.changes = Array(repeating: .with { $0.remove = member }, count: ConfigurationChange.maxChanges + 1)
        }
        #expect(throws: WireError.invalid("change.changes", reason: "65, more than 64")) {
            try RaftCodec.decodeConfigurationChange(bytes(of: crowd))
        }
        #expect(throws: WireError.invalid("change.transition", reason: "9 is not known")) {
            try RaftCodec.decodeConfigurationChange(
                bytes(of: ProtoConfigurationChange.with { $0.transition = .UNRECOGNIZED(9) })
            )
        }
    }

    @Test("no bytes, no message")
    func emptyInput() {
        #expect(throws: WireError.missing("message.lineage")) { try RaftCodec.decodeMessage([]) }
        #expect(throws: WireError.malformed("reeve.raft.v1.Message")) { try RaftCodec.decodeMessage([0xFF]) }
    }

    private func decode(_ body: Consensus.Message.Body) throws -> Consensus.Message {
        try RaftCodec.decodeMessage(
            RaftCodec.encode(
                Message(
                    lineage: Lineage(high: 1, low: 1),
                    from: RaftSamples.members[0],
                    to: RaftSamples.members[1],
                    term: Term(9),
                    body: body
                )
            )
        )
    }

    private static func entry(_ change: (inout ProtoEntry) -> Void) -> ProtoEntry {
        var entry = ProtoEntry.with {
            $0.position = .with {
                $0.term = 1
                $0.index = 1
            }
            $0.previousHash = Data(count: 32)
            $0.command = Data([1])
        }
        change(&entry)
        return entry
    }
}

func bytes(of proto: some SwiftProtobuf.Message) throws -> [UInt8] { try proto.serializedBytes() }
