import Consensus
import Directory
import Kernel
import Keys
import Links
import Logging
import TestSupport
import Testing
import Wire

@testable import Host

@Suite("Whom links connect") struct MemberRosterTests {
    private static let voters = (1...3).map { spec($0) }
    private static let edges = (11...16).map { spec($0) }

    private static func spec(_ number: UInt64, incarnation: UInt32 = 1) -> MemberSpec {
        MemberSpec(
            id: MemberID(high: 0, low: number, incarnation: incarnation),
            name: "n\(number)",
            raftAddress: "127.0.0.1:\(7000 + number)",
            apiAddresses: [],
            keyFingerprint: .of([UInt8(truncatingIfNeeded: number)])
        )
    }

    private static let metadata = RecordMetadata(
        createdAt: MemoryNode.start,
        updatedAt: MemoryNode.start,
        revision: LogIndex(1)
    )

    private static func instance(of edge: MemberSpec) -> Digest { .of([UInt8(truncatingIfNeeded: edge.id.low), 1]) }

    /// As a state says that names these edges.
    private func facts(_ edges: [MemberSpec], former: [MemberSpec] = []) throws -> MemberFacts {
        var records = Self.voters.map { voter in
            StoredRecord.member(MemberRecord(spec: voter, isVoter: true, metadata: Self.metadata))
        }
        records += edges.map { edge in
            .edge(EdgeRecord(spec: edge, instance: Self.instance(of: edge), metadata: Self.metadata))
        }
        records += former.map { spec in
            .formerMember(
                FormerMemberRecord(
                    id: spec.id,
                    name: spec.name,
                    keyFingerprint: spec.keyFingerprint,
                    metadata: Self.metadata
                )
            )
        }
        var store = MemoryStore()
        for record in records { store.set(ProtobufCodec().encode(record), for: record.key) }
        return try MemberFacts(in: store, codec: ProtobufCodec())
    }

    private func roster(of own: MemberSpec, isEdge: Bool, knowing facts: MemberFacts) -> MemberRoster {
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let roster = MemberRoster(own: own, isEdge: isEdge, invited: Self.voters, logger: logger)
        roster.learned(facts)
        roster.follow(Configuration(voters: Self.voters.map(\.id)))
        return roster
    }

    private static func ids(_ specs: [MemberSpec]) -> Set<MemberID> { Set(specs.map(\.id)) }

    /// Whom it has links with beside itself: who is let in, and who is dialled.
    private func links(_ roster: MemberRoster, of own: MemberSpec) -> (letIn: Set<MemberID>, dialled: Set<MemberID>) {
        let links = roster.roster
        let letIn = Set(links.members.map(\.id)).subtracting([own.id])
        return (letIn, letIn.intersection(links.dialled ?? letIn))
    }

    @Test("a member lets all edges in, from the data directories that the log names, and dials members and neighbours")
    func member() throws {
        let own = Self.voters[0]
        let roster = roster(of: own, isEdge: false, knowing: try facts(Self.edges))
        let others = Self.ids(Self.voters).subtracting([own.id])
        #expect(links(roster, of: own).letIn == others.union(Self.ids(Self.edges)))
        #expect(links(roster, of: own).dialled == others)
        #expect(roster.roster.instances[Self.edges[2].id] == Self.instance(of: Self.edges[2]))
        roster.follow(neighbours: [Self.edges[1].id, Self.voters[1].id])
        #expect(links(roster, of: own).dialled == others.union([Self.edges[1].id]))
        roster.follow(neighbours: [])
        #expect(links(roster, of: own).dialled == others)
    }

    @Test("an edge dials its neighbours alone, and members only while it knows of no neighbour")
    func edge() throws {
        let own = Self.edges[0]
        let roster = roster(of: own, isEdge: true, knowing: try facts(Self.edges))
        let others = Self.ids(Self.voters + Self.edges).subtracting([own.id])
        #expect(links(roster, of: own).letIn == others)
        #expect(links(roster, of: own).dialled == Self.ids(Self.voters))
        roster.follow(neighbours: [Self.edges[3].id, Self.voters[2].id])
        #expect(links(roster, of: own).dialled == [Self.edges[3].id, Self.voters[2].id])
        #expect(links(roster, of: own).letIn == others)
    }

    @Test("an edge that is removed is let in no more, is told so, and does not start again")
    func removed() throws {
        let (own, gone) = (Self.voters[0], Self.edges[0])
        let roster = roster(of: own, isEdge: false, knowing: try facts(Self.edges))
        roster.follow(neighbours: [gone.id])
        let left = try facts(Array(Self.edges.dropFirst()), former: [gone])
        roster.learned(left)
        #expect(!links(roster, of: own).letIn.contains(gone.id))
        #expect(!links(roster, of: own).dialled.contains(gone.id))
        #expect(roster.roster.former.map(\.id) == [gone.id])
        let itself = self.roster(of: gone, isEdge: true, knowing: try facts(Self.edges))
        #expect(!itself.isRemoved)
        itself.learned(left)
        #expect(itself.isRemoved)
        // It may come back as another incarnation.
        let next = Self.spec(gone.id.low, incarnation: 2)
        #expect(!self.roster(of: next, isEdge: true, knowing: try facts([next], former: [gone])).isRemoved)
    }

    @Test("who was removed is known among any number of others, by itself too")
    func manyRemoved() throws {
        let former = (100...1300).map { Self.spec($0) }
        let facts = try facts([], former: former)
        #expect(facts.former.count == former.count)
        for gone in [former[0], former[former.count - 1]] {
            #expect(roster(of: gone, isEdge: true, knowing: facts).isRemoved)
        }
    }
}
