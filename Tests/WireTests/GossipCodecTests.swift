import FoundationEssentials
import Gossip
import Kernel
import Replica
import Sealing
import SwiftProtobuf
import Testing
import Wire

@Suite("GossipCodec") struct GossipCodecTests {
    private typealias Samples = GossipSamples

    @Test("every message comes back equal, the longest too") func roundTrip() throws {
        for message in Samples.small + Samples.long {
            let bytes = GossipCodec.encode(message)
            #expect(try GossipCodec.decode(bytes) == message)
            // Budgets go by what a message says of its size.
            #expect(bytes.count <= 2 * message.byteCount)
        }
    }

    @Test(
        "bytes are those that protoc writes",
        arguments: [
            (
                Gossip.Message.claims(Samples.claims),
                "2a4c0a2f0a14090100000000000000110200000000000000180310ac021a1409040000000000000011050000000000000018010a"
                    + "190a14090100000000000000110200000000000000180310ad02"
            ),
            (
                .record(Record(.untilSuperseded(stream: Samples.members[0], sequence: 300), bytes: [1, 2])),
                "0a1f12190a14090100000000000000110200000000000000180310ac021a020102"
            ),
            (
                .probe(
                    .init(
                        sequence: 7,
                        route: [MemberID(high: 1, low: 2), MemberID(high: 4, low: 5)],
                        suspectedIn: 0
                    )
                ),
                "123008071214090100000000000000110200000000000000180112140904000000000000001105000000000000001801"
                    + "1800"
            ),
            (
                .probeAnswer(Samples.answer),
                "1a3d08071214090100000000000000110200000000000000180312140904000000000000001105000000000000001801"
                    + "220d0a050203d80400101418c0b802"
            ), (.pull(after: LogIndex(300)), "58ac02"),
            (.pull(after: .zero), "5800"),
            (
                .entries([
                    LogRecord(index: LogIndex(300), bytes: [1]), LogRecord(index: LogIndex(301), bytes: []),
                ]), "520d0a0608ac021201010a0308ad02"
            ),
            (
                .announcement(Samples.head),
                "4a2708ac021220000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f1802"
            ),
            (
                .summary(Samples.summary),
                "32700a2708ac021220000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f180212200001020304"
                    + "05060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f1a180a14090400000000000000110500000000000000"
                    + "180110092105000000000000002801"
            ),
        ]
    )
    func golden(_ message: Gossip.Message, _ hex: String) { #expect(GossipCodec.encode(message).hex == hex) }

    @Test("in a frame, too") func frames() {
        let message = PeerMessage(stamp: WallTime(milliseconds: 5), body: .gossip(.pull(after: LogIndex(300))))
        #expect(PeerCodec.encode(message).hex == "08057a0358ac02")
        let wanted = PeerMessage.Body.successionWanted(voters: Samples.hash, since: WallTime(milliseconds: 300))
        #expect(
            PeerCodec.encode(PeerMessage(stamp: WallTime(milliseconds: 5), body: wanted)).hex
                == "08058201250a20000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f10ac02"
        )
    }

    /// One more, or one byte more, than there may be.
    static let beyond: [(name: String, message: Gossip.Message)] = [
        ("claims", .claims(Array(repeating: Samples.claims[1], count: Gossip.Message.claimsLimit + 1))),
        ("ids", .held(Samples.ids + [.zero])), ("wanted ids", .want(Samples.ids + [.zero])),
        ("route", .probe(.init(sequence: 1, route: Samples.members + [Samples.members[0]], suspectedIn: nil))),
        (
            "streams",
            .summary(
                .init(
                    head: .none,
                    held: .zero,
                    streams: Array(repeating: Samples.summary.streams[0], count: Gossip.Message.streamsLimit + 1),
                    departures: 0,
                    isAnswer: false
                )
            )
        ),
        (
            "bytes of a record",
            .record(Record(.untilSettled, bytes: [UInt8](repeating: 0, count: Samples.options.recordByteLimit + 1)))
        ),
        (
            "entries",
            .entries(
                Array(
                    repeating: LogRecord(index: LogIndex(1), bytes: []),
                    count: Samples.options.windowCountLimit + 1
                )
            )
        ),
        (
            "bytes of an entry",
            .entries([
                LogRecord(index: LogIndex(1), bytes: [UInt8](repeating: 0, count: Samples.options.entryByteLimit + 1))
            ])
        ), ("index of an entry", .entries([LogRecord(index: LogIndex(1 << 63), bytes: [])])),
        ("index to pull from", .pull(after: LogIndex(1 << 63))),
        ("index that is not there", .unavailable(after: LogIndex(.max))),
        ("head", .announcement(LogHead(index: LogIndex(.max), hash: .zero, epoch: 0))),
        ("epoch", .announcement(LogHead(index: .zero, hash: .zero, epoch: .max))),
    ]

    @Test("more than there may be is gossip that cannot be read", arguments: beyond.map(\.name))
    func bounds(_ name: String) throws {
        let (_, message) = try #require(Self.beyond.first { $0.name == name })
        let error = #expect(throws: WireError.self) { try GossipCodec.decode(GossipCodec.encode(message)) }
        let frame = PeerCodec.encode(PeerMessage(stamp: .distantPast, body: .gossip(message)))
        #expect(throws: WireError.unreadableGossip(reason: error?.description ?? "")) { try PeerCodec.decode(frame) }
    }

    @Test("a coordinate that is out of bounds is none, and neither is one of another number of dimensions")
    func coordinates() throws {
        let limit = NetworkCoordinate.limit
        func answer(_ position: [Int32], height: Int32 = 0, error: Int32 = 0) throws -> [UInt8] {
            let coordinate = ProtoGossipCoordinate.with {
                $0.position = position
                $0.height = height
                $0.error = error
            }
            return try ProtoGossipMessage.with { $0.probeAnswer = .with { $0.coordinate = coordinate } }
                .serializedBytes()
        }
        #expect(throws: Never.self) { try GossipCodec.decode(answer([limit, 0, 0, -limit], height: limit)) }
        let flaw = WireError.invalid("gossip.probe.coordinate", reason: "out of bounds")
        for position in [
            [], [0, 0, 0], [0, 0, 0, 0, 0], [limit + 1, 0, 0, 0], [0, 0, 0, -limit - 1], [.min, 0, 0, 0],
        ] {
            #expect(throws: flaw, "\(position)") { try GossipCodec.decode(answer(position)) }
        }
        for height in [-1, limit + 1, .max, .min] {
            #expect(throws: flaw, "\(height)") { try GossipCodec.decode(answer([0, 0, 0, 0], height: height)) }
        }
        for error in [-1, NetworkCoordinate.errorLimit + 1, .max, .min] {
            #expect(throws: flaw, "\(error)") { try GossipCodec.decode(answer([0, 0, 0, 0], error: error)) }
        }
    }

    @Test("a kind that is not known, and bytes that are none, are known to be gossip")
    func unknown() throws {
        // Field 15, and a length that is not there.
        for (bytes, reason) in [
            ([0x7A, 0], "gossip.body: missing"), ([0x7A, 9], "reeve.gossip.v1.GossipMessage: not a valid encoding"),
            ([], "gossip.body: missing"),
        ] as [([UInt8], String)] {
            let frame: [UInt8] = try ProtoPeerMessage.with { $0.gossip = Data(bytes) }.serializedBytes()
            #expect(throws: WireError.unreadableGossip(reason: reason)) { try PeerCodec.decode(frame) }
        }
        // What is no gossip is not charged for as such.
        #expect(throws: WireError.malformed("reeve.replica.v1.PeerMessage")) { try PeerCodec.decode([0x7A, 9]) }
    }

    @Test("what a later version adds is passed over, as long as budgets still hold")
    func padding() throws {
        let message = Gossip.Message.pull(after: LogIndex(1))
        func padded(_ count: UInt8) -> [UInt8] {
            GossipCodec.encode(message) + [0x7A, count] + [UInt8](repeating: 0, count: Int(count))
        }
        #expect(try GossipCodec.decode(padded(40)) == message)
        #expect(throws: WireError.self) { try GossipCodec.decode(padded(100)) }
    }

    @Test("a succession is as long as one may be") func succession() throws {
        let longest = Array(repeating: SealSamples.transitions[1], count: Succession.limit)
        func frame(_ steps: [TransitionSeal]) -> [UInt8] {
            PeerCodec.encode(PeerMessage(stamp: .distantPast, body: .succession(steps)))
        }
        #expect(try PeerCodec.decode(frame(longest)).body == .succession(longest))
        #expect(throws: WireError.self) { try PeerCodec.decode(frame(longest + [longest[0]])) }
    }
}
