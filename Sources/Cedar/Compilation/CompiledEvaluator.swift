/// Evaluates compiled policies for one request after the other. It keeps the space that a decision needs, so that the
/// next one allocates nothing; it belongs to one thread.
///
/// Where a policy fails, or the steps run out, the tree-walking evaluator looks at it again from the same count of steps
/// and has the last word. So errors are the same by construction; what is to be equal is when there is one.
public struct CompiledEvaluator: ~Copyable {
    private(set) var request: Request
    private(set) var entities: any EntityProvider
    let limits: EvaluationLimits
    /// How many were taken so far.
    package internal(set) var steps = 0
    var principal = AskedEntity()
    var action = AskedEntity()
    var resource = AskedEntity()
    /// Entities that conditions reach from those of the request.
    var others: ContiguousArray<EntityNode> = []
    /// What was one of them before.
    var spareNodes: ContiguousArray<EntityNode> = []
    var latestEntity = LatestEntity()
    var registers = Registers()
    /// What is being run.
    var code = CodePlaces.none
    /// Of the set that was evaluated last, those that are satisfied.
    package private(set) var satisfied: ContiguousArray<CompiledPolicy> = []
    /// Those that could not be evaluated.
    package private(set) var failures: ContiguousArray<Failure> = []
    private var isExhausted = false
    /// Whether an entity that is not of the request has too many ancestors.
    var areOthersBeyondLimit = false
    /// Whose code was run last, and what came of it: policies of equal conditions often follow each other.
    private var latest: (code: PolicyEntry.Code, holds: Bool, steps: Int)?
    /// By which branches the search got where it is.
    var branches = ScopeBranches()

    package struct Failure: Sendable {
        package let policy: CompiledPolicy
        package let error: EvaluationError
    }

    package init(_ request: Request, entities: any EntityProvider, limits: EvaluationLimits = .standard) {
        self.request = request
        self.entities = entities
        self.limits = limits
    }

    /// Turns to another request, with its steps counted from the start.
    public mutating func begin(_ request: Request) {
        // What the provider said of an entity it would say again.
        if request.principal != self.request.principal { principal.forget() }
        if request.action != self.request.action { action.forget() }
        if request.resource != self.request.resource { resource.forget() }
        turn(to: request)
    }

    /// Turns to another request and to other entities, of which nothing is known yet.
    package mutating func begin(_ request: Request, entities: any EntityProvider) {
        principal.forget()
        action.forget()
        resource.forget()
        latestEntity = LatestEntity()
        self.entities = entities
        turn(to: request)
    }

    private mutating func turn(to request: Request) {
        self.request = request
        steps = 0
        areOthersBeyondLimit = false
        spareOthers()
    }

    /// What Cedar's rule says. Afterwards `satisfied` are the reasons, and these and the failures are sorted by name.
    public mutating func decide(by policies: CompiledPolicySet) -> Decision {
        search(policies)
        if failures.count > 1 { failures.sort { $0.policy.precedes($1.policy) } }
        guard !satisfied.isEmpty else { return .deny }
        let isForbidden = satisfied.contains { $0.isForbid }
        if isForbidden {
            satisfied.removeAll { !$0.isForbid }
        } else if isExhausted || isBeyondLimit {
            satisfied.removeAll()
        }
        if satisfied.count > 1 { satisfied.sort { $0.precedes($1) } }
        return isForbidden || satisfied.isEmpty ? .deny : .allow
    }

    /// Whether it asked about an entity with too many ancestors, some of which may be missing: nothing is permitted then.
    package var isBeyondLimit: Bool {
        principal.isBeyondLimit || action.isBeyondLimit || resource.isBeyondLimit || areOthersBeyondLimit
    }

    /// Evaluates the policies whose scope matches. Afterwards those that are satisfied and the failures are in the order of the
    /// set.
    package mutating func evaluate(_ policies: CompiledPolicySet) {
        search(policies)
        if satisfied.count > 1 { satisfied.sort { policies.number(of: $0) < policies.number(of: $1) } }
        if failures.count > 1 { failures.sort { policies.number(of: $0.policy) < policies.number(of: $1.policy) } }
    }

    /// In no order, but where the steps run out: then in that of the set.
    private mutating func search(_ policies: CompiledPolicySet) {
        forgetFindings()
        isExhausted = false
        latest = nil
        let start = steps
        visit(ScopeIndex.root, .action, of: policies)
        if isExhausted { evaluateInOrder(policies, from: start) }
    }

    /// Which policies are still reached before the steps run out depends on the order.
    private mutating func evaluateInOrder(_ policies: CompiledPolicySet, from start: Int) {
        forgetFindings()
        steps = start
        for policy in policies.listed where !policy.matchesNothing { examine(policy, from: steps) }
    }

    /// They are few: one by one they are gone sooner than all at once.
    private mutating func forgetFindings() {
        while !satisfied.isEmpty { satisfied.removeLast() }
        while !failures.isEmpty { failures.removeLast() }
    }

    // MARK: The search

    private mutating func visit(_ place: UInt32, _ level: ScopeIndex.Level, of policies: CompiledPolicySet) {
        let node = policies.index.nodes[Int(place)]
        guard node.isDivided else { return visitItems(place, of: policies) }
        if node.open != CodeTable.vacant { visit(node.open, level.next, of: policies) }
        switch level {
        case .action: visitActions(place, node.hasGroups, of: policies)
        case .principal:
            if node.hasTypes { visit(place, type: request.principal.type.code, .principal, of: policies) }
            guard node.entityCodes != 0 else { return }
            visit(place, entity: request.principal.code, .principal, of: policies)
            for ancestor in 0..<(node.hasGroups ? ancestorCount(of: .principal) : 0) {
                visit(place, entity: ancestorCode(ancestor, of: .principal), .principal, of: policies)
            }
            branches.principal = nil
        case .resource:
            if node.hasTypes { visit(place, type: request.resource.type.code, .resource, of: policies) }
            guard node.entityCodes != 0 else { return }
            visit(place, entity: request.resource.code, .resource, of: policies)
            for ancestor in 0..<(node.hasGroups ? ancestorCount(of: .resource) : 0) {
                visit(place, entity: ancestorCode(ancestor, of: .resource), .resource, of: policies)
            }
            branches.resource = nil
        case .none: return
        }
    }

    private mutating func visitActions(_ place: UInt32, _ hasGroups: Bool, of policies: CompiledPolicySet) {
        branches.action = 0
        visit(place, entity: request.action.code, .action, of: policies)
        for ancestor in 0..<(hasGroups ? ancestorCount(of: .action) : 0) {
            branches.action = ancestor + 1
            visit(place, entity: ancestorCode(ancestor, of: .action), .action, of: policies)
        }
        branches.action = nil
    }

    private mutating func visit(
        _ place: UInt32,
        entity code: Int,
        _ level: ScopeIndex.Level,
        of policies: CompiledPolicySet
    ) {
        guard let branch = policies.index.branch(place, entity: code) else { return }
        branches.note(code, level)
        visit(branch, level.next, of: policies)
    }

    private mutating func visit(
        _ place: UInt32,
        type code: Int,
        _ level: ScopeIndex.Level,
        of policies: CompiledPolicySet
    ) {
        guard let branch = policies.index.branch(place, type: code) else { return }
        branches.note(code, level)
        visit(branch, level.next, of: policies)
    }

    private mutating func visitItems(_ place: UInt32, of policies: CompiledPolicySet) {
        let node = policies.index.nodes[Int(place)]
        consider(node.first, of: policies)
        consider(node.second, of: policies)
        var next = node.cell
        while next != CodeTable.vacant {
            let cell = policies.index.cells[Int(next)]
            consider(cell.item, of: policies)
            next = cell.next
        }
    }

    /// Inlined, since most are passed over here.
    @inline(__always)
    private mutating func consider(_ item: ScopeIndex.Item, of policies: CompiledPolicySet) {
        guard item.mayAdmit(resource: request.resource.code), !isExhausted else { return }
        consider(policies.entries[Int(item.policy)])
    }

    private mutating func consider(_ entry: PolicyEntry) {
        guard mayAdmit(entry) else { return }
        let start = steps
        steps += 1
        guard let holds = outcome(of: entry), steps <= limits.maxSteps else {
            return examine(entry.policy, from: start)
        }
        guard holds else { return }
        let policy = entry.policy
        if admits(policy, as: entry) { satisfied.append(policy) } else { steps = start }
    }

    private mutating func outcome(of entry: PolicyEntry) -> Bool? {
        if let latest, latest.code == entry.code {
            steps += latest.steps
            return latest.holds
        }
        let start = steps
        let holds = run(entry.code.places)
        if let holds { latest = (entry.code, holds, steps - start) }
        return holds
    }

    private mutating func examine(_ policy: CompiledPolicy, from start: Int) {
        var evaluator = Evaluator(request: request, entities: entities, limits: limits)
        evaluator.steps = start
        switch evaluator.outcome(of: policy.policy) {
        case .satisfied: satisfied.append(policy)
        case .notSatisfied: break
        case .failed(let error):
            if case .tooManySteps = error.reason { isExhausted = true }
            failures.append(Failure(policy: policy, error: error))
        }
        steps = evaluator.steps
        if evaluator.isBeyondLimit { areOthersBeyondLimit = true }
    }
}

/// By which branches of the scope index a search got to a policy. Nil for a part that did not divide the policies.
struct ScopeBranches {
    /// By which of the action's names: 0 is its own, the others are its ancestors'.
    var action: Int?
    /// By which code.
    var principal: Int?
    var resource: Int?

    mutating func note(_ code: Int, _ level: ScopeIndex.Level) {
        switch level {
        case .principal: principal = code
        case .resource: resource = code
        case .action, .none: return
        }
    }
}
