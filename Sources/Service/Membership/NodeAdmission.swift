package import Directory
package import Kernel

/// How a node that holds a ticket becomes a member.
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

    private let client: any ReplicaClient
    private let reader: DirectoryReader
    private let writer: DirectoryWriter

    package init(client: any ReplicaClient, codec: any DirectoryCodec) {
        self.client = client
        self.reader = DirectoryReader(client: client, codec: codec)
        self.writer = DirectoryWriter(client: client)
    }

    /// Makes the node a learner, or finds that it is one already, since it may ask again when an answer was lost.
    ///
    /// Strangers can ask, so nothing is written to the log before the ticket has been found good here.
    package func admit(_ application: Application) async throws(ServiceError) -> MemberRecord {
        if let member = try await earlierMember(application) { return member }
        let joining = Joining(
            name: application.name,
            secretDigest: application.secretDigest,
            id: try await nextID(of: application.name),
            keyFingerprint: application.keyFingerprint,
            instance: application.instance
        )
        var revision = LogIndex.zero
        do {
            revision = try await writer.submit(.join(joining), WriteCall(caller: .node(client.member))).revision
        } catch {
            guard error.code == RefusalCode.alreadyJoined.rawValue else { throw error }
        }
        return try await reader.find("member \(application.name)", .atLeast(revision)) { view throws(StateDamage) in
            guard let id = try view.joinTicket(application.name)?.usedBy else { return nil }
            return try view.member(id)
        }
    }

    /// Nil while the ticket is unused.
    private func earlierMember(_ application: Application) async throws(ServiceError) -> MemberRecord? {
        let now = client.now().wall
        let found = try await reader.read { view throws(StateDamage) in
            let ticket = try view.joinTicket(application.name)
            return (ticket, try ticket?.usedBy.flatMap { id throws(StateDamage) in try view.member(id) })
        }
        let invalid = ServiceError(CommandResult.Refusal(.ticketInvalid, [application.name]))
        guard let ticket = found.0, ticket.ticket.secretDigest == application.secretDigest,
            now < ticket.ticket.expiresAt
        else { throw invalid }
        guard ticket.usedBy != nil else { return nil }
        guard let member = found.1, member.spec.keyFingerprint == application.keyFingerprint,
            member.instance == application.instance
        else { throw invalid }
        return member
    }

    /// A name that was a member's before is the same node again, under the next incarnation.
    private func nextID(of name: String) async throws(ServiceError) -> MemberID {
        let former = try await reader.read { view throws(StateDamage) in
            try view.formerMembers(ListRequest(limit: ListRequest.maximumLimit)).items
        }
        if let last = former.filter({ $0.name == name }).max(by: { $0.metadata.revision < $1.metadata.revision }) {
            return MemberID(high: last.id.high, low: last.id.low, incarnation: last.id.incarnation + 1)
        }
        return .random()
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
