/// Policies that decide together, and the templates that some of them are linked from.
public struct PolicySet: Hashable, Sendable {
    /// Static and linked ones, in the order of the text and of linking.
    public private(set) var policies: [Policy] = []
    /// They take no part in decisions.
    public private(set) var templates: [Policy] = []
    /// Where an id is: for lookup only, never iterated.
    private var places: [PolicyID: Place] = [:]

    private struct Place: Hashable {
        let isTemplate: Bool
        let index: Int
    }

    /// What policies in a text are called.
    public enum Naming: Hashable, Sendable {
        /// `policy0`, `policy1` and so on in the order of the text, templates included.
        case byOrder
        /// By `@id("…")`, and by order those that have none.
        case byAnnotation
    }

    public init() {}

    public init(_ policies: [Policy]) throws(PolicySetError) {
        for policy in policies { try add(policy) }
    }

    /// Reads policies and templates. Two with one name are a fault, reported at the second.
    public static func parse(
        _ text: String,
        naming: Naming = .byOrder,
        limits: SyntaxLimits = .standard
    ) throws(CedarSyntaxError) -> PolicySet {
        var set = PolicySet()
        var diagnostics: [Diagnostic] = []
        for policy in try Parser.policies(text, limits: limits) {
            let name = naming == .byAnnotation ? policy.annotation("id") : nil
            do throws(PolicySetError) {
                try set.add(name.map { policy.renamed(PolicyID($0)) } ?? policy)
            } catch {
                guard diagnostics.count < limits.maxDiagnostics else { break }
                diagnostics.append(Diagnostic("\(error)", at: policy.range, in: SourceText(text)))
            }
        }
        guard diagnostics.isEmpty else { throw CedarSyntaxError(diagnostics: diagnostics) }
        return set
    }

    /// The policy or template of that name.
    public subscript(id: PolicyID) -> Policy? {
        places[id].map { $0.isTemplate ? templates[$0.index] : policies[$0.index] }
    }

    public mutating func add(_ policy: Policy) throws(PolicySetError) {
        guard places[policy.id] == nil else { throw .duplicateID(policy.id) }
        if policy.isTemplate {
            places[policy.id] = Place(isTemplate: true, index: templates.count)
            templates.append(policy)
        } else {
            places[policy.id] = Place(isTemplate: false, index: policies.count)
            policies.append(policy)
        }
    }

    /// Adds the policy that a template becomes with these entities in its slots: exactly those that it has.
    public mutating func link(
        _ template: PolicyID,
        as id: PolicyID,
        values: [Slot: EntityUID]
    ) throws(PolicySetError) {
        guard let policy = self[template], policy.isTemplate else { throw .noSuchTemplate(template) }
        for slot in Slot.allCases {
            switch (policy.slots.contains(slot), values[slot] != nil) {
            case (true, false): throw .missingValue(template, slot)
            case (false, true): throw .noSuchSlot(template, slot)
            case (true, true), (false, false): break
            }
        }
        try add(policy.linked(as: id, values: values))
    }

    /// The same, of a link that is kept apart from the policies.
    public mutating func link(_ link: TemplateLink) throws(PolicySetError) {
        try self.link(link.template, as: link.id, values: link.values)
    }
}

/// Why a policy cannot be part of a set.
public enum PolicySetError: Error, Hashable, Sendable {
    case duplicateID(PolicyID)
    case noSuchTemplate(PolicyID)
    case missingValue(PolicyID, Slot)
    case noSuchSlot(PolicyID, Slot)
}

extension PolicySetError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .duplicateID(let id): "two policies are called `\(id)`"
        case .noSuchTemplate(let id): "there is no template `\(id)`"
        case .missingValue(let id, let slot): "the template `\(id)` needs a value for `?\(slot.rawValue)`"
        case .noSuchSlot(let id, let slot): "the template `\(id)` has no slot `?\(slot.rawValue)`"
        }
    }
}
