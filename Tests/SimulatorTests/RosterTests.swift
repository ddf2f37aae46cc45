import Consensus
import Directory
import Kernel
import Replica
import Simulator
import Testing

/// What an applier says of who is in the cluster.
@Suite("Roster") struct RosterTests {
    private typealias Log = RecordedRootTests

    private static let edge = MemberID(high: 5, low: 5)

    private static let bodies: [CommandBody] = [
        .issueJoinTicket(
            JoinTicket(
                name: "e1",
                raftAddress: "e1:7000",
                apiAddresses: ["e1:8443"],
                secretDigest: .of([3]),
                expiresAt: WallTime(milliseconds: Log.start + 3_600_000),
                isEdge: true
            )
        ),
        .joinEdge(
            Joining(name: "e1", secretDigest: .of([3]), id: edge, keyFingerprint: .of([4]), instance: .of([5]))
        ),
        .labelNode(edge, LabelChange(set: labels("zone", "eu-1"))),
        .labelNode(Log.voter, LabelChange(set: labels("ring", "canary"))),
        .labelNode(Log.voter, LabelChange(set: labels("zone", "us-1"), removed: ["ring"])),
        .removeEdge(edge),
    ]

    private static func labels(_ key: String, _ value: String) -> Labels { Labels([Labels.Entry(key, value)]) ?? .none }

    private static func facts(_ batches: [[Entry]]) throws -> [DirectoryFacts] {
        var (applier, pairs, facts) = (Applier(codec: Log.codec), SortedStore(), [DirectoryFacts]())
        var point = SnapshotPoint(
            position: .zero,
            hash: .zero,
            time: .distantPast,
            configuration: Configuration(voters: [Log.voter])
        )
        for batch in batches {
            guard case .done(let applied) = applier.apply(batch, after: point, to: &pairs) else {
                throw Violation(.log, "a batch does not apply")
            }
            point = applied.point
            facts.append(applied.facts)
            let read = try DirectoryFacts(at: point.position.index, in: pairs, codec: Log.codec)
            #expect(applied.facts == read, "what is kept differs from what the state has")
        }
        return facts
    }

    @Test("names members and edges, and follows them from batch to batch") func edges() throws {
        let entries = Log.entries(Self.bodies.enumerated().map { (UInt64($0), $1) })
        let facts = try Self.facts(entries.map { [$0] })
        #expect(facts.map(\.members) == Array(repeating: [Log.voter], count: 7))
        let edge = [Self.edge]
        #expect(facts.map(\.edges) == [[], [], edge, edge, edge, edge, []])
        let ofEdge = [Self.edge: "eu-1"]
        let both = [Self.edge: "eu-1", Log.voter: "us-1"]
        #expect(facts.map(\.zones) == [[:], [:], [:], ofEdge, ofEdge, both, [Log.voter: "us-1"]])
    }
}
