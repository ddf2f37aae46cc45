package import Kernel

package struct MemberRecord: Hashable, Sendable {
    package let spec: MemberSpec
    /// Otherwise a learner.
    package let isVoter: Bool
    /// Names the data directory that the member's votes and log are in. Nil until the member has said so: another one
    /// under the same id has forgotten what this one promised.
    package let instance: Digest?
    /// Of the key by which this member issues certificates, if it has one.
    package let issuerFingerprint: Digest?
    /// By which seals of this member are checked, once it has named it: a compressed point of P-256. SEC 1 section 2.3.3.
    package let sealKey: [UInt8]?
    package let labels: Labels
    package let metadata: RecordMetadata

    package init(
        spec: MemberSpec,
        isVoter: Bool,
        instance: Digest? = nil,
        issuerFingerprint: Digest? = nil,
        sealKey: [UInt8]? = nil,
        labels: Labels = .none,
        metadata: RecordMetadata
    ) {
        self.spec = spec
        self.isVoter = isVoter
        self.instance = instance
        self.issuerFingerprint = issuerFingerprint
        self.sealKey = sealKey
        self.labels = labels
        self.metadata = metadata
    }
}

/// A node that no configuration names: it follows what voters have sealed, and decides.
package struct EdgeRecord: Hashable, Sendable {
    package let spec: MemberSpec
    /// Names the data directory.
    package let instance: Digest
    package let labels: Labels
    package let metadata: RecordMetadata

    package init(spec: MemberSpec, instance: Digest, labels: Labels = .none, metadata: RecordMetadata) {
        self.spec = spec
        self.instance = instance
        self.labels = labels
        self.metadata = metadata
    }
}

/// A member or an edge that was removed. Kept for ever: its id never comes back under this incarnation or a lower one.
package struct FormerMemberRecord: Hashable, Sendable {
    /// With the highest incarnation that was ever in the cluster.
    package let id: MemberID
    package let name: String
    /// Of the key that it had: whoever comes with it is told what became of it.
    package let keyFingerprint: Digest
    package let metadata: RecordMetadata

    package init(id: MemberID, name: String, keyFingerprint: Digest, metadata: RecordMetadata) {
        self.id = id
        self.name = name
        self.keyFingerprint = keyFingerprint
        self.metadata = metadata
    }

    /// Of a node as it was known.
    init(_ spec: MemberSpec, metadata: RecordMetadata) {
        self.init(id: spec.id, name: spec.name, keyFingerprint: spec.keyFingerprint, metadata: metadata)
    }
}

/// A ticket and what became of it. There is one for a name at most.
package struct JoinTicketRecord: Hashable, Sendable {
    package let ticket: JoinTicket
    /// In whose authority a node joins by it.
    package let issuer: Caller
    /// Who has joined by it. A ticket serves once.
    package let usedBy: MemberID?
    package let metadata: RecordMetadata

    package init(ticket: JoinTicket, issuer: Caller, usedBy: MemberID? = nil, metadata: RecordMetadata) {
        self.ticket = ticket
        self.issuer = issuer
        self.usedBy = usedBy
        self.metadata = metadata
    }
}
