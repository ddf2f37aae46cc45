import Directory
import HTTPAPI
import Identity
import JSON

/// One object that a file declares, and where.
struct Declaration: Sendable {
    enum Object: Hashable, Sendable {
        case object(DirectoryObject)
        case policySet(PolicySetDeclaration)
    }

    let object: Object
    /// `FILE:LINE:COLUMN` of the document.
    let place: String

    /// Names the object, such as `agent/invoice-bot` or `policy-set/finance`.
    var name: String {
        switch object {
        case .object(.resource(let spec)): "resource/\(spec.id.text)"
        case .object(let object): object.key.description
        case .policySet(let set): "policy-set/\(set.name)"
        }
    }
}

extension Declaration {
    /// What an object refers to, which must be there when it is made.
    enum Reference: Hashable, Sendable {
        case principal(PrincipalID)
        case role(String)
        case resource(EntityName)

        /// As a declaration of it is named.
        var name: String {
            switch self {
            case .principal(let id): id.description
            case .role(let name): "role/\(name)"
            case .resource(let id): "resource/\(id.text)"
            }
        }

        /// Where the API has it.
        var path: String {
            switch self {
            case .principal(let id): "/v1/principals/\(id)"
            case .role(let name): "/v1/roles/\(ClusterClient.segment(name))"
            case .resource(let id):
                "/v1/resources/\(ClusterClient.segment(id.type))/\(ClusterClient.segment(id.id))"
            }
        }
    }

    var references: [Reference] {
        switch object {
        case .object(.principal(let spec)): [spec.owner, spec.parent].compactMap { $0.map { .principal($0) } }
        case .object(.role(let spec)): spec.parents.map { .role($0) }
        case .object(.resource(let spec)):
            spec.parents.map { .resource($0) } + (spec.owner.map { [.principal($0)] } ?? [])
        case .object(.assignment(let spec)): [.principal(spec.principal), .role(spec.role)]
        case .policySet: []
        }
    }
}

/// A policy set as declared: the version with this text shall be in force.
struct PolicySetDeclaration: Hashable, Sendable {
    let name: String
    let text: String
    let note: String
}

extension Declaration {
    /// What a document may declare.
    enum Kind: String, CaseIterable {
        case agent = "Agent"
        case service = "Service"
        case user = "User"
        case workflow = "Workflow"
        case role = "Role"
        case assignment = "Assignment"
        case resource = "Resource"
        case policySet = "PolicySet"
    }

    /// - Parameter load: Reads a file with policies; its path is as the document gives it.
    static func read(_ document: YAMLDocument, load: (String) throws -> String) throws -> Declaration {
        let object = try document.read { value in try Self.object(value, load: load) }
        return Declaration(object: object, place: document.place(of: .root))
    }

    private static func object(_ value: JSONValue, load: (String) throws -> String) throws -> Object {
        var reader = try ObjectReader(value)
        guard let kind = try reader.optionalChoice("kind", Kind.self) else {
            let kinds = Kind.allCases.map(\.rawValue).joined(separator: ", ")
            throw FieldError(.root.member("kind"), "is missing; it must be one of \(kinds)")
        }
        let object: Object =
            switch kind {
            case .agent: .object(.principal(try principal(.agent, &reader)))
            case .service: .object(.principal(try principal(.service, &reader)))
            case .user: .object(.principal(try principal(.user, &reader)))
            case .workflow: .object(.principal(try principal(.workflow, &reader)))
            case .role: .object(.role(try RoleSpec(reader.name(), reading: &reader)))
            case .assignment: .object(.assignment(try assignment(&reader)))
            case .resource: .object(.resource(try resource(&reader)))
            case .policySet: .policySet(try policySet(&reader, load: load))
            }
        try reader.finish()
        return object
    }

    private static func principal(
        _ kind: PrincipalKind,
        _ reader: inout ObjectReader
    ) throws(FieldError) -> PrincipalSpec {
        let name = try reader.string("name")
        guard let id = PrincipalID(kind: kind, name: name) else {
            throw FieldError(reader.path.member("name"), "must have \(PrincipalID.grammar)")
        }
        return try PrincipalSpec(id, reading: &reader)
    }

    private static func assignment(_ reader: inout ObjectReader) throws(FieldError) -> AssignmentSpec {
        let id = try reader.optionalString("id")
        let spec = try AssignmentSpec(id ?? "", reading: &reader)
        if id != nil { return spec }
        return AssignmentSpec(
            id: "\(spec.principal.kind.rawValue).\(spec.principal.name).\(spec.role)",
            principal: spec.principal,
            role: spec.role,
            notBefore: spec.notBefore,
            expiresAt: spec.expiresAt,
            reason: spec.reason
        )
    }

    private static func resource(_ reader: inout ObjectReader) throws(FieldError) -> ResourceSpec {
        let id = EntityName(type: try reader.string("type"), id: try reader.string("id"))
        guard Grammar.isResourceType(id.type) else {
            throw FieldError(
                reader.path.member("type"),
                "must be a Cedar type that Reeve does not reserve, such as Tool"
            )
        }
        return try ResourceSpec(id, reading: &reader)
    }

    private static func policySet(
        _ reader: inout ObjectReader,
        load: (String) throws -> String
    ) throws -> PolicySetDeclaration {
        let name = try reader.name()
        let note = try reader.optionalString("note") ?? ""
        let text = try reader.optionalString("text")
        let file = try reader.optionalString("file")
        guard (text == nil) != (file == nil) else {
            throw FieldError(reader.path.member(text == nil ? "file" : "text"), "give either file or text")
        }
        if let text { return PolicySetDeclaration(name: name, text: text, note: note) }
        return PolicySetDeclaration(name: name, text: try load(file ?? ""), note: note)
    }
}

extension ObjectReader {
    fileprivate mutating func name() throws(FieldError) -> String {
        let name = try string("name")
        guard Grammar.isName(name) else { throw FieldError(path.member("name"), "must have \(PrincipalID.grammar)") }
        return name
    }
}
