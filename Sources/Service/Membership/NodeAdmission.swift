package import Directory
package import Kernel

/// How a node that holds a ticket becomes a member, or an edge.
package struct NodeAdmission: Sendable {
    /// What the node says of itself.
    package struct Application: Hashable, Sendable {
        package let name: String
        package let secretDigest: Digest
        package let keyFingerprint: Digest
        package let instance: Digest

        package init(name: String, secretDigest: Digest, keyFingerprint: Digest, instance: Digest) {
            self.name = name
            self.secretDigest = secretDigest
            self.keyFingerprint = keyFingerprint
            self.instance = instance
        }
    }

    /// What the node has become.
    package struct Admitted: Hashable, Sendable {
        package let spec: MemberSpec
        /// What an edge begins from; nil for a member.
        package let checkpoint: [UInt8]?
    }

    private let client: any ReplicaClient
    private let reader: DirectoryReader
    private let writer: DirectoryWriter

    package init(client: any ReplicaClient, codec: any DirectoryCodec) {
        self.client = client
        self.reader = DirectoryReader(client: client, codec: codec)
        self.writer = DirectoryWriter(client: client)
    }

    /// Makes the node a learner or an edge, as its ticket says, or finds that it is one already, since it may ask again when an
    /// answer was lost.
    ///
    /// Strangers can ask, so nothing is written to the log before the ticket has been found good here.
    package func admit(_ application: Application) async throws(ServiceError) -> Admitted {
        let ticket = try await ticket(of: application)
        let checkpoint = ticket.ticket.isEdge ? try await newestCheckpoint() : nil
        if let earlier = ticket.usedBy {
            return Admitted(spec: try await node(earlier, of: application), checkpoint: checkpoint)
        }
        let joining = Joining(
            name: application.name,
            secretDigest: application.secretDigest,
            id: try await nextID(of: application.name),
            keyFingerprint: application.keyFingerprint,
            instance: application.instance
        )
        let body = ticket.ticket.isEdge ? CommandBody.joinEdge(joining) : .join(joining)
        var revision = LogIndex.zero
        do {
            revision = try await writer.submit(body, WriteCall(caller: .node(client.member))).revision
        } catch {
            guard error.code == RefusalCode.alreadyJoined.rawValue else { throw error }
        }
        let id = try await reader.find("member \(application.name)", .atLeast(revision)) { view throws(StateDamage) in
            try view.joinTicket(application.name)?.usedBy
        }
        return Admitted(spec: try await node(id, of: application), checkpoint: checkpoint)
    }

    private func ticket(of application: Application) async throws(ServiceError) -> JoinTicketRecord {
        let now = client.now().wall
        let record = try await reader.read { view throws(StateDamage) in try view.joinTicket(application.name) }
        guard let record, record.ticket.secretDigest == application.secretDigest, now < record.ticket.expiresAt
        else { throw Self.invalid(application) }
        return record
    }

    /// The node that has used the ticket, if it is the one that applies.
    private func node(_ id: MemberID, of application: Application) async throws(ServiceError) -> MemberSpec {
        let (member, edge) = try await reader.read { view throws(StateDamage) in
            (try view.member(id), try view.edge(id))
        }
        guard let spec = member?.spec ?? edge?.spec, spec.keyFingerprint == application.keyFingerprint,
            (member?.instance ?? edge?.instance) == application.instance
        else { throw Self.invalid(application) }
        return spec
    }

    private static func invalid(_ application: Application) -> ServiceError {
        ServiceError(CommandResult.Refusal(.ticketInvalid, [application.name]))
    }

    /// Before anything is written: without one an edge could believe nothing.
    private func newestCheckpoint() async throws(ServiceError) -> [UInt8] {
        guard let checkpoint = await client.checkpoint() else {
            throw ServiceError(
                .unavailable,
                code: "no_seal",
                message: "this node knows of no seal that an edge could begin from; every voter has to have named its "
                    + "seal key, and then a majority of them has to run"
            )
        }
        return checkpoint
    }

    /// A name that a node had before is the same node again, under the next incarnation.
    private func nextID(of name: String) async throws(ServiceError) -> MemberID {
        let former = try await reader.read { view throws(StateDamage) in try view.allFormerMembers() }
        let last = former.filter { $0.name == name }.max { $0.metadata.revision < $1.metadata.revision }?.id
        return last.map { MemberID(high: $0.high, low: $0.low, incarnation: $0.incarnation + 1) } ?? .random()
    }
}

extension MemberID {
    /// A new identity: a UUID of RFC 9562 version 4 from the system's random source.
    package static func random() -> MemberID {
        var source = SystemRandomNumberGenerator()
        let high = UInt64.random(in: .min ... .max, using: &source) & ~0xf000 | 0x4000
        let low = UInt64.random(in: .min ... .max, using: &source) & ~(3 << 62) | 2 << 62
        return MemberID(high: high, low: low)
    }
}
