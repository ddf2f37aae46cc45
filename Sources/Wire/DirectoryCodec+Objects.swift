internal import Directory
internal import Kernel
internal import SwiftProtobuf

extension ProtoGenesis: ProtoConvertible {
    init(_ genesis: Genesis) {
        lineage = ProtoLineage(genesis.lineage)
        trustDomain = genesis.trustDomain
        voters = genesis.voters.map(ProtoMemberSpec.init)
        administrator = ProtoAdministratorSpec(genesis.administrator)
        settings = ProtoSettings(genesis.settings)
        featureLevel = genesis.featureLevel.number
    }

    func value() throws(WireError) -> Genesis {
        Genesis(
            lineage: lineage.value(),
            trustDomain: trustDomain,
            voters: try values(voters),
            administrator: try administrator.value(),
            settings: settings.value(),
            featureLevel: FeatureLevel(featureLevel)
        )
    }
}

extension ProtoPolicyDraft: ProtoConvertible {
    init(_ draft: PolicyDraft) {
        set = draft.set
        text = draft.text
        note = draft.note
        require(draft.precondition)
    }

    func value() -> PolicyDraft { PolicyDraft(set: set, text: text, note: note, precondition: required) }
}

extension ProtoPut {
    init(_ object: DirectoryObject, _ precondition: Precondition) {
        require(precondition)
        switch object {
        case .principal(let spec): self.object = .principal(ProtoPrincipalSpec(spec))
        case .role(let spec): self.object = .role(ProtoRoleSpec(spec))
        case .assignment(let spec): self.object = .assignment(ProtoAssignmentSpec(spec))
        case .resource(let spec): self.object = .resource(ProtoResourceSpec(spec))
        }
    }

    func value() throws(WireError) -> DirectoryObject {
        switch object {
        case .principal(let spec): .principal(try spec.value())
        case .role(let spec): .role(spec.value())
        case .assignment(let spec): .assignment(try spec.value())
        case .resource(let spec): .resource(try spec.value())
        case nil: throw .missing("put.object")
        }
    }
}

extension ProtoDelete {
    init(_ key: ObjectKey, _ precondition: Precondition) {
        require(precondition)
        switch key {
        case .principal(let id): self.key = .principal(ProtoPrincipalID(id))
        case .role(let name): self.key = .role(name)
        case .assignment(let id): self.key = .assignment(id)
        case .resource(let id): self.key = .resource(ProtoEntityName(id))
        case .token(let id): self.key = .token(id)
        }
    }

    func value() throws(WireError) -> ObjectKey {
        switch key {
        case .principal(let id): .principal(try id.value())
        case .role(let name): .role(name)
        case .assignment(let id): .assignment(id)
        case .resource(let id): .resource(id.value())
        case .token(let id): .token(id)
        case nil: throw .missing("delete.key")
        }
    }
}

/// A command that may be bound to a state of its object. Nothing is written when it is not.
protocol Preconditioned {
    var precondition: ProtoPrecondition { get set }
}

extension ProtoPut: Preconditioned {}
extension ProtoDelete: Preconditioned {}
extension ProtoPolicyDraft: Preconditioned {}
extension ProtoActivatePolicies: Preconditioned {}
extension ProtoDeletePolicySet: Preconditioned {}
extension ProtoPutSettings: Preconditioned {}
extension ProtoBeginRollout: Preconditioned {}

extension Preconditioned {
    mutating func require(_ condition: Precondition) {
        switch condition {
        case .none: break
        case .mustNotExist: precondition.precondition = .mustNotExist(ProtoNothing())
        case .mustExist: precondition.precondition = .mustExist(ProtoNothing())
        case .revision(let index): precondition.precondition = .revision(index.number)
        }
    }

    var required: Precondition {
        switch precondition.precondition {
        case nil: .none
        case .mustNotExist: .mustNotExist
        case .mustExist: .mustExist
        case .revision(let number): .revision(LogIndex(number))
        }
    }
}
