package import Cedar

/// What is probably wrong with policies that parse: what no request or entity of a cluster can be, and what may be missing
/// when it is read. Advice for whoever writes them; what is decided does not depend on it.
package struct PolicyReview: Hashable, Sendable {
    package struct Finding: Hashable, Sendable {
        /// By its `@id`, or its place in the text.
        package let policy: String
        package let diagnostic: Diagnostic
        /// Whether the policy would fail, or never apply, rather than just look like a mistake.
        package let isError: Bool
    }

    /// The first ones in the order of the text, one for each place.
    package let findings: [Finding]

    package static let maxFindings = 50
    /// For all policies of a set, so that it takes a moment at most.
    private static let maxSteps = 1_000_000

    package init(_ set: ActivePolicySet) {
        let limits = ValidationLimits(maxSteps: max(2000, Self.maxSteps / max(1, set.rules.count)), maxErrors: 20)
        var reviewer = Reviewer(set: set.name, limits: limits)
        var found: [Remark] = []
        for (number, rule) in set.rules.enumerated() where found.count < Self.maxFindings {
            found += reviewer.remarks(on: rule.policy).map { $0.placed { set.place($0, of: number) } }
        }
        findings = found.prefix(Self.maxFindings).map {
            Finding(
                policy: $0.policy,
                diagnostic: Diagnostic($0.message, at: $0.range, inText: set.text),
                isError: $0.isError
            )
        }
    }
}

private struct Remark {
    let policy: String
    private(set) var range: SourceRange
    let message: String
    let isError: Bool

    init(policy: String, range: SourceRange, message: String, isError: Bool) {
        (self.policy, self.range, self.message, self.isError) = (policy, range, message, isError)
    }

    /// With its range of the policy where that is in the text.
    func placed(_ place: (SourceRange) -> SourceRange) -> Remark {
        var placed = self
        placed.range = place(range)
        return placed
    }
}

/// Looks at one policy after the other.
private struct Reviewer {
    let set: String
    let limits: ValidationLimits
    /// The last one, and the types of resources that it knows: most administration policies name none.
    private var latest: (types: [EntityTypeName], validator: Validator)?

    init(set: String, limits: ValidationLimits) {
        self.set = set
        self.limits = limits
    }

    mutating func remarks(on policy: Policy) -> [Remark] {
        let names = PolicyNames(policy)
        guard names.areFew, let policies = try? PolicySet([policy]) else { return [] }
        let report = validator(of: names).validate(policies)
        let errors = report.errors.filter { $0.reason.isFinding }.map {
            Remark(policy: policy.id.text, range: $0.range, message: $0.reason.text(in: set), isError: true)
        }
        let warnings = report.warnings.map {
            Remark(policy: policy.id.text, range: $0.range, message: $0.reason.text, isError: false)
        }
        // The same is often found for several types of principals and resources.
        var places: Set<SourceRange> = []
        return (errors + warnings).filter { places.insert($0.range).inserted }
            .sorted { ($0.range.start, $0.range.end) < ($1.range.start, $1.range.end) }
    }

    private mutating func validator(of names: PolicyNames) -> Validator {
        guard set == Grammar.administrationSet else {
            return Validator(Schema.requests(of: names), mode: .permissive, limits: limits)
        }
        let types = ReeveTypes(resources: names.types).resources
        if let latest, latest.types == types { return latest.validator }
        let validator = Validator(Schema.administration(resourceTypes: types), mode: .permissive, limits: limits)
        latest = (types, validator)
        return validator
    }
}

extension ValidationError.Reason {
    /// That a policy was too much to look at says nothing of it.
    fileprivate var isFinding: Bool { if case .tooManySteps = self { false } else { true } }

    fileprivate func text(in set: String) -> String {
        switch self {
        case .noApplicableAction: "no request has such a principal, action and resource"
        case .unknownAction(let action, _) where set == Grammar.administrationSet && action.type != EntityUIDs.action:
            "\(Grammar.administrationSet) decides about actions of `\(EntityUIDs.action)` alone, not \(action)"
        case .unknownAction(let action, _) where set != Grammar.administrationSet && action.type == EntityUIDs.action:
            "\(action) is decided by \(Grammar.administrationSet) alone"
        case .unknownAction(let action, _) where set != Grammar.administrationSet:
            "no request has \(action): actions of requests are of the type `Action`"
        default: "\(self)"
        }
    }
}

extension ValidationWarning.Reason {
    fileprivate var text: String {
        switch self {
        case .impossiblePolicy: "the policy applies to no request"
        case .suspiciousText: "\(self)"
        }
    }
}
