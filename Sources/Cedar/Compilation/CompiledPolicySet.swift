/// Policies in the form that decides fast: flat code, found by what their scopes ask for.
///
/// A value, safe to read from any thread. A changed copy shares the policies that are the same and compiles those that
/// are not; of the rest it copies tables of integers.
public struct CompiledPolicySet: Sendable {
    /// In places that are free it is none, to which nothing leads.
    private var policies: ContiguousArray<CompiledPolicy> = []
    /// Of each of them.
    private(set) var entries: ContiguousArray<PolicyEntry> = []
    private(set) var index = ScopeIndex()
    /// Places by name, and of those that were the first to have their conditions or their shape of code.
    private var places = CodeTable()
    private var free: ContiguousArray<UInt32> = []
    /// The places of the policies in their order.
    private var order: ContiguousArray<UInt32> = []
    /// Of what is in each place, where it is in that order.
    private var numbers: ContiguousArray<UInt32> = []

    private enum Owner {
        static let names: UInt32 = 0
        static let conditions: UInt32 = 1
        static let shapes: UInt32 = 2
    }

    public init() {}

    /// The policies in their order. Templates are left out: they take no part in decisions.
    public init(_ set: PolicySet) {
        for policy in set.policies { put(policy) }
    }

    public var count: Int { order.count }

    package subscript(id: PolicyID) -> CompiledPolicy? { place(of: id).map { policies[Int($0)] } }

    /// How many policies of the set stand before it.
    package func number(of policy: CompiledPolicy) -> Int { Int(numbers[Int(policy.place)]) }

    /// In their order.
    var listed: some Sequence<CompiledPolicy> { order.lazy.map { policies[Int($0)] } }

    /// Adds a policy behind the others, or puts it in the place of the one that has its name.
    public mutating func put(_ policy: Policy) {
        if let place = place(of: policy.id) {
            let number = numbers[Int(place)]
            takeOut(place)
            order[Int(number)] = insert(policy)
            renumber(from: Int(number), count: 1)
        } else {
            order.append(insert(policy))
            renumber(from: order.count - 1, count: 1)
        }
    }

    /// Does nothing where there is none of that name.
    public mutating func remove(_ id: PolicyID) {
        guard let place = place(of: id) else { return }
        let number = Int(numbers[Int(place)])
        takeOut(place)
        order.remove(at: number)
        renumber(from: number, count: order.count - number)
    }

    /// Becomes the set of other policies in their order: in place of those with the numbers `change.old`, those with the
    /// numbers `change.new`. The others are there already; those behind may have other names, and then only take them.
    ///
    /// - Throws: `duplicateID`, for two policies of one name. The set is good for nothing then.
    mutating func change(_ change: PolicyChange, to policies: [Policy]) throws(PolicySetError) {
        for place in order[change.old] { takeOut(place) }
        let behind = zip(order[change.old.upperBound...], policies[change.new.upperBound...])
        let renamed = change.isShift ? behind.filter { self.policies[Int($0)].policy !== $1 } : []
        for (place, _) in renamed { places.remove(place, name(at: place).hashValue, of: Owner.names) }
        for (place, policy) in renamed { try rename(place, policy) }
        var added: [UInt32] = []
        for policy in policies[change.new] {
            guard place(of: policy.id) == nil else { throw .duplicateID(policy.id) }
            added.append(insert(policy))
        }
        order.replaceSubrange(change.old, with: added)
        let first = change.new.lowerBound
        renumber(from: first, count: change.isShift ? order.count - first : change.new.count)
    }

    private func name(at place: UInt32) -> PolicyID { policies[Int(place)].policy.id }

    private mutating func rename(_ place: UInt32, _ policy: Policy) throws(PolicySetError) {
        guard self.place(of: policy.id) == nil else { throw .duplicateID(policy.id) }
        set(CompiledPolicy(policies[Int(place)], renamed: policy), at: place)
        places.add(place, policy.id.hashValue, of: Owner.names)
    }

    private mutating func renumber(from first: Int, count: Int) {
        for number in first..<first + count { numbers[Int(order[number])] = UInt32(number) }
    }

    /// Where it is then, without a number yet.
    private mutating func insert(_ policy: Policy) -> UInt32 {
        let place = free.popLast() ?? UInt32(policies.count)
        if place == policies.count { append(.none) }
        let code = code(for: policy.conditions, at: place)
        let compiled = CompiledPolicy(policy, at: place, code: code)
        set(compiled, at: place)
        places.add(place, policy.id.hashValue, of: Owner.names)
        if !compiled.matchesNothing { index.add(place, in: policies) }
        return place
    }

    private mutating func takeOut(_ place: UInt32) {
        let old = policies[Int(place)]
        if !old.matchesNothing { index.remove(place, in: policies) }
        places.remove(place, old.policy.id.hashValue, of: Owner.names)
        places.remove(place, old.policy.conditions.hashValue, of: Owner.conditions)
        places.remove(place, old.code.shape.hashValue, of: Owner.shapes)
        set(.none, at: place)
        free.append(place)
    }

    private mutating func append(_ policy: CompiledPolicy) {
        policies.append(policy)
        entries.append(PolicyEntry(policy))
        numbers.append(0)
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
