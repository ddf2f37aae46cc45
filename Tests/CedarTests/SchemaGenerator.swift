import Kernel

/// Draws the text of a schema with all that may be written in one: namespaces, common types that name each other, annotations,
/// short and full names, names that hide those of the language.
struct SchemaGenerator {
    private var random: SeededRandom
    private let namespaces = ["", "N", "N::M"]
    /// Names of entity types and common types, each in its namespace, in the order of declaration.
    private var types: [(namespace: String, name: String)] = []
    private var entities: [(namespace: String, name: String)] = []

    init(seed: UInt64) { random = SeededRandom(seed: seed) }

    mutating func text() -> String {
        // The same name in two namespaces where neither is the empty one.
        for (place, namespace) in namespaces.enumerated() {
            let names =
                place == 0
                ? ["User", pick(["Long", "Home", "decimal"])] : ["Doc", pick(["String", "Set", "ipaddr"])]
            entities += names.map { (namespace, $0) }
            types += (place == 0 ? ["Place", "Kind"] : ["Part", "datetime"]).map { (namespace, $0) }
        }
        return namespaces.map { namespace in
            let body = declarations(in: namespace)
            return namespace.isEmpty ? body : annotations() + "namespace \(namespace) {\n\(body)}\n"
        }.joined()
    }

    private mutating func declarations(in namespace: String) -> String {
        var lines: [String] = []
        for (place, type) in types.enumerated() where type.namespace == namespace {
            lines.append("type \(type.name) = \(self.type(depth: 2, in: namespace, typesBefore: place))")
        }
        for entity in entities where entity.namespace == namespace {
            let groups = flip() ? "" : " in [\(entity.name), \(full(entities[below(entities.count)]))]"
            let tags = flip() ? "" : " tags \(type(depth: 1, in: namespace))"
            lines.append("entity \(entity.name)\(groups) \(record(depth: 2, in: namespace))\(tags)")
        }
        // What stands in no namespace may not be declared in one too.
        let (color, fields, all) = namespace.isEmpty ? ("Color", "Fields", "all") : ("Hue", "Inner", "each")
        lines.append("entity \(color) enum [\"red\", \"\"]")
        lines.append("type \(fields) = \(record(depth: 2, in: namespace, typesBefore: 0))")
        lines.append("action \(all), \"to \(all)\"")
        let groups = "[\(all), Action::\"to \(all)\"]"
        lines.append("action read\(color) in \(groups) appliesTo { principal: [User], resource: User }")
        let context = flip() ? record(depth: 1, in: namespace) : fields
        lines.append("action \"write \(color)\" appliesTo { principal: User, resource: Color, context: \(context) }")
        return lines.map { annotations() + $0 + ";\n" }.joined()
    }

    private mutating func annotations() -> String {
        var text = ""
        for name in ["doc", "if", "mark"] where below(4) == 0 {
            text += "@\(name)" + pick(["", #"("")"#, #"("a \"word\" \n")"#]) + " "
        }
        return text
    }

    /// - Parameter typesBefore: How many of the common types it may name, so that none is in itself.
    private mutating func type(depth: Int, in namespace: String, typesBefore: Int? = nil) -> String {
        switch below(depth > 0 ? 7 : 5) {
        case 0: return pick(["__cedar::Long", "__cedar::String", "__cedar::decimal", "__cedar::datetime"])
        case 1: return pick(["Bool", "duration", "__cedar::Bool"])
        case 2: return full(entities[below(entities.count)])
        case 3:
            let local = entities.filter { $0.namespace == namespace }
            return pick(local.map(\.name) + ["Color", "Action"])
        case 4:
            let count = typesBefore ?? types.count
            return count == 0 ? "Long" : full(types[below(count)])
        case 5: return "Set<\(type(depth: depth - 1, in: namespace, typesBefore: typesBefore))>"
        default: return record(depth: depth - 1, in: namespace, typesBefore: typesBefore)
        }
    }

    private mutating func record(depth: Int, in namespace: String, typesBefore: Int? = nil) -> String {
        let names = ["plain", "\"two words\"", "\"if\"", "\"\"", "more"].filter { _ in flip() }
        let attributes = names.map { name in
            let mark = flip() ? "" : "?"
            return annotations() + "\(name)\(mark): \(type(depth: depth, in: namespace, typesBefore: typesBefore))"
        }
        return "{ \(attributes.joined(separator: ", ")) }"
    }

    private func full(_ type: (namespace: String, name: String)) -> String {
        type.namespace.isEmpty ? type.name : "\(type.namespace)::\(type.name)"
    }

    private mutating func below(_ count: Int) -> Int { Int.random(in: 0..<count, using: &random) }
    private mutating func flip() -> Bool { Bool.random(using: &random) }
    private mutating func pick(_ all: [String]) -> String { all[below(all.count)] }
}
