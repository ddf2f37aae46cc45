import Cedar
import JSON

/// Policies as text or in their JSON form. What is read is printed, laid out, written as JSON, validated and decided by.
func fuzzPolicies(_ bytes: [UInt8]) {
    if bytes.isJSON {
        guard let set = try? PolicyJSON.parse(bytes) else { return }
        checkForms(of: set)
        checkMeaning(of: set)
    } else {
        guard let text = String(validating: bytes, as: UTF8.self), let set = try? PolicySet.parse(text) else { return }
        checkLayout(of: text, set)
        checkForms(of: set)
        checkMeaning(of: set)
    }
}

extension PolicySet {
    fileprivate var all: [Policy] { templates + policies }

    /// Where policies stand in a text is no part of what they say.
    fileprivate func says(_ other: PolicySet?) -> Bool {
        guard let other, all.count == other.all.count else { return false }
        return zip(all, other.all).allSatisfy { $0.says($1) && $0.id == $1.id && $0.template == $1.template }
    }

    /// A path after `has` becomes one test for each step in JSON, and a list of one action the action.
    fileprivate var isChangedByJSON: Bool {
        all.contains { policy in
            if case .memberOfAny(let actions) = policy.scope.action, actions.count == 1 { return true }
            return policy.conditions.contains { $0.body.hasPath }
        }
    }
}

extension Policy {
    fileprivate func says(_ other: Policy) -> Bool {
        annotations == other.annotations && effect == other.effect && scope == other.scope
            && conditions == other.conditions
    }
}

extension Expression {
    fileprivate var hasPath: Bool {
        if case .has(_, let path) = kind, path.count > 1 { return true }
        return kind.children.contains(where: \.hasPath)
    }
}

/// In lines of the usual width or, for every other text, as narrow as can be.
private func checkLayout(of text: String, _ set: PolicySet) {
    let options = FormatOptions(lineWidth: text.utf8.count % 2 == 0 ? 80 : 1)
    guard let formatted = try? formatPolicies(text, options) else { fatalError("what is parsed is not formatted") }
    check(set.says(try? PolicySet.parse(formatted)), "the layout says something else: \(formatted)")
    let again = try? formatPolicies(formatted, options)
    check(again.map { $0.utf8.elementsEqual(formatted.utf8) } ?? false, "the layout is not stable: \(formatted)")
}

private func checkForms(of set: PolicySet) {
    for policy in set.all {
        let printed = try? PolicySet.parse("\(policy)").all
        check(printed?.count == 1 && printed?.first.map(policy.says) == true, "the text says something else: \(policy)")
    }
    // Trees may be too deep for JSON.
    guard let json = try? PolicyJSON.write(set) else { return }
    guard let read = try? PolicyJSON.parse(json.serialized()) else { fatalError("unreadable: \(json)") }
    check((try? PolicyJSON.write(read)) == json, "the JSON form is not stable: \(json)")
    if !set.isChangedByJSON { check(set.says(read), "the JSON form says something else: \(json)") }
    for request in World.requests {
        check(summary(of: set, request) == summary(of: read, request), "the JSON form decides otherwise: \(json)")
    }
}

/// Both evaluators agree, and what the validator lets through fails only as it says.
private func checkMeaning(of set: PolicySet) {
    let strict = invalid(set, .strict)
    if strict.count < set.all.count {
        check(invalid(set, .permissive).isSubset(of: strict), "valid in strict mode alone")
    }
    _ = Validator(World.schema, maxLevel: 1).validate(set)
    let compiled = CompiledPolicySet(set)
    for request in World.requests {
        let plain = authorize(request, policies: set, entities: World.store, limits: World.limits)
        let fast = compiled.authorize(request, entities: World.store, limits: World.limits)
        check(Summary(plain) == Summary(fast), "two decisions: \(plain), \(fast)")
        for failure in plain.errors where !mayFailWhereValid(failure.error.reason) {
            let template = set[failure.policy]?.template ?? failure.policy
            check(strict.contains(template) || strict.contains(failure.policy), "a valid policy fails: \(failure)")
        }
    }
}

private func invalid(_ set: PolicySet, _ mode: ValidationMode) -> Set<PolicyID> {
    Set(Validator(World.schema, mode: mode).validate(set).errors.map(\.policy))
}

private func mayFailWhereValid(_ reason: EvaluationError.Reason) -> Bool {
    switch reason {
    case .noSuchEntity, .overflow, .negationOverflow, .refusedArgument, .tooManySteps: true
    case .type, .noSuchAttribute, .noSuchField, .noSuchTag, .argumentCount: false
    }
}

private func summary(of set: PolicySet, _ request: Request) -> Summary {
    Summary(authorize(request, policies: set, entities: World.store, limits: World.limits))
}

private struct Summary: Equatable {
    let decision: Decision
    let reasons: [PolicyID]
    let errors: [PolicyID]

    init(_ response: Response) {
        decision = response.decision
        reasons = response.reasons
        errors = response.errors.map(\.policy)
    }
}
