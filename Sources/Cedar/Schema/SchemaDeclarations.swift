/// A schema as it was written, before any name is resolved.
struct SchemaDeclarations: Sendable {
    /// The first holds what stands in no namespace.
    var namespaces = [Namespace(name: nil, place: .text(.none))]

    struct Namespace: Sendable {
        let name: String?
        let place: SchemaPlace
        var entities: [EntityDeclaration] = []
        var actions: [ActionDeclaration] = []
        var types: [TypeDeclaration] = []
        var annotations: [Annotation] = []

        /// The full name of what is declared here under a short one.
        func qualified(_ short: String) -> String { name.map { "\($0)::\(short)" } ?? short }
    }

    struct EntityDeclaration: Sendable {
        let name: String
        let place: SchemaPlace
        let memberOf: [Reference]
        /// A record or the name of one; nil for none.
        let shape: TypeExpression?
        let tags: TypeExpression?
        /// Of an enumerated type, its only ids.
        let ids: [String]?
        var annotations: [Annotation] = []
    }

    struct ActionDeclaration: Sendable {
        let id: String
        let place: SchemaPlace
        let memberOf: [ActionReference]
        let appliesTo: AppliesToDeclaration?
        var annotations: [Annotation] = []
    }

    struct AppliesToDeclaration: Sendable {
        var principals: [Reference]?
        var resources: [Reference]?
        var context: TypeExpression?
    }

    struct TypeDeclaration: Sendable {
        let name: String
        let place: SchemaPlace
        let type: TypeExpression
        var annotations: [Annotation] = []
    }

    struct AttributeDeclaration: Sendable {
        let name: AttributeName
        let isRequired: Bool
        let type: TypeExpression
        var annotations: [Annotation] = []
    }

    /// A name in the text, short or full.
    struct Reference: Sendable {
        let name: String
        let place: SchemaPlace
    }

    struct ActionReference: Sendable {
        /// Nil where only the id is written.
        let type: String?
        let id: String
        let place: SchemaPlace
    }

    indirect enum TypeExpression: Sendable {
        /// A common type, an entity type or a type of the language.
        case named(Reference)
        case entity(Reference)
        /// A common type or a type of the language.
        case common(Reference)
        case builtin(SchemaType, SchemaPlace)
        case set(TypeExpression, SchemaPlace)
        case record([AttributeDeclaration], SchemaPlace)

        var place: SchemaPlace {
            switch self {
            case .named(let reference), .entity(let reference), .common(let reference): reference.place
            case .builtin(_, let place), .set(_, let place), .record(_, let place): place
            }
        }

        /// For messages.
        var name: String {
            switch self {
            case .named(let reference), .entity(let reference), .common(let reference): "`\(reference.name)`"
            case .builtin(let type, _): "`\(type.name)`"
            case .set: "a set"
            case .record: "a record"
            }
        }
    }
}

/// Where something stands in the document that a schema is read from.
enum SchemaPlace: Sendable {
    case text(SourceRange)
    case json(JSONPath)
}

/// One thing that is wrong with a schema.
struct SchemaFault: Error {
    let message: String
    let place: SchemaPlace
}

/// All that was found, at least one.
struct SchemaFaults: Error {
    let list: [SchemaFault]
}
