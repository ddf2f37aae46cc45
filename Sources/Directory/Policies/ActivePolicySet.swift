package import Cedar
package import Kernel

/// A version of a policy set, parsed and ready to decide. An object for the reason that `PolicyRule` is one.
package final class ActivePolicySet: Hashable, Sendable {
    package let name: String
    package let version: UInt64
    package let text: String
    package let rules: [PolicyRule]
    /// The same, as decisions use them: a policy's number is its rule's place.
    let compiled: CompiledPolicySet

    /// Reads a text. Policies are called by their `@id`, or else `policy0`, `policy1` and so on in the order of the text.
    package init(name: String, version: UInt64, text: String) throws(PolicyTextError) {
        let set: PolicySet
        do {
            set = try PolicySet.parse(text, naming: .byAnnotation)
        } catch {
            throw PolicyTextError(diagnostics: error.diagnostics.map { PolicyDiagnostic($0.message, at: $0.position) })
        }
        var diagnostics = set.templates.map {
            PolicyDiagnostic(
                "a template decides nothing until it is linked, which is not possible yet",
                at: $0.position
            )
        }
        var rules: [PolicyRule] = []
        for policy in set.policies {
            do { rules.append(try PolicyRule(policy, set: name, version: version)) } catch {
                diagnostics.append(error)
            }
        }
        guard diagnostics.isEmpty else { throw PolicyTextError(diagnostics: diagnostics) }
        self.name = name
        self.version = version
        self.text = text
        self.rules = rules
        self.compiled = CompiledPolicySet(set)
    }

    /// The rest follows from these.
    package static func == (lhs: ActivePolicySet, rhs: ActivePolicySet) -> Bool {
        lhs === rhs || (lhs.name, lhs.version, lhs.text) == (rhs.name, rhs.version, rhs.text)
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
/// - `@max_age("5s")` on a permit: it does not apply on a node whose knowledge is older.
/// - `@allow_restricted` on a permit: it applies to principals that are restricted, too.
/// - `@obligation` and `@advice`: see `DecisionDuties`.
///
/// An object, though a value by its meaning: each decision goes through all rules, and to go through structs in an array
/// is to copy each with all that it holds.
package final class PolicyRule: Hashable, Sendable {
    package let policy: Policy
    package let reference: PolicyReference
    package let maximumAge: Span?
    package let appliesToRestricted: Bool
    package let duties: DecisionDuties

    /// Three intervals of the seal by which a node knows that it is up to date: a tighter bound would refuse on
    /// healthy nodes. DESIGN section 7.
    package static let minimumMaximumAge = Span.seconds(3)

    init(_ policy: Policy, set: String, version: UInt64) throws(PolicyDiagnostic) {
        self.policy = policy
        self.reference = PolicyReference(set: set, version: version, id: policy.id.text, line: policy.position.line)
        self.maximumAge = try Self.maximumAge(of: policy)
        self.appliesToRestricted = policy.annotation("allow_restricted") != nil
        self.duties = try DecisionDuties(of: policy)
        guard policy.effect == .permit || (maximumAge == nil && !appliesToRestricted) else {
            throw PolicyDiagnostic("@max_age and @allow_restricted are for permits only", at: policy.position)
        }
    }

    /// What becomes of a permit that is satisfied.
    enum Standing {
        case applies
        /// The knowledge is older than it accepts.
        case stale
        /// The principal is restricted, and it is not for those.
        case restricted
    }

    func standing(age: Span, isRestricted: Bool) -> Standing {
        if isRestricted && !appliesToRestricted { return .restricted }
        if let maximumAge, age > maximumAge { return .stale }
        return .applies
    }

    /// The rest follows from these.
    package static func == (lhs: PolicyRule, rhs: PolicyRule) -> Bool {
        lhs === rhs || (lhs.reference == rhs.reference && lhs.policy == rhs.policy)
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(reference)
        hasher.combine(policy)
    }

    private static func maximumAge(of policy: Policy) throws(PolicyDiagnostic) -> Span? {
        guard let text = policy.annotation("max_age") else { return nil }
        guard let duration = try? CedarDuration.parse(text), duration.milliseconds >= 0 else {
            throw PolicyDiagnostic("@max_age takes a duration such as \"5s\", not \"\(text)\"", at: policy.position)
        }
        let age = Span.milliseconds(UInt64(duration.milliseconds))
        guard age >= minimumMaximumAge else {
            throw PolicyDiagnostic("@max_age is at least \"3s\"", at: policy.position)
        }
        return age
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

extension PolicyDiagnostic: Error {
    init(_ message: String, at position: SourcePosition) {
        self.init(message: message, line: position.line, column: position.column)
    }
}
