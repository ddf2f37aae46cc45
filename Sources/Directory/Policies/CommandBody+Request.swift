internal import Cedar
internal import Identity
internal import Kernel

/// A command as the policies over `Reeve::Action` see it.
///
/// `resource` is the object as it was before the command. What the command wants is in the context: `exists` (whether the
/// object is there), and by action: `owner` and `parent` of a principal, `owner` of a resource, `principal`, `role`,
/// `notBefore` and `expiresAt` of an assignment, `principal` and `expiresAt` of a token, `version` of an activation and `rollout` of one ring by ring, where it is true, `act` of a step in a roll-out,
/// `cascade` of a revocation, `level` and `cascade` of a quarantine, `name` and `expiresAt` of a join ticket, its `labels` where it has some, and `edge`
/// of one for an edge, where it is true, `labels` that a node is given and keys of those `removed`, `name`, `level`, `cascade`, `expiresAt` and `budget` of a warrant. A node joins in the authority of
/// whoever issued its ticket, who is asked for `issueJoinTicket` again; a node's claim to its own data directory needs no
/// policy, nor does a statement that is brought to the log, since its warrant is the leave.
extension CommandBody {
    /// Id of the `Reeve::Action`.
    package var action: String {
        switch self {
        case .bootstrap: "bootstrap"
        case .put(.principal, _): "putPrincipal"
        case .put(.role, _): "putRole"
        case .put(.assignment, _): "putAssignment"
        case .put(.resource, _): "putResource"
        case .delete(.principal, _): "deletePrincipal"
        case .delete(.role, _): "deleteRole"
        case .delete(.assignment, _): "deleteAssignment"
        case .delete(.resource, _): "deleteResource"
        case .delete(.token, _): "deleteToken"
        case .draftPolicies: "draftPolicies"
        case .activatePolicies: "activatePolicies"
        case .deletePolicySet: "deletePolicySet"
        case .issueToken: "issueToken"
        case .revoke: "revoke"
        case .quarantine: "quarantine"
        case .liftQuarantine: "liftQuarantine"
        case .issueWarrant: "issueWarrant"
        case .withdrawWarrant: "withdrawWarrant"
        case .judgeStatement: "judgeStatement"
        case .raiseFeatureLevel: "raiseFeatureLevel"
        case .putSettings: "putSettings"
        case .addAdministrator: "addAdministrator"
        case .removeAdministrator: "removeAdministrator"
        case .issueJoinTicket: "issueJoinTicket"
        case .withdrawJoinTicket: "withdrawJoinTicket"
        case .join: "join"
        case .joinEdge: "joinEdge"
        case .promoteMember: "promoteMember"
        case .removeMember: "removeMember"
        case .removeEdge: "removeEdge"
        case .claimMember: "claimMember"
        case .pinIssuer: "pinIssuer"
        case .claimSealKey: "claimSealKey"
        case .labelNode: "labelNode"
        // Who may put policies in force may do so by and by.
        case .beginRollout: "activatePolicies"
        case .steerRollout: "steerRollout"
        case .reportRollout: "reportRollout"
        }
    }

    /// What the command is about, for people and for the history.
    package var target: String {
        switch self {
        case .bootstrap(let genesis): genesis.lineage.description
        case .put(let object, _): object.key.description
        case .delete(let key, _): key.description
        case .draftPolicies(let draft): "policies/\(draft.set)"
        case .activatePolicies(let set, let version, _): "policies/\(set)/\(version)"
        case .deletePolicySet(let set, _): "policies/\(set)"
        case .issueToken(let grant): "token/\(grant.id)"
        case .revoke(let subject, _, _): subject.description
        case .quarantine(let principal, _, _, _): principal.description
        case .liftQuarantine(let statements, _): statements.map(\.hex).joined(separator: " ")
        case .issueWarrant(let spec): "warrant/\(spec.name)"
        case .withdrawWarrant(let name): "warrant/\(name)"
        case .judgeStatement(let signed): "statement/\(signed.id.hex)"
        case .raiseFeatureLevel(let level): level.description
        case .putSettings: "settings"
        case .addAdministrator(let fingerprint, _), .removeAdministrator(let fingerprint):
            "administrator/\(fingerprint.hex)"
        case .issueJoinTicket(let ticket): "ticket/\(ticket.name)"
        case .withdrawJoinTicket(let name): "ticket/\(name)"
        case .join(let joining), .joinEdge(let joining): "node/\(joining.name)"
        case .promoteMember(let id), .removeMember(let id), .removeEdge(let id), .pinIssuer(let id, _),
            .labelNode(let id, _):
            "node/\(id.uuid)"
        case .claimMember(let instance): "instance/\(instance.hex)"
        case .beginRollout(let spec, _): "policies/\(spec.set)/\(spec.version)"
        case .steerRollout(let set, let act): "rollout/\(set)/\(act.name)"
        case .reportRollout(let report): "rollout/\(report.stage.set)"
        case .claimSealKey(let key): "sealKey/\(Digest.of(key).hex)"
        }
    }

    /// The entity that the command acts on; nil for a lift, which acts on the subjects of the statements.
    var resource: EntityUID? {
        switch self {
        case .put(let object, _): object.key.uid
        case .delete(let key, _): key.uid
        case .draftPolicies(let draft): EntityUIDs.policySet(draft.set)
        case .activatePolicies(let set, _, _), .deletePolicySet(let set, _): EntityUIDs.policySet(set)
        case .beginRollout(let spec, _): EntityUIDs.policySet(spec.set)
        case .steerRollout(let set, _): EntityUIDs.policySet(set)
        case .reportRollout(let report): EntityUIDs.policySet(report.stage.set)
        case .issueToken(let grant): EntityUIDs.token(grant.id)
        case .revoke(let subject, _, _): EntityUIDs.subject(subject)
        case .quarantine(let principal, _, _, _): EntityUIDs.principal(principal)
        case .liftQuarantine: nil
        case .addAdministrator(let fingerprint, _), .removeAdministrator(let fingerprint):
            EntityUIDs.administrator(fingerprint)
        case .promoteMember(let id), .removeMember(let id), .removeEdge(let id), .pinIssuer(let id, _),
            .labelNode(let id, _):
            EntityUIDs.node(id)
        case .bootstrap, .raiseFeatureLevel, .putSettings, .issueJoinTicket, .withdrawJoinTicket, .join, .joinEdge,
            .claimMember, .claimSealKey, .issueWarrant, .withdrawWarrant, .judgeStatement:
            EntityUIDs.cluster
        }
    }

    func context(exists: Bool) -> Cedar.Record {
        let fields: [(String, Value?)] =
            switch self {
            case .put(.principal(let spec), _): [("owner", spec.owner?.value), ("parent", spec.parent?.value)]
            case .put(.resource(let spec), _): [("owner", spec.owner?.value)]
            case .put(.assignment(let spec), _):
                [
                    ("principal", spec.principal.value), ("role", .entity(EntityUIDs.role(spec.role))),
                    ("notBefore", spec.notBefore.value), ("expiresAt", spec.expiresAt?.value),
                ]
            case .issueToken(let grant):
                [("principal", grant.principal.value), ("expiresAt", grant.expiresAt.value)]
            case .activatePolicies(_, let version, _): [("version", .long(Int64(clamping: version)))]
            case .beginRollout(let spec, _):
                [("version", .long(Int64(clamping: spec.version))), ("rollout", .bool(true))]
            case .steerRollout(_, let act): [("act", .string(act.name))]
            case .revoke(_, _, let cascades): [("cascade", .bool(cascades))]
            case .quarantine(_, let level, _, let cascades):
                [("level", .string(level.rawValue)), ("cascade", .bool(cascades))]
            case .issueJoinTicket(let ticket):
                [
                    ("name", .string(ticket.name)), ("expiresAt", ticket.expiresAt.value),
                    // Only where it is true: policies see of other tickets what they saw before there were edges.
                    ("edge", ticket.isEdge ? .bool(true) : nil),
                    ("labels", ticket.labels.isEmpty ? nil : ticket.labels.value),
                ]
            case .joinEdge: [("edge", .bool(true))]
            case .labelNode(_, let change):
                [("labels", change.set.value), ("removed", .set(ValueSet(change.removed.map { .string($0) })))]
            case .withdrawJoinTicket(let name), .withdrawWarrant(let name): [("name", .string(name))]
            case .issueWarrant(let spec):
                [
                    ("name", .string(spec.name)), ("level", .string(spec.level.rawValue)),
                    ("cascade", .bool(spec.cascades)), ("expiresAt", spec.expiresAt.value),
                    ("budget", .long(Int64(spec.budget))),
                ]
            case .bootstrap, .put(.role, _), .delete, .draftPolicies, .deletePolicySet, .liftQuarantine,
                .raiseFeatureLevel, .putSettings, .addAdministrator, .removeAdministrator, .join, .promoteMember,
                .removeMember, .removeEdge, .claimMember, .pinIssuer, .claimSealKey, .judgeStatement,
                .reportRollout:
                []
            }
        return Cedar.Record([("exists", .bool(exists))] + fields.compactMap { name, value in value.map { (name, $0) } })
    }

    /// The body without what the voter drew rather than the caller sent: a retry draws another.
    var withoutSecrets: CommandBody {
        switch self {
        case .issueToken(let grant):
            .issueToken(
                TokenGrant(
                    id: grant.id,
                    principal: grant.principal,
                    secretDigest: .zero,
                    expiresAt: grant.expiresAt,
                    description: grant.description
                )
            )
        case .issueJoinTicket(let ticket): .issueJoinTicket(ticket.withoutSecret)
        default: self
        }
    }
}

extension ObjectKey {
    fileprivate var uid: EntityUID {
        switch self {
        case .principal(let id): EntityUIDs.principal(id)
        case .role(let name): EntityUIDs.role(name)
        case .assignment(let id): EntityUIDs.assignment(id)
        case .resource(let name): name.uid
        case .token(let id): EntityUIDs.token(id)
        }
    }
}

extension PrincipalID {
    fileprivate var value: Value { .entity(EntityUIDs.principal(self)) }
}

extension Labels {
    fileprivate var value: Value { .record(Cedar.Record(entries.map { ($0.key, .string($0.value)) })) }
}

extension WallTime {
    fileprivate var value: Value { .datetime(CedarDateTime(milliseconds: Int64(clamping: milliseconds))) }
}
