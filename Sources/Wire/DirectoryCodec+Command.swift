internal import Directory
internal import FoundationEssentials
internal import Kernel
internal import SwiftProtobuf

extension ProtoCommand: ProtoConvertible {
    init(_ command: Command) {
        featureLevel = command.featureLevel.number
        caller = ProtoCaller(command.caller)
        authenticatedBy = ProtoMemberID(command.authenticatedBy)
        idempotencyKey = command.idempotencyKey
        notAfter = command.notAfter.milliseconds
        body = ProtoCommandBody(command.body)
    }

    func value() throws(WireError) -> Command {
        Command(
            featureLevel: FeatureLevel(featureLevel),
            caller: try caller.value(),
            authenticatedBy: authenticatedBy.value(),
            idempotencyKey: idempotencyKey,
            notAfter: WallTime(milliseconds: notAfter),
            body: try body.value()
        )
    }
}

extension ProtoCommandBody: ProtoConvertible {
    init(_ body: CommandBody) {
        switch body {
        case .bootstrap(let genesis): self.body = .bootstrap(ProtoGenesis(genesis))
        case .put(let object, let precondition): self.body = .put(ProtoPut(object, precondition))
        case .delete(let key, let precondition): self.body = .delete(ProtoDelete(key, precondition))
        case .draftPolicies(let draft): self.body = .draftPolicies(ProtoPolicyDraft(draft))
        case .activatePolicies(let set, let version, let precondition):
            self.body = .activatePolicies(
                .with {
                    $0.set = set
                    $0.version = version
                    $0.require(precondition)
                }
            )
        case .deletePolicySet(let set, let precondition):
            self.body = .deletePolicySet(
                .with {
                    $0.set = set
                    $0.require(precondition)
                }
            )
        case .issueToken(let grant): self.body = .issueToken(ProtoTokenGrant(grant))
        case .revoke, .quarantine, .liftQuarantine: self.body = Self.statement(body)
        case .issueWarrant(let spec): self.body = .issueWarrant(ProtoWarrantSpec(spec))
        case .withdrawWarrant(let name): self.body = .withdrawWarrant(name)
        case .judgeStatement(let signed): self.body = .judgeStatement(ProtoSignedStatement(signed))
        case .raiseFeatureLevel(let level): self.body = .raiseFeatureLevel(level.number)
        case .putSettings(let settings, let precondition):
            self.body = .putSettings(
                .with {
                    $0.settings = ProtoSettings(settings)
                    $0.require(precondition)
                }
            )
        case .addAdministrator(let fingerprint, let name):
            let spec = AdministratorSpec(fingerprint: fingerprint, name: name)
            self.body = .addAdministrator(ProtoAdministratorSpec(spec))
        case .removeAdministrator(let fingerprint): self.body = .removeAdministrator(Data(fingerprint.bytes))
        case .issueJoinTicket(let ticket): self.body = .issueJoinTicket(ProtoJoinTicket(ticket))
        case .withdrawJoinTicket(let name): self.body = .withdrawJoinTicket(name)
        case .join(let joining): self.body = .join(ProtoJoining(joining))
        case .joinEdge(let joining): self.body = .joinEdge(ProtoJoining(joining))
        case .promoteMember(let id): self.body = .promoteMember(ProtoMemberID(id))
        case .removeMember(let id): self.body = .removeMember(ProtoMemberID(id))
        case .removeEdge(let id): self.body = .removeEdge(ProtoMemberID(id))
        case .labelNode(let id, let change): self.body = .labelNode(ProtoLabelNode(id, change))
        case .beginRollout(let spec, let precondition):
            self.body = .beginRollout(
                .with {
                    $0.spec = ProtoRolloutSpec(spec)
                    $0.require(precondition)
                }
            )
        case .steerRollout(let set, let act): self.body = .steerRollout(ProtoSteerRollout(set, act))
        case .reportRollout(let report): self.body = .reportRollout(ProtoRolloutReport(report))
        case .claimSealKey(let key): self.body = .claimSealKey(Data(key))
        case .claimMember(let instance): self.body = .claimMember(Data(instance.bytes))
        case .pinIssuer(let id, let key):
            self.body = .pinIssuer(
                .with {
                    $0.member = ProtoMemberID(id)
                    $0.keyFingerprint = Data(key.bytes)
                }
            )
        }
    }

    private static func statement(_ body: CommandBody) -> OneOf_Body? {
        switch body {
        case .revoke(let subject, let reason, let cascades):
            .revoke(
                .with {
                    $0.subject = ProtoRevocationSubject(subject)
                    $0.reason = reason
                    $0.cascade = cascades
                }
            )
        case .quarantine(let principal, let level, let reason, let cascades):
            .quarantine(
                .with {
                    $0.principal = ProtoPrincipalID(principal)
                    $0.level = ProtoQuarantineLevel(level)
                    $0.reason = reason
                    $0.cascade = cascades
                }
            )
        case .liftQuarantine(let statements, let reason):
            .liftQuarantine(
                .with {
                    $0.statements = statements.map { Data($0.bytes) }
                    $0.reason = reason
                }
            )
        default: nil
        }
    }

    func value() throws(WireError) -> CommandBody {
        switch body {
        case .bootstrap(let genesis): .bootstrap(try genesis.value())
        case .put(let put): .put(try put.value(), put.required)
        case .delete(let delete): .delete(try delete.value(), delete.required)
        case .draftPolicies(let draft): .draftPolicies(draft.value())
        case .activatePolicies(let act): .activatePolicies(set: act.set, version: act.version, act.required)
        case .deletePolicySet(let act): .deletePolicySet(act.set, act.required)
        case .issueToken(let grant): .issueToken(try grant.value())
        case .revoke(let act): .revoke(try act.subject.value(), reason: act.reason, cascades: act.cascade)
        case .quarantine(let act):
            .quarantine(
                try act.principal.value(),
                try act.level.value(),
                reason: act.reason,
                cascades: act.cascade
            )
        case .liftQuarantine(let act):
            .liftQuarantine(statements: try digests(act.statements, "lift.statements"), reason: act.reason)
        case .issueWarrant(let spec): .issueWarrant(try spec.value())
        case .withdrawWarrant(let name): .withdrawWarrant(name: name)
        case .judgeStatement(let signed): .judgeStatement(try signed.value())
        case .raiseFeatureLevel(let level): .raiseFeatureLevel(FeatureLevel(level))
        case .putSettings(let put): .putSettings(put.settings.value(), put.required)
        case .addAdministrator(let spec): .addAdministrator(fingerprint: try spec.value().fingerprint, name: spec.name)
        case .removeAdministrator(let data): .removeAdministrator(fingerprint: try digest(data, "fingerprint"))
        case .issueJoinTicket(let ticket): .issueJoinTicket(try ticket.value())
        case .withdrawJoinTicket(let name): .withdrawJoinTicket(name: name)
        case .join(let joining): .join(try joining.value())
        case .joinEdge(let joining): .joinEdge(try joining.value())
        case .promoteMember(let id): .promoteMember(id.value())
        case .removeMember(let id): .removeMember(id.value())
        case .removeEdge(let id): .removeEdge(id.value())
        case .labelNode(let act): .labelNode(act.member.value(), try act.change())
        case .beginRollout(let act): .beginRollout(try act.spec.value(), act.required)
        case .steerRollout(let act): .steerRollout(set: act.set, try act.value())
        case .reportRollout(let report): .reportRollout(report.value())
        case .claimSealKey(let data): .claimSealKey(try bounded(data, to: Limits.publicKeyByteCount, "claim.sealKey"))
        case .claimMember(let data): .claimMember(instance: try digest(data, "claim.instance"))
        case .pinIssuer(let act): .pinIssuer(act.member.value(), key: try digest(act.keyFingerprint, "issuer.key"))
        case nil: throw .missing("command.body")
        }
    }
}

extension ProtoQuarantineLevel {
    init(_ level: QuarantineLevel) {
        switch level {
        case .restrict: self = .restrict
        case .quarantine: self = .quarantine
        }
    }

    func value() throws(WireError) -> QuarantineLevel {
        switch self {
        case .restrict: .restrict
        case .quarantine: .quarantine
        case .unspecified, .UNRECOGNIZED: throw .invalid("quarantine.level", reason: "\(rawValue) is not known")
        }
    }
}
