extension Policy: CustomStringConvertible {
    /// As text that parses to the same policy, on one line. Its id is no part of it.
    public var description: String {
        let annotations = annotations.map { "\($0) " }.joined()
        let conditions = conditions.map { " \($0)" }.joined()
        return "\(annotations)\(effect.rawValue)(\(scope))\(conditions);"
    }
}

extension Annotation: CustomStringConvertible {
    public var description: String { "@\(name)" + (isBare ? "" : "(\(value.cedarQuoted))") }
}

extension Condition: CustomStringConvertible {
    package var description: String { "\(kind.rawValue) { \(body) }" }
}

extension Scope: CustomStringConvertible {
    package var description: String { "principal\(principal), action\(action), resource\(resource)" }
}

extension EntityConstraint: CustomStringConvertible {
    /// What follows the variable.
    package var description: String {
        switch self {
        case .any: ""
        case .equal(let reference): " == \(reference)"
        case .memberOf(let reference): " in \(reference)"
        case .isType(let type): " is \(type)"
        case .isTypeIn(let type, let reference): " is \(type) in \(reference)"
        }
    }
}

extension EntityReference: CustomStringConvertible {
    package var description: String {
        switch self {
        case .entity(let uid): "\(uid)"
        case .slot(let slot): "?\(slot.rawValue)"
        }
    }
}

extension ActionConstraint: CustomStringConvertible {
    /// What follows the variable.
    package var description: String {
        switch self {
        case .any: ""
        case .equal(let action): " == \(action)"
        case .memberOf(let group): " in \(group)"
        case .memberOfAny(let groups): " in [\(groups.map { "\($0)" }.joined(separator: ", "))]"
        }
    }
}

extension PolicySet {
    /// Templates first, then the policies. A text has no links: a linked policy stands there with its slots filled, and a
    /// comment names its template. Names that the order of the text would not give are kept as `@id("…")`, unless the
    /// policy has an annotation of that name itself, and not from its template.
    public func text(_ options: FormatOptions = .standard) throws(CedarSyntaxError) -> String {
        var text = ""
        for (index, policy) in (templates + policies).enumerated() {
            if let template = policy.template { text += "// Linked from \(template.text.cedarQuoted).\n" }
            let shown = policy.template == nil ? policy : policy.without(annotation: "id")
            let isNamed = policy.id.text == "policy\(index)" || shown.annotation("id") != nil
            text += (isNamed ? "" : "@id(\(policy.id.text.cedarQuoted)) ") + "\(shown)\n"
        }
        return try formatPolicies(text, options)
    }
}
