/// Checks policies against a schema: a policy that is valid fails at evaluation only where a number overflows, an entity that
/// it reads is missing or an extension function refuses its operands.
///
/// Each policy is checked once for each principal type, action and resource type that the schema allows together and the
/// policy's scope admits, a template as if any entity of a fitting type stood in its slots. Of a linked policy only its
/// entities are checked, since its template is checked for all.
public struct Validator: Sendable {
    public let mode: ValidationMode
    public let limits: ValidationLimits
    /// How many entities may be read one through the other, from those that the request names (RFC 76); nil for any number.
    /// Where it holds, that many rounds of loading what is referred to find all that a decision reads.
    public let maxLevel: Int?
    private let index: SchemaIndex

    public init(
        _ schema: Schema,
        mode: ValidationMode = .strict,
        limits: ValidationLimits = .standard,
        maxLevel: Int? = nil
    ) {
        self.mode = mode
        self.limits = limits
        self.maxLevel = maxLevel
        index = SchemaIndex(schema)
    }

    public func validate(_ policies: PolicySet) -> ValidationReport {
        var run = ValidationRun(index, mode: mode, limits: limits, maxLevel: maxLevel)
        for template in policies.templates { run.validate(template) }
        for policy in policies.policies {
            if policy.template == nil { run.validate(policy) } else { run.validateLink(policy) }
        }
        return run.report
    }
}

/// One pass over policies.
struct ValidationRun {
    var index: SchemaIndex
    let mode: ValidationMode
    let limits: ValidationLimits
    let maxLevel: Int?
    private(set) var report = ValidationReport()
    /// Work done so far, without that of the index.
    private var steps = 0
    private var errorCount = 0
    private var warningCount = 0
    /// Of the policy, to be reported if it is valid otherwise.
    private var levelFaults: [TypeChecker.Fault] = []

    init(_ index: SchemaIndex, mode: ValidationMode, limits: ValidationLimits, maxLevel: Int?) {
        self.index = index
        self.mode = mode
        self.limits = limits
        self.maxLevel = maxLevel
    }

    mutating func validate(_ policy: Policy) {
        (errorCount, warningCount) = (0, 0)
        levelFaults = []
        if let maxLevel, maxLevel < 1, policy.scope.readsAncestors {
            levelFaults.append(
                TypeChecker.Fault(range: policy.range, reason: .levelExceeded(level: 1, limit: maxLevel))
            )
        }
        checkNames(in: policy)
        checkTypes(in: policy)
        let texts = policy.suspiciousTexts(limit: limits.maxErrors - warningCount)
        warningCount += texts.count
        report.warnings += texts
        guard errorCount == 0 else { return }
        for fault in levelFaults { add(fault.reason, at: fault.range, in: policy) }
    }

    mutating func validateLink(_ policy: Policy) {
        errorCount = 0
        for uid in [policy.scope.principal, policy.scope.resource].compactMap(\.entity) {
            checkType(uid.type, at: policy.range, in: policy)
        }
        guard !isExhausted(index) else {
            return add(.tooManySteps(limit: limits.maxSteps), at: policy.range, in: policy)
        }
        var environments = EnvironmentSearch(policy.scope, index: index)
        if environments.next() == nil { add(.noApplicableAction, at: policy.range, in: policy) }
        steps += environments.steps
        index = environments.index
    }

    /// Whether to search for suggestions still, which takes longer than all else.
    var isPatient: Bool { report.errors.count < 100 && errorCount < limits.maxErrors }

    mutating func add(_ reason: ValidationError.Reason, at range: SourceRange, in policy: Policy) {
        guard errorCount < limits.maxErrors else { return }
        let error = ValidationError(policy: policy.id, range: range, reason: reason)
        // The same fault is usually found in many environments.
        guard !report.errors.suffix(errorCount).contains(error) else { return }
        errorCount += 1
        report.errors.append(error)
    }

    mutating func warn(_ reason: ValidationWarning.Reason, at range: SourceRange, in policy: Policy) {
        guard warningCount < limits.maxErrors else { return }
        warningCount += 1
        report.warnings.append(ValidationWarning(policy: policy.id, range: range, reason: reason))
    }

    private mutating func checkTypes(in policy: Policy) {
        var environments = EnvironmentSearch(policy.scope, index: index)
        var isApplicable = false
        var isPossible = false
        while let environment = environments.next() {
            isApplicable = true
            guard !isExhausted(environments.index, environments.steps) else {
                (steps, index) = (steps + environments.steps, environments.index)
                return add(.tooManySteps(limit: limits.maxSteps), at: policy.range, in: policy)
            }
            isPossible = check(policy, in: environment, &environments) || isPossible
        }
        steps += environments.steps
        index = environments.index
        if !isApplicable { add(.noApplicableAction, at: policy.range, in: policy) }
        if mode == .strict, case .memberOfAny(let groups) = policy.scope.action { checkKind(of: groups, in: policy) }
        if !isPossible {
            warn(.impossiblePolicy, at: policy.range, in: policy)
        }
    }

    /// A set of actions is of one type, as any other set is.
    private mutating func checkKind(of groups: [EntityUID], in policy: Policy) {
        guard let first = groups.first else { return add(.emptySet, at: policy.range, in: policy) }
        guard let other = groups.first(where: { $0.type != first.type }) else { return }
        add(.incompatibleTypes("\(first.type)", "\(other.type)", advice: nil), at: policy.range, in: policy)
    }

    private func isExhausted(_ index: SchemaIndex, _ more: Int = 0) -> Bool {
        steps + more + index.steps > limits.maxSteps
    }

    /// Whether the policy may hold in this environment.
    private mutating func check(
        _ policy: Policy,
        in environment: RequestEnvironment,
        _ environments: inout EnvironmentSearch
    ) -> Bool {
        var checker = TypeChecker(
            index: environments.index,
            mode: mode,
            environment: environment,
            maxSteps: limits.maxSteps - steps - environments.steps,
            maxLevel: maxLevel
        )
        let isPossible = checker.check(policy.conditions)
        for fault in checker.faults { add(fault.reason, at: fault.range, in: policy) }
        if levelFaults.count < limits.maxErrors * 10 { levelFaults += checker.levelFaults }
        if checker.isExhausted { add(.tooManySteps(limit: limits.maxSteps), at: policy.range, in: policy) }
        steps += checker.ownSteps
        environments.index = checker.index
        return isPossible
    }
}

extension TypeChecker {
    /// Whether all conditions may hold. One that never does ends the search.
    fileprivate mutating func check(_ conditions: [Condition]) -> Bool {
        for condition in conditions {
            let answer = expectBool(condition.body)
            if answer.type == .bool(condition.kind == .unless) { return false }
            if condition.kind == .when { known.insert(answer.capabilities) }
        }
        return true
    }
}

extension Scope {
    /// Whether testing it needs to know what an entity is in.
    fileprivate var readsAncestors: Bool {
        let isActionRead =
            switch action {
            case .any, .equal: false
            case .memberOf, .memberOfAny: true
            }
        return isActionRead || principal.readsAncestors || resource.readsAncestors
    }
}

extension EntityConstraint {
    fileprivate var readsAncestors: Bool {
        switch self {
        case .any, .equal, .isType: false
        case .memberOf, .isTypeIn: true
        }
    }

    /// The entity that it names.
    var entity: EntityUID? {
        switch self {
        case .equal(.entity(let uid)), .memberOf(.entity(let uid)), .isTypeIn(_, .entity(let uid)): uid
        case .any, .isType, .equal(.slot), .memberOf(.slot), .isTypeIn(_, .slot): nil
        }
    }

    /// The type that it names by itself.
    var type: EntityTypeName? {
        switch self {
        case .isType(let type), .isTypeIn(let type, _): type
        case .any, .equal, .memberOf: nil
        }
    }
}
