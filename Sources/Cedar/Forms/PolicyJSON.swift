package import JSON

/// Cedar's JSON form of policies, templates and policy sets.
///
/// A set is `{"templates": {id: …}, "staticPolicies": {id: …}, "templateLinks": […]}`. An expression is an object with one
/// member: an operator or function, and what it is applied to.
///
/// What the reference lets pass and is refused here: members that mean nothing, an entity beside a slot, a template
/// without slots (which would decide nothing), a path after `has` with names that are no identifiers, a method without a
/// receiver.
package enum PolicyJSON {
    /// Reads a set, or one policy or template by itself, which is called `policy0`.
    package static func parse(
        _ bytes: [UInt8],
        limits: SyntaxLimits = .standard
    ) throws(CedarJSONError) -> PolicySet {
        try PolicyJSONReader(limits: limits).document(try JSONValue.document(bytes, limits: .policies))
    }

    /// Reads an array of links to templates: `templateLinks` of a set, or what the reference's command line keeps in a file.
    package static func parseLinks(
        _ bytes: [UInt8],
        limits: SyntaxLimits = .standard
    ) throws(CedarJSONError) -> [TemplateLink] {
        try parseLinks(try JSONValue.document(bytes, limits: .policies), limits: limits)
    }

    package static func parseLinks(
        _ document: JSONValue,
        limits: SyntaxLimits = .standard
    ) throws(CedarJSONError) -> [TemplateLink] {
        try PolicyJSONReader(limits: limits).links(document)
    }

    /// The set in the form that `parse` reads back. Linked policies become links to their templates.
    package static func write(_ set: PolicySet) throws(CedarJSONError) -> JSONValue {
        var writer = PolicyJSONWriter()
        return try writer.set(set)
    }

    /// A policy or template by itself, without its id. A linked policy is written with its slots filled.
    package static func write(_ policy: Policy) throws(CedarJSONError) -> JSONValue {
        var writer = PolicyJSONWriter()
        return try writer.policy(policy, level: 1)
    }
}

extension JSONLimits {
    /// For policies, where each operand of a chain stands two levels deeper than the one after it.
    package static let policies = JSONLimits(maxBytes: 64 << 20, maxDepth: 1024, maxElements: 4_000_000)
}

/// An object of which every member has a meaning.
struct PolicyJSONObject {
    private let json: JSONValue

    init(_ json: JSONValue, members known: [String]) throws(CedarJSONError) {
        guard case .object(let members) = json else {
            throw CedarJSONError("expected an object, found \(json.kind)")
        }
        for member in members where !known.contains(where: { $0.isExactly(member.name) }) {
            throw CedarJSONError("there is no member \(JSONValue.string(member.name)) here")
        }
        self.json = json
    }

    func has(_ name: String) -> Bool { json[name] != nil }

    func member<Result>(
        _ name: String,
        _ read: (JSONValue) throws(CedarJSONError) -> Result
    ) throws(CedarJSONError) -> Result {
        try CedarJSONError.at(".\(name)") { () throws(CedarJSONError) in
            guard let value = json[name] else { throw CedarJSONError("missing") }
            return try read(value)
        }
    }

    /// Nil where it is missing or null.
    func optional<Result>(
        _ name: String,
        _ read: (JSONValue) throws(CedarJSONError) -> Result
    ) throws(CedarJSONError) -> Result? {
        guard let value = json[name], !value.isNull else { return nil }
        return try CedarJSONError.at(".\(name)") { () throws(CedarJSONError) in try read(value) }
    }
}
