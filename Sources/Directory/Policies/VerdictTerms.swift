package import Kernel

/// What a verdict is worth beside yes or no: how old the knowledge of a node may be for it, and what comes with it then.
///
/// Two verdicts of equal outcome and terms are the same to whoever asks: the policies behind them may have other names, be
/// more or fewer. The bounds of the settings for actions are not looked at; they hold where `maximumAge` is nil.
package struct VerdictTerms: Hashable, Sendable {
    /// What comes with the verdict up to an age.
    package struct Step: Hashable, Sendable {
        /// Nil where policies set no bound.
        package let maximumAge: Span?
        /// Sorted, each once.
        package let obligations: [String]
        package let advice: [String]

        fileprivate func isSameButForAge(_ other: Step) -> Bool {
            (obligations, advice) == (other.obligations, other.advice)
        }
    }

    /// From the freshest knowledge on. Past the bound of the last one no permit applies.
    package let steps: [Step]
    /// The same for a principal that is restricted; empty where nothing would be permitted to it.
    package let restrictedSteps: [Step]

    /// The age past which no permit applies; nil where policies set no bound.
    package var maximumAge: Span? { steps.last?.maximumAge }
}

extension PolicyVerdict {
    /// Of a verdict on fresh knowledge about a principal that is not restricted.
    package var terms: VerdictTerms {
        let rules = deciding.indices.map { deciding.rule(at: $0) }
        switch outcome {
        case .permitted:
            return VerdictTerms(
                steps: VerdictTerms.Step.ofPermits(rules),
                restrictedSteps: VerdictTerms.Step.ofPermits(rules.filter(\.appliesToRestricted))
            )
        // A forbid knows no age.
        case .forbidden:
            let step = VerdictTerms.Step(of: rules, upTo: nil)
            return VerdictTerms(steps: [step], restrictedSteps: [step])
        case .failed, .stale, .restricted, .noPermit: return VerdictTerms(steps: [], restrictedSteps: [])
        }
    }
}

extension VerdictTerms.Step {
    fileprivate init(of rules: [PolicyRule], upTo age: Span?) {
        maximumAge = age
        obligations = Self.unique(rules.flatMap(\.duties.obligations))
        advice = Self.unique(rules.flatMap(\.duties.advice))
    }

    private static func unique(_ names: [String]) -> [String] {
        names.sorted().reduce(into: []) { if $0.last != $1 { $0.append($1) } }
    }

    /// Steps between which nothing but the bound differs are one.
    fileprivate static func ofPermits(_ rules: [PolicyRule]) -> [Self] {
        let bounds = Set(rules.compactMap(\.maximumAge)).sorted()
        let ages = bounds.map(Optional.some) + (rules.contains { $0.maximumAge == nil } ? [nil] : [])
        let steps = ages.map { age in Self(of: rules.filter { $0.holds(at: age) }, upTo: age) }
        return steps.indices.filter { place in
            place + 1 == steps.count || !steps[place].isSameButForAge(steps[place + 1])
        }.map { steps[$0] }
    }
}

extension PolicyRule {
    /// Whether it applies on knowledge of this age; of nil, however old that is.
    fileprivate func holds(at age: Span?) -> Bool {
        guard let maximumAge else { return true }
        guard let age else { return false }
        return age <= maximumAge
    }
}
