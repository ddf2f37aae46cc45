package import Identity
package import Kernel

/// When a record came to be and last changed, in log time, and the index of the last change.
package struct RecordMetadata: Hashable, Sendable {
    package let createdAt: WallTime
    package let updatedAt: WallTime
    /// The revision of an entity tag.
    package let revision: LogIndex

    package init(createdAt: WallTime, updatedAt: WallTime, revision: LogIndex) {
        self.createdAt = createdAt
        self.updatedAt = updatedAt
        self.revision = revision
    }
}

package struct PrincipalRecord: Hashable, Sendable {
    package let spec: PrincipalSpec
    package let metadata: RecordMetadata

    package init(spec: PrincipalSpec, metadata: RecordMetadata) {
        self.spec = spec
        self.metadata = metadata
    }
}

package struct RoleRecord: Hashable, Sendable {
    package let spec: RoleSpec
    package let metadata: RecordMetadata

    package init(spec: RoleSpec, metadata: RecordMetadata) {
        self.spec = spec
        self.metadata = metadata
    }
}

package struct AssignmentRecord: Hashable, Sendable {
    package let spec: AssignmentSpec
    /// Who gave the role; the caller of the command that last changed the assignment.
    package let grantor: Caller
    package let metadata: RecordMetadata

    package init(spec: AssignmentSpec, grantor: Caller, metadata: RecordMetadata) {
        self.spec = spec
        self.grantor = grantor
        self.metadata = metadata
    }
}

package struct ResourceRecord: Hashable, Sendable {
    package let spec: ResourceSpec
    package let metadata: RecordMetadata

    package init(spec: ResourceSpec, metadata: RecordMetadata) {
        self.spec = spec
        self.metadata = metadata
    }
}

package struct TokenRecord: Hashable, Sendable {
    package let grant: TokenGrant
    package let issuer: Caller
    package let metadata: RecordMetadata

    /// The principal that issued it for somebody else; nil where the holder did so itself, or no principal did.
    package var issuingPrincipal: PrincipalID? {
        guard case .principal(let id, _) = issuer, id != grant.principal else { return nil }
        return id
    }

    package init(grant: TokenGrant, issuer: Caller, metadata: RecordMetadata) {
        self.grant = grant
        self.issuer = issuer
        self.metadata = metadata
    }
}

package struct AdministratorRecord: Hashable, Sendable {
    package let spec: AdministratorSpec
    package let metadata: RecordMetadata

    package init(spec: AdministratorSpec, metadata: RecordMetadata) {
        self.spec = spec
        self.metadata = metadata
    }
}
