package import Cedar
package import Identity
package import Kernel

/// What the directory's objects are called in policies.
package enum EntityUIDs {
    package static let role: EntityTypeName = "Role"
    package static let administrator: EntityTypeName = "Reeve::Administrator"
    package static let node: EntityTypeName = "Reeve::Node"
    package static let action: EntityTypeName = "Reeve::Action"
    /// Of what requests for decisions ask about.
    package static let requestAction: EntityTypeName = "Action"
    package static let attribute: EntityTypeName = "Reeve::Attribute"
    package static let assignment: EntityTypeName = "Reeve::Assignment"
    package static let token: EntityTypeName = "Reeve::Token"
    package static let policySet: EntityTypeName = "Reeve::PolicySet"

    package static func principal(_ id: PrincipalID) -> EntityUID { EntityUID(type: id.kind.entityType, id: id.name) }
    package static func role(_ name: String) -> EntityUID { EntityUID(type: role, id: name) }
    package static func assignment(_ id: String) -> EntityUID { EntityUID(type: assignment, id: id) }
    package static func token(_ id: String) -> EntityUID { EntityUID(type: token, id: id) }
    package static func policySet(_ name: String) -> EntityUID { EntityUID(type: policySet, id: name) }
    package static func node(_ id: MemberID) -> EntityUID { EntityUID(type: node, id: id.uuid) }
    package static func action(_ name: String) -> EntityUID { EntityUID(type: action, id: name) }
    /// Target of what concerns the cluster as a whole.
    package static let cluster = EntityUID(type: "Reeve::Cluster", id: "cluster")

    /// Target of `Reeve::Action::"assert"`: an attribute of a type, as in `Reeve::Attribute::"Record.status"`.
    package static func attribute(_ name: String, ofType type: EntityTypeName) -> EntityUID {
        EntityUID(type: attribute, id: "\(type.text).\(name)")
    }

    package static func administrator(_ fingerprint: Digest) -> EntityUID {
        EntityUID(type: administrator, id: fingerprint.hex)
    }

    /// Nil for a node's identity at bootstrap, which no policy is asked about.
    package static func caller(_ caller: Caller) -> EntityUID? {
        switch caller {
        case .administrator(let fingerprint): administrator(fingerprint)
        case .principal(let id, _): principal(id)
        case .node(let member): node(member)
        case .bootstrap: nil
        }
    }

    package static func subject(_ subject: RevocationSubject) -> EntityUID {
        switch subject {
        case .principal(let id): principal(id)
        case .token(let id): token(id)
        }
    }
}

extension PrincipalKind {
    /// `agent` is `Agent`, and so on.
    package var entityType: EntityTypeName {
        switch self {
        case .agent: "Agent"
        case .service: "Service"
        case .user: "User"
        case .workflow: "Workflow"
        }
    }

    package init?(entityType: EntityTypeName) {
        guard let kind = Self.allCases.first(where: { $0.entityType == entityType }) else { return nil }
        self = kind
    }
}

extension PrincipalID {
    /// Nil when the entity is no principal, or has an id that no principal can have.
    package init?(_ uid: EntityUID) {
        guard let kind = PrincipalKind(entityType: uid.type) else { return nil }
        self.init(kind: kind, name: uid.id)
    }
}
