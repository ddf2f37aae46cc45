/// Policies in the form that decides fast: flat code, found by what their scopes ask for.
///
/// A value, safe to read from any thread. A changed copy shares the policies that are the same and compiles those that
/// are not; of the rest it copies tables of integers.
package struct CompiledPolicySet: Sendable {
    private(set) var policies: ContiguousArray<CompiledPolicy?> = []
    private(set) var index = ScopeIndex()
    private var names = CodeTable()
    private var free: ContiguousArray<UInt32> = []
    private var nextNumber = 0

    package init() {}

    /// The policies in their order. Templates are left out: they take no part in decisions.
    package init(_ set: PolicySet) {
        for policy in set.policies { put(policy) }
    }

    package var count: Int { policies.count - free.count }

    package subscript(id: PolicyID) -> CompiledPolicy? { place(of: id).flatMap { policies[Int($0)] } }

    /// Adds a policy behind the others, or puts it in the place of the one that has its name.
    package mutating func put(_ policy: Policy) {
        let old = self[policy.id]
        if old != nil { remove(policy.id) }
        let compiled = CompiledPolicy(policy, number: old?.number ?? nextNumber)
        if old == nil { nextNumber += 1 }
        let place = free.popLast() ?? UInt32(policies.count)
        if place == policies.count { policies.append(compiled) } else { policies[Int(place)] = compiled }
        names.add(place, policy.id.code, of: 0)
        if !compiled.matchesNothing { index.add(place, in: policies) }
    }

    /// Does nothing where there is none of that name.
    package mutating func remove(_ id: PolicyID) {
        guard let place = place(of: id), let old = policies[Int(place)] else { return }
        if !old.matchesNothing { index.remove(place, in: policies) }
        names.remove(place, id.code, of: 0)
        policies[Int(place)] = nil
        free.append(place)
    }

    private func place(of id: PolicyID) -> UInt32? {
        names.first(id.code, of: 0) { policies[Int($0)]?.policy.id == id }
    }
}

extension PolicyID {
    fileprivate var code: Int {
        var hasher = Hasher()
        hasher.combine(self)
        return hasher.finalize()
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
