import Consensus
import Directory
import Foundation
import Identity
import Kernel
import Keys
import Replica
import Sealing
import Storage
import TestSupport
import Testing
import Wire

@testable import Host

@Suite("What a node keeps on disk") struct NodeStoresTests {
    private let folder: TemporaryDirectory
    private static let codec = ProtobufCodec()
    private let own = MemberSpec(
        id: MemberID(high: 9, low: 9),
        name: "e1",
        raftAddress: "127.0.0.1:9",
        apiAddresses: [],
        keyFingerprint: .of([9])
    )

    init() throws { folder = try TemporaryDirectory() }

    private func settings(isEdge: Bool) throws -> NodeSettings {
        let validity = CertificateValidity(
            notBefore: MemoryNode.start,
            notAfter: MemoryNode.start.advanced(by: .seconds(3600))
        )
        let issuer = try CertificateIssuer.selfSigned(
            trustDomain: TrustDomain(parsing: "reeve.test"),
            key: PrivateKey(),
            validity: validity
        )
        let key = PrivateKey()
        let leaf = try issuer.issueNode("e1", publicKey: key.publicKey, hosts: ["127.0.0.1"], validity: validity)
        return NodeSettings(
            member: own,
            isEdge: isEdge,
            genesis: MemoryNode.genesis,
            invitedBy: MemoryNode.genesis.voters,
            dataDirectory: folder.path,
            credentials: try NodeCredentials(chain: [leaf], key: key, roots: [issuer.certificate]),
            sealKey: { PrivateKey() },
            bindHost: "127.0.0.1",
            bindPort: 0,
            options: ReplicaOptions(),
            storage: DataDirectory.Limits()
        )
    }

    private func open(isEdge: Bool) throws -> NodeStores {
        try NodeStores(settings: try settings(isEdge: isEdge), codec: Self.codec)
    }

    @Test("an edge whose state is not there does not begin with an empty one, as a member that joins does")
    func lost() throws {
        #expect(throws: LostData.self, "nothing is there") { try open(isEdge: true) }
        _ = try DataInstance.load(folder.path, mayBegin: true)
        let error = #expect(throws: LostData.self, "joining was not finished") { try open(isEdge: true) }
        #expect(error?.description.contains("reeve cluster add e1=… --edge") == true)
        _ = try open(isEdge: false)
    }

    @Test("a directory that has had a log does not begin anew without one, though the file that names it is there")
    func lostLog() throws {
        _ = try DataInstance.load(folder.path, mayBegin: true)
        _ = try open(isEdge: false)
        _ = try open(isEdge: false)
        for name in ["log", "state"] { try FileManager.default.removeItem(atPath: "\(folder.path)/\(name)") }
        #expect(throws: LostData.self) { try open(isEdge: false) }
    }

    /// As `reeve node join` lays it: a state, and the checkpoint from which seals are followed.
    private func lay() throws -> (SnapshotPoint, Checkpoint) {
        let genesis = MemoryNode.genesis
        var rows = TrackedTransaction(MemoryStore())
        var applier = Applier(codec: Self.codec)
        let entry = genesis.firstEntry(codec: Self.codec)
        let base = SnapshotPoint(
            position: .zero,
            hash: .zero,
            time: .distantPast,
            configuration: Configuration(voters: genesis.voters.map(\.id))
        )
        guard case .done(let batch) = applier.apply([entry], after: base, to: &rows) else {
            throw StorageError.misuse("the first entry was not applied")
        }
        var pairs: [StatePairs.Pair] = []
        var key: [UInt8] = []
        while let row = rows.first(atOrAfter: key) {
            pairs.append(StatePairs.Pair(key: row.key, value: row.value))
            key = row.key + [0]
        }
        let bytes = StatePairs(pairs: pairs).encoded()
        let directory = try DataDirectory(
            path: folder.path,
            owner: StoreOwner(lineage: genesis.lineage, member: own.id)
        )
        let chunk = Message.SnapshotChunk(
            point: batch.point,
            number: 0,
            isLast: true,
            bytes: bytes,
            digest: .of(bytes)
        )
        _ = try directory.stage(chunk)
        try directory.installSnapshot(batch.point)
        let checkpoint = Checkpoint(
            lineage: genesis.lineage,
            index: batch.point.position.index,
            head: batch.point.hash,
            root: batch.facts.stateRoot,
            time: MemoryNode.start,
            voters: try VoterSet(
                voters: [Voter(member: genesis.voters[0].id, sealKey: PrivateKey().compressedPublicKey)]
            )
        )
        try directory.begin(from: checkpoint)
        return (batch.point, checkpoint)
    }

    @Test("an edge goes on from the state that it got when it joined, which is proven by nothing yet")
    func laid() throws {
        _ = try DataInstance.load(folder.path, mayBegin: true)
        let (point, checkpoint) = try lay()
        let start = try open(isEdge: true).start(codec: Self.codec)
        #expect(start.applied == point)
        #expect(start.log.entries.isEmpty)
        #expect(start.seals.memory == SealMemory(checkpoint: checkpoint))
    }
}
