/// Evaluates compiled policies for one request after the other. It keeps the space that a decision needs, so that the
/// next one allocates nothing; it belongs to one thread.
///
/// Where a policy fails, or the steps run out, the tree-walking evaluator looks at it again from the same count of steps
/// and has the last word. So errors are the same by construction; what is to be equal is when there is one.
package struct CompiledEvaluator {
    private(set) var request: Request
    let entities: any EntityProvider
    let limits: EvaluationLimits
    /// How many were taken so far.
    package internal(set) var steps = 0
    var principal = AskedEntity()
    var action = AskedEntity()
    var resource = AskedEntity()
    var registers: ContiguousArray<Value> = []
    /// Of the set that was evaluated last, those that are satisfied.
    package private(set) var satisfied: ContiguousArray<CompiledPolicy> = []
    /// Those that could not be evaluated.
    package private(set) var failures: ContiguousArray<Failure> = []
    private var isExhausted = false
    /// Whose code was run last, and what came of it: policies of equal conditions often follow each other.
    private var latest: (policy: UInt32, holds: Bool, steps: Int)?
    /// By which of the action's names the search got where it is: 0 is its own, the others are its ancestors'. Nil while
    /// actions do not divide the policies.
    var actionName: Int?

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
    package mutating func begin(_ request: Request) {
        self.request = request
        steps = 0
        principal.forget()
        action.forget()
        resource.forget()
    }

    /// What Cedar's rule says. Afterwards `satisfied` are the reasons, and these and the failures are sorted by name.
    package mutating func decide(by policies: CompiledPolicySet) -> Decision {
        evaluate(policies)
        if failures.count > 1 { failures.sort { $0.policy.precedes($1.policy) } }
        let isForbidden = satisfied.contains { $0.isForbid }
        if isForbidden { satisfied.removeAll { !$0.isForbid } } else if isExhausted { satisfied.removeAll() }
        if satisfied.count > 1 { satisfied.sort { $0.precedes($1) } }
        return isForbidden || satisfied.isEmpty ? .deny : .allow
    }

    /// Those in the order of the set.
    package var satisfiedInOrder: ContiguousArray<CompiledPolicy> {
        satisfied.count < 2 ? satisfied : ContiguousArray(satisfied.sorted { $0.number < $1.number })
    }

    package var failuresInOrder: ContiguousArray<Failure> {
        failures.count < 2 ? failures : ContiguousArray(failures.sorted { $0.policy.number < $1.policy.number })
    }

    /// Evaluates the policies whose scope matches. In no order, but where the steps run out: then in that of the set.
    package mutating func evaluate(_ policies: CompiledPolicySet) {
        satisfied.removeAll(keepingCapacity: true)
        failures.removeAll(keepingCapacity: true)
        isExhausted = false
        latest = nil
        let start = steps
        visit(ScopeIndex.root, .action, of: policies)
        if isExhausted { evaluateInOrder(policies, from: start) }
    }

    /// Which policies are still reached before the steps run out depends on the order.
    private mutating func evaluateInOrder(_ policies: CompiledPolicySet, from start: Int) {
        satisfied.removeAll(keepingCapacity: true)
        failures.removeAll(keepingCapacity: true)
        steps = start
        for policy in policies.listed.sorted(by: { $0.number < $1.number }) {
            examine(policy, from: steps)
        }
    }

    // MARK: The search

    private mutating func visit(_ place: UInt32, _ level: ScopeIndex.Level, of policies: CompiledPolicySet) {
        let node = policies.index.nodes[Int(place)]
        guard node.isDivided else { return visitCells(node, of: policies) }
        if node.open != CodeTable.vacant { visit(node.open, level.next, of: policies) }
        switch level {
        case .action: visitActions(place, of: policies)
        case .principal:
            if node.hasTypes { visit(place, type: request.principal.type.code, .resource, of: policies) }
            visit(place, entity: request.principal.code, .resource, of: policies)
            let ancestors = self.ancestors(of: .principal)
            for ancestor in ancestors.indices {
                visit(place, entity: ancestors[ancestor].code, .resource, of: policies)
            }
        case .resource:
            if node.hasTypes { visit(place, type: request.resource.type.code, .none, of: policies) }
            visit(place, entity: request.resource.code, .none, of: policies)
            let ancestors = self.ancestors(of: .resource)
            for ancestor in ancestors.indices { visit(place, entity: ancestors[ancestor].code, .none, of: policies) }
        case .none: return
        }
    }

    private mutating func visitActions(_ place: UInt32, of policies: CompiledPolicySet) {
        actionName = 0
        visit(place, entity: request.action.code, .principal, of: policies)
        let ancestors = self.ancestors(of: .action)
        for ancestor in ancestors.indices {
            actionName = ancestor + 1
            visit(place, entity: ancestors[ancestor].code, .principal, of: policies)
        }
        actionName = nil
    }

    private mutating func visit(
        _ place: UInt32,
        entity code: Int,
        _ level: ScopeIndex.Level,
        of policies: CompiledPolicySet
    ) {
        if let branch = policies.index.branch(place, entity: code) { visit(branch, level, of: policies) }
    }

    private mutating func visit(
        _ place: UInt32,
        type code: Int,
        _ level: ScopeIndex.Level,
        of policies: CompiledPolicySet
    ) {
        if let branch = policies.index.branch(place, type: code) { visit(branch, level, of: policies) }
    }

    private mutating func visitCells(_ node: ScopeIndex.Node, of policies: CompiledPolicySet) {
        var place = node.cell
        while place != CodeTable.vacant, !isExhausted {
            let cell = policies.index.cells[Int(place)]
            consider(policies.policies[Int(cell.policy)], at: cell.policy, of: policies)
            place = cell.next
        }
    }

    private mutating func consider(_ policy: CompiledPolicy, at place: UInt32, of policies: CompiledPolicySet) {
        guard admits(policy) else { return }
        let start = steps
        steps += 1
        guard let holds = outcome(of: policy.code, at: place, of: policies), steps <= limits.maxSteps else {
            return examine(policy, from: start)
        }
        if holds { satisfied.append(policy) }
    }

    private mutating func outcome(of code: PolicyCode, at place: UInt32, of policies: CompiledPolicySet) -> Bool? {
        if let latest, policies.policies[Int(latest.policy)].code === code {
            steps += latest.steps
            return latest.holds
        }
        let start = steps
        let holds = run(code)
        if let holds { latest = (place, holds, steps - start) }
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
    }
}
