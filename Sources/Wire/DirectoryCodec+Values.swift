internal import Directory
internal import FoundationEssentials
internal import Identity
internal import Kernel
internal import SwiftProtobuf

extension ProtoPrincipalKind {
    init(_ kind: PrincipalKind) {
        switch kind {
        case .agent: self = .agent
        case .service: self = .service
        case .user: self = .user
        case .workflow: self = .workflow
        }
    }

    func value() throws(WireError) -> PrincipalKind {
        switch self {
        case .agent: .agent
        case .service: .service
        case .user: .user
        case .workflow: .workflow
        case .unspecified, .UNRECOGNIZED: throw .invalid("principal.kind", reason: "\(rawValue) is not known")
        }
    }
}

extension ProtoPrincipalID: ProtoConvertible {
    init(_ id: PrincipalID) {
        kind = ProtoPrincipalKind(id.kind)
        name = id.name
    }

    func value() throws(WireError) -> PrincipalID {
        guard let id = PrincipalID(kind: try kind.value(), name: name) else {
            throw .invalid("principal.name", reason: "not \(PrincipalID.grammar)")
        }
        return id
    }
}

extension ProtoEntityName: ProtoConvertible {
    init(_ name: EntityName) {
        type = name.type
        id = name.id
    }

    func value() -> EntityName { EntityName(type: type, id: id) }
}

extension ProtoAttributeValue: ProtoConvertible {
    init(_ value: AttributeValue) {
        switch value {
        case .bool(let bool): self.kind = .bool(bool)
        case .long(let number): self.kind = .long(number)
        case .string(let text): self.kind = .string(text)
        case .entity(let name): self.kind = .entity(ProtoEntityName(name))
        case .set(let elements):
            self.kind = .set(.with { $0.elements = elements.map(ProtoAttributeValue.init) })
        case .record(let attributes): self.kind = .record(ProtoAttributes(attributes))
        case .extension(let function, let argument):
            self.kind = .extension(
                .with {
                    $0.function = function
                    $0.argument = argument
                }
            )
        }
    }

    func value() throws(WireError) -> AttributeValue {
        switch kind {
        case .bool(let bool): .bool(bool)
        case .long(let number): .long(number)
        case .string(let text): .string(text)
        case .entity(let name): .entity(name.value())
        case .set(let set): .set(try values(set.elements))
        case .record(let attributes): .record(try attributes.value())
        case .extension(let call): .extension(function: call.function, argument: call.argument)
        case nil: throw .missing("attribute.value")
        }
    }
}

extension ProtoAttributes: ProtoConvertible {
    init(_ attributes: Attributes) {
        names = attributes.entries.map(\.name)
        values = attributes.entries.map { ProtoAttributeValue($0.value) }
    }

    func value() throws(WireError) -> Attributes {
        guard names.count == values.count else {
            throw .invalid("attributes", reason: "\(names.count) names for \(values.count) values")
        }
        let entries = zip(names, try Wire.values(values)).map { Attributes.Entry($0, $1) }
        guard let attributes = Attributes(entries) else { throw .invalid("attributes.names", reason: "one twice") }
        return attributes
    }
}

extension ProtoCaller: ProtoConvertible {
    init(_ caller: Caller) {
        switch caller {
        case .administrator(let fingerprint): self.caller = .administrator(Data(fingerprint.bytes))
        case .principal(let id, let token):
            self.caller = .principal(
                .with {
                    $0.id = ProtoPrincipalID(id)
                    if let token { $0.token = token }
                }
            )
        case .node(let member): self.caller = .node(ProtoMemberID(member))
        case .bootstrap: self.caller = .bootstrap(ProtoNothing())
        }
    }

    func value() throws(WireError) -> Caller {
        switch caller {
        case .administrator(let fingerprint):
            .administrator(fingerprint: try digest(fingerprint, "caller.administrator"))
        case .principal(let principal):
            .principal(try principal.id.value(), token: principal.hasToken ? principal.token : nil)
        case .node(let member): .node(member.value())
        case .bootstrap: .bootstrap
        case nil: throw .missing("caller")
        }
    }
}

extension ProtoRevocationSubject: ProtoConvertible {
    init(_ subject: RevocationSubject) {
        switch subject {
        case .principal(let id): self.subject = .principal(ProtoPrincipalID(id))
        case .token(let id): self.subject = .token(id)
        }
    }

    func value() throws(WireError) -> RevocationSubject {
        switch subject {
        case .principal(let id): .principal(try id.value())
        case .token(let id): .token(id)
        case nil: throw .missing("subject")
        }
    }
}
