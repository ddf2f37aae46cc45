import JSON

extension CaseGenerator {
    /// Of the types and attributes that are drawn. Names that `has` alone asks for are optional.
    static let usualSchema = """
        entity User in [Group, NS::Doc, A] = \(fields) tags Long;
        entity Group in [NS::Doc, A] = \(fields) tags String;
        entity A = \(fields);
        action all;
        action view in [all] appliesTo { principal: [User, Group], resource: [NS::Doc, A], context: \(fields) };
        action edit in [all] appliesTo { principal: [User], resource: [User, Group, A, NS::Doc], context: \(fields) };
        namespace NS {
          entity Doc in [A] = \(fields) tags Long;
          action read appliesTo { principal: [User, A], resource: Doc, context: \(fields) };
        }
        """

    private static let fields = """
        { boo: Bool, lon: Long, str: String, set: Set<Long>, rec: { lon: Long, str?: String }, ent: User, ip: ipaddr, \
        dec: decimal, dat: datetime, dur: duration, "two words"?: Long, "if"?: Bool }
        """

    /// What the usual schema says of every entity and context, but now and then for one attribute.
    mutating func conformingAttributes() -> JSONValue {
        var members: [JSONMember] = []
        for kind in Kind.allCases where !oneIn(1000) {
            let value = oneIn(1000) ? value(pick(Kind.allCases)) : conformingValue(kind)
            members.append(JSONMember(name: kind.attribute, value: value))
        }
        if oneIn(2) { members.append(JSONMember(name: "two words", value: .integer(long()))) }
        if oneIn(2) { members.append(JSONMember(name: "if", value: .bool(oneIn(2)))) }
        if oneIn(500) { members.append(JSONMember(name: "more", value: 1)) }
        return .object(members)
    }

    /// The short form of a reference and of an extension type is understood where a schema says what is expected.
    private mutating func conformingValue(_ kind: Kind) -> JSONValue {
        switch kind {
        case .bool, .long, .string, .set: return value(kind)
        case .record: return oneIn(2) ? ["lon": .integer(long())] : ["lon": .integer(long()), "str": .string(text())]
        case .entity:
            let user: JSONValue = ["type": "User", "id": .string(pick(["a", "b"]))]
            return oneIn(3) ? user : ["__entity": user]
        case .ip, .decimal, .datetime, .duration:
            return oneIn(3) ? .string(pick(goodArgumentTexts(kind))) : value(kind)
        }
    }
}

extension CaseGenerator {
    /// Of the same names, with other types, parents, tags and actions.
    mutating func drawnSchema() -> String {
        """
        entity User\(parents()) = \(drawnFields())\(tags());
        entity Group\(parents()) = \(drawnFields())\(tags());
        entity A\(oneIn(6) ? " enum [\"a\", \"\", \"x\"]" : parents() + " " + drawnFields() + tags());
        type Mine = \(drawnFields());
        action all;
        action view\(oneIn(2) ? " in all" : "") appliesTo { \(parties()), context: \(drawnFields()) };
        action edit in [all\(oneIn(3) ? ", NS::Action::\"read\"" : "")] appliesTo { \(parties()), context: Mine };
        namespace NS {
          entity Doc\(parents()) = \(drawnFields())\(tags());
          action read appliesTo { \(parties()) };
        }
        """
    }

    private mutating func someTypes() -> String {
        let types = Self.types.filter { _ in oneIn(2) }
        return "[" + (types.isEmpty ? [pick(Self.types)] : types).joined(separator: ", ") + "]"
    }

    private mutating func parents() -> String { oneIn(4) ? "" : " in \(someTypes())" }
    private mutating func parties() -> String { "principal: \(someTypes()), resource: \(someTypes())" }
    private mutating func tags() -> String { oneIn(3) ? "" : " tags \(type(pick(Kind.allCases)))" }

    private mutating func drawnFields() -> String {
        var fields: [String] = []
        for kind in Kind.allCases where !oneIn(8) {
            fields.append("\(kind.attribute)\(oneIn(5) ? "?" : ""): \(type(oneIn(10) ? pick(Kind.allCases) : kind))")
        }
        if oneIn(2) { fields.append("\"two words\"?: Long") }
        return "{ \(fields.joined(separator: ", ")) }"
    }

    private mutating func type(_ kind: Kind) -> String {
        switch kind {
        case .bool: "Bool"
        case .long: oneIn(5) ? "__cedar::Long" : "Long"
        case .string: "String"
        case .set: "Set<\(type(pick(Kind.allCases)))>"
        case .record: oneIn(5) ? "{}" : "{ lon: Long, str?: String, \"\": \(type(pick(Kind.allCases))) }"
        case .entity: pick(Self.types)
        case .ip: "ipaddr"
        case .decimal, .datetime, .duration: kind.rawValue
        }
    }
}
