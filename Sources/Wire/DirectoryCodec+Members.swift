internal import Directory
internal import FoundationEssentials
internal import Kernel
internal import SwiftProtobuf

extension ProtoMemberRecord: ProtoConvertible {
    init(_ record: MemberRecord) {
        spec = ProtoMemberSpec(record.spec)
        isVoter = record.isVoter
        metadata = ProtoRecordMetadata(record.metadata)
        if let instance = record.instance { self.instance = Data(instance.bytes) }
        if let key = record.issuerFingerprint { issuerFingerprint = Data(key.bytes) }
        if let key = record.sealKey { sealKey = Data(key) }
        labels = record.labels.protos
    }

    func value() throws(WireError) -> MemberRecord {
        MemberRecord(
            spec: try spec.value(),
            isVoter: isVoter,
            instance: hasInstance ? try digest(instance, "member.instance") : nil,
            issuerFingerprint: hasIssuerFingerprint ? try digest(issuerFingerprint, "member.issuer") : nil,
            sealKey: hasSealKey ? try bounded(sealKey, to: Limits.publicKeyByteCount, "member.sealKey") : nil,
            labels: try Labels(labels),
            metadata: metadata.value()
        )
    }
}

extension ProtoEdgeRecord: ProtoConvertible {
    init(_ record: EdgeRecord) {
        spec = ProtoMemberSpec(record.spec)
        instance = Data(record.instance.bytes)
        labels = record.labels.protos
        metadata = ProtoRecordMetadata(record.metadata)
    }

    func value() throws(WireError) -> EdgeRecord {
        EdgeRecord(
            spec: try spec.value(),
            instance: try digest(instance, "edge.instance"),
            labels: try Labels(labels),
            metadata: metadata.value()
        )
    }
}

extension ProtoFormerMemberRecord: ProtoConvertible {
    init(_ record: FormerMemberRecord) {
        id = ProtoMemberID(record.id)
        name = record.name
        keyFingerprint = Data(record.keyFingerprint.bytes)
        metadata = ProtoRecordMetadata(record.metadata)
    }

    func value() throws(WireError) -> FormerMemberRecord {
        FormerMemberRecord(
            id: id.value(),
            name: name,
            keyFingerprint: try digest(keyFingerprint, "former.keyFingerprint"),
            metadata: metadata.value()
        )
    }
}

extension ProtoJoinTicketRecord: ProtoConvertible {
    init(_ record: JoinTicketRecord) {
        ticket = ProtoJoinTicket(record.ticket)
        issuer = ProtoCaller(record.issuer)
        if let member = record.usedBy { usedBy = ProtoMemberID(member) }
        metadata = ProtoRecordMetadata(record.metadata)
    }

    func value() throws(WireError) -> JoinTicketRecord {
        JoinTicketRecord(
            ticket: try ticket.value(),
            issuer: try issuer.value(),
            usedBy: hasUsedBy ? usedBy.value() : nil,
            metadata: metadata.value()
        )
    }
}

extension ProtoJoinTicket: ProtoConvertible {
    init(_ ticket: JoinTicket) {
        name = ticket.name
        raftAddress = ticket.raftAddress
        apiAddresses = ticket.apiAddresses
        secretDigest = Data(ticket.secretDigest.bytes)
        expiresAt = ticket.expiresAt.milliseconds
        isEdge = ticket.isEdge
        labels = ticket.labels.protos
    }

    func value() throws(WireError) -> JoinTicket {
        JoinTicket(
            name: name,
            raftAddress: raftAddress,
            apiAddresses: apiAddresses,
            secretDigest: try digest(secretDigest, "ticket.secretDigest"),
            expiresAt: WallTime(milliseconds: expiresAt),
            isEdge: isEdge,
            labels: try Labels(labels)
        )
    }
}

extension ProtoJoining: ProtoConvertible {
    init(_ joining: Joining) {
        name = joining.name
        secretDigest = Data(joining.secretDigest.bytes)
        id = ProtoMemberID(joining.id)
        keyFingerprint = Data(joining.keyFingerprint.bytes)
        instance = Data(joining.instance.bytes)
    }

    func value() throws(WireError) -> Joining {
        Joining(
            name: name,
            secretDigest: try digest(secretDigest, "join.secretDigest"),
            id: id.value(),
            keyFingerprint: try digest(keyFingerprint, "join.keyFingerprint"),
            instance: try digest(instance, "join.instance")
        )
    }
}

extension ProtoLabelNode {
    init(_ id: MemberID, _ change: LabelChange) {
        self.init()
        member = ProtoMemberID(id)
        set = change.set.protos
        removed = change.removed
    }

    func change() throws(WireError) -> LabelChange { LabelChange(set: try Labels(set), removed: removed) }
}

extension Labels {
    var protos: [ProtoLabel] {
        entries.map { entry in
            .with {
                $0.key = entry.key
                $0.value = entry.value
            }
        }
    }

    init(_ protos: [ProtoLabel]) throws(WireError) {
        guard let labels = Labels(protos.map { Entry($0.key, $0.value) }) else {
            throw .invalid("labels", reason: "a key occurs twice")
        }
        self = labels
    }
}
