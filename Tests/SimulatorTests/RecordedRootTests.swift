import Consensus
import Directory
import Kernel
import Replica
import Sealing
import Simulator
import Testing
import Wire

/// Where an applier records roots, on a state with one voter.
@Suite("Recorded roots") struct RecordedRootTests {
    static let codec = ProtobufCodec()
    static let voter = MemberID(high: 1, low: 1)
    static let start: UInt64 = 1_700_000_000_000

    private static let genesis = Genesis(
        lineage: Lineage(high: 7, low: 7),
        trustDomain: "reeve.test",
        voters: [
            MemberSpec(
                id: voter,
                name: "n1",
                raftAddress: "n1:7000",
                apiAddresses: ["n1:8443"],
                keyFingerprint: .of([1])
            )
        ],
        administrator: AdministratorSpec(fingerprint: .of([2]), name: "root")
    ).firstEntry(codec: codec)

    private static func command(_ number: UInt64, _ body: CommandBody, by caller: Caller) -> [UInt8] {
        codec.encode(
            Command(
                caller: caller,
                authenticatedBy: voter,
                idempotencyKey: "k\(number)",
                notAfter: WallTime(milliseconds: start + 3_600_000),
                body: body
            )
        )
    }

    /// A claim of a key, and then a role for each time after it.
    private static func entries(at milliseconds: [UInt64]) -> [Entry] {
        entries(
            milliseconds.enumerated().map { number, time in
                number == 0
                    ? (time, .claimSealKey(KeyedHash.publicKey("seals")))
                    : (time, .put(.role(RoleSpec(name: "role-\(number)", description: "")), .none))
            }
        )
    }

    /// The first entry, and then these, each by the administrator where no node has to speak for itself.
    static func entries(_ bodies: [(time: UInt64, body: CommandBody)]) -> [Entry] {
        var entries = [genesis]
        for (number, (time, body)) in bodies.enumerated() {
            let caller: Caller =
                switch body {
                case .claimSealKey, .joinEdge: .node(voter)
                default: .administrator(fingerprint: .of([2]))
                }
            let last = entries[entries.count - 1]
            entries.append(
                Entry(
                    position: LogPosition(term: Term(1), index: last.index.next),
                    time: WallTime(milliseconds: start + time),
                    previousHash: last.hash,
                    payload: .command(command(UInt64(number), body, by: caller))
                )
            )
        }
        return entries
    }

    private static func roots(_ batches: [[Entry]]) throws -> [RecordedRoot] {
        var (applier, pairs, roots) = (Applier(codec: codec), SortedStore(), [RecordedRoot]())
        var point = SnapshotPoint(
            position: .zero,
            hash: .zero,
            time: .distantPast,
            configuration: Configuration(voters: [voter])
        )
        for batch in batches {
            guard case .done(let applied) = applier.apply(batch, after: point, to: &pairs) else {
                throw Violation(.log, "a batch does not apply")
            }
            point = applied.point
            roots += applied.roots
        }
        return roots
    }

    @Test("a batch is cut where the log's time crosses a bucket, and wherever it ends") func boundaries() throws {
        let entries = Self.entries(at: [0, 10, 40, 60, 90, 400, 410])
        let roots = try Self.roots([entries])
        // The first entry is of long ago, and of a state without keys.
        try #require(roots.map(\.point.index.number) == [4, 6, 8])
        #expect(roots.map(\.point.head) == [3, 5, 7].map { entries[$0].hash })
        #expect(roots[1].first == WallTime(milliseconds: Self.start + 60))
        #expect(roots[1].last == WallTime(milliseconds: Self.start + 90))
    }

    @Test("members that apply in batches of their own have the same roots where batches are cut") func batches() throws
    {
        let entries = Self.entries(at: [0, 10, 40, 60, 90, 400, 410])
        let whole = try Self.roots([entries])
        let single = try Self.roots(entries.map { [$0] })
        #expect(single.map(\.point.index.number) == Array(2...8))
        for root in whole { #expect(single.contains { $0.point == root.point }, "none at \(root.point.index)") }
    }

    @Test("the voters are those of the very entry: none before all have named a key") func voters() throws {
        let entries = Self.entries(at: [0, 100, 200])
        let roots = try Self.roots([Array(entries.prefix(1)), Array(entries.dropFirst())])
        #expect(roots.map(\.point.index.number) == [2, 3, 4])
        let voter = Voter(member: Self.voter, sealKey: KeyedHash.publicKey("seals"))
        let set = try VoterSet(voters: [voter])
        for root in roots { #expect(root.point.voters == set) }
    }
}
