import Consensus
import Gossip
import Kernel
import Replica
import Wire

/// What neighbours in the overlay say to each other, as small and as long as it may be.
enum GossipSamples {
    static let members = [
        MemberID(high: 1, low: 2, incarnation: 3), MemberID(high: 4, low: 5),
        MemberID(high: .max, low: .max, incarnation: .max), MemberID(high: 0, low: 0),
    ]
    static let hash = Digest(bytes: (0..<32).map { UInt8($0) }) ?? .zero
    static let head = LogHead(index: LogIndex(300), hash: hash, epoch: 2)
    static let options = GossipOptions()

    static let ids = (0..<options.heldLimit).map { Digest.of([UInt8($0 >> 8), UInt8($0 & 255)]) }.sorted()

    /// With the longest command that consensus takes.
    private static let longestEntry = RaftCodec.encode(
        Entry(
            position: LogPosition(term: Term(UInt64(Int64.max)), index: LogIndex(1)),
            time: .distantFuture,
            previousHash: hash,
            payload: .command([UInt8](repeating: 0, count: RaftOptions().maxEntryBytes))
        )
    )

    static let claims = [
        Claim(members[0], incarnation: 300, .suspected(by: members[1])), Claim(members[0], incarnation: 301, .alive),
    ]

    static let probe = Gossip.Message.Probe(sequence: 7, route: [members[0], members[1]], suspectedIn: 0)

    static let answer = Gossip.Message.Probe(
        sequence: 7,
        route: [members[0], members[1]],
        suspectedIn: nil,
        coordinate: NetworkCoordinate(position: [1, -2, 300, 0], height: 10, error: 20_000)
    )

    /// As far away as can be said.
    private static let farthest = NetworkCoordinate(
        position: [
            NetworkCoordinate.limit, -NetworkCoordinate.limit, -NetworkCoordinate.limit, NetworkCoordinate.limit,
        ],
        height: NetworkCoordinate.limit,
        error: NetworkCoordinate.errorLimit
    )

    static let summary = Gossip.Message.Summary(
        head: head,
        held: hash,
        streams: [Gossip.Message.StreamPosition(stream: members[1], sequence: 9)],
        departures: 5,
        isAnswer: true
    )

    static let small: [Gossip.Message] = [
        .record(Record(.untilSettled, bytes: [])),
        .record(Record(.untilSuperseded(stream: members[0], sequence: 300), bytes: [1, 2])), .probe(probe),
        .probeAnswer(Gossip.Message.Probe(sequence: .max, route: [], suspectedIn: nil)), .probeAnswer(answer),
        .probePassedOn(sequence: 0),
        .claims([]), .claims(claims), .summary(summary),
        .summary(.init(head: .none, held: .zero, streams: [], departures: 0, isAnswer: false)), .held([]),
        .want([hash]), .announcement(head), .entries([]),
        .entries([
            LogRecord(index: LogIndex(300), bytes: [1]), LogRecord(index: LogIndex(301), bytes: []),
        ]), .pull(after: .zero), .pull(after: LogIndex(300)), .unavailable(after: LogIndex(UInt64(Int64.max))),
        .snapshotPull(at: .zero, number: 0), .snapshotPull(at: LogIndex(300), number: 7), .snapshotPart(part),
        .snapshotPart(SnapshotPart(index: .zero, number: 0, isLast: true, bytes: [])),
        .snapshotUnavailable(at: LogIndex(300)),
    ]

    static let proof = SnapshotProof(
        seal: SealSamples.seal,
        configuration: Configuration(voters: [members[1], members[0]], learners: [members[2]])
    )

    static let part = SnapshotPart(
        index: LogIndex(300),
        number: 0,
        isLast: false,
        bytes: StatePairs(pairs: [.init(key: [1], value: [2, 3])]).encoded(),
        opening: SnapshotPart.Opening(byteCount: 300_000, proof: WireRecordCodec().encode(proof))
    )

    static let long: [Gossip.Message] = [
        .record(
            Record(
                .untilSuperseded(stream: members[2], sequence: .max),
                bytes: [UInt8](repeating: 255, count: options.recordByteLimit)
            )
        ),
        .probe(.init(sequence: .max, route: Array(repeating: members[2], count: 4), suspectedIn: .max)),
        .probeAnswer(.init(sequence: .max, route: [members[2]], suspectedIn: .max, coordinate: farthest)),
        .claims(
            Array(
                repeating: Claim(members[2], incarnation: .max, .suspected(by: members[2])),
                count: Gossip.Message.claimsLimit
            )
        ),
        .summary(
            .init(
                head: LogHead(index: LogIndex(UInt64(Int64.max)), hash: hash, epoch: UInt64(Int64.max)),
                held: hash,
                streams: Array(
                    repeating: Gossip.Message.StreamPosition(stream: members[2], sequence: .max),
                    count: Gossip.Message.streamsLimit
                ),
                departures: .max,
                isAnswer: true
            )
        ), .held(ids), .want(ids),
        .entries(
            Array(
                repeating: LogRecord(index: LogIndex(UInt64(Int64.max)), bytes: []),
                count: options.windowCountLimit
            )
        ), .entries([LogRecord(index: LogIndex(1), bytes: longestEntry)]),
        .snapshotPull(at: LogIndex(UInt64(Int64.max)), number: UInt64(Int64.max)),
        .snapshotPart(
            SnapshotPart(
                index: LogIndex(UInt64(Int64.max)),
                number: UInt64(Int64.max),
                isLast: true,
                bytes: [UInt8](repeating: 255, count: options.entryByteLimit),
                opening: SnapshotPart.Opening(
                    byteCount: UInt64(Int64.max),
                    proof: [UInt8](repeating: 255, count: options.recordByteLimit)
                )
            )
        ), .snapshotUnavailable(at: LogIndex(UInt64(Int64.max))),
    ]

    static let bodies: [PeerMessage.Body] =
        small.map { .gossip($0) } + [
            .successionWanted(voters: hash, since: WallTime(milliseconds: 300)), .succession([]),
            .succession(SealSamples.transitions),
        ]
}
