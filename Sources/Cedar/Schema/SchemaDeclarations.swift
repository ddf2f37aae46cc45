/// A schema as it was written, before any name is resolved.
struct SchemaDeclarations {
    /// The first holds what stands in no namespace.
    var namespaces = [Namespace(name: nil, range: .none)]

    struct Namespace {
        let name: String?
        let range: SourceRange
        var entities: [EntityDeclaration] = []
        var actions: [ActionDeclaration] = []
        var types: [TypeDeclaration] = []

        /// The full name of what is declared here under a short one.
        func qualified(_ short: String) -> String { name.map { "\($0)::\(short)" } ?? short }
    }

    struct EntityDeclaration {
        let name: String
        let range: SourceRange
        let memberOf: [Reference]
        let attributes: [AttributeDeclaration]
        let tags: TypeExpression?
        /// Of an enumerated type, its only ids.
        let ids: [String]?
    }

    struct ActionDeclaration {
        let id: String
        let range: SourceRange
        let memberOf: [ActionReference]
        let appliesTo: AppliesToDeclaration?
    }

    struct AppliesToDeclaration {
        var principals: [Reference]?
        var resources: [Reference]?
        var context: TypeExpression?
    }

    struct TypeDeclaration {
        let name: String
        let range: SourceRange
        let type: TypeExpression
    }

    struct AttributeDeclaration {
        let name: AttributeName
        let isRequired: Bool
        let type: TypeExpression
    }

    /// A name in the text, short or full.
    struct Reference {
        let name: String
        let range: SourceRange
    }

    struct ActionReference {
        /// Nil where only the id is written.
        let type: String?
        let id: String
        let range: SourceRange
    }

    indirect enum TypeExpression {
        case named(Reference)
        case set(TypeExpression)
        case record([AttributeDeclaration])
    }
}
