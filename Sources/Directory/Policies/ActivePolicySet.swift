package import Cedar
package import Kernel

/// A version of a policy set, parsed and ready to decide. An object for the reason that `PolicyRule` is one.
package final class ActivePolicySet: Hashable, Sendable {
    package let name: String
    package let version: UInt64
    /// In the order of the text: a policy's number is its rule's place.
    package let rules: [PolicyRule]
    /// The same, as decisions use them.
    let source: PolicyText
    /// Whether one of them may read `context.reeve`.
    package let asksAboutKnowledge: Bool

    package var text: String { source.text }

    /// Reads a text. Policies are called by their `@id`, or else `policy0`, `policy1` and so on in the order of the text.
    ///
    /// - Parameters:
    ///   - links: Of tools that decide outside of a cluster: with this, templates decide by what is linked from them. Without,
    ///     they are refused.
    ///   - earlier: With this, what a policy of it says is not read again. What comes of it is the same without.
    package init(
        name: String,
        version: UInt64,
        text: String,
        links: [TemplateLink]? = nil,
        after earlier: ActivePolicySet? = nil
    ) throws(PolicyTextError) {
        let (source, change): (PolicyText, PolicyChange?)
        do throws(CedarSyntaxError) {
            if let earlier {
                (source, change) = try earlier.source.changed(to: text)
            } else {
                (source, change) = (try PolicyText(text, links: links), nil)
            }
        } catch {
            throw PolicyTextError(diagnostics: error.diagnostics.map { PolicyDiagnostic($0.message, at: $0.position) })
        }
        (self.name, self.version, self.source) = (name, version, source)
        let read = change?.new ?? source.policies.indices
        let rules = try Self.rules(of: source, read)
        self.rules = Self.splice(rules, into: earlier?.rules ?? [], change, source.policies)
        asksAboutKnowledge = self.rules.contains { $0.asksAboutKnowledge }
    }

    /// The rules of some policies.
    private static func rules(of source: PolicyText, _ numbers: Range<Int>) throws(PolicyTextError) -> [PolicyRule] {
        var diagnostics = numbers.filter { source.policies[$0].isTemplate }.map {
            PolicyDiagnostic(
                "a template decides nothing until it is linked, which is not possible yet",
                at: source.position(of: $0)
            )
        }
        var rules: [PolicyRule] = []
        for number in numbers where !source.policies[number].isTemplate {
            do throws(PolicyRule.Fault) {
                rules.append(try PolicyRule(source.policies[number]))
            } catch {
                diagnostics.append(PolicyDiagnostic(error.message, at: source.position(of: number)))
            }
        }
        guard diagnostics.isEmpty else { throw PolicyTextError(diagnostics: diagnostics) }
        return rules
    }

    /// All rules after a change; without one, those that were read are all there are.
    private static func splice(
        _ read: [PolicyRule],
        into rules: [PolicyRule],
        _ change: PolicyChange?,
        _ policies: [Policy]
    ) -> [PolicyRule] {
        guard let change else { return read }
        var rules = rules
        rules.replaceSubrange(change.old, with: read)
        guard change.isShift else { return rules }
        for number in change.new.upperBound..<rules.count where rules[number].policy !== policies[number] {
            rules[number] = PolicyRule(rules[number], renamed: policies[number])
        }
        return rules
    }

    /// Not inlined: in a loop over sets a copy would be made of all that the compiled form holds.
    @inline(never)
    func evaluate(by evaluator: inout CompiledEvaluator) { evaluator.evaluate(source.compiled) }

    package func reference(of number: Int) -> PolicyReference {
        PolicyReference(
            set: name,
            version: version,
            id: rules[number].policy.id.text,
            line: source.line(of: number)
        )
    }

    /// Where a range of a policy, which counts from where the policy begins, is in the text.
    package func place(_ range: SourceRange, of number: Int) -> SourceRange { source.place(range, of: number) }

    /// What is written there.
    package func excerpt(_ range: SourceRange, of number: Int) -> String { source.excerpt(range, of: number) }

    /// The rest follows from these.
    package static func == (lhs: ActivePolicySet, rhs: ActivePolicySet) -> Bool {
        lhs === rhs
            || (lhs.name, lhs.version, lhs.text) == (rhs.name, rhs.version, rhs.text)
                && lhs.source.links == rhs.source.links
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(name)
        hasher.combine(version)
        hasher.combine(text)
    }
}

/// A text that is no policy set, and everything that was found wrong with it.
package struct PolicyTextError: Error, Hashable, Sendable {
    package let diagnostics: [PolicyDiagnostic]
}

/// One policy and what Reeve reads in its annotations.
///
/// - `@max_age("5s")` on a permit: it does not apply on a node whose knowledge is older. It stands in the place of what the
///   settings say for the action.
/// - `@allow_restricted` on a permit: it applies to principals that are restricted, too.
/// - `@obligation` and `@advice`: see `DecisionDuties`.
///
/// An object, though a value by its meaning: each decision goes through all rules, and to go through structs in an array
/// is to copy each with all that it holds.
package final class PolicyRule: Hashable, Sendable {
    package let policy: Policy
    /// Actions that it speaks of, in its scope or its conditions, as requests would have them.
    package let namedActions: [EntityUID]
    package let maximumAge: Span?
    package let appliesToRestricted: Bool
    package let duties: DecisionDuties
    /// Whether it may read what a node knows of its own knowledge.
    let asksAboutKnowledge: Bool

    /// Field of the context in which that is.
    package static let knowledge: AttributeName = "reeve"

    /// Three intervals of the seal by which a node knows that it is up to date: a tighter bound would refuse on
    /// healthy nodes. DESIGN section 7.
    package static let minimumMaximumAge = Span.seconds(3)

    /// What is wrong with annotations.
    struct Fault: Error {
        let message: String
    }

    init(_ policy: Policy) throws(Fault) {
        self.policy = policy
        self.namedActions = policy.namedActions
        self.maximumAge = try Self.maximumAge(of: policy)
        self.appliesToRestricted = policy.annotation("allow_restricted") != nil
        self.duties = try DecisionDuties(of: policy)
        self.asksAboutKnowledge = policy.mayRead(contextField: Self.knowledge)
        guard policy.effect == .permit || (maximumAge == nil && !appliesToRestricted) else {
            throw Fault(message: "@max_age and @allow_restricted are for permits only")
        }
    }

    /// The same under another name.
    init(_ other: PolicyRule, renamed policy: Policy) {
        self.policy = policy
        namedActions = other.namedActions
        maximumAge = other.maximumAge
        appliesToRestricted = other.appliesToRestricted
        duties = other.duties
        asksAboutKnowledge = other.asksAboutKnowledge
    }

    /// What becomes of a permit that is satisfied.
    enum Standing {
        case applies
        /// The knowledge is older than it accepts.
        case stale
        /// The principal is restricted, and it is not for those.
        case restricted
    }

    func standing(_ circumstances: PermitCircumstances) -> Standing {
        if circumstances.isRestricted && !appliesToRestricted { return .restricted }
        if let bound = maximumAge ?? circumstances.actionAge, circumstances.age > bound { return .stale }
        return .applies
    }

    /// The rest follows from these.
    package static func == (lhs: PolicyRule, rhs: PolicyRule) -> Bool {
        lhs === rhs || lhs.policy == rhs.policy
    }

    package func hash(into hasher: inout Hasher) { hasher.combine(policy) }

    private static func maximumAge(of policy: Policy) throws(Fault) -> Span? {
        guard let text = policy.annotation("max_age") else { return nil }
        guard let duration = try? CedarDuration.parse(text), duration.milliseconds >= 0 else {
            throw Fault(message: "@max_age takes a duration such as \"5s\", not \"\(text)\"")
        }
        let age = Span.milliseconds(UInt64(duration.milliseconds))
        guard age >= minimumMaximumAge else {
            throw Fault(message: "@max_age is at least \"3s\"")
        }
        return age
    }
}

/// On what it depends beside its text whether a permit that is satisfied applies.
package struct PermitCircumstances: Sendable {
    /// How old the knowledge is that the answer rests on.
    package var age = Span.zero
    /// Past it a permit that names no bound of its own does not apply; nil where the settings have none for the action.
    package var actionAge: Span?
    /// Whether the principal is restricted.
    package var isRestricted = false

    package init(age: Span = .zero, actionAge: Span? = nil, isRestricted: Bool = false) {
        self.age = age
        self.actionAge = actionAge
        self.isRestricted = isRestricted
    }
}

/// Names a policy in a version of a set.
package struct PolicyReference: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let set: String
    package let version: UInt64
    package let id: String
    /// Of the version's text, from 1.
    package let line: Int

    package init(set: String, version: UInt64, id: String, line: Int) {
        self.set = set
        self.version = version
        self.id = id
        self.line = line
    }

    package var description: String { self.set + "/" + id }

    package static func < (lhs: Self, rhs: Self) -> Bool {
        (lhs.set, lhs.version, lhs.line, lhs.id) < (rhs.set, rhs.version, rhs.line, rhs.id)
    }
}

extension PolicyDiagnostic {
    init(_ message: String, at position: SourcePosition) {
        self.init(message: message, line: position.line, column: position.column)
    }
}
