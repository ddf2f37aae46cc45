/// Policies in the form that decides fast: flat code, found by what their scopes ask for.
///
/// A value, safe to read from any thread. A changed copy shares the policies that are the same and compiles those that
/// are not; of the rest it copies tables of integers.
package struct CompiledPolicySet: Sendable {
    /// In places that are free it is none, to which nothing leads.
    private var policies: ContiguousArray<CompiledPolicy> = []
    /// Of each of them.
    private(set) var entries: ContiguousArray<PolicyEntry> = []
    private(set) var index = ScopeIndex()
    /// Places by name, and of those that were the first to have their conditions or their shape of code.
    private var places = CodeTable()
    private var free: ContiguousArray<UInt32> = []
    private var nextNumber = 0

    private enum Owner {
        static let names: UInt32 = 0
        static let conditions: UInt32 = 1
        static let shapes: UInt32 = 2
    }

    package init() {}

    /// The policies in their order. Templates are left out: they take no part in decisions.
    package init(_ set: PolicySet) {
        for policy in set.policies { put(policy) }
    }

    package var count: Int { policies.count - free.count }

    package subscript(id: PolicyID) -> CompiledPolicy? { place(of: id).map { policies[Int($0)] } }

    /// In no order.
    var listed: [CompiledPolicy] { policies.filter { $0 !== CompiledPolicy.none } }

    /// Adds a policy behind the others, or puts it in the place of the one that has its name.
    package mutating func put(_ policy: Policy) {
        let old = self[policy.id]
        if old != nil { remove(policy.id) }
        let place = free.popLast() ?? UInt32(policies.count)
        if place == policies.count { append(.none) }
        let code = code(for: policy.conditions, at: place)
        let compiled = CompiledPolicy(policy, number: old?.number ?? nextNumber, code: code)
        if old == nil { nextNumber += 1 }
        set(compiled, at: place)
        places.add(place, policy.id.hashValue, of: Owner.names)
        if !compiled.matchesNothing { index.add(place, in: policies) }
    }

    /// Does nothing where there is none of that name.
    package mutating func remove(_ id: PolicyID) {
        guard let place = place(of: id) else { return }
        let old = policies[Int(place)]
        if !old.matchesNothing { index.remove(place, in: policies) }
        places.remove(place, id.hashValue, of: Owner.names)
        places.remove(place, old.policy.conditions.hashValue, of: Owner.conditions)
        places.remove(place, old.code.shape.hashValue, of: Owner.shapes)
        set(.none, at: place)
        free.append(place)
    }

    private mutating func append(_ policy: CompiledPolicy) {
        policies.append(policy)
        entries.append(PolicyEntry(policy))
    }

    private mutating func set(_ policy: CompiledPolicy, at place: UInt32) {
        policies[Int(place)] = policy
        entries[Int(place)] = PolicyEntry(policy)
    }

    private func place(of id: PolicyID) -> UInt32? {
        places.first(id.hashValue, of: Owner.names) { policies[Int($0)].policy.id == id }
    }

    /// Shared with a policy of the same conditions, or else its shape with one that differs by constants.
    private mutating func code(for conditions: [Condition], at place: UInt32) -> PolicyCode {
        let hash = conditions.hashValue
        let same = places.first(hash, of: Owner.conditions) { policies[Int($0)].policy.conditions == conditions }
        if let same { return policies[Int(same)].code }
        places.add(place, hash, of: Owner.conditions)
        let code = PolicyCompiler.compile(conditions)
        let shape = code.shape.hashValue
        let similar = places.first(shape, of: Owner.shapes) { policies[Int($0)].code.shape == code.shape }
        if let similar { return PolicyCode(code, sharing: policies[Int(similar)].code.shape) }
        places.add(place, shape, of: Owner.shapes)
        return code
    }
}

extension CompiledPolicySet {
    /// Decides as `authorize(_:policies:entities:limits:)` does over the same policies: the same decision, reasons and
    /// errors.
    package func authorize(
        _ request: Request,
        entities: any EntityProvider,
        limits: EvaluationLimits = .standard
    ) -> Response {
        var evaluator = CompiledEvaluator(request, entities: entities, limits: limits)
        let decision = evaluator.decide(by: self)
        return Response(
            decision: decision,
            reasons: evaluator.satisfied.map(\.policy.id),
            errors: evaluator.failures.map { Response.PolicyFailure(policy: $0.policy.policy.id, error: $0.error) }
        )
    }
}
