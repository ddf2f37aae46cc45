internal import Directory
internal import Identity
internal import Kernel

/// What an agent asks of Reeve that only administrators, or nodes, may: every command there is but those that a secret opens, which no
/// agent has.
package enum Escalation: String, Hashable, Sendable, CaseIterable {
    case assignRole, createPrincipal, changeRole, changeResource
    case deletePrincipal, deleteRole, deleteAssignment, deleteResource
    case draftPolicies, activatePolicies, deletePolicySet
    case issueToken, revoke, quarantine, liftQuarantine
    case issueWarrant, withdrawWarrant, judgeStatement
    case raiseFeatureLevel, putSettings, addAdministrator, removeAdministrator
    case issueJoinTicket, withdrawJoinTicket, promoteMember, removeMember, removeEdge
    case claimMember, pinIssuer, claimSealKey, labelNode
    case beginRollout, steerRollout, reportRollout
}

extension Population {
    /// - Parameter member: One of the cluster's.
    func command(
        of escalation: Escalation,
        by agent: Int,
        against member: MemberID,
        in lineage: Lineage
    ) -> CommandBody {
        let (own, standing) = (agents[agent], agents[Self.standing])
        let digest = Digest.of(Array(escalation.rawValue.utf8))
        return switch escalation {
        case .assignRole: .put(.assignment(grant("escalated-\(agent)", to: agent, until: Self.standingExpiry)), .none)
        case .createPrincipal: .put(.principal(PrincipalSpec(id: own, owner: standing)), .none)
        case .changeRole: .put(.role(RoleSpec(name: Self.role, description: "everybody's")), .none)
        case .changeResource: .put(.resource(document(0, value: Self.forgedValue)), .none)
        case .deletePrincipal: .delete(.principal(standing), .none)
        case .deleteRole: .delete(.role(Self.role), .none)
        case .deleteAssignment: .delete(.assignment(Self.standingGrant), .none)
        case .deleteResource: .delete(.resource(documents[0]), .none)
        case .draftPolicies: .draftPolicies(PolicyDraft(set: Self.policySet, text: Self.openPolicy))
        case .activatePolicies: .activatePolicies(set: Self.policySet, version: 1, .none)
        case .deletePolicySet: .deletePolicySet(Self.policySet, .none)
        case .issueToken:
            .issueToken(
                TokenGrant(
                    id: "escalated-\(agent)",
                    principal: standing,
                    secretDigest: digest,
                    expiresAt: Self.standingExpiry
                )
            )
        case .revoke: .revoke(.principal(standing), reason: Self.pretext)
        case .quarantine: .quarantine(standing, .quarantine, reason: Self.pretext)
        case .liftQuarantine: .liftQuarantine(statements: [digest], reason: Self.pretext)
        case .issueWarrant:
            .issueWarrant(
                WarrantSpec(
                    name: "escalated-\(agent)",
                    key: KeyedHash.publicKey(own.description),
                    scope: .everybody,
                    level: .revoke,
                    cascades: true,
                    expiresAt: Self.standingExpiry,
                    budget: 1
                )
            )
        case .withdrawWarrant: .withdrawWarrant(name: Self.warrantNames[0])
        case .judgeStatement:
            .judgeStatement(
                statement(
                    StatementAct(warrant: 0, sequence: 1, kind: .revoke, agent: Self.standing, flaw: .wrongKey),
                    in: lineage
                )
            )
        case .raiseFeatureLevel: .raiseFeatureLevel(.supported)
        case .putSettings: .putSettings(Settings(maximumAge: Settings.maximumAgeRange.upperBound), .none)
        case .addAdministrator: .addAdministrator(fingerprint: digest, name: own.name)
        case .removeAdministrator: .removeAdministrator(fingerprint: World.administrator)
        case .issueJoinTicket:
            .issueJoinTicket(
                JoinTicket(
                    name: "escalated-\(agent)",
                    raftAddress: "escalated.example:1",
                    apiAddresses: ["escalated.example:2"],
                    secretDigest: digest,
                    expiresAt: Self.standingExpiry
                )
            )
        case .withdrawJoinTicket: .withdrawJoinTicket(name: "n1")
        case .promoteMember: .promoteMember(member)
        case .removeMember: .removeMember(member)
        case .removeEdge: .removeEdge(member)
        case .claimMember: .claimMember(instance: digest)
        case .pinIssuer: .pinIssuer(member, key: digest)
        case .claimSealKey: .claimSealKey(KeyedHash.publicKey(own.description))
        case .labelNode: .labelNode(member, LabelChange(removed: [Labels.zoneKey]))
        case .beginRollout: .beginRollout(Self.rollout(of: 1), .none)
        case .steerRollout: .steerRollout(set: Self.changingSet, .abort)
        case .reportRollout:
            .reportRollout(
                RolloutReport(
                    stage: RolloutStage(set: Self.changingSet, openedAt: .distantPast, number: 1),
                    counts: .none
                )
            )
        }
    }

    /// No operation has it as its number.
    private static let forgedValue: Int64 = -1
    private static let pretext = "escalation"
    private static let openPolicy = """
        @id("open")
        permit (principal, action, resource);
        """
}
