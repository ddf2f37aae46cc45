import Directory
import Kernel
import Replica
import Testing
import Wire

@Suite("PeerCodec") struct PeerCodecTests {
    static let proof = FreshnessProof(
        provenAt: WallTime(milliseconds: 1_700_000_000_000),
        age: Span(microseconds: 1234),
        commitIndex: LogIndex(5)
    )

    static let introductions = [UInt64(1), 2].map { number in
        Introduction(
            spec: MemberSpec(
                id: MemberID(high: number, low: 9, incarnation: 3),
                name: "n\(number)",
                raftAddress: "n\(number):7000",
                apiAddresses: ["n\(number):8443", "10.0.0.1:8443"],
                keyFingerprint: Digest.of([1])
            ),
            instance: number == 1 ? nil : Digest.of([2])
        )
    }

    static let statement = SignedStatement(
        Statement(
            lineage: Lineage(high: 7, low: 8),
            warrant: "night-shift",
            sequence: .max,
            kind: .restrict,
            subject: .token("t1"),
            reason: "\u{E9}",
            issuedAt: .distantFuture
        ),
        signature: [UInt8](repeating: 9, count: SignedStatement.signatureByteCount)
    )

    static let messages: [PeerMessage] =
        RaftSamples.messages.flatMap { message in
            [nil, proof].map { PeerMessage(stamp: .distantFuture, body: .raft(message, proof: $0)) }
        }
        + [
            .forward(RequestID(.max), command: [1, 2, 3]), .forward(RequestID(0), command: []),
            .forwardRefused(RequestID(4), .notLeader), .forwardRefused(RequestID(4), .overloaded),
            .forwardRefused(RequestID(4), .storageFull),
            .forwardRefused(RequestID(4), .entryTooLarge(byteCount: 600_000, limit: 524_288)),
            .entriesWanted(first: LogIndex(3), last: LogIndex(9)),
            .entriesFound(first: LogIndex(3), last: LogIndex(9), entries: RaftSamples.entries),
            .entriesFound(first: LogIndex(3), last: LogIndex(9), entries: []),
            .votersWanted, .voters([]), .voters(introductions),
            .statements([]), .statements([statement, statement]), .statementsHeld([]),
            .statementsHeld([
                StatementHolding(statement.id, since: .distantFuture),
                StatementHolding(
                    .zero,
                    since: nil,
                    others: [.init(member: MemberID(high: 1, low: 9, incarnation: 3), since: .distantFuture)]
                ),
            ]),
        ].map { PeerMessage(stamp: .distantPast, body: $0) }
        + (SealSamples.bodies + GossipSamples.bodies).map { PeerMessage(stamp: .distantPast, body: $0) }

    @Test("every message comes back equal")
    func roundTrip() throws {
        for message in Self.messages { #expect(try PeerCodec.decode(PeerCodec.encode(message)) == message) }
    }

    @Test("what voters said comes back equal from the disk, or throws")
    func words() throws {
        let words = [
            VotersWord(by: MemberID(high: 1, low: 2), Self.introductions),
            VotersWord(by: MemberID(high: 3, low: 4), []),
        ]
        let bytes = PeerCodec.encode(words)
        #expect(try PeerCodec.decodeWords(bytes) == words)
        #expect(try PeerCodec.decodeWords([]) == [])
        #expect(throws: WireError.self) { try PeerCodec.decodeWords(Array(bytes.dropLast())) }
    }

    @Test("what a forwarded command may be is bounded, and counters have successors")
    func bounds() {
        let large = [UInt8](repeating: 0, count: RaftCodec.maxCommandBytes + 1)
        let old = FreshnessProof(provenAt: .distantPast, age: Span(microseconds: .max), commitIndex: .zero)
        for body in [
            PeerMessage.Body.forward(RequestID(1), command: large), .raft(RaftSamples.messages[0], proof: old),
            .entriesWanted(first: LogIndex(1), last: LogIndex(.max)),
            .entriesFound(first: LogIndex(.max), last: LogIndex(1), entries: []),
        ] {
            let bytes = PeerCodec.encode(PeerMessage(stamp: .distantPast, body: body))
            #expect(throws: WireError.self) { try PeerCodec.decode(bytes) }
        }
        #expect(throws: WireError.missing("peer.body")) { try PeerCodec.decode([]) }
    }

    @Test("what still decodes encodes to an equal value, the rest throws", arguments: [1, 2] as [UInt64])
    func damaged(_ seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let frames = Self.messages.map { PeerCodec.encode($0) }
        var accepted = 0
        for round in 0..<20_000 {
            guard let message = try? PeerCodec.decode(mutated(frames[round % frames.count], &random)) else { continue }
            accepted += 1
            #expect(try PeerCodec.decode(PeerCodec.encode(message)) == message, "seed \(seed), round \(round)")
        }
        #expect(accepted > 1000, "seed \(seed) accepted only \(accepted)")
    }
}
