import Consensus
import Directory
import Foundation
import HTTPAPI
import Host
import Identity
import Kernel
import Keys
import Service
import Storage
import Wire

/// Makes a cluster whose nodes begin with the state of a backup.
struct RestoreMaker {
    let sources: RestoreSources
    let target: ClusterFiles
    /// Of the cluster that the backup is of: root key, roots, administrator.
    let old: ClusterFiles
    let nodes: [NodeArgument]
    let days: Int
    let quarantinesPrincipals: Bool

    struct Made {
        let revision: LogIndex
        let outcome: Restoration.Outcome
    }

    private struct Voter {
        let argument: NodeArgument
        let key: PrivateKey
        let issuerKey: PrivateKey
        let record: MemberRecord
    }

    func make(with root: RootAuthority) throws -> Made { try target.makeWhole { try make(in: $0, root) } }

    private func make(in part: ClusterFiles, _ root: RootAuthority) throws -> Made {
        try NodeFolder.create(part.root)
        let voters = try nodes.map { argument in
            let folder = NodeFolder(url: part.node(argument.name), isPlain: root.isPlain)
            try folder.create()
            try NodeFolder.create(URL(filePath: folder.data))
            return try voter(argument, instance: DataInstance.load(folder.data, mayBegin: true))
        }
        let state = try restoreState(of: voters, in: part)
        guard state.genesis.trustDomain == root.issuer.trustDomain.name else {
            throw CommandError(
                "the backup is of trust domain \(state.genesis.trustDomain)",
                at: old.rootCertificate.filePath,
                advice: "give the folder of that cluster with --authority"
            )
        }
        let maker = NodeMaker(issuer: root.issuer, days: days, isPlain: root.isPlain)
        for voter in voters {
            try maker.make(
                NodeMaker.Node(
                    argument: voter.argument,
                    member: voter.record.spec,
                    key: voter.key,
                    issuerKey: voter.issuerKey
                ),
                genesis: GenesisFile(genesis: state.genesis),
                introducedBy: voters.map(\.record.spec),
                in: part.node(voter.argument.name)
            )
        }
        try copyAdministrator(to: part, trustDomain: state.genesis.trustDomain, isPlain: root.isPlain)
        return state.made
    }

    private func voter(_ argument: NodeArgument, instance: Digest) throws -> Voter {
        let key = PrivateKey()
        let issuerKey = PrivateKey()
        let never = RecordMetadata(createdAt: .distantPast, updatedAt: .distantPast, revision: .zero)
        let record = MemberRecord(
            spec: MemberSpec(
                id: .random(),
                name: argument.name,
                raftAddress: argument.raft.description,
                apiAddresses: [argument.admin.description, argument.decisions.description],
                keyFingerprint: key.fingerprint
            ),
            isVoter: true,
            instance: instance,
            issuerFingerprint: issuerKey.fingerprint,
            metadata: never
        )
        return Voter(argument: argument, key: key, issuerKey: issuerKey, record: record)
    }

    private func copyAdministrator(to part: ClusterFiles, trustDomain: String, isPlain: Bool) throws {
        try NodeFolder.create(part.root.appending(path: "admin"))
        let copies = [
            (old.administratorKey, part.administratorKey, UInt32(0o600)),
            (old.administratorCertificate, part.administratorCertificate, 0o644),
            (old.rootCertificate, part.rootCertificate, 0o644),
        ]
        for (from, to, mode) in copies {
            try KeyFiles.create(to.filePath, mode: mode, bytes: try KeyFiles.read(from.filePath, limit: 1 << 20))
        }
        let context = ClusterContext.made(trustDomain: trustDomain, nodes: nodes, isPlain: isPlain)
        try KeyFiles.create(part.context.filePath, mode: 0o644, bytes: Array(context.text.utf8))
    }

    private func restoreState(
        of voters: [Voter],
        in part: ClusterFiles
    ) throws -> (genesis: Genesis, made: Made) {
        let header = sources.backup.header
        let reason = "restored from a backup of revision \(header.point.position.index.number)"
        let point = header.point.restarted(
            after: sources.latest,
            time: .now,
            voters: voters.map(\.record.spec.id),
            reason: reason
        )
        let restoration = Restoration(
            voters: voters.map(\.record),
            revocations: sources.revocations,
            epoch: sources.epoch,
            quarantinesPrincipals: quarantinesPrincipals,
            reason: reason
        )
        var first: (StoppedData, Restoration.Outcome, Genesis)?
        for voter in voters {
            let path = NodeFolder(url: part.node(voter.argument.name), isPlain: true).data
            let data = try StoppedData(path: path, lineage: header.lineage, member: voter.record.spec.id)
            if let (source, _, _) = first {
                try data.copy(source, point)
            } else {
                try data.load(sources.backup)
                let outcome = try data.restore(restoration, at: point)
                first = (data, outcome, try data.genesis(voters: voters.map(\.record.spec)))
            }
        }
        guard let (_, outcome, genesis) = first else { throw CommandError("no node was given") }
        return (genesis, Made(revision: point.position.index, outcome: outcome))
    }
}
