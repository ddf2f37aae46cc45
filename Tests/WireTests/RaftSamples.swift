import Consensus
import Kernel

/// Values of every kind that peers exchange.
enum RaftSamples {
    static let members = [
        MemberID(high: 1, low: 2), MemberID(high: 3, low: .max, incarnation: 7), MemberID(high: .max, low: 0),
    ]
    static let configuration = Configuration(
        voters: [members[0], members[1]],
        votersOutgoing: [members[1], members[2]],
        learners: [MemberID(high: 5, low: 5)],
        learnersNext: [members[2]],
        autoLeave: true
    )
    static let change = ConfigurationChange(
        [.addVoter(members[0]), .addLearner(members[1]), .remove(members[2])],
        transition: .explicit
    )
    static let position = LogPosition(term: Term(4), index: LogIndex(17))
    static let point = SnapshotPoint(
        position: position,
        hash: .of([1, 2, 3]),
        time: WallTime(milliseconds: 1_700_000_000_000),
        configuration: configuration
    )

    /// Entries 18 to 23, each naming the hash of its predecessor.
    static let entries: [Entry] = {
        let payloads: [Entry.Payload] = [
            .empty, .command([]), .command([0, 255, 128]), .command(Array(0...255)),
            .configuration(change, command: [1, 2]), .configuration(.leave, command: []),
        ]
        var entries: [Entry] = []
        var previous = point.hash
        for (offset, payload) in payloads.enumerated() {
            let entry = Entry(
                position: LogPosition(term: Term(UInt64(5 + offset / 2)), index: LogIndex(UInt64(18 + offset))),
                time: WallTime(milliseconds: 1_700_000_000_001),
                previousHash: previous,
                payload: payload
            )
            previous = entry.hash
            entries.append(entry)
        }
        return entries
    }()

    static let chunk = Message.SnapshotChunk(
        point: point,
        number: 3,
        isLast: true,
        bytes: [9, 8, 7],
        digest: .of([9, 8, 7])
    )

    static let bodies: [Message.Body] = [
        .preVoteRequest(last: position),
        .preVoteResponse(granted: true),
        .preVoteResponse(granted: false),
        .voteRequest(last: .zero, isTransfer: true),
        .voteResponse(granted: true),
        .append(.init(previous: position, entries: entries, commitIndex: LogIndex(16))),
        .append(.init(previous: .zero, entries: [], commitIndex: .zero)),
        .appendAccepted(matchIndex: LogIndex(20)),
        .appendRejected(previous: LogIndex(19), hint: position),
        .heartbeat(commitIndex: LogIndex(5), round: 77),
        .heartbeatAcknowledged(round: 77),
        .snapshot(chunk),
        .snapshotAcknowledged(position: position, nextChunk: 4),
        .timeoutNow,
        .readIndexRequest(context: .max),
        .readIndexResponse(context: 5, index: LogIndex(8)),
        .readIndexResponse(context: 0, index: .zero),
        .readIndexResponse(context: 5, index: nil),
    ]

    static let messages = bodies.map { body in
        Message(
            lineage: Lineage(high: 11, low: 12),
            group: GroupID(3),
            from: members[0],
            to: members[1],
            term: Term(9),
            body: body
        )
    }
}
