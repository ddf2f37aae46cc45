internal import Directory
internal import FoundationEssentials
internal import Kernel
internal import SwiftProtobuf

extension ProtoPrincipalSpec: ProtoConvertible {
    init(_ spec: PrincipalSpec) {
        id = ProtoPrincipalID(spec.id)
        if let owner = spec.owner { self.owner = ProtoPrincipalID(owner) }
        if let parent = spec.parent { self.parent = ProtoPrincipalID(parent) }
        description_p = spec.description
        attributes = ProtoAttributes(spec.attributes)
    }

    func value() throws(WireError) -> PrincipalSpec {
        PrincipalSpec(
            id: try id.value(),
            owner: hasOwner ? try owner.value() : nil,
            parent: hasParent ? try parent.value() : nil,
            description: description_p,
            attributes: try attributes.value()
        )
    }
}

extension ProtoRoleSpec: ProtoConvertible {
    init(_ spec: RoleSpec) {
        name = spec.name
        parents = spec.parents
        description_p = spec.description
    }

    func value() -> RoleSpec { RoleSpec(name: name, parents: parents, description: description_p) }
}

extension ProtoAssignmentSpec: ProtoConvertible {
    init(_ spec: AssignmentSpec) {
        id = spec.id
        principal = ProtoPrincipalID(spec.principal)
        role = spec.role
        notBefore = spec.notBefore.milliseconds
        if let end = spec.expiresAt { expiresAt = end.milliseconds }
        reason = spec.reason
    }

    func value() throws(WireError) -> AssignmentSpec {
        AssignmentSpec(
            id: id,
            principal: try principal.value(),
            role: role,
            notBefore: WallTime(milliseconds: notBefore),
            expiresAt: hasExpiresAt ? WallTime(milliseconds: expiresAt) : nil,
            reason: reason
        )
    }
}

extension ProtoResourceSpec: ProtoConvertible {
    init(_ spec: ResourceSpec) {
        id = ProtoEntityName(spec.id)
        parents = spec.parents.map(ProtoEntityName.init)
        if let owner = spec.owner { self.owner = ProtoPrincipalID(owner) }
        attributes = ProtoAttributes(spec.attributes)
    }

    func value() throws(WireError) -> ResourceSpec {
        ResourceSpec(
            id: id.value(),
            parents: parents.map { $0.value() },
            owner: hasOwner ? try owner.value() : nil,
            attributes: try attributes.value()
        )
    }
}

extension ProtoTokenGrant: ProtoConvertible {
    init(_ grant: TokenGrant) {
        id = grant.id
        principal = ProtoPrincipalID(grant.principal)
        secretDigest = Data(grant.secretDigest.bytes)
        expiresAt = grant.expiresAt.milliseconds
        description_p = grant.description
    }

    func value() throws(WireError) -> TokenGrant {
        TokenGrant(
            id: id,
            principal: try principal.value(),
            secretDigest: try digest(secretDigest, "token.secretDigest"),
            expiresAt: WallTime(milliseconds: expiresAt),
            description: description_p
        )
    }
}

extension ProtoMemberSpec: ProtoConvertible {
    init(_ spec: MemberSpec) {
        id = ProtoMemberID(spec.id)
        name = spec.name
        raftAddress = spec.raftAddress
        apiAddresses = spec.apiAddresses
        keyFingerprint = Data(spec.keyFingerprint.bytes)
    }

    func value() throws(WireError) -> MemberSpec {
        MemberSpec(
            id: id.value(),
            name: name,
            raftAddress: raftAddress,
            apiAddresses: apiAddresses,
            keyFingerprint: try digest(keyFingerprint, "member.keyFingerprint")
        )
    }
}

extension ProtoAdministratorSpec: ProtoConvertible {
    init(_ spec: AdministratorSpec) {
        fingerprint = Data(spec.fingerprint.bytes)
        name = spec.name
    }

    func value() throws(WireError) -> AdministratorSpec {
        AdministratorSpec(fingerprint: try digest(fingerprint, "administrator.fingerprint"), name: name)
    }
}

extension ProtoSettings: ProtoConvertible {
    init(_ settings: Settings) {
        maximumAgeMicroseconds = settings.maximumAge.microseconds
        actionAges = settings.actionAges.map { age in
            .with { ($0.action, $0.maximumAgeMicroseconds) = (age.action, age.maximumAge.microseconds) }
        }
        historyLimit = settings.historyLimit
        idempotencyLimit = settings.idempotencyLimit
    }

    func value() -> Settings {
        Settings(
            maximumAge: Span(microseconds: maximumAgeMicroseconds),
            actionAges: actionAges.map {
                ActionAge(action: $0.action, maximumAge: Span(microseconds: $0.maximumAgeMicroseconds))
            },
            historyLimit: historyLimit,
            idempotencyLimit: idempotencyLimit
        )
    }
}
